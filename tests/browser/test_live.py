from __future__ import annotations

import re
import signal
import time
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import GROUP, STREAM, Site
from tests.processes import eventually

BUCKETS = """async (sensor) => {
  const { store } = await import("/static/js/page.js");
  const found = [];
  store.each(sensor, "temperature", Date.now() - 900000, Date.now() + 60000, (t) => found.push(t));
  return found;
}"""


DRAWN = """async () => {
  const { charts } = await import("/static/js/page.js");
  return charts.plots.find((plot) => plot.field.name === "temperature").data.map((column) => [...column]);
}"""


def row(page: Page, sensor: str) -> str:
    return page.locator(f'tr[data-sensor="{sensor}"]').inner_text()


def buckets(page: Page, sensor: str) -> list[int]:
    found: list[int] = page.evaluate(BUCKETS, sensor)
    return found


def test_a_reading_appears_within_two_seconds_of_being_added(site: Site, page: Page) -> None:
    page.goto("/?filter=kitchen")
    expect(page.locator("#state")).to_have_text("live")
    site.add("kitchen", 23.4)
    expect(page.locator('tr[data-sensor="kitchen"]')).to_contain_text("23.4 °C", timeout=2000)
    expect(page.locator('section[data-field="temperature"] canvas')).to_have_count(1, timeout=2000)


def test_a_field_that_appears_later_gets_a_chart_of_its_own(site: Site, page: Page) -> None:
    site.add("hall", 20)
    page.goto("/?filter=hall")
    expect(page.locator("section.chart")).to_have_count(2)
    site.add("hall", 20, pressure=1013.2)
    expect(page.locator('section[data-field="pressure"] canvas')).to_be_visible(timeout=3000)


def test_a_reload_is_filled_from_the_log_at_once(site: Site, page: Page) -> None:
    site.add("attic", 20)
    time.sleep(1.1)
    site.add("attic", 21)
    page.goto("/?filter=attic")
    expect(page.locator('tr[data-sensor="attic"]')).to_contain_text("21 °C")
    before = buckets(page, "attic")
    page.reload()
    expect(page.locator("canvas").first).to_be_visible(timeout=2000)
    assert buckets(page, "attic") == before
    assert len(before) == 2


def test_more_than_six_sensors_are_drawn_as_small_multiples(site: Site, page: Page) -> None:
    for sensor in range(1, 7):
        site.add(f"rack-{sensor}", 20 + sensor)
    page.goto("/?filter=rack")
    charts = page.locator('section[data-field="temperature"] canvas')
    expect(charts).to_have_count(1)
    site.add("rack-7", 27)
    expect(charts).to_have_count(7, timeout=3000)
    page.fill("#filter", "rack-3")
    expect(charts).to_have_count(1)
    assert "filter=rack-3" in page.url


def test_pausing_holds_the_charts_and_counts_what_waits(site: Site, page: Page) -> None:
    site.add("1", 20)
    page.goto("/")
    expect(page.locator('tr[data-sensor="1"]')).to_be_visible()
    page.keyboard.press(" ")
    expect(page.locator("#pause")).to_have_text("Resume (0 new)")
    site.add("1", 21)
    expect(page.locator("#pause")).to_have_text(re.compile(r"Resume \([1-9]\d* new\)"))
    page.keyboard.press("Escape")
    expect(page.locator("#pause")).to_have_text("Pause")


def test_the_address_keeps_what_was_chosen(site: Site, page: Page) -> None:
    for sensor in ("yard-1", "yard-2"):
        site.add(sensor, 20)
    page.goto("/?window=60000&sensor=yard-2")
    expect(page.locator('tr[data-sensor="yard-2"] button')).to_have_attribute("aria-pressed", "true")
    expect(page.locator('[data-window="60000"]')).to_have_attribute("aria-pressed", "true")
    legend = page.locator('section[data-field="temperature"] .u-legend')
    expect(legend).to_contain_text("yard-2")
    expect(legend).not_to_contain_text("yard-1")


def test_a_silent_sensor_is_marked_in_words_and_comes_first(site: Site, page: Page) -> None:
    site.add("z-silent", 20)
    page.goto("/?filter=-")
    expect(page.locator('tr[data-sensor="z-silent"]')).to_be_visible()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and "stale" not in row(page, "z-silent"):
        site.add("a-busy-", 20)
        time.sleep(0.5)
    assert re.search(r"stale: last seen \d+ s ago", row(page, "z-silent"))
    page.fill("#filter", "sy-")
    expect(page.locator("#sensors tbody tr")).to_have_count(1)
    page.fill("#filter", "-")
    names = page.locator("#sensors tbody tr").evaluate_all("rows => rows.map((row) => row.dataset.sensor)")
    assert names.index("z-silent") < names.index("a-busy-")
    assert "stale" not in row(page, "a-busy-")


