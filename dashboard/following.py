"""Following one stream's readings: the frames log where a worker feeds one, else the stream's own entries.

A worker's log is complete. Entries are read where there is none: whatever numbers they hold are charted, from the last
minutes on, and of a stream that comes faster than one process can read only what is new.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence

from asgiref.sync import sync_to_async

from dashboard.feed import Feed
from dashboard.window import WINDOW_MS
from streams import chart_settings, conf, looking, readings
from streams.frames import Frame
from streams.ids import ZERO, EntryId
from streams.looking import Log, LogEntry
from streams.readings import Shape

logger = logging.getLogger("dashboard.hub")

BLOCK_MS = 2000
STEP = 200
CHECK_EVERY_S = 2.0
_MINUTE_MS = 60_000
# So many entries behind, and more arriving: what is older than the current minute is left out.
MOST_BEHIND = 100_000
ENTRIES_STEP = 1000
# Reading is done in turns of so long: sockets are served between them.
_TURN_S = 0.01
# Behind by less, pages are as good as live.
BEHIND_MS = 3000


class Following:
    """Reads into a feed for as long as it is used. Raises StreamwatchError when the server is away."""

    def __init__(self, feed: Feed, is_used: Callable[[], bool], up: Callable[[], None]) -> None:
        self._feed, self._is_used, self._up = feed, is_used, up
        self._config = conf.current()
        self._checked_s = time.monotonic()

    async def read(self, log: Log) -> None:
        """Read on from where the feed is; `log` is its frames log."""
        while self._is_used():
            await self._learn()
            if self._feed.stream == self._config.stream or await log.epoch():
                await self._frames(log)
            else:
                async with contextlib.aclosing(looking.entries_log(self._feed.stream)) as entries:
                    await self._entries(entries, log)

    async def _learn(self) -> None:
        """Look at how the stream is to be charted; other readings than before begin anew."""
        settings = await sync_to_async(chart_settings.of)(self._feed.stream)
        if settings != self._feed.settings:
            is_read_otherwise = self._feed.is_raw and settings.shape() != self._feed.settings.shape()
            self._feed.learn(settings)
            if is_read_otherwise:
                self._feed.restart("")

    async def _frames(self, log: Log) -> None:
        feed = self._feed
        feed.is_raw = False
        await self._check_epoch(log)
        while self._is_used():
            entries = await log.after(feed.memory.cursor, STEP, self._patience())
            self._up()
            async for entry in _in_turns(entries):
                self._take_frame(entry)
            if len(entries) < STEP:
                feed.filled.set()
                feed.behind_ms = 0
            if self._is_time():
                await self._learn()
                await self._check_epoch(log)
                await self._look_back(log, len(entries) == STEP)

    async def _look_back(self, log: Log, is_more: bool) -> None:
        """How far what was read is behind what there is; while that is little, it is not at all."""
        behind_ms = max(0, await log.server_ms() - self._feed.memory.cursor.ms) if is_more else 0
        self._feed.behind_ms = behind_ms if behind_ms > BEHIND_MS else 0

    def _patience(self) -> int:
        return BLOCK_MS if self._feed.filled.is_set() else 1

    def _is_time(self) -> bool:
        """Whether the things that seldom change are to be looked at again."""
        now_s = time.monotonic()
        if now_s - self._checked_s < CHECK_EVERY_S:
            return False
        self._checked_s = now_s
        return True

    def _take_frame(self, entry: LogEntry) -> None:
        if frame := _frame_in(entry):
            self._feed.take(entry.entry_id, frame)
        else:
            self._feed.memory.cursor = entry.entry_id

    async def _check_epoch(self, log: Log) -> None:
        """Start anew when this is not the log that was followed: another epoch, or the newest frame known is gone."""
        feed = self._feed
        epoch = await log.epoch()
        oldest, newest = await log.bounds()
        feed.memory.totals.drop_before(max(oldest.ms, newest.ms - self._config.frames_keep_ms))
        cursor = feed.memory.cursor
        vanished = cursor > newest or (oldest <= cursor and not await log.has(cursor))
        if epoch != feed.epoch.partition("+")[0]:
            feed.restart(epoch)
        elif vanished:
            feed.restart(f"{epoch}+{_now_ms():x}")
        if feed.memory.cursor == ZERO:
            feed.memory.charts_from_ms = newest.ms - WINDOW_MS

    async def _entries(self, log: Log, frames_log: Log) -> None:
        """Chart the entries themselves until a worker begins to feed the stream's frames log."""
        feed, newest, behind = self._feed, ZERO, 0
        feed.is_raw = True
        while self._is_used():
            if feed.memory.cursor == ZERO:
                feed.memory.cursor = EntryId(max(await log.server_ms() - WINDOW_MS, 0), 0)
            entries = await log.after(feed.memory.cursor, ENTRIES_STEP, self._patience())
            self._up()
            for reached, frame in frames_of(entries, feed.settings.shape()):
                feed.take(reached, frame)
            behind = behind + len(entries) if len(entries) == ENTRIES_STEP else 0
            if not behind:
                feed.filled.set()
                feed.behind_ms = 0
            if behind >= MOST_BEHIND:
                behind = await self._skip(log)
            if self._is_time():
                await self._learn()
                await self._look_back(log, len(entries) == ENTRIES_STEP)
                if await frames_log.epoch():
                    return
                newest = await self._check_entries(log, newest)

    async def _skip(self, log: Log) -> int:
        """Leave out what there is no time for, and say so."""
        now_ms = await log.server_ms()
        if now_ms - self._feed.memory.cursor.ms > _MINUTE_MS:
            self._feed.restart(f"skip+{now_ms:x}", now_ms - now_ms % _MINUTE_MS)
        return 0

    async def _check_entries(self, log: Log, known: EntryId) -> EntryId:
        """Start anew when the stream was made anew; the newest ID it gave out."""
        oldest, newest = await log.bounds()
        if newest < known:
            self._feed.restart(f"anew+{_now_ms():x}")
        else:
            self._feed.memory.totals.drop_before(max(oldest.ms if oldest <= newest else 0, newest.ms - WINDOW_MS))
        return newest


