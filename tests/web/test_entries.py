"""Entries of a stream, on the page and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import AsyncClient

from tests.stuck import Server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(r: Server, anonymous_may_look: None, close_hub: None) -> AsyncClient:
    return AsyncClient()


async def text_of(browser: AsyncClient, path: str, status: int = 200) -> str:
    answer = await browser.get(path)
    assert answer.status_code == status, answer.content[:300]
    return str(answer.content.decode())


async def plain(browser: AsyncClient, query: str = "", status: int = 200) -> Any:
    return json.loads(await text_of(browser, f"/api/streams/s/entries/{query}", status))


async def test_the_newest_come_first_and_older_ones_page_by_page_without_a_hole(
    r: Server, browser: AsyncClient
) -> None:
    for n in range(120):
        r.xadd("s", {"n": n}, id=f"{n + 1}-0")
    seen, query = [], ""
    while True:
        page = await plain(browser, query)
        seen += [entry["id"] for entry in page["entries"]]
        if page["next_until"] is None:
            break
        query = f"?until={page['next_until']}"
    assert seen == [f"{n}-0" for n in range(120, 0, -1)]
    text = await text_of(browser, "/streams/s/entries/")
    assert "<strong>50</strong> of 120 entries, newest first; new ones appear by themselves" in text
    assert "?until=70-18446744073709551615" in text


async def test_a_page_can_begin_at_a_time(r: Server, browser: AsyncClient) -> None:
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    ms = int(moment.timestamp() * 1000)
    for entry_id in (f"{ms - 1}-0", f"{ms}-5", f"{ms + 1}-0"):
        r.xadd("s", {"n": 1}, id=entry_id)
    page = await plain(browser, "?until=2026-01-31T12:00Z")
    assert [entry["id"] for entry in page["entries"]] == [f"{ms}-5", f"{ms - 1}-0"]
    assert "the stream begins later" in await text_of(browser, "/streams/s/entries/?until=5-5")


@pytest.mark.parametrize("until", ["soon", "2026-01-31"])
async def test_what_is_no_time_is_said_beside_the_field(r: Server, browser: AsyncClient, until: str) -> None:
    r.xadd("s", {"n": 1})
    assert 'class="wrong"' in await text_of(browser, f"/streams/s/entries/?until={until}")
    assert (await plain(browser, f"?until={until}", 400))["error"]["field"] == "until"
    assert (await plain(browser, "?limit=500", 400))["error"]["field"] == "limit"


async def test_hostile_and_huge_entries_are_text_and_cut_on_the_server(r: Server, browser: AsyncClient) -> None:
    for _ in range(20):
        r.xadd("s", {"<b>": b"<script>alert(1)</script>\xff", "big": "x" * 300_000})
    page = await plain(browser)
    assert 5 <= len(page["entries"]) < 20
    assert page["entries"][0]["cut"] is True
    assert page["entries"][0]["fields"][0] == ["<b>", "<script>alert(1)</script>\\xff"]
    assert page["next_until"]
    text = await text_of(browser, "/streams/s/entries/")
    assert "<script>alert" not in text
    assert len(text) < 100_000


async def test_a_stream_that_is_missing_or_empty_or_of_another_type_is_said(r: Server, browser: AsyncClient) -> None:
    r.xgroup_create("s", "g", mkstream=True)
    assert "The stream is empty." in await text_of(browser, "/streams/s/entries/")
    await text_of(browser, "/streams/gone/entries/", 404)
    r.set("text", "x")
    await text_of(browser, "/streams/text/entries/", 404)
    assert (await AsyncClient().get("/api/streams/gone/entries/")).status_code == 404


async def test_a_search_shows_what_it_found_so_far_how_far_it_came_and_where_it_goes_on(
    r: Server, browser: AsyncClient
) -> None:
    for n in range(200):
        r.xadd("s", {"kind": "<b>" if n < 60 else "x"}, id=f"{n + 1}-0")
    text = await text_of(browser, "/streams/s/entries/?field=kind&value=%3Cb%3E")
    assert "<strong>50</strong> found in <span>190</span> entries" in text
    assert "Search on" in text
    assert "field=kind&amp;value=%3Cb%3E&amp;at=10-18446744073709551615" in text
    rest = await text_of(browser, "/streams/s/entries/?until=200-0&field=kind&value=%3Cb%3E&at=10-1")
    assert "<strong>10</strong> found in <span>10</span> entries: that is all of them" in rest
    assert "No entry has this value." in await text_of(browser, "/streams/s/entries/?field=kind&value=y")
    found = json.loads(await text_of(browser, "/api/streams/s/entries/search/?field=kind&value=x&limit=3&from=100-0"))
    assert [row["id"] for row in found["entries"]] == ["200-0", "199-0", "198-0"]
    wrong = json.loads(await text_of(browser, "/api/streams/s/entries/search/?value=x", 400))
    assert wrong["error"]["field"] == "field"
    assert 'id="wrong-from"' in await text_of(browser, "/streams/s/entries/?from=9-9&until=1-1")