def test_stuck_entries_are_seen_within_two_seconds(site: Site, page: Page) -> None:
    page.goto("/")
    card = page.locator('section[data-group="reports"]')
    site.redis.xgroup_create(STREAM, "reports", id="$")
    entry_id = site.add("porch", 20)
    site.redis.xreadgroup("reports", "reporter-1", {STREAM: ">"})
    expect(card.locator("dd a")).to_have_text("1", timeout=2500)
    expect(card).to_contain_text("reporter-1")
    card.locator("dd a").click()
    expect(page.locator("table.pending")).to_contain_text("reporter-1")
    site.redis.xack(STREAM, "reports", entry_id)
    expect(page.locator("#rows")).to_contain_text("Nothing is pending", timeout=3500)
    site.redis.xgroup_destroy(STREAM, "reports")


def test_hostile_names_and_values_stay_text(site: Site, page: Page) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    site.redis.xgroup_create(STREAM, hostile, id="$")
    site.add(hostile, 20, **{hostile: 5})
    site.redis.xreadgroup(hostile, hostile, {STREAM: ">"})
    page.goto("/")
    expect(page.locator("#sensors")).to_contain_text(hostile)
    expect(page.locator("#side")).to_contain_text(hostile)
    page.locator("#side section.group", has_text=hostile).locator("dd a").click()
    expect(page.locator("table.pending")).to_contain_text(hostile)
    assert page.locator("img").count() == 0
    site.redis.xgroup_destroy(STREAM, hostile)


