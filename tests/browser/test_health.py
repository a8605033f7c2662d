"""The pages about health and incidents in a real browser."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import STREAM, Site
from tests.processes import eventually, run

LATE = "s manage.py monitor running?"
RULE = """
from streams.alert_models import AlertChannel, AlertRule
rule = AlertRule.objects.create(name="Too many jobs", watch="lag", threshold=10, clear=5, stream_pattern="jobs")
rule.channels.set(AlertChannel.objects.filter(kind="browser"))
"""


@pytest.fixture(scope="module", autouse=True)
def jobs(site: Site) -> None:
    """A stream that nobody told the program of, with a group that reads nothing, and a rule about it."""
    site.redis.xgroup_create("jobs", "mailer", id="0", mkstream=True)
    site.redis.xadd("jobs", {"to": "a"})
    status, _, errors = run("shell", "-c", RULE, **site.environ)
    assert status == 0, errors


def test_a_stream_is_found_and_listed_without_anybody_naming_it(site: Site, page: Page) -> None:
    page.goto("/streams/")
    row = page.locator("tr", has_text="jobs")
    expect(row).to_contain_text("jobs", timeout=60_000)
    length = row.locator('[data-label="Length"]')
    before = int(length.inner_text())
    site.redis.xadd("jobs", {"to": "b"})
    expect(length).to_have_text(str(before + 1), timeout=6000)
    page.fill("input[name=q]", "nothing like it")
    page.keyboard.press("Enter")
    expect(page.locator("#rows")).to_contain_text("streams match")
    page.get_by_role("link", name="Clear filters").first.click()
    expect(row).to_be_visible()


def test_a_groups_card_follows_what_happens_without_a_reload(site: Site, page: Page) -> None:
    page.goto("/streams/jobs/groups/")
    lag = page.locator('section[data-path="mailer"] dl div', has_text="Lag").locator("dd")
    before = int(lag.inner_text())
    site.redis.xadd("jobs", {"to": "c"})
    expect(lag).to_have_text(str(before + 1), timeout=5000)
    expect(page.locator("#state")).to_have_text("live")


def test_a_page_that_is_being_read_is_not_redrawn_under_the_readers_eyes(site: Site, page: Page) -> None:
    page.goto("/streams/jobs/groups/")
    page.locator('section[data-path="mailer"] h2 a').focus()
    expect(page.locator("#state")).to_have_text("held while you read", timeout=5000)
    page.evaluate("document.activeElement.blur()")
    expect(page.locator("#state")).to_have_text("live", timeout=5000)


def test_a_groups_history_is_drawn_and_remembers_incidents(site: Site, page: Page) -> None:
    page.goto("/")
    # Notices go to the pages that are there when something happens.
    expect(page.locator("#state")).to_have_text("live", timeout=15_000)
    for n in range(20):
        site.redis.xadd("jobs", {"n": n})
    notice = page.locator("#notices li", has_text="Too many jobs opened")
    expect(notice).to_be_visible(timeout=15_000)
    expect(page.locator("#open-incidents")).to_have_text("1", timeout=10_000)
    notice.locator("a").click()
    expect(page.locator("h1")).to_contain_text("Too many jobs")
    expect(page.locator("#rows")).to_contain_text("Open for")
    page.get_by_role("link", name="mailer").click()
    assert eventually(lambda: page.reload() is not None and page.locator("#marks a").count() > 0, within_s=90)
    expect(page.locator("#marks")).to_contain_text("Too many jobs")
    expect(page.locator("#history canvas").first).to_be_visible()
    page.get_by_role("button", name="1 h").click()
    expect(page.locator("#resolution")).to_contain_text("figures every", timeout=5000)


def test_an_incident_opens_and_closes_before_ones_eyes(site: Site, page: Page) -> None:
    page.goto("/incidents/?q=jobs")
    for n in range(20):
        site.redis.xadd("jobs", {"n": n})
    expect(page.locator("#rows")).to_contain_text("open for", timeout=75_000)
    site.redis.xreadgroup("mailer", "m", {"jobs": ">"}, count=1000)
    expect(page.locator("#rows")).not_to_contain_text("open for", timeout=15_000)
    page.locator("#rows tbody a").first.click()
    expect(page.locator("#rows")).to_contain_text("the lag is 0 entries")
    expect(page.locator("#open-incidents")).to_be_hidden(timeout=10_000)


@pytest.mark.parametrize("path", ["/streams/", "/streams/jobs/groups/", "/streams/jobs/groups/mailer/", "/incidents/"])
def test_a_phone_shows_it_without_scrolling_sideways(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(path)
    expect(page.locator("h1")).to_be_visible()
    time.sleep(0.5)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_every_page_says_within_ten_seconds_that_the_monitor_is_dead(site: Site, page: Page) -> None:
    paths = ["/streams/", "/streams/jobs/groups/", "/incidents/", "/admin/login/"]
    pages = [page.context.new_page() for _ in paths]
    for tab, path in zip(pages, paths, strict=True):
        tab.goto(path)
    page.goto(f"/streams/{STREAM}/groups/")
    expect(page.locator("#freshness")).to_be_hidden(timeout=10_000)
    site.parts["monitor"].stop()
    died = time.monotonic()
    for tab in [page, *pages[:3]]:
        tab.bring_to_front()
        expect(tab.locator("#freshness")).to_contain_text(LATE, timeout=1000 * (10 - (time.monotonic() - died)))
    site.parts["monitor"] = site.start("monitor")
    expect(page.locator("#freshness")).to_be_hidden(timeout=15_000)
