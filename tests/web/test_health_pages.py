"""The pages, the API, the command and /metrics about health: the same story, from the same figures."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient

from dashboard.hub import hub
from streams import conf
from streams.monitor import Monitor
from streams.thresholds import Thresholds
from tests.integration.contract.test_verdicts import never_acknowledges, nobody_reads
from tests.processes import run
from tests.stuck import Server

pytestmark = pytest.mark.django_db(transaction=True)
LIMITS = Thresholds(samples=3, step_ms=30, stuck_ms=60_000)
Get = Callable[..., Awaitable[str]]


@pytest.fixture
def get(r: Server, anonymous_may_look: None, close_hub: None, settings: Any) -> Get:
    """GET a page; its text."""
    settings.STREAMWATCH = replace(settings.STREAMWATCH, thresholds=LIMITS, stream=b"s")

    async def answer(path: str, status: int = 200, **headers: str) -> str:
        response = await AsyncClient().get(path, headers=headers)
        assert response.status_code == status, response.content
        return response.content.decode()

    return answer


@pytest.fixture
async def watched(r: Server, get: Get) -> Monitor:
    """A monitor that saw a group that never acknowledges, and an idle stream; and a hub that has heard it."""
    r.xadd("<b>idle</b>", {"a": 1})
    monitor = Monitor(conf.current(), interval_s=0.04)
    for step in range(5):
        never_acknowledges(r, step)
        monitor.observe_once()
        await _pause(0.04)
    await _heard(monitor)
    return monitor


async def _pause(seconds: float) -> None:
    await sync_to_async(__import__("time").sleep)(seconds)


async def _heard(monitor: Monitor) -> None:
    for _ in range(200):
        own = hub().board.own()
        if own and own["t"] == monitor.taken_at:
            return
        await _pause(0.02)
    raise AssertionError("the hub did not hear the monitor")


async def test_all_streams_are_listed_worst_first_with_their_verdicts(watched: Monitor, get: Get) -> None:
    text = await get("/streams/")
    assert text.index("NOT_ACKING") < text.index("&lt;b&gt;idle&lt;/b&gt;")
    assert "<b>idle</b>" not in text
    assert "of 2 streams" in text


async def test_the_list_can_be_filtered_and_says_when_nothing_matches(watched: Monitor, get: Get) -> None:
    assert "<strong>1–1</strong> of 1 that match; 2 streams in all" in await get("/streams/?severity=warning")
    assert "None of 2 streams match" in await get("/streams/?q=nothing")


async def test_a_groups_card_says_why_and_what_to_do(watched: Monitor, get: Get) -> None:
    text = await get("/streams/s/groups/")
    assert "none acknowledged" in text
    assert "Let the consumer call XACK" in text
    assert "/streams/s/groups/g/pending/" in text
    assert "<dt>Time to drain</dt><dd>nothing waits</dd>" in text


async def test_a_groups_own_page_has_its_card_and_its_history(watched: Monitor, get: Get) -> None:
    text = await get("/streams/s/groups/g/")
    assert "NOT_ACKING" in text
    assert "/api/streams/s/groups/g/history/" in text
    assert "no consumer group" in await get("/streams/s/groups/nobody/", status=404)
    assert "there is no stream" in (await get("/streams/nowhere/groups/", status=404)).lower()


async def test_page_api_metrics_and_command_tell_the_same_story(
    watched: Monitor, get: Get, r: Server, redis_url: str
) -> None:
    detail = json.loads(await get("/api/streams/s/"))
    listed = {row["name"]: row["verdict"] for row in json.loads(await get("/api/streams/"))["streams"]}
    metrics = await get("/metrics")
    status, out, _ = await sync_to_async(run)("health", "s", "--json", REDIS_URL=redis_url, STREAM="s")
    (told,) = json.loads(out)["streams"]
    group = told["groups"][0]
    assert detail["verdict"] == listed["s"] == told["verdict"] == group["verdict"] == "NOT_ACKING"
    assert detail["groups"][0]["reason"] == group["reason"]
    assert 'streamwatch_group_verdict{db="db0",group="g",stream="s",verdict="NOT_ACKING"} 1.0' in metrics
    assert f'redis_stream_group_messages_pending{{db="db0",group="g",stream="s"}} {group["pending"]:.1f}' in metrics
    assert status == 1


async def test_the_command_says_by_its_status_what_it_cannot_say(get: Get, r: Server, redis_url: str) -> None:
    status, _, errors = await sync_to_async(run)("health", REDIS_URL=redis_url)
    assert status == 2
    assert "never heard" in errors


async def test_a_monitor_that_is_late_is_said_on_every_page_and_its_figures_leave_the_metrics(
    watched: Monitor, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = hub().server_now_ms
    monkeypatch.setattr(hub(), "server_now_ms", lambda: clock() + 11_000)
    for page in ("/streams/", "/streams/s/groups/", "/streams/s/groups/g/"):
        assert re.search(r"The monitor was last heard [1-5][0-9] s ago", await get(page))
    assert json.loads(await get("/api/monitor/"))["late"]
    metrics = await get("/metrics")
    assert "redis_stream_length" not in metrics
    assert re.search(r"streamwatch_monitor_sample_age_seconds [1-5][0-9]", metrics)


async def test_where_no_monitor_ever_ran_the_pages_say_so(get: Get, r: Server) -> None:
    nobody_reads(r, 0)
    assert "was never heard here" in await get("/streams/")
    text = await get("/streams/s/groups/")
    assert "UNKNOWN" in text
    assert "the monitor is not watching" in text


async def test_metrics_ask_for_a_login_or_the_token(get: Get, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, anonymous_view=False, metrics_token="secret")
    assert "METRICS_TOKEN" in await get("/metrics", status=401)
    assert "METRICS_TOKEN" in await get("/metrics", status=401, Authorization="Bearer wrong")
    await get("/metrics", Authorization="Bearer secret")
    await get("/streams/", status=302)


async def test_a_stream_that_is_gone_leaves_the_list(watched: Monitor, get: Get, r: Server) -> None:
    r.delete("<b>idle</b>")
    for _ in range(2):
        watched.observe_once()
    await _heard(watched)
    assert "idle" not in await get("/streams/")
