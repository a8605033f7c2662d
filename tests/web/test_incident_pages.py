"""The pages and the API of incidents, and their marks on a group's history."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User
from django.test import AsyncClient
from django.utils import timezone

from streams import past
from streams.alert_models import AlertDelivery, Incident
from streams.models import LedgerEntry
from tests.stuck import Server

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(r: Server, anonymous_may_look: None, close_hub: None) -> AsyncClient:
    return AsyncClient()


def incident(**more: Any) -> Incident:
    names = {"stream": "s", "group": "g", "stream_path": "s", "group_path": "g"}
    told = {"rule_name": "lag", "severity": "error", "reason": "the lag is 50", "told": True}
    return Incident.objects.create(**{**names, **told, "opened_at": timezone.now() - timedelta(minutes=5), **more})


make = sync_to_async(incident)


async def text_of(browser: AsyncClient, path: str, status: int = 200) -> str:
    answer = await browser.get(path)
    assert answer.status_code == status, answer.content
    return str(answer.content.decode())


async def test_no_incident_yet_and_none_that_match_are_different_sentences(browser: AsyncClient) -> None:
    assert "No incident yet" in await text_of(browser, "/incidents/")
    await make()
    text = await text_of(browser, "/incidents/?q=nothing")
    assert "None of 1 incidents match" in text


async def test_incidents_are_listed_newest_first_with_how_long_they_lasted(browser: AsyncClient) -> None:
    now = timezone.now()
    await make(rule_name="old", opened_at=now - timedelta(hours=2), closed_at=now - timedelta(hours=1))
    await make(rule_name="<b>new</b>")
    text = await text_of(browser, "/incidents/")
    assert text.index("&lt;b&gt;new&lt;/b&gt;</a>") < text.index(": old</a>")
    assert "<b>new</b>" not in text
    assert "<strong>1–2</strong> of 2 incidents, newest first; 1 open" in text
    assert "open for 5 min" in text
    assert '<td data-label="Lasted">1 h' in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=open", {"open"}),
        ("state=closed", {"closed", "warned"}),
        ("severity=warning", {"warned"}),
        ("q=OTHER", {"warned"}),
        ("state=closed&q=g", {"closed", "warned"}),
        ("", {"open", "closed", "warned"}),
    ],
)
async def test_filters_choose_the_same_on_the_page_and_in_the_api(
    browser: AsyncClient, query: str, found: set[str]
) -> None:
    await make(rule_name="open")
    await make(rule_name="closed", closed_at=timezone.now())
    await make(rule_name="warned", closed_at=timezone.now(), severity="warning", stream="another", stream_path="a")
    answer = json.loads(await text_of(browser, f"/api/incidents/?{query}"))
    assert {row["rule"] for row in answer["incidents"]} == found
    assert (answer["matching"], answer["total"], answer["open"]) == (len(found), 3, 1)
    page = await text_of(browser, f"/incidents/?fragment&{query}")
    assert {name for name in ("open", "closed", "warned") if f": {name}</a>" in page} == found


@pytest.mark.parametrize("query", ["state=ajar", "severity=nice", "limit=0", "limit=501", "skip=x"])
async def test_the_api_refuses_what_makes_no_sense(browser: AsyncClient, query: str) -> None:
    answer = json.loads(await text_of(browser, f"/api/incidents/?{query}", status=400))
    assert answer["error"]["field"] == query.split("=", maxsplit=1)[0]


async def test_the_page_says_what_is_wrong_with_a_filter_and_shows_the_rest(browser: AsyncClient) -> None:
    await make()
    text = await text_of(browser, "/incidents/?state=ajar")
    assert "state is one of open, closed, not &#x27;ajar&#x27;" in text
    assert ": lag</a>" in text


async def test_many_incidents_come_a_page_at_a_time(browser: AsyncClient) -> None:
    for n in range(51):
        await make(rule_name=f"r{n}", closed_at=timezone.now())
    first = await text_of(browser, "/incidents/?state=closed")
    assert "<strong>1–50</strong> of 51" in first
    assert "?state=closed&amp;span=24h&amp;skip=50" in first
    assert "<strong>51–51</strong> of 51" in await text_of(browser, "/incidents/?state=closed&skip=50")
    assert "no incidents beyond 51" in await text_of(browser, "/incidents/?skip=100")


async def test_the_timeline_has_a_bar_for_each_incident_that_touches_the_span(browser: AsyncClient) -> None:
    now = timezone.now()
    await make(opened_at=now - timedelta(minutes=45), closed_at=now - timedelta(minutes=30))
    await make(opened_at=now - timedelta(hours=5), closed_at=now - timedelta(hours=4), stream="early")
    text = await text_of(browser, "/incidents/?span=1h")
    timeline = text[: text.index('aria-label="Incidents"')]
    assert 'x="250" y="2" width="250"' in timeline
    assert "early" not in timeline
    assert "early" in await text_of(browser, "/incidents/?span=24h")


async def test_an_incident_shows_its_evidence_and_what_was_done_around_it(browser: AsyncClient) -> None:
    found = await make(evidence={"lag": 1234567, "<i>": None}, closed_at=timezone.now(), close_reason="it is 0")
    for minutes, actor in ((1, "maria"), (60, "long-ago")):
        at = found.opened_at - timedelta(minutes=minutes)
        await LedgerEntry.objects.acreate(at=at, actor=actor, action="claim", stream="s", group="g", outcome="done")
    text = await text_of(browser, f"/incidents/{found.pk}/")
    assert "<dd>1,234,567</dd>" in text
    assert "<dt>&lt;i&gt;</dt><dd>unknown</dd>" in text
    assert "it is 0" in text
    assert "maria: claim" in text
    assert "long-ago" not in text
    assert "/streams/s/groups/g/" in text
    assert "There is no such incident" in await text_of(browser, "/incidents/999999/", status=404)
    assert json.loads(await text_of(browser, f"/api/incidents/{found.pk}/"))["close_reason"] == "it is 0"
    assert "no_such_incident" in await text_of(browser, "/api/incidents/999999/", status=404)


async def test_what_was_told_is_shown_to_whoever_may_see_deliveries(browser: AsyncClient) -> None:
    found = await make()
    now = timezone.now()
    await AlertDelivery.objects.acreate(
        incident=found, channel_name="hook", event="opened", attempts=3, last_error="it answered 500.", made_at=now,
        next_at=now,
    )  # fmt: skip
    path = f"/incidents/{found.pk}/"
    assert "hook" not in await text_of(browser, path)
    user = await User.objects.acreate_user("eve")
    await user.user_permissions.aset(Permission.objects.filter(codename="view_alertdelivery"))
    await browser.aforce_login(user)
    text = await text_of(browser, path)
    assert "opened to hook: tried 3 times" in text
    assert "it answered 500." in text


async def test_a_silenced_incident_says_that_nobody_was_told(browser: AsyncClient) -> None:
    found = await make(told=False)
    assert "nobody yet: it is silenced" in await text_of(browser, f"/incidents/{found.pk}/")


async def test_whoever_may_not_look_sees_no_incident(r: Server, close_hub: None) -> None:
    found = await make()
    for path in ("/incidents/", f"/incidents/{found.pk}/"):
        assert (await AsyncClient().get(path)).status_code == 302
    for path in ("/api/incidents/", f"/api/incidents/{found.pk}/"):
        assert (await AsyncClient().get(path)).status_code == 401
        assert (await AsyncClient().post(path)).status_code == 405


def test_incidents_are_marks_on_their_groups_history() -> None:
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    found = incident(opened_at=at, closed_at=at + timedelta(minutes=10), close_reason="it is 0")
    incident(opened_at=at, group="h", group_path="h")
    ms = round(at.timestamp() * 1000)
    over = past.figures_over(
        "s", "g", from_ms=ms - 60_000, to_ms=ms + 900_000, points=100, shown=("s", "g"), now_ms=ms + 900_000
    )
    assert [(mark["t"] - ms, mark["kind"], mark["id"]) for mark in over["marks"]] == [
        (0, "incident", found.pk),
        (600_000, "incident", found.pk),
    ]
    assert over["marks"][1]["text"] == f"incident {found.pk} closed: lag: it is 0"
