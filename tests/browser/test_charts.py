"""What a person does with the charts: bounds, names, clocks, keyboard, tables, pictures, links."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.processes import MANAGE, ROOT

ORDERS = "orders"
SETTINGS = """
from streams.chart_models import *
row, is_new = ChartedStream.objects.get_or_create(stream="orders", sensor_field="shop", charts_others=False)
if is_new:
    field = {"label": "Order value", "unit": "EUR", "decimals": 2, "high_warn": 50, "high_bad": 90}
    ChartedField.objects.create(stream=row, name="total", **field)
    NamedSensor.objects.create(stream=row, sensor="s1", label="Main street")
"""
CURSOR_MOVED = """() => import("/static/js/page.js").then(({ charts }) => charts.plots[0].uplot.cursor.left > 0)"""
CHARTED = """(sensor) => import("/static/js/page.js").then(({ store }) => {
  const times = store.sensors.get(sensor).fields.get("temperature")?.t;
  return Boolean(times?.some((t) => t));
})"""
DRAWS = """(ms) => import("/static/js/page.js").then(async ({ charts }) => {
  let times = 0;
  const draw = charts.draw;
  charts.draw = function (...all) { times++; return draw.apply(this, all); };
  await new Promise((done) => setTimeout(done, ms));
  charts.draw = draw;
  return times;
})"""


def set_up_orders(site: Site) -> None:
    """Charts of another stream, as its operators made them in the admin."""
    environ = {**os.environ, **site.environ}
    subprocess.run([*MANAGE, "shell", "-c", SETTINGS], env=environ, cwd=ROOT, check=True, timeout=60)


def order(site: Site, shop: str, total: float) -> None:
    site.redis.xadd(ORDERS, {"shop": shop, "total": total, "items": 3, "note": "gift"})


def test_a_stream_that_no_worker_reads_is_charted_as_the_admin_says(site: Site, page: Page) -> None:
    set_up_orders(site)
    order(site, "s1", 12.5)
    order(site, "s2", 20)
    page.goto(f"/streams/{ORDERS}/")
    expect(page.locator('tr[data-sensor="s1"]')).to_contain_text("12.50 EUR")
    expect(page.locator('tr[data-sensor="s1"] button')).to_have_text("Main street")
    expect(page.locator("section.chart")).to_have_count(1)
    expect(page.locator("section.chart h2")).to_contain_text("Order value")
    expect(page.locator("section.chart .u-legend")).to_contain_text("Main street")
    order(site, "s1", 13)
    expect(page.locator('tr[data-sensor="s1"]')).to_contain_text("13.00 EUR", timeout=3000)


def test_a_value_beyond_its_bounds_is_said_in_words_on_chart_and_table(site: Site, page: Page) -> None:
    set_up_orders(site)
    order(site, "s1", 95)
    order(site, "s2", 60)
    page.goto(f"/streams/{ORDERS}/")
    expect(page.locator('tr[data-sensor="s1"]')).to_contain_text("95.00 EUR ✕ bad above 90 EUR")
    expect(page.locator('tr[data-sensor="s2"]')).to_contain_text("▲ warning above 50 EUR")
    expect(page.locator("section.chart .beyond")).to_have_text(
        "✕ bad above 90 EUR: Main street; ▲ warning above 50 EUR: s2"
    )
    order(site, "s1", 40)
    expect(page.locator('tr[data-sensor="s1"]')).not_to_contain_text("bad", timeout=3000)


def test_a_sensor_hidden_in_the_legend_stays_hidden_in_the_link(site: Site, page: Page) -> None:
    site.add("l-1", 20)
    site.add("l-2", 30)
    page.goto("/?filter=l-")
    legend = page.locator('section[data-field="temperature"] .u-legend')
    legend.get_by_text("l-2").click()
    expect(page).to_have_url(re.compile("hide=l-2"))
    page.reload()
    expect(legend.locator("tr.u-off", has_text="l-2")).to_have_count(1)
    expect(legend.locator("tr.u-off", has_text="l-1")).to_have_count(0)
    legend.get_by_text("l-2").click()
    expect(page).not_to_have_url(re.compile("hide="))


def test_arrow_keys_move_over_the_readings_and_read_them_out(site: Site, page: Page) -> None:
    for temperature in (20, 21):
        site.add("keys", temperature)
        time.sleep(1.1)
    page.goto("/?filter=keys&window=60000")
    figure = page.locator('section[data-field="temperature"] figure')
    expect(figure.locator("canvas")).to_be_visible()
    figure.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#cursor")).to_have_text(re.compile(r"\d\d:\d\d:\d\d: keys 21 °C"))
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#cursor")).to_have_text(re.compile("keys 20 °C"))
    assert page.evaluate(CURSOR_MOVED)
    page.keyboard.press("End")
    expect(page.locator("#cursor")).to_have_text(re.compile("keys 21 °C"))


def test_a_chart_can_be_read_as_a_table(site: Site, page: Page) -> None:
    site.add("tabled", 20.5)
    page.goto("/?filter=tabled")
    section = page.locator('section[data-field="temperature"]')
    section.get_by_text("View as table").click()
    expect(section.locator(".as-table tbody tr").first).to_contain_text("20.5")
    expect(section.locator(".as-table")).to_contain_text("1 of 1 points")
    time.sleep(1.1)
    site.add("tabled", 22.5)
    page.locator("h1").click()
    expect(section.locator(".as-table tbody tr").first).to_contain_text("22.5", timeout=4000)


def test_times_can_be_read_in_utc(site: Site, page: Page) -> None:
    site.add("clock", 20)
    page.goto("/?filter=clock")
    figure = page.locator('section[data-field="temperature"] figure')
    expect(figure.locator("canvas")).to_be_visible()
    page.check("#utc")
    expect(page).to_have_url(re.compile("utc=1"))
    expect(figure.locator("canvas")).to_be_visible()
    figure.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#cursor")).to_contain_text(" UTC")


def test_the_rate_is_kept_and_a_hidden_page_draws_nothing(site: Site, page: Page) -> None:
    site.add("rate", 20)
    page.goto("/?filter=rate")
    expect(page.locator("canvas").first).to_be_visible()
    page.select_option("#rate", "1")
    expect(page).to_have_url(re.compile("hz=1"))
    slow = page.evaluate(DRAWS, 3000)
    page.select_option("#rate", "10")
    fast = page.evaluate(DRAWS, 3000)
    assert slow <= 4 < 12 <= fast
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    assert page.evaluate(DRAWS, 1000) == 0


def test_a_picture_of_every_chart_of_a_field_can_be_taken(site: Site, page: Page, tmp_path: Path) -> None:
    for n in range(8):
        site.add(f"png-{n}", 20 + n)
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto("/?filter=png")
    section = page.locator('section[data-field="temperature"]')
    expect(section.locator("canvas").first).to_be_visible()
    with page.expect_download() as download:
        section.get_by_role("button", name="PNG").click()
    assert re.fullmatch(r"sensor_stream-temperature-C-[\dTZ-]+\.png", download.value.suggested_filename)
    download.value.save_as(tmp_path / "chart.png")
    data = (tmp_path / "chart.png").read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    assert data.startswith(b"\x89PNG")
    assert width > 300
    assert height > 4 * 110  # the eight charts, also those that were below the fold


def test_a_copied_link_opens_exactly_this_view(site: Site, page: Page) -> None:
    site.add("linked", 20)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/?filter=linked&window=60000")
    expect(page.locator("canvas").first).to_be_visible()
    page.click("#link")
    expect(page.locator("#copied")).to_contain_text("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert re.search(r"window=60000.*filter=linked.*from=\d+&to=\d+", link)
    page.goto(link)
    expect(page.locator("canvas").first).to_be_visible()
    expect(page.locator("#pause")).to_have_text(re.compile("Resume"))
    expect(page.locator("#past")).to_contain_text(" to ")


def test_without_a_clipboard_the_link_stands_there_to_be_copied(site: Site, page: Page) -> None:
    site.add("linked", 20)
    page.goto("/?filter=linked")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    expect(page.locator("canvas").first).to_be_visible()
    page.click("#link")
    expect(page.locator("#copied a")).to_have_attribute("href", re.compile(r"from=\d+&to=\d+"))


def test_many_sensors_are_seen_at_a_glance_and_charted_when_chosen(site: Site, page: Page) -> None:
    for n in range(140):
        site.add(f"many-{n:03}", 20)
    page.goto("/")
    overview = page.locator("#overview")
    expect(overview).to_be_visible(timeout=10_000)
    expect(page.locator("#sensors-count")).to_have_text(re.compile(r"^100 of 1\d\d$"))
    page.fill("#filter", "many-")
    expect(overview).to_contain_text("140 sensors: all good")
    page.fill("#filter", "many-139")
    legend = page.locator('section[data-field="temperature"] .u-legend')
    expect(legend).to_contain_text("many-139")
    site.add("many-139", 33)
    expect(page.locator('tr[data-sensor="many-139"]')).to_contain_text("33 °C", timeout=4000)
    assert page.evaluate(CHARTED, "many-139")
    page.fill("#filter", "many-")
    box = page.locator("#overview canvas").bounding_box()
    assert box
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    expect(page).to_have_url(re.compile("sensor=many-"))
    expect(page.locator('section[data-field="temperature"] figure')).to_have_count(1)


def test_a_field_without_values_of_the_chosen_sensors_is_one_line_until_there_are_some(site: Site, page: Page) -> None:
    for sensor in ("fold-1", "fold-2"):
        site.add(sensor, 20)
    site.add("other", 20, voltage=3)
    page.goto("/?filter=fold")
    section = page.locator('section[data-field="voltage"]')
    expect(section).to_have_text("voltage no values of these sensors in this window", use_inner_text=True)
    expect(section.locator("figure")).to_be_hidden()
    order = page.locator("section.chart").evaluate_all("all => all.map((one) => one.dataset.field)")
    site.add("fold-2", 20, voltage=4)
    expect(section.locator("canvas")).to_be_visible()
    expect(section.locator(".u-legend tr", has_text="fold-2").locator(".u-value")).to_have_text("4")
    expect(section.locator(".none")).to_have_text("")
    assert page.locator("section.chart").evaluate_all("all => all.map((one) => one.dataset.field)") == order
    page.fill("#filter", "fold-1")
    expect(section).to_have_text("voltage no values in this window", use_inner_text=True)
    page.fill("#filter", "nobody")
    expect(section).to_have_text("voltage no sensor to show", use_inner_text=True)


def test_who_zooms_into_an_empty_span_still_has_the_charts_to_come_back(site: Site, page: Page) -> None:
    site.add("back-1", 20)
    page.goto("/?filter=back&window=900000")
    figure = page.locator('section[data-field="temperature"] figure')
    expect(figure.locator(".u-over")).to_be_visible()
    box = figure.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 50, steps=3)
    page.mouse.up()
    expect(page.locator("#pause")).to_have_text(re.compile("Resume"))
    page.wait_for_timeout(500)
    figure.locator(".u-over").dblclick()
    expect(page.locator("#pause")).to_have_text("Pause")


def test_of_many_sensors_those_that_have_a_field_have_a_chart_of_it(site: Site, page: Page) -> None:
    for n in range(7):
        site.add(f"some-{n}", 20)
    site.add("some-3", 20, pressure=1000)
    page.goto("/?filter=some")
    expect(page.locator('section[data-field="temperature"] figure')).to_have_count(7)
    figures = page.locator('section[data-field="pressure"] figure')
    expect(figures).to_have_text([re.compile("some-3 1000")])
    site.add("some-5", 20, pressure=1001)
    expect(figures).to_have_text([re.compile("some-3 1000"), re.compile("some-5 1001")])


def test_entries_that_name_no_sensor_are_not_called_one(site: Site, page: Page) -> None:
    site.redis.xadd("unnamed", {"took": 3})
    page.goto("/streams/unnamed/")
    latest = page.locator("#latest")
    expect(latest.locator("h2")).to_have_text("Last values", use_inner_text=True)
    expect(latest.locator("tbody tr")).to_have_text(re.compile("all entries.*3.*now"))
    expect(latest.locator("button")).to_have_count(0)
    expect(page.locator("#by-name")).to_be_hidden()
    site.redis.xadd("unnamed", {"sensor_id": "roof", "took": 4})
    expect(latest.locator("h2")).to_have_text("Sensors 2", use_inner_text=True)
    expect(latest.get_by_role("button", name="roof")).to_be_visible()
    expect(page.locator("#by-name")).to_be_visible()


def test_the_live_card_of_a_group_says_why_its_lag_is_not_exact_and_what_to_do_without_one(
    site: Site, page: Page
) -> None:
    site.redis.xgroup_create("unread", "slow", id="0", mkstream=True)
    for n in range(600):
        site.redis.xadd("unread", {"n": n})
    page.goto("/streams/unread/")
    # Drawn by the script once the monitor has found the stream: only then are there lines of the last minutes.
    expect(page.locator("#side .group .sparkline").first).to_be_visible(timeout=60_000)
    lag = page.locator("#side .group .hedged")
    expect(lag).to_have_attribute("title", re.compile("counting"))
    expect(lag.locator("xpath=..")).to_have_text(re.compile("^at (most|least) [5-6]00: .*counting"))
    site.redis.xgroup_destroy("unread", "slow")
    expect(page.locator("#side")).to_contain_text("No groups yet. A group is created in the admin.", timeout=10_000)
