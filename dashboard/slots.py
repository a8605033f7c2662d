"""One socket's way out: sends at once, and while a send is stuck keeps only what is newest.

Frames are not queued: their cells are absolute, so a socket that missed some is brought up to date by one history since
the last frame it got. A stalled browser therefore costs one pending send and nothing else.
"""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterator
from typing import Any, Protocol

from dashboard.messages import Message
from streams.ids import ZERO, EntryId

_MOST_NOTICES = 20


class Way(Protocol):
    """How messages reach a socket, and what replaces the frames that it missed."""

    def write(self, message: Message) -> bool:
        """Send now, without waiting for anything; False, and nothing is done, when that cannot be."""

    async def send(self, message: Message) -> None:
        """Send, waiting as long as the socket takes nothing."""

    def catch_up(self, since: EntryId, skipped: int) -> tuple[Message, EntryId]:
        """The history that replaces skipped frames, and the ID it reaches."""


class Slot:
    """Sends messages to one socket. `cursor` is the newest frame that it got, `skipped` what it missed since."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._stuck: asyncio.Task[None] | None = None
        self._stuck_since_s = 0.0
        self._metrics: Message | None = None
        self._notices: deque[Message] = deque(maxlen=_MOST_NOTICES)
        self._filling: Iterator[Message] | None = None
        self._end: Callable[[], tuple[Message | None, EntryId]] = lambda: (None, ZERO)
        self.cursor = ZERO
        self.skipped = 0
        self.is_closed = False

    def frame(self, message: Message, log_id: EntryId) -> None:
        """A frame for this socket, or its absence noted while an earlier send is stuck.

        While the socket is being filled frames are left out: what it ends with has them.
        """
        if self._filling is not None:
            return
        if self._stuck:
            self.skipped += 1
            return
        self.cursor = log_id
        self._start(message)

    def offer(self, message: Message) -> bool:
        """Something that is not kept while an earlier send is stuck; whether it was sent."""
        if not self._stuck:
            self._start(message)
            return True
        return False

    def fill(self, messages: Iterator[Message], end: Callable[[], tuple[Message | None, EntryId]]) -> None:
        """Messages made one by one as they can be sent, each in a turn of the loop; instead of those before.

        `end` gives what came meanwhile, if anything did, and the ID that the socket then stands at.
        """
        self._filling, self._end = messages, end
        self.skipped = 0
        self._pump()

    def _pump(self) -> None:
        if self._stuck or self.is_closed or self._filling is None:
            return
        if message := next(self._filling, None):
            self._start(message)
            asyncio.get_running_loop().call_soon(self._pump)
            return
        self._filling = None
        message, self.cursor = self._end()
        if message:
            self._start(message)

    def metrics(self, message: Message) -> None:
        """Health figures; only the newest wait."""
        if self._stuck:
            self._metrics = message
        else:
            self._start(message)

    def notice(self, message: Message) -> None:
        """A message that is worth waiting for; of many, the newest are kept."""
        if self._stuck:
            self._notices.append(message)
        else:
            self._start(message)

    def stalled_s(self, now_s: float) -> float:
        """For how long, by the loop's clock, the socket has taken nothing that it was sent."""
        return now_s - self._stuck_since_s if self._stuck else 0.0

    def close(self) -> None:
        """Send nothing any more."""
        self.is_closed, self._filling = True, None
        if self._stuck:
            self._stuck.cancel()

    def _start(self, message: Message) -> None:
        if self.is_closed or self._way.write(message):
            return
        try:
            self._stuck = start(self._way.send(message))
        except (OSError, RuntimeError):  # the browser is gone; its handler hears of it separately
            self.is_closed = True
            return
        if self._stuck:
            self._stuck_since_s = asyncio.get_running_loop().time()
            self._stuck.add_done_callback(self._unstuck)

    def _unstuck(self, task: asyncio.Task[None]) -> None:
        self._stuck = None
        if task.cancelled() or task.exception() is not None:
            self.is_closed = True
        while not self._stuck and not self.is_closed and (message := self._waiting()):
            self._start(message)
        asyncio.get_running_loop().call_soon(self._pump)

    def _waiting(self) -> Message | None:
        if self._notices:
            return self._notices.popleft()
        if self.skipped:
            message, self.cursor = self._way.catch_up(self.cursor, self.skipped)
            self.skipped = 0
            return message
        message_or_none, self._metrics = self._metrics, None
        return message_or_none


def start(sending: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Run a coroutine at once up to its first wait; a task for the rest, or None when there is none.

    A task per send would cost more than the send itself, which nearly always finishes without waiting.
    """
    try:
        awaited = sending.send(None)
    except StopIteration:
        return None
    return asyncio.get_running_loop().create_task(_finish(sending, awaited))


async def _finish(sending: Coroutine[Any, Any, None], awaited: object) -> None:
    await _rest(sending, awaited)


@types.coroutine
def _rest(sending: Coroutine[Any, Any, None], awaited: object) -> Generator[Any, Any, None]:
    yield awaited
    yield from sending
