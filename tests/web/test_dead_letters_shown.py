"""Where dead letters are told of: the pages of their stream, the API, /metrics; and who is led to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User
from django.test import AsyncClient

from dashboard.hub import hub
from streams import conf
from streams.monitor import Monitor
from tests.stuck import GROUP, STREAM, Server, stuck

pytestmark = pytest.mark.django_db(transaction=True)
DEAD = "{sensor_stream}:dead"
LINK = f"/admin/streams/deadletter/?stream={STREAM}"
PAGES = ("/", f"/streams/{STREAM}/", "/streams/", f"/streams/{STREAM}/groups/")
Get = Callable[..., Awaitable[str]]


@pytest.fixture
def get(r: Server, anonymous_may_look: None, close_hub: None) -> Get:
    """GET a page, as nobody or as somebody; its text."""

    async def answer(path: str, client: AsyncClient | None = None) -> str:
        response = await (client or AsyncClient()).get(path)
        assert response.status_code == 200, response.content
        return response.content.decode()

    return answer


async def watch() -> Monitor:
    """A monitor that looked once, and a hub that has heard it."""
    monitor = Monitor(conf.current(), interval_s=1)
    await sync_to_async(monitor.observe_once)()
    await hub().at_head(conf.current().stream, within_s=5)
    async with asyncio.timeout(5):
        while (hub().board.own() or {}).get("t") != monitor.taken_at:
            await asyncio.sleep(0.02)
    return monitor


def letters(r: Server, count: int) -> None:
    for n in range(count):
        r.xadd(DEAD, {"id": f"{n + 1}-1", "reason": "broken"})


async def somebody(*codenames: str, **more: Any) -> AsyncClient:
    def log_in() -> AsyncClient:
        user = User.objects.create_user(f"eve-{len(codenames)}-{len(more)}", **more)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = AsyncClient()
        client.force_login(user)
        return client

    return await sync_to_async(log_in)()


async def test_pages_say_how_many_dead_letters_a_stream_has(r: Server, get: Get) -> None:
    stuck(r, 1)
    letters(r, 1203)
    await watch()
    for path in PAGES:
        text = await get(path)
        assert "Dead letters" in text, path
        assert "1,203" in text, path
        assert LINK not in text, path


async def test_cards_of_a_stream_without_dead_letters_do_not_speak_of_them(r: Server, get: Get) -> None:
    stuck(r, 1)
    await watch()
    for path in ("/", f"/streams/{STREAM}/groups/"):
        assert "Dead letters" not in await get(path)


async def test_a_count_that_is_unknown_is_told_as_unknown(r: Server, get: Get) -> None:
    stuck(r, 1)
    r.set(DEAD, "not a stream")
    await watch()
    for path in ("/", f"/streams/{STREAM}/groups/"):
        assert "<dt>Dead letters</dt><dd>unknown</dd>" in await get(path), path
    assert 'data-label="Dead letters">unknown</td>' in await get("/streams/")


async def test_who_may_see_dead_letters_is_led_to_those_of_the_stream(r: Server, get: Get) -> None:
    stuck(r, 1)
    letters(r, 2)
    await watch()
    reader = await somebody("view_deadletter", is_staff=True)
    for path in PAGES:
        assert f'<a href="{LINK}">2</a>' in await get(path, reader), path
    assert "2 of 2 dead letters" in await get(LINK, reader)
    for other in (await somebody(is_staff=True), await somebody("view_deadletter")):
        assert all([LINK not in await get(path, other) for path in PAGES])


async def test_the_api_and_the_metrics_say_how_many(r: Server, get: Get) -> None:
    stuck(r, 1)
    letters(r, 2)
    await watch()
    assert json.loads(await get(f"/api/streams/{STREAM}/"))["dead_letters"] == 2
    (listed,) = json.loads(await get("/api/streams/"))["streams"]
    assert listed["dead_letters"] == 2
    assert f'streamwatch_stream_dead_letters{{db="db0",stream="{STREAM}"}} 2.0' in await get("/metrics")
    r.set(DEAD, "not a stream")
    assert json.loads(await get(f"/api/streams/{STREAM}/"))["dead_letters"] is None


async def test_without_a_monitor_the_list_of_the_api_does_not_guess(r: Server, get: Get) -> None:
    stuck(r, 1)
    letters(r, 2)
    (listed,) = json.loads(await get("/api/streams/"))["streams"]
    assert listed["dead_letters"] is None
    assert f"/streams/{STREAM}/groups/{GROUP}/pending/" in await get(f"/streams/{STREAM}/groups/")
