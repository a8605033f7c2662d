"""What the charts draw: gaps and spikes as they are, axes that keep still, colours that can be told apart."""

from __future__ import annotations

import math
import re
import time
from itertools import combinations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.processes import run

SECOND = 1000
TEMPERATURE = 'section[data-field="temperature"]'
# Where the first chart has ink of its first line, by its own count of pixels: between two times, above a value.
INK = """([from, to, above]) => import("/static/js/page.js").then(({ charts }) => {
  const u = charts.plots[0].uplot, { left, top, width, height } = u.bbox;
  const isInk = ([red, , blue, alpha]) => alpha > 100 && red < 200 && blue - red > 30;
  const [x, end] = [from, to].map((t) => Math.max(left, Math.min(left + width, Math.round(u.valToPos(t, "x", true)))));
  const bottom = above === null ? top + height : Math.round(u.valToPos(above, "y", true));
  const { data } = u.ctx.getImageData(x, top, end - x, bottom - top);
  const columns = new Set();
  for (let i = 0; i < data.length; i += 4) if (isInk(data.subarray(i, i + 4))) columns.add((i / 4) % (end - x));
  return columns.size / (end - x);
})"""
AXES = """() => import("/static/js/page.js").then(({ charts }) => charts.plots[0].uplot.scales)
  .then(({ x, y }) => ({ from: x.min, to: x.max, y: [y.min, y.max], now: Date.now() }))"""
DASHES = """() => import("/static/js/page.js").then(({ charts }) =>
  charts.plots[0].uplot.series.filter((_, i) => i % 3 === 1).map(({ dash, width }) => JSON.stringify(dash) + width))"""
COLOURS = """names => names.map((name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim())"""
MARKED = """() => import("/static/js/page.js").then(({ charts }) => charts.plots.map(({ uplot, figure }) => {
  figure.querySelector("canvas").marked ??= true;
  return [uplot.scales.x.min, uplot.scales.x.max];
}))"""
STILL_MARKED = """() => [...document.querySelectorAll("figure canvas")].map((canvas) => Boolean(canvas.marked))"""


def recorded(site: Site, stream: str, values: dict[int, float]) -> int:
    """A stream with these readings, so many seconds ago each; when "now" was, in ms."""
    now = int(time.time()) * SECOND
    pipe = site.redis.pipeline()
    for ago in sorted(values, reverse=True):
        pipe.xadd(stream, {"sensor_id": "probe", "temperature": values[ago]}, id=f"{now - ago * SECOND}-0")
    pipe.execute()
    return now


def drawn(page: Page, stream: str, query: str = "") -> None:
    page.goto(f"/streams/{stream}/{query}")
    expect(page.locator(f"{TEMPERATURE} canvas")).to_be_visible()
    expect(page.locator('tr[data-sensor="probe"]')).to_be_visible()


def test_no_line_crosses_a_span_without_readings(site: Site, page: Page) -> None:
    values = {ago: 20 + math.sin(ago / 60) for ago in range(840) if not 300 < ago < 500}
    now = recorded(site, "silence", values)
    drawn(page, "silence")
    page.keyboard.press(" ")
    assert page.evaluate(INK, [now - 490 * SECOND, now - 310 * SECOND, None]) == 0
    assert page.evaluate(INK, [now - 800 * SECOND, now - 510 * SECOND, None]) > 0.9
    assert page.evaluate(INK, [now - 290 * SECOND, now - 10 * SECOND, None]) > 0.9


def test_a_reading_alone_between_two_silences_is_seen(site: Site, page: Page) -> None:
    now = recorded(site, "alone", {ago: 20.0 for ago in range(840) if not 300 < ago < 500 or ago == 400})
    drawn(page, "alone")
    page.keyboard.press(" ")
    assert 0 < page.evaluate(INK, [now - 410 * SECOND, now - 390 * SECOND, None]) < 1


@pytest.mark.parametrize("width", [390, 1300])
def test_a_spike_of_one_reading_is_drawn_to_its_full_height(site: Site, page: Page, width: int) -> None:
    stream = f"spike-{width}"
    now = recorded(site, stream, {ago: 97 if ago == 400 else 20 + ago % 3 / 10 for ago in range(840)})
    page.set_viewport_size({"width": width, "height": 900})
    drawn(page, stream)
    page.keyboard.press(" ")
    assert page.evaluate(INK, [now - 410 * SECOND, now - 390 * SECOND, 92]) > 0
    assert page.evaluate(INK, [now - 800 * SECOND, now - 420 * SECOND, 30]) == 0


def test_the_x_axis_is_as_long_as_the_chosen_window_however_little_there_is_to_see(site: Site, page: Page) -> None:
    recorded(site, "young", {ago: 20 + ago % 2 for ago in range(120)})
    for minutes in (15, 5):
        drawn(page, "young", f"?window={minutes * 60 * SECOND}")
        axes = page.evaluate(AXES)
        assert axes["to"] - axes["from"] == minutes * 60 * SECOND
        assert abs(axes["to"] - axes["now"]) < 1500


def test_the_x_axis_runs_to_now_while_nothing_arrives(site: Site, page: Page) -> None:
    recorded(site, "quiet", {ago: 20 + ago % 2 for ago in range(5, 30)})
    drawn(page, "quiet")
    before = page.evaluate(AXES)
    page.wait_for_timeout(2500)
    after = page.evaluate(AXES)
    assert after["to"] - before["to"] > 1500
    assert abs(after["to"] - after["now"]) < 1500
    assert after["y"] == before["y"]


