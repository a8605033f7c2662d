"""The charts of a group's history, drawn from figures that this test makes up."""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import GROUP, STREAM, Site

POINTS = 100
# How many pixels of a chart's leftmost column are not empty: words that do not fit are cut there.
CUT = """all => all.map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, 1, canvas.height);
  return data.filter((alpha, i) => i % 4 === 3 && alpha > 0).length;
})"""
LARGEST = {
    "lag": 26_671_000,
    "pending": 40,
    "behind_ms": 45 * 60_000 + 48_000,
    "oldest_pending_ms": 50 * 3_600_000,
    "delivered_per_s": 12_345.6,
    "acked_per_s": 0.25,
}


def made_up(route: Route) -> None:
    """Every figure as a wave up to its largest, and unknown at the end."""
    asked = parse_qs(urlparse(route.request.url).query)
    start, end = int(asked["from"][0]), int(asked["to"][0])
    wave = [(1 + math.sin(n / 10)) / 2 for n in range(POINTS - 1)]
    figures: dict[str, Any] = {}
    for name, most in LARGEST.items():
        values = [most * part for part in wave]
        figures[name] = {"max": [*values, None], "min": [*values, None], "last": [*values, None]}
    times = [start + (end - start) * n // POINTS for n in range(POINTS)]
    route.fulfill(json={"t": times, "resolution_s": 1, "marks": [], "figures": figures})


@pytest.fixture
def history(site: Site, page: Page) -> Page:
    """The page of a group with such a history."""
    site.add("any", 20)
    page.route("**/history/?*", made_up)
    page.goto(f"/streams/{STREAM}/groups/{GROUP}/")
    expect(page.locator("#history canvas")).to_have_count(4)
    return page


@pytest.mark.parametrize("width", [390, 1300])
def test_no_mark_of_an_axis_is_cut_off(history: Page, width: int) -> None:
    history.set_viewport_size({"width": width, "height": 1000})
    for span in ("15 min", "30 d"):
        history.get_by_role("button", name=span).click()
        history.wait_for_timeout(700)
        assert history.locator("#history canvas").evaluate_all(CUT) == [0, 0, 0, 0]


def test_the_legend_shows_lines_as_they_are_drawn(history: Page) -> None:
    samples = history.locator("#history section", has_text="oldest pending").locator(".u-series:not(.edge) .u-marker")
    looks = samples.evaluate_all("all => all.slice(1).map((one) => getComputedStyle(one).backgroundImage)")
    assert looks[0] == "none"
    assert "repeating-linear-gradient" in looks[1]


def test_the_legend_has_the_newest_known_figures_and_what_is_pointed_at_stays_so(history: Page) -> None:
    lag = history.locator("#history section").first
    values = lag.locator(".u-series:not(.edge) .u-value")
    newest = f"{round(LARGEST['lag'] * (1 + math.sin((POINTS - 2) / 10)) / 2):,}"
    expect(values.nth(1)).to_have_text(newest)
    expect(values.nth(0)).to_have_text(re.compile(r"\d\d:\d\d:\d\d$"))
    box = lag.locator(".u-over").bounding_box()
    assert box
    history.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    expect(values.nth(1)).not_to_have_text(newest)
    with history.expect_response("**/history/?*", timeout=15_000):
        pass  # they are loaded again
    history.wait_for_timeout(300)
    expect(values.nth(1)).not_to_have_text(newest)
