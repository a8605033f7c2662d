"""The websocket connection itself: uvicorn with our part of it, and sockets that read or do not."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from dashboard import wire
from dashboard.messages import encode
from dashboard.wire import EXTENSION, Http, Wire

App = Callable[[Any, Any, Any], Awaitable[None]]


@asynccontextmanager
async def served(app: App, **options: Any) -> AsyncIterator[tuple[uvicorn.Server, int]]:
    """The application on a port of its own."""
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    quiet: dict[str, Any] = {"lifespan": "off", "log_config": None, "ws_per_message_deflate": False}
    server = uvicorn.Server(uvicorn.Config(app, http=Http, ws=Wire, **{**quiet, **options}))
    serving = asyncio.create_task(server.serve([door]))
    while not server.started:
        await asyncio.sleep(0.01)
    yield server, door.getsockname()[1]
    server.should_exit = True
    await serving


async def frozen(port: int) -> ClientConnection:
    """A browser that reads nothing once it is connected, over a connection that holds little."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    door.connect(("127.0.0.1", port))
    browser = await connect(f"ws://127.0.0.1:{port}/", sock=door, compression=None, ping_interval=None)
    browser.transport.pause_reading()
    return browser


async def reading(browser: ClientConnection) -> AsyncIterator[str | bytes]:
    """Everything up to the end, however it ends."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            yield await browser.recv()


async def eventually(condition: Callable[[], bool], within_s: float = 5) -> bool:
    for _ in range(int(within_s / 0.02)):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False


async def test_a_finished_frame_goes_out_past_asgi_and_arrives_as_its_text() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        assert scope["extensions"][EXTENSION]["write"](encode("frame", t=1, words="ü" * 500).wire)
        await scope["extensions"][EXTENSION]["write_later"](encode("frame", t=2).wire)
        await receive()
        await receive()

    async with served(app) as (_, port), connect(f"ws://127.0.0.1:{port}/") as browser:
        assert await browser.recv() == encode("frame", t=1, words="ü" * 500).text
        assert await browser.recv() == encode("frame", t=2).text


async def test_with_deflate_every_message_goes_through_asgi() -> None:
    seen: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(EXTENSION in scope["extensions"])
        await send({"type": "websocket.accept"})
        await receive()

    async with served(app, ws_per_message_deflate=True) as (_, port):
        async with connect(f"ws://127.0.0.1:{port}/"):
            pass
        async with connect(f"ws://127.0.0.1:{port}/", compression=None):
            pass
    assert seen == [False, True]


async def test_nothing_is_written_to_a_browser_that_takes_nothing_or_is_being_left() -> None:
    written: list[bool] = []
    done = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        write = scope["extensions"][EXTENSION]["write"]
        while write(encode("frame", words="x" * 50_000).wire):
            await asyncio.sleep(0)
        written.append(write(b""))
        await send({"type": "websocket.close", "code": 4408})
        written.append(write(b""))
        done.set()
        await receive()

    async with served(app) as (_, port):
        browser = await frozen(port)
        await asyncio.wait_for(done.wait(), 10)
        assert written == [False, False]
        browser.transport.abort()


async def test_a_browser_that_thaws_reads_why_it_was_left() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        while scope["extensions"][EXTENSION]["write"](encode("frame", words="x" * 50_000).wire):
            await asyncio.sleep(0)
        await send({"type": "websocket.close", "code": 4408, "reason": "come back"})
        await receive()

    async with served(app) as (_, port):
        browser = await frozen(port)
        await asyncio.sleep(0.2)
        browser.transport.resume_reading()
        async for _ in reading(browser):
            pass
        assert (browser.close_code, browser.close_reason) == (4408, "come back")


async def test_a_browser_that_never_thaws_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LINGER_S", 0.2)
    left = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        while scope["extensions"][EXTENSION]["write"](encode("frame", words="x" * 50_000).wire):
            await asyncio.sleep(0)
        await send({"type": "websocket.close", "code": 4408})
        left.set()
        await receive()

    async with served(app) as (server, port):
        browser = await frozen(port)
        await asyncio.wait_for(left.wait(), 10)
        assert await eventually(lambda: not server.server_state.connections)
        browser.transport.abort()


async def test_a_browser_that_answers_no_ping_is_cut_off_even_with_a_full_buffer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "LINGER_S", 0.2)
    ended = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        while scope["extensions"][EXTENSION]["write"](encode("frame", words="x" * 50_000).wire):
            await asyncio.sleep(0)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        ended.set()

    async with served(app, ws_ping_interval=0.2, ws_ping_timeout=0.2) as (server, port):
        browser = await frozen(port)
        await asyncio.wait_for(ended.wait(), 10)
        assert await eventually(lambda: not server.server_state.connections)
        browser.transport.abort()
