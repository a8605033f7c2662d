"""Follows one stream's readings into the database, each counted once however often this is killed.

Of a stream that a worker feeds, the frames log is read: it holds what was committed. Any other is read itself, and
whatever numbers its entries hold are recorded. Which of the two it is, is settled when recording begins: changing
over would count what both hold twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from streams import names, readings
from streams.frames import Frame
from streams.gateway import tails
from streams.gateway.client import Client
from streams.gateway.logs import decode_frame
from streams.gateway.tails import LogState, Pairs
from streams.ids import ZERO, EntryId
from streams.readings import Shape
from streams.rollup_writer import Overtaken, Position, Writer

logger = logging.getLogger("streams.readings")

RAW, FRAMES = "raw", "frames"
FRAMES_TOGETHER, ENTRIES_TOGETHER = 200, 2000
# A step writes this often at most, so that a long log delays no other stream for long.
MOST_WRITES = 20
# One write holds at most about so many buckets of sensors in memory.
MOST_TOGETHER = 50_000


class Tail:
    """Reads on from the stored position and writes; nothing of it is lost with the process."""

    def __init__(
        self, client: Client, stream: bytes, keep_ms: Sequence[int], shape: Callable[[], Shape], *, is_fed: bool
    ) -> None:
        """`is_fed` says that a worker feeds the stream, or will."""
        self._client, self._stream, self._shape, self._is_fed = client, stream, shape, is_fed
        self._feed_key = names.beside(stream, "feed")
        self._writer = Writer(names.to_path(stream), keep_ms)
        self._shown, self._is_back, self._gap = names.shown(stream), False, ""

    @property
    def series_count(self) -> int:
        """How many series were written."""
        return self._writer.series_count

    def step(self, now_ms: int) -> bool:
        """Record what is new, roll up and delete what is due; whether there is more.

        Raises DatabaseError, Unreachable and the like; what was not written then, is by the next step.
        """
        more = False
        try:
            more = self._read_on()
            self._writer.roll_up(now_ms)
            self._writer.prune(now_ms)
        except Overtaken:
            logger.info("Another monitor records %s too; going on from where it is.", self._shown)
            self._writer.refresh()
        return more

    def _read_on(self) -> bool:
        source = self._source()
        is_raw = source == RAW
        key = self._stream if is_raw else names.beside(self._stream, "frames")
        position = self._checked(replace(self._writer.position, source=source), tails.state(self._client, key))
        for _ in range(MOST_WRITES):
            frame, reached, count = self._next(key, position, is_raw=is_raw)
            if not count:
                break
            read = None if position.read is None else position.read + count
            position = Position(source, reached, read)
            self._writer.write(frame, position, self._gap)
            self._gap = ""
        else:
            return True
        return False

    def _source(self) -> str:
        """What is read; once begun, always the same."""
        known = self._writer.position.source
        is_fed = self._is_fed or bool(tails.epoch(self._client, self._feed_key))
        return known or (FRAMES if is_fed else RAW)

    def _checked(self, position: Position, state: LogState) -> Position:
        """Where to go on; remembers what was dropped of the log, or undone, before it could be read.

        A log that went back is not read again from its beginning: what it still holds has been counted.
        """
        if position.entry_id == ZERO:
            return replace(position, read=state.removed)
        if position.entry_id > state.newest:
            if state.newest == ZERO or self._is_back:
                return position
            self._is_back = True
            return self._missing(position, f"{self._shown} went back from {_clock(position.entry_id)} to", state)
        self._is_back = False
        if position.read is None or state.removed is None or state.removed <= position.read:
            return position
        return self._missing(position, f"Trimmed before recorded: readings from {_clock(position.entry_id)} to", state)

    def _missing(self, position: Position, text: str, state: LogState) -> Position:
        self._gap = f"{text} {_clock(state.oldest or state.newest)}"
        logger.warning("Readings are missing in the history of %s. %s.", self._shown, self._gap)
        return replace(position, read=state.removed)

    def _next(self, key: bytes, position: Position, *, is_raw: bool) -> tuple[Frame, EntryId, int]:
        """What the next entries amount to, the ID of the last, and how many there were."""
        merged, reached, count = Frame(), position.entry_id, 0
        together = ENTRIES_TOGETHER if is_raw else FRAMES_TOGETHER
        for entry_id, pairs in tails.entries_after(self._client, key, position.entry_id, together):
            if is_raw:
                self._add(merged, entry_id, pairs)
            else:
                self._merge(merged, entry_id, pairs)
            reached, count = entry_id, count + 1
            if sum(map(len, merged.buckets.values())) > MOST_TOGETHER:
                break
        return merged, reached, count

    def _add(self, merged: Frame, entry_id: EntryId, pairs: Pairs) -> None:
        reading = readings.chartable(entry_id, pairs, self._shape())
        if reading:
            merged.add(reading)

    def _merge(self, merged: Frame, entry_id: EntryId, pairs: Pairs) -> None:
        try:
            merged.merge(decode_frame(dict(zip(pairs[::2], pairs[1::2], strict=True))[b"f"]))
        except (ValueError, KeyError) as error:
            logger.warning("%s is no frame of this program's: %s. Left out.", entry_id, error)


def _clock(entry_id: EntryId) -> str:
    moment = entry_id.moment()
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else str(entry_id)
