"""Dead letters on the pages of their stream: there when there are any, live, and a way to them for who may see them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import STREAM, Site, logged_in

DEAD = f"{{{STREAM}}}:dead"


@pytest.fixture(autouse=True)
def none_yet(site: Site) -> None:
    site.add("1", 20.5)
    site.redis.delete(DEAD)


@pytest.fixture(scope="module")
def state(site: Site, chromium: Browser) -> str:
    return logged_in(site, chromium, "dora")


@pytest.fixture
def operator(site: Site, chromium: Browser, state: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=site.url, storage_state=state, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def figure(page: Page) -> Locator:
    return page.locator(".figures div", has_text="Dead letters").locator("dd")


def spoil(site: Site, count: int) -> None:
    """Add entries that our worker makes dead letters of."""
    for _ in range(count):
        site.redis.xadd(STREAM, {"sensor_id": "1", "temperature": "warm", "humidity": 40})


@pytest.mark.parametrize("path", ["/", f"/streams/{STREAM}/groups/"])
def test_they_appear_by_themselves_and_are_counted_on(site: Site, page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("#state")).to_have_text("live", timeout=15_000)
    expect(page.locator(".figures", has_text="Length").first).to_be_visible()
    expect(figure(page)).to_have_count(0)
    spoil(site, 1)
    expect(figure(page)).to_have_text("1", timeout=10_000)
    spoil(site, 2)
    expect(figure(page)).to_have_text("3", timeout=10_000)
    expect(figure(page).locator("a")).to_have_count(0)


@pytest.mark.parametrize("path", ["/", f"/streams/{STREAM}/groups/"])
def test_the_count_leads_whoever_may_see_them_there(site: Site, operator: Page, path: str) -> None:
    operator.goto(path)
    expect(operator.locator("#state")).to_have_text("live", timeout=15_000)
    spoil(site, 2)
    expect(figure(operator)).to_have_text("2", timeout=10_000)
    figure(operator).get_by_role("link").click()
    expect(operator.locator(".paginator")).to_contain_text("2 of 2 dead letters")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["/", "/streams/", f"/streams/{STREAM}/groups/"])
def test_they_make_no_page_wider(site: Site, page: Page, path: str, width: int) -> None:
    spoil(site, 3)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path)
    expect(page.locator("body")).to_contain_text("Dead letters", timeout=15_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
