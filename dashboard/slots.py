"""One socket's way out: sends at once, and while a send is stuck keeps only what is newest.

Frames are not queued: their cells are absolute, so a socket that missed some is brought up to date by one history since
the last frame it got. A stalled browser therefore costs one pending send and nothing else.
"""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterator
from typing import Any

from streams.ids import ZERO, EntryId

_MOST_NOTICES = 20


class Slot:
    """Sends text to one socket. `catch_up(since, skipped)` gives the history that replaces skipped frames."""

    def __init__(
        self,
        send: Callable[[str], Coroutine[Any, Any, None]],
        catch_up: Callable[[EntryId, int], tuple[str, EntryId]],
    ) -> None:
        self._send, self._catch_up = send, catch_up
        self._stuck: asyncio.Task[None] | None = None
        self._metrics: str | None = None
        self._notices: deque[str] = deque(maxlen=_MOST_NOTICES)
        self._filling: Iterator[str] = iter(())
        self.cursor = ZERO
        self.skipped = 0
        self.is_closed = False

    def frame(self, text: str, log_id: EntryId) -> None:
        """A frame for this socket, or its absence noted while an earlier send is stuck."""
        if self._stuck:
            self.skipped += 1
            return
        self.cursor = log_id
        self._start(text)

    def offer(self, text: str) -> bool:
        """Something that is not kept while an earlier send is stuck; whether it was sent."""
        if not self._stuck:
            self._start(text)
            return True
        return False

    def fill(self, texts: Iterator[str]) -> None:
        """Messages made one by one as they can be sent, each in a turn of the loop; instead of those before."""
        self._filling = texts
        self._pump()

    def _pump(self) -> None:
        if not self._stuck and not self.is_closed and (text := next(self._filling, None)):
            self._start(text)
            asyncio.get_running_loop().call_soon(self._pump)

    def metrics(self, text: str) -> None:
        """Health figures; only the newest wait."""
        if self._stuck:
            self._metrics = text
        else:
            self._start(text)

    def notice(self, text: str) -> None:
        """A message that is worth waiting for; of many, the newest are kept."""
        if self._stuck:
            self._notices.append(text)
        else:
            self._start(text)

    def close(self) -> None:
        """Send nothing any more."""
        self.is_closed = True
        if self._stuck:
            self._stuck.cancel()

    def _start(self, text: str) -> None:
        if self.is_closed:
            return
        try:
            self._stuck = start(self._send(text))
        except (OSError, RuntimeError):  # the browser is gone; its handler hears of it separately
            self.is_closed = True
            return
        if self._stuck:
            self._stuck.add_done_callback(self._unstuck)

    def _unstuck(self, task: asyncio.Task[None]) -> None:
        self._stuck = None
        if task.cancelled() or task.exception() is not None:
            self.is_closed = True
        while not self._stuck and not self.is_closed and (text := self._waiting()):
            self._start(text)
        asyncio.get_running_loop().call_soon(self._pump)

    def _waiting(self) -> str | None:
        if self._notices:
            return self._notices.popleft()
        if self.skipped:
            text, self.cursor = self._catch_up(self.cursor, self.skipped)
            self.skipped = 0
            return text
        text_or_none, self._metrics = self._metrics, None
        return text_or_none


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
