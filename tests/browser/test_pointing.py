"""Mouse and finger on the charts: zoom, the shared crosshair, what is read there; and the way back."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site

TEMPERATURE = 'section[data-field="temperature"]'
SPANS = """() => import("/static/js/page.js").then(({ charts }) =>
  charts.plots.map(({ uplot }) => [uplot.scales.x.min, uplot.scales.x.max]))"""
CROSSHAIRS = """() => import("/static/js/page.js").then(({ charts }) =>
  charts.plots.map(({ uplot }) => uplot.posToVal(uplot.cursor.left, "x")))"""
Y_AXES = """() => import("/static/js/page.js").then(({ charts }) =>
  charts.plots.map(({ uplot }) => [uplot.scales.y.min, uplot.scales.y.max]))"""


def seven(site: Site, page: Page, name: str) -> None:
    """A page of small multiples: two fields of seven sensors."""
    for n in range(1, 8):
        site.add(f"{name}-{n}", 20 + n)
    page.goto(f"/?filter={name}")
    expect(page.locator("figure canvas")).to_have_count(14)


def box_of(page: Page, at: int = 0) -> dict[str, float]:
    box = page.locator("figure .u-over").nth(at).bounding_box()
    assert box
    return {"x": box["x"], "y": box["y"], "width": box["width"], "height": box["height"]}


def drag(page: Page, box: dict[str, float]) -> None:
    """From a quarter of a chart to three quarters."""
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 3 / 4, y, steps=4)
    page.mouse.up()


def halved(spans: list[list[float]], whole: list[float]) -> bool:
    """Whether all charts show the same half of what they showed."""
    [(start, end)] = {(start, end) for start, end in spans}
    return whole[0] < start < end < whole[1] and 0.4 < (end - start) / (whole[1] - whole[0]) < 0.6


@pytest.mark.parametrize("back", ["double click", "Escape"])
def test_a_drag_zooms_every_chart_and_pauses(site: Site, page: Page, back: str) -> None:
    seven(site, page, "drag")
    whole = page.evaluate(SPANS)[0]
    drag(page, box_of(page, 1))
    expect(page.locator("#pause")).to_have_text("Resume (0 new)")
    assert halved(page.evaluate(SPANS), whole)
    assert re.search(r"from=\d+&to=\d+", page.url)
    site.add("drag-1", 30)
    expect(page.locator("#pause")).to_have_text("Resume (1 new)")
    held = page.evaluate(SPANS)
    page.wait_for_timeout(600)
    assert page.evaluate(SPANS) == held
    if back == "Escape":
        page.keyboard.press("Escape")
    else:
        page.locator("figure .u-over").nth(9).dblclick()
    expect(page.locator("#pause")).to_have_text("Pause")
    assert page.evaluate(SPANS)[0][1] > whole[1]
    assert "from=" not in page.url


def test_the_crosshair_is_in_every_chart_at_the_same_time_and_reads_out_each_sensor(site: Site, page: Page) -> None:
    seven(site, page, "cross")
    box = box_of(page)
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + 20)
    there = page.locator(f"{TEMPERATURE} .there")
    expect(there.nth(0)).to_have_text("21 °C")
    expect(there.nth(6)).to_have_text("27 °C")
    at = page.evaluate(CROSSHAIRS)
    assert len(at) == 14
    assert max(at) - min(at) < 1000


@pytest.mark.parametrize("sensors", [2, 7])
def test_each_line_has_its_newest_value_beside_it_unless_another_one_is_pointed_at(
    site: Site, page: Page, sensors: int
) -> None:
    stream, now = f"newest-{sensors}", int(time.time() * 1000)
    for ago, value in ((30, 20), (20, 21), (0, 22)):
        for n in range(sensors):
            reading = {"sensor_id": f"s{n}", "temperature": value + n}
            site.redis.xadd(stream, reading, id=f"{now - 1000 * ago}-{n}")
    page.goto(f"/streams/{stream}/?window=60000")
    said = page.locator(f"{TEMPERATURE} {'.there' if sensors == 7 else '.u-series:not(.edge) .u-value'}")
    first, second = said.nth(0 if sensors == 7 else 1), said.nth(1 if sensors == 7 else 2)
    expect(first).to_have_text("22")
    expect(second).to_have_text("23")
    box = box_of(page)
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + 20)
    expect(first).to_have_text(re.compile("^2[01]$"))
    page.wait_for_timeout(1200)
    expect(first).to_have_text(re.compile("^2[01]$"))
    page.mouse.move(5, 5)
    expect(first).to_have_text("22")
    site.redis.xadd(stream, {"sensor_id": "s1", "temperature": 40})
    expect(second).to_have_text("40")


def test_the_legend_says_from_when_its_values_are(site: Site, page: Page) -> None:
    now = int(time.time() * 1000)
    site.redis.xadd("since", {"sensor_id": "old", "temperature": 20}, id=f"{now - 25_000}-0")
    site.redis.xadd("since", {"sensor_id": "new", "temperature": 21}, id=f"{now - 12_000}-0")
    page.goto("/streams/since/?window=60000")
    said = page.locator(f"{TEMPERATURE} .u-series:not(.edge) .u-value")
    expect(said.nth(0)).to_have_text(re.compile(r"^1\d s ago$"))
    expect(said.nth(1)).to_have_text("21")
    expect(said.nth(2)).to_have_text(re.compile(r"^20, [23]\d s ago$"))
    site.redis.xadd("since", {"sensor_id": "new", "temperature": 22})
    expect(said.nth(0)).to_have_text("now")
    page.keyboard.press(" ")
    expect(said.nth(0)).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    expect(said.nth(2)).to_have_text("20")


def test_a_finger_dragged_sideways_zooms_and_a_tap_reads_out(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    cdp = page.context.new_cdp_session(page)
    cdp.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    site.add("finger", 25)
    page.goto("/?filter=finger")
    expect(page.locator("figure canvas")).to_have_count(2)
    whole = page.evaluate(SPANS)[0]
    box = box_of(page)

    def touch(kind: str, share: float | None = None) -> None:
        points = [] if share is None else [{"x": box["x"] + box["width"] * share, "y": box["y"] + box["height"] / 2}]
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.99)
    touch("touchEnd")
    expect(page.locator(f"{TEMPERATURE} .u-legend")).to_contain_text("25 °C")
    touch("touchStart", 0.25)
    for share in (0.35, 0.5, 0.65, 0.75):
        touch("touchMove", share)
    touch("touchEnd")
    expect(page.locator("#pause")).to_have_text(re.compile("Resume"))
    assert halved(page.evaluate(SPANS), whole)


def test_filter_window_and_pause_come_back_with_the_address(site: Site, page: Page) -> None:
    site.add("kept", 20)
    site.add("other", 20)
    page.goto("/")
    expect(page.locator("canvas").first).to_be_visible()
    page.fill("#filter", "kept")
    page.click('[data-window="300000"]')
    page.click("#pause")
    expect(page).to_have_url(re.compile(r"\?window=300000&filter=kept&from=\d+&to=\d+$"))
    held = page.evaluate(SPANS)[0]
    page.goto(page.url)
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.locator("#pause")).to_have_text(re.compile("Resume"))
    expect(page.locator("#filter")).to_have_value("kept")
    expect(page.locator('[data-window="300000"]')).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#sensors tbody tr")).to_have_count(1)
    assert page.evaluate(SPANS)[0] == pytest.approx(held, abs=2)


def test_a_sensor_hidden_in_one_legend_is_hidden_in_all_charts_also_while_they_are_held(site: Site, page: Page) -> None:
    site.add("hide-1", 20)
    site.add("hide-2", 30)
    page.goto("/?filter=hide")
    expect(page.locator("figure canvas")).to_have_count(2)
    page.keyboard.press(" ")
    before = page.evaluate(Y_AXES)
    page.locator(f"{TEMPERATURE} .u-legend").get_by_text("hide-2").click()
    expect(page.locator('section[data-field="humidity"] .u-legend tr.u-off', has_text="hide-2")).to_have_count(1)
    assert page.evaluate(Y_AXES) == before


def test_a_table_follows_its_chart_to_another_span_and_leaves_out_what_is_hidden(site: Site, page: Page) -> None:
    for name in ("tabled-1", "tabled-2"):
        site.add(name, 20)
    page.goto("/?filter=tabled&window=60000")
    panel = page.locator('section[data-field="temperature"]')
    panel.locator("summary").click()
    expect(panel.locator("details th")).to_contain_text(["Time", "tabled-1", "tabled-2"])
    panel.locator(".u-legend .u-series", has_text="tabled-2").locator("th").click()
    expect(page).to_have_url(re.compile("hide=tabled-2"))
    panel.locator("h2").click()  # what has the focus is left as it is
    expect(panel.locator("details thead th")).to_have_text(["Time", "tabled-1"])
    expect(page.locator("#csv")).to_have_attribute("href", re.compile(r"sensor=tabled-1(?!.*tabled-2)"))
    page.click("#pause")
    panel.locator(".u-legend .u-series", has_text="tabled-1").locator("th").click()
    expect(panel.locator("details thead th")).to_have_text(["Time"])
    expect(page.locator("#csv")).not_to_have_attribute("href", re.compile("."))
    panel.locator(".u-legend .u-series", has_text="tabled-1").locator("th").click()
    expect(panel.locator("details thead th")).to_have_text(["Time", "tabled-1"])
    page.click("#pause")
    for _ in range(2):
        page.click("#earlier")
    expect(panel.locator("details")).to_contain_text("0 of 0 points")
    page.click('[data-window="300000"]')
    expect(page.locator("#pause")).to_have_text("Pause")
    page.keyboard.press(" ")
    expect(page.locator("#pause")).to_have_text(re.compile("Resume"))