def test_a_phone_shows_everything_without_scrolling_sideways(site: Site, page: Page) -> None:
    for sensor in range(8):
        site.add(f"pocket-{sensor}", 20)
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/")
    expect(page.locator("canvas").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_dead_monitor_is_noticed_and_named(site: Site, page: Page) -> None:
    page.goto("/")
    expect(page.locator(f'section[data-group="{GROUP}"]')).to_be_visible()
    site.parts["monitor"].stop()
    expect(page.locator("#banner")).to_contain_text("is manage.py monitor running?", timeout=10_000)
    site.parts["monitor"] = site.start("monitor")
    expect(page.locator("#banner")).to_be_hidden(timeout=10_000)


def test_a_dead_worker_is_noticed_and_named(site: Site, page: Page) -> None:
    page.goto("/")
    expect(page.locator("#state")).to_have_text("live")
    site.parts["consume"].stop()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not page.locator("#banner").is_visible():
        site.add("1", 20)
        time.sleep(0.3)
    expect(page.locator("#banner")).to_contain_text("is manage.py consume running?")
    site.parts["consume"] = site.start("consume")
    expect(page.locator("#banner")).to_be_hidden(timeout=10_000)


def test_what_a_browser_missed_is_filled_in_when_it_is_back(site: Site, page: Page) -> None:
    page.goto("/")
    expect(page.locator("#state")).to_have_text("live")
    site.add("cellar", 20)
    expect(page.locator('tr[data-sensor="cellar"]')).to_be_visible()
    site.parts["web"].stop()
    expect(page.locator("#state")).to_contain_text("reconnecting in", timeout=8000)
    for _ in range(3):
        time.sleep(1.05)
        site.add("cellar", 22)
    site.parts["web"] = site.start_web()
    expect(page.locator("#state")).to_have_text("live", timeout=15_000)
    assert eventually(lambda: len(buckets(page, "cellar")) >= 4, 3)


def test_a_frozen_web_server_is_noticed_as_stale_and_resumed(site: Site, page: Page) -> None:
    page.goto("/")
    expect(page.locator("#state")).to_have_text("live")
    added = [site.add("freezer", 20)]
    expect(page.locator('tr[data-sensor="freezer"]')).to_be_visible()
    site.parts["web"].send(signal.SIGSTOP)
    try:
        expect(page.locator("#state")).to_have_text(re.compile(r"^stale since \d\d:\d\d:\d\d$"), timeout=12_000)
        for temperature in (21, 22, 23):
            time.sleep(1.05)
            added.append(site.add("freezer", temperature))
        assert len(buckets(page, "freezer")) == 1
        expect(page.locator("#banner")).to_have_text(
            re.compile(r"^Nothing was heard since .*: all below is from then\.$")
        )
    finally:
        site.parts["web"].send(signal.SIGCONT)
    expect(page.locator("#state")).to_have_text("live", timeout=15_000)
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator('tr[data-sensor="freezer"]')).to_contain_text("23 °C")
    assert buckets(page, "freezer") == sorted({int(entry_id.split("-")[0]) // 1000 * 1000 for entry_id in added})
    expect(page.locator('tr[data-sensor="freezer"] td').last).to_have_text("4")


def test_a_web_server_frozen_for_long_is_left_and_found_again(site: Site, page: Page) -> None:
    page.goto("/")
    expect(page.locator("#state")).to_have_text("live")
    site.parts["web"].send(signal.SIGSTOP)
    try:
        said = re.compile(r"^reconnecting (in \d+ s|now); nothing new since \d\d:\d\d:\d\d$")
        expect(page.locator("#state")).to_have_text(said, timeout=25_000)
        site.add("thaw", 21)
    finally:
        site.parts["web"].send(signal.SIGCONT)
    expect(page.locator("#state")).to_have_text("live", timeout=25_000)
    expect(page.locator('tr[data-sensor="thaw"]')).to_contain_text("21 °C")


def test_the_banner_stands_while_the_server_is_away_and_the_gap_is_filled_after(site: Site, page: Page) -> None:
    page.goto("/")
    expect(page.locator("#state")).to_have_text("live")
    added = [site.add("roof", 20)]
    expect(page.locator('tr[data-sensor="roof"]')).to_contain_text("20 °C")
    site.server.terminate()
    expect(page.locator("#banner")).to_contain_text("cannot be reached", timeout=10_000)
    expect(page.locator("#banner")).to_contain_text("below are the last known values")
    expect(page.locator('tr[data-sensor="roof"]')).to_contain_text("20 °C")
    page.reload()
    expect(page.locator("#banner")).to_contain_text("cannot be reached", timeout=10_000)
    site.start_server()
    for temperature in (21, 22, 23):
        added.append(site.add("roof", temperature))
        time.sleep(1.05)
    expect(page.locator("#banner")).to_be_hidden(timeout=15_000)
    expect(page.locator('tr[data-sensor="roof"]')).to_contain_text("23 °C", timeout=10_000)
    assert buckets(page, "roof") == sorted({int(entry_id.split("-")[0]) // 1000 * 1000 for entry_id in added})


def past_of(route: Route) -> None:
    """An answer of the API: a day of half-hours with one spike and a silence, and a sensor that is gone since."""
    query = parse_qs(urlsplit(route.request.url).query)
    start, end = int(query["from"][0]), int(query["to"][0])
    step = 1_800_000
    t = list(range(start - start % step, end, step))
    low = [20.0 if not 10 < i < 20 else None for i in range(len(t))]
    high = [97.0 if i == 5 else value for i, value in enumerate(low)]
    columns = {"mean": low, "min": low, "max": high, "last": low, "count": [v and 9 for v in low]}
    route.fulfill(
        json={
            "t": t,
            "series": {"1": {"temperature": columns}, "gone": {"temperature": columns}},
            "step_ms": step,
            "recorded_until": end,
            "gap": "",
            "series_total": 2,
        }
    )


def test_one_can_look_back_further_than_the_page_remembers(site: Site, page: Page) -> None:
    site.add("1", 20)
    page.route("**/readings/?*", past_of)
    page.goto("/?sensor=1&sensor=gone")
    expect(page.locator('tr[data-sensor="1"]')).to_be_visible()
    page.click('[data-window="86400000"]')
    legend = page.locator('section[data-field="temperature"] .u-legend')
    expect(legend).to_contain_text("gone")
    assert "window=86400000" in page.url
    drawn = page.evaluate(DRAWN)
    assert 97 in drawn[3]  # the upper edge of sensor 1 keeps the spike of one reading
    assert None in drawn[1]  # a silence is a gap, and no line across it
    page.click("#earlier")
    expect(page.locator("#pause")).to_have_text(re.compile("Resume"))
    expect(page.locator("#past")).to_contain_text(" to ")
    assert "from=" in page.url
    page.reload()
    expect(page.locator("#past")).to_contain_text(" to ")
    page.keyboard.press("Escape")
    expect(page.locator("#pause")).to_have_text("Pause")
    assert "from=" not in page.url


def test_what_the_past_cannot_be_read_for_is_said(site: Site, page: Page) -> None:
    site.add("1", 20)
    page.route("**/readings/?*", lambda route: route.fulfill(status=503, json={"error": {"text": "no database"}}))
    page.goto("/?window=3600000")
    expect(page.locator("#past")).to_have_text("The past cannot be read: no database")


def test_readings_are_recorded_beside_the_monitor_and_served_as_csv(site: Site, page: Page) -> None:
    site.add("kiln", 20)
    page.goto("/?window=3600000")
    expect(page.locator("#csv")).to_have_attribute("href", re.compile("format=csv"))
    address = page.locator("#csv").get_attribute("href") or ""

    def recorded() -> bool:
        answer = page.request.get(address.replace("&format=csv", "")).json()
        return answer["recorded_until"] is not None and "kiln" in answer["series"]

    assert eventually(recorded, 30)
    lines = page.request.get(address).text().splitlines()
    assert lines[0] == "time,sensor,field,count,min,max,mean,last"
    assert any(",kiln,temperature,1,20.0,20.0,20.0,20.0" in line for line in lines)


def test_charts_out_of_sight_are_not_made_until_they_are_scrolled_to(site: Site, page: Page) -> None:
    for sensor in range(60):
        site.add(f"hall-{sensor:02}", 20)
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto("/?filter=hall-")
    figures = page.locator('section[data-field="temperature"] figure')
    expect(figures).to_have_count(60, timeout=5000)
    expect(figures.first.locator("canvas")).to_have_count(1)
    expect(figures.last.locator("canvas")).to_have_count(0)
    figures.last.scroll_into_view_if_needed()
    expect(figures.last.locator("canvas")).to_have_count(1)