def merged(entries: Sequence[LogEntry], feed: Feed) -> Frame:
    """What entries of a feed's log amount to; one that is no frame is left out."""
    whole = Frame()
    if feed.is_raw:
        for _, frame in frames_of(entries, feed.settings.shape()):
            whole.merge(frame)
        return whole
    for entry in entries:
        if frame_or_none := _frame_in(entry):
            whole.merge(frame_or_none)
    return whole


def _frame_in(entry: LogEntry) -> Frame | None:
    try:
        return looking.decode_frame(entry.fields[b"f"])
    except (ValueError, KeyError) as error:
        logger.warning("%s is no frame of this program's: %s. Left out.", entry.entry_id, error)
        return None


async def _in_turns(entries: Iterable[LogEntry]) -> AsyncIterator[LogEntry]:
    """The entries, with a turn of the loop for others now and then."""
    until_s = time.monotonic() + _TURN_S
    for entry in entries:
        yield entry
        if time.monotonic() > until_s:
            await asyncio.sleep(0)
            until_s = time.monotonic() + _TURN_S


def frames_of(entries: Sequence[LogEntry], shape: Shape) -> Iterator[tuple[EntryId, Frame]]:
    """The numbers of entries, a frame for each minute with the ID of its last entry."""
    for group in _by_minute(entries):
        frame = Frame()
        for entry in group:
            if reading := readings.chartable(entry.entry_id, _pairs(entry), shape):
                frame.add(reading)
        yield group[-1].entry_id, frame


def _by_minute(entries: Iterable[LogEntry]) -> Iterator[list[LogEntry]]:
    group: list[LogEntry] = []
    for entry in entries:
        if group and group[-1].entry_id.ms // _MINUTE_MS != entry.entry_id.ms // _MINUTE_MS:
            yield group
            group = []
        group.append(entry)
    if group:
        yield group


def _pairs(entry: LogEntry) -> list[bytes]:
    return [part for pair in entry.fields.items() for part in pair]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
