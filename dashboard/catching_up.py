"""Catching up on more than the last minutes: what has left memory is read from the log, as it was committed.

These histories add to what the browser has ("adds": true), because nobody here knows what a bucket held before. Each
says up to which frame it goes: a browser that is cut off goes on from there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from dashboard.feed import Feed
from dashboard.following import merged
from dashboard.memory import MOST_SELECTED, MOST_SENSORS, Memory, Selection
from dashboard.messages import Message, encode
from dashboard.totals import natural
from dashboard.window import to_columns
from streams import looking, rollups
from streams.errors import StreamwatchError
from streams.frames import FieldStats, Frame
from streams.ids import EntryId

# So many browsers at a time read the log, each so many frames at once.
LOGS_TOGETHER = 4
STEP = 200
# Readings are committed a little after they were added: memory begins so much later for this purpose.
MARGIN_MS = 30_000

Send = Callable[[Message], Awaitable[None]]


class CatchingUp:
    """What browsers that were away for long missed, a few of them at a time."""

    def __init__(self) -> None:
        self._gate = asyncio.Semaphore(LOGS_TOGETHER)

    async def caught_up(
        self, feed: Feed, since: EntryId, selection: Selection, now_ms: int, send: Send
    ) -> EntryId | None:
        """Send what came after a frame and has left memory; the frame from which on memory has the rest.

        None when the log does not have all of it any more, which is said.
        """
        if since.ms >= _reach_ms(feed.memory, now_ms):
            return since
        try:
            async with self._gate, contextlib.aclosing(log_of(feed)) as log:
                return await _read(log, feed, since, selection, send)
        except StreamwatchError:
            return None  # Redis is away, and every page says so: what is in memory is all there is


def log_of(feed: Feed) -> looking.Log:
    """A reader of what a feed follows."""
    return (looking.entries_log if feed.is_raw else looking.frames_log)(feed.stream)


def _reach_ms(memory: Memory, now_ms: int) -> int:
    """From when on what was committed is in memory for certain."""
    return now_ms - memory.window.span_ms + MARGIN_MS


async def _read(log: looking.Log, feed: Feed, since: EntryId, selection: Selection, send: Send) -> EntryId | None:
    oldest, _ = await log.bounds()
    if oldest > since and not await log.has(since):
        await send(_missed(since, oldest))
        return None
    while since.ms < _reach_ms(feed.memory, await log.server_ms()) and (entries := await log.after(since, STEP, 1)):
        reached = entries[-1].entry_id
        await send(_added(merged(entries, feed), since, reached, selection))
        since = reached
    return since


def _missed(since: EntryId, oldest: EntryId) -> Message:
    """What a browser that was away for longer than the log reaches is told."""
    span_text = f"{since.moment():%H:%M:%S} to {oldest.moment():%H:%M:%S} UTC"
    text = f"Readings from {span_text} have left the log while this page was away."
    span = {"missing_from": since.ms, "missing_to": oldest.ms}
    return encode("notice", level="warning", text=text, actor="", at=oldest.ms, link="", **span)


def _added(frame: Frame, since: EntryId, reached: EntryId, selection: Selection) -> Message:
    series: dict[tuple[str, str], dict[int, FieldStats]] = {}
    for start, bucket in frame.buckets.items():
        for sensor, stats in bucket.items():
            for field, values in stats.fields.items():
                series.setdefault((sensor, field), {})[start] = values
    wanted = _chosen({sensor for sensor, _ in series}, selection)
    columns = to_columns([(s, f, rollups.of_stats(cells)) for (s, f), cells in series.items() if s in wanted])
    return encode("history", id=str(reached), since=str(since), adds=True, sensors={}, **columns)


def _chosen(there: set[str], selection: Selection) -> set[str]:
    wanted, most = (there, MOST_SENSORS) if selection is None else (there & selection, MOST_SELECTED)
    return set(sorted(wanted, key=natural)[:most])