def test_the_y_axis_does_not_jump_when_the_highest_reading_leaves_the_window(site: Site, page: Page) -> None:
    now = recorded(site, "steady", {ago: 30 if ago == 50 else 20 + ago % 6 for ago in range(60)})
    drawn(page, "steady", "?window=60000")
    before = page.evaluate(AXES)
    assert before["from"] < now - 50 * SECOND
    page.wait_for_timeout(max(0, now + 11 * SECOND - int(time.time() * SECOND)))
    after = page.evaluate(AXES)
    assert after["from"] > now - 50 * SECOND
    assert after["y"] == before["y"]


def test_a_sensor_that_appears_later_joins_and_what_is_there_stays(site: Site, page: Page) -> None:
    for n in range(1, 8):
        site.add(f"join-{n}", 20 + n)
    page.goto("/?filter=join")
    figures = page.locator(f"{TEMPERATURE} figure")
    expect(figures).to_have_count(7)
    expect(figures.last.locator("canvas")).to_be_visible()
    page.locator(TEMPERATURE).get_by_text("View as table").click()
    figures.nth(2).focus()
    page.evaluate(MARKED)
    site.add("join-5a", 30)
    expect(figures).to_have_count(8)
    expect(figures.nth(5).locator("canvas")).to_be_visible()
    marked = page.evaluate(STILL_MARKED)
    assert (len(marked), marked.count(True)) == (16, 14)  # temperature and humidity
    expect(figures.nth(2)).to_be_focused()
    expect(page.locator(f"{TEMPERATURE} .as-table table")).to_be_visible()


def test_six_lines_are_told_apart_without_their_colours(site: Site, page: Page) -> None:
    for n in range(1, 7):
        site.add(f"dash-{n}", 20 + n)
    page.goto("/?filter=dash")
    expect(page.locator(f"{TEMPERATURE} canvas")).to_be_visible()
    assert len(set(page.evaluate(DASHES))) == 6
    samples = page.locator(f"{TEMPERATURE} .u-series:not(.edge) .u-marker")
    assert len(set(samples.evaluate_all("all => all.slice(1).map((one) => one.style.background)"))) == 6


LOOKS = """() => import("/static/js/page.js").then(({ charts }) => Object.fromEntries(charts.plots[0].uplot.series
  .filter((_, i) => i % 3 === 1).map(({ label, dash, stroke }) => [label, [stroke(), dash]])))"""
RENAMED = """
from streams.chart_models import *
row, _ = ChartedStream.objects.get_or_create(stream="renamed", sensor_field="sensor_id")
NamedSensor.objects.create(stream=row, sensor="a", label="zebra")
"""


def test_a_sensor_keeps_its_colour_and_dash_when_it_is_called_otherwise_and_stands_elsewhere(
    site: Site, page: Page
) -> None:
    for sensor in "abc":
        site.redis.xadd("renamed", {"sensor_id": sensor, "temperature": 20})
    page.goto("/streams/renamed/")
    legend = page.locator(f"{TEMPERATURE} .u-legend")
    expect(legend.locator(".u-series:not(.edge)")).to_have_text([re.compile(name) for name in ("Time", "a", "b", "c")])
    before = page.evaluate(LOOKS)
    status, _, errors = run("shell", "-c", RENAMED, **site.environ)
    assert status == 0, errors
    names = [re.compile(name) for name in ("Time", "b", "c", "zebra")]
    expect(legend.locator(".u-series:not(.edge)")).to_have_text(names, timeout=10_000)
    after = page.evaluate(LOOKS)
    assert after == {"b": before["b"], "c": before["c"], "zebra": before["a"]}
    page.reload()
    expect(legend).to_contain_text("zebra")
    assert page.evaluate(LOOKS) == after


def luminance(colour: str) -> float:
    full = colour.removeprefix("#")
    full = "".join(digit * 2 for digit in full) if len(full) == 3 else full
    shares = [int(full[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_and_words_stand_out_from_the_page_in_light_and_dark(site: Site, page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/")
    lines = page.evaluate(COLOURS, [f"--series-{n}" for n in range(1, 7)])
    words = page.evaluate(COLOURS, ["--ink", "--quiet", "--good", "--warn", "--bad", "--accent"])
    card, paper = page.evaluate(COLOURS, ["--card", "--paper"])
    assert min(contrast(line, card) for line in lines) >= 3
    assert min(contrast(word, ground) for word in words for ground in (card, paper)) >= 4.5
    assert all(one != other for one, other in combinations(lines, 2))


def test_a_change_of_the_colour_scheme_is_followed_also_while_the_charts_are_held(site: Site, page: Page) -> None:
    now = recorded(site, "scheme", {ago: 20 + ago % 3 for ago in range(60)})
    drawn(page, "scheme")
    page.keyboard.press(" ")
    expect(page.locator("#pause")).to_contain_text("Resume")
    colours = "() => import('/static/js/page.js').then(({ charts }) => charts.plots[0].uplot.series[1].stroke())"
    before = page.evaluate(colours)
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(300)
    assert page.evaluate(colours) != before
    assert page.evaluate(INK, [now - 50 * SECOND, now, None]) > 0.9
