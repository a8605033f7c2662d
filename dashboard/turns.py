"""Letting sockets in a few at a time: a thousand at once hold up neither those that are there nor each other."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

# From the first question (who is it?) to the handshake's end. More at a time are not served sooner.
TOGETHER = 8

# Work of this kind gets so much of each turn of the loop.
_BUDGET_S = 0.005

_turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Turns] = weakref.WeakKeyDictionary()
_gates: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = weakref.WeakKeyDictionary()


class Turns:
    """Small pieces of work, in order, as many in each turn of the loop as fit beside what else there is to do."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], object]] = deque()

    def add(self, work: Callable[[], object]) -> None:
        """Do this when its turn comes: at once while nothing waits."""
        self._waiting.append(work)
        if len(self._waiting) == 1:
            self._loop.call_soon(self._step)

    def _step(self) -> None:
        until_s = time.perf_counter() + _BUDGET_S
        try:
            while self._waiting and time.perf_counter() < until_s:
                self._waiting[0]()
                self._waiting.popleft()
        except BaseException:
            self._waiting.popleft()
            raise
        finally:
            if self._waiting:
                self._loop.call_soon(self._step)


def turns(loop: asyncio.AbstractEventLoop) -> Turns:
    """This loop's turns."""
    if loop not in _turns:
        _turns[loop] = Turns(loop)
    return _turns[loop]


def in_turns(app: App) -> App:
    """The ASGI application for connections, of which so many at a time are being let in or refused."""

    async def gated(scope: dict[str, Any], receive: Any, send: Any) -> None:
        turn = _Turn()
        await turn.begin()

        async def send_and_see(message: dict[str, Any]) -> None:
            try:
                await send(message)
            finally:
                if message["type"] in {"websocket.accept", "websocket.close"}:
                    turn.end()

        try:
            await app(scope, receive, send_and_see)
        finally:
            turn.end()

    return gated


class _Turn:
    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        if loop not in _gates:
            _gates[loop] = asyncio.Semaphore(TOGETHER)
        self._gate, self._is_on = _gates[loop], False

    async def begin(self) -> None:
        await self._gate.acquire()
        self._is_on = True

    def end(self) -> None:
        if self._is_on:
            self._is_on = False
            self._gate.release()
