"""The web side on one event loop: a hub, sockets and the API, against the run's own server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import AnonymousUser
from django.db import connections

from dashboard import hub as hubs
from dashboard.consumers import DashboardSocket
from streams import chart_settings, frames
from streams.gateway.logs import encode_frame
from streams.ids import EntryId
from streams.readings import Reading
from tests.stuck import Server

STREAM, FRAMES, FEED, HEALTH = "sensor_stream", "{sensor_stream}:frames", "{sensor_stream}:feed", "streamwatch:health"


class Socket(ApplicationCommunicator):
    """A browser's end of a websocket (Channels' own helper would bring a second server along)."""

    def __init__(self, path: str, stream: str, user: Any, session: Any = None) -> None:
        path, _, query = path.partition("?")
        scope = {"type": "websocket", "path": path, "query_string": query.encode(), "headers": [], "user": user}
        scope["session"] = session
        super().__init__(DashboardSocket.as_asgi(), {**scope, "url_route": {"kwargs": {"stream": stream}}})
        self.accepted = False

    async def connect(self) -> None:
        await self.send_input({"type": "websocket.connect"})
        self.accepted = (await self.receive_output(5))["type"] == "websocket.accept"

    async def send_to(self, text: str | None = None, data: bytes | None = None) -> None:
        await self.send_input({"type": "websocket.receive", "text": text, "bytes": data})

    async def disconnect(self) -> None:
        if not self.future.done():
            await self.send_input({"type": "websocket.disconnect", "code": 1000})
            await self.wait(5)


def commit(r: Server, *readings: tuple[int, str, float]) -> str:
    """What a worker's commit adds to the frames log: readings as (ms, sensor, temperature)."""
    made = [Reading(EntryId(ms, n), sensor, {"temperature": value}) for n, (ms, sensor, value) in enumerate(readings)]
    r.hset(FEED, mapping={"group": "my_group", "epoch": "e1"})
    return str(r.xadd(FRAMES, {"f": encode_frame(frames.of_readings(made))}).decode())


def server_ms(r: Server) -> int:
    seconds, micros = r.time()
    return int(seconds * 1000 + micros // 1000)


@pytest.fixture
def anonymous_may_look(r: Server, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, anonymous_view=True)


@pytest.fixture(autouse=True)
def no_chart_settings_of_other_tests() -> None:
    chart_settings.forget()


@pytest.fixture
async def close_hub() -> AsyncIterator[None]:
    yield
    if hub := hubs._hubs.pop(asyncio.get_running_loop(), None):
        await hub.aclose()
    # Its thread's questions are answered before the database goes, and PostgreSQL's goes only without connections.
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def connect(r: Server, anonymous_may_look: None, close_hub: None) -> AsyncIterator[Callable[..., Any]]:
    """Opens sockets as a browser does; closes them at the end."""
    opened: list[Socket] = []

    async def open_socket(query: str = "", stream: str = STREAM, user: Any = None, session: Any = None) -> Socket:
        socket = Socket(f"/ws/streams/{stream}/?{query}", stream, user or AnonymousUser(), session)
        opened.append(socket)
        await socket.connect()
        return socket

    yield open_socket
    for socket in opened:
        await socket.disconnect()


async def receive(socket: Socket, kind: str, within_s: float = 5) -> dict[str, Any]:
    """The next message of that type. Others come for ever: the state of the server, every two seconds."""
    async with asyncio.timeout(within_s):
        while True:
            message: dict[str, Any] = json.loads((await socket.receive_output(within_s))["text"])
            if message["type"] == kind:
                return message
