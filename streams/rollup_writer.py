"""Writes recorded readings: buckets and the position in the log they came from in one transaction, so each counts once.

A reading that comes late goes to the finest tier and, where its time was rolled up already, to the coarser ones too.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import F, Min

from streams import rollups
from streams.frames import FieldStats, Frame
from streams.ids import ZERO, EntryId
from streams.rollup_models import ReadingBlock, RecordedSeries, RecordedStream
from streams.rollups import TIERS, Cells, Tier

Key = tuple[str, str]
Buckets = dict[Key, dict[int, FieldStats]]
# A sensor field that holds a new word in every entry must not fill the database with series.
MOST_SERIES = 25_000
# A bucket further ahead of its commit than this is no clock reading: its producer chose the ID.
AHEAD_MS = 60_000
# The end of the year 9999: no calendar goes on after it, and the largest IDs are no numbers to a database.
LATEST_MS = 253_402_300_799_000
# After a block of a finer tier ends, it may take so long until what belongs there is rolled up.
SETTLED_AFTER_MS = 60_000
_ROWS_TOGETHER = 500
_SERIES_TOGETHER = 200
_DELETED_TOGETHER = 2000


class Overtaken(Exception):
    """Somebody else wrote this stream's readings meanwhile: nothing was written, look where it stands and go on."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a log was read: which kind of log, and the last entry counted.

    `read` is how many entries the log had up to there, ever; None where the server does not count them.
    """

    source: str = ""
    entry_id: EntryId = ZERO
    read: int | None = None


def digest_of(sensor: str, field: str) -> str:
    """The key of a series within its stream."""
    return hashlib.sha256(json.dumps([sensor, field]).encode()).hexdigest()


class Writer:
    """Records one stream's readings. `keep_ms` says per tier how long its buckets are kept."""

    def __init__(self, path: str, keep_ms: Sequence[int]) -> None:
        self._keep_ms = dict(zip(TIERS, keep_ms, strict=True))
        self._row, _ = RecordedStream.objects.get_or_create(path=path)
        self._series: dict[Key, int] = {}

    @property
    def position(self) -> Position:
        """Where reading goes on."""
        return Position(self._row.source, EntryId.parse(self._row.position), self._row.entries_read)

    @property
    def series_count(self) -> int:
        """How many series this process has written."""
        return len(self._series)

    def refresh(self) -> None:
        """Look again where the stream stands."""
        self._row.refresh_from_db()

    def write(self, frame: Frame, position: Position, gap: str = "") -> None:
        """Count a frame that ends at a position. Raises Overtaken or DatabaseError; then nothing was written."""
        buckets, left_out = self._kept(_by_series(frame), position.entry_id.ms)
        rolled = self._rolled_or_begun(buckets)
        changes = {
            "source": position.source,
            "position": str(position.entry_id),
            "entries_read": position.read,
            "rolled": rolled,
            **({"gap": gap} if gap else {}),
        }
        try:
            with self._step(changes):
                self._store(buckets, rolled, left_out)
        except Exception:
            self._series.clear()  # what was learnt in the transaction is undone with it
            raise

    def _store(self, buckets: Buckets, rolled: dict[str, int], left_out: int) -> None:
        left_out += self._learn(buckets)
        if left_out:
            RecordedStream.objects.filter(pk=self._row.pk).update(left_out=F("left_out") + left_out)
        known = buckets.keys() & self._series.keys()
        rows = [row for key in known for row in self._rows(key, buckets[key], rolled)]
        ReadingBlock.objects.bulk_create(rows, batch_size=_ROWS_TOGETHER)

    def _kept(self, buckets: Buckets, log_ms: int) -> tuple[Buckets, int]:
        """What is neither too old for any tier nor ahead of the clock, and how many values are."""
        oldest, newest = log_ms - max(self._keep_ms.values()), min(log_ms + AHEAD_MS, LATEST_MS)
        kept: Buckets = {}
        left_out = 0
        for key, stats in buckets.items():
            kept[key] = {start: found for start, found in stats.items() if oldest <= start <= newest}
            left_out += sum(found.count for start, found in stats.items() if start not in kept[key])
        return {key: stats for key, stats in kept.items() if stats}, left_out

    def _rolled_or_begun(self, buckets: Buckets) -> dict[str, int]:
        """Up to where each coarser tier is rolled up; before anything was written, nothing is."""
        rolled = {name: int(ms) for name, ms in self._row.rolled.items()}
        first = min((start for stats in buckets.values() for start in stats), default=None)
        if first is None:
            return rolled
        return {str(tier.resolution_s): tier.block_of(first) for tier in TIERS[1:]} | rolled

    def _rows(self, key: Key, stats: dict[int, FieldStats], rolled: dict[str, int]) -> Iterator[ReadingBlock]:
        cells = rollups.of_stats(stats)
        for tier in TIERS:
            until = rolled.get(str(tier.resolution_s), 0)
            due = cells if tier is TIERS[0] else cells.between(0, until)
            if len(due):
                yield from self._blocks(self._series[key], tier, rollups.rolled([due], tier.resolution_ms))

    def _blocks(self, series: int, tier: Tier, cells: Cells) -> Iterator[ReadingBlock]:
        first, last = tier.block_of(int(cells.t[0])), tier.block_of(int(cells.t[-1]))
        starts = [first] if first == last else sorted({tier.block_of(t) for t in cells.t.tolist()})
        for start in starts:
            part = cells if len(starts) == 1 else cells.between(start, start + tier.block_ms)
            yield ReadingBlock(
                series_id=series, resolution_s=tier.resolution_s, start_ms=start, cells=rollups.pack(part)
            )

    def _learn(self, buckets: Buckets) -> int:
        """Find, or make, the rows of series new to this process; how many values have no place among MOST_SERIES."""
        by_digest = {digest_of(*key): key for key in buckets.keys() - self._series.keys()}
        self._find(by_digest)
        room = MOST_SERIES - self._row.series.count() if by_digest else 0
        missing = [item for item in by_digest.items() if item[1] not in self._series]
        RecordedSeries.objects.bulk_create(
            [RecordedSeries(stream=self._row, digest=d, sensor=key[0], field=key[1]) for d, key in missing[:room]],
            batch_size=_ROWS_TOGETHER,
        )
        self._find(dict(missing[:room]))
        return sum(found.count for _, key in missing[room:] for found in buckets[key].values())

    def _find(self, by_digest: dict[str, Key]) -> None:
        for some in _chunks(list(by_digest), _ROWS_TOGETHER):
            for digest, pk in self._row.series.filter(digest__in=some).values_list("digest", "pk"):
                self._series[by_digest[digest]] = pk

    @contextmanager
    def _step(self, changes: dict[str, Any]) -> Iterator[None]:
        """A transaction that changes the stream's row, if nobody else did since it was read.

        The row comes first, so that of two at the same moment one waits there and is then refused. Afterwards it is
        not read again: what somebody else wrote since would pass for what this one knows.
        """
        changes = {"version": self._row.version + 1, **changes}
        with transaction.atomic():
            if not RecordedStream.objects.filter(pk=self._row.pk, version=self._row.version).update(**changes):
                raise Overtaken
            yield
        for name, value in changes.items():
            setattr(self._row, name, value)

    def roll_up(self, now_ms: int) -> None:
        """Make the coarser blocks that are due. Raises Overtaken or DatabaseError."""
        for fine, coarse in pairwise(TIERS):
            while self._roll_up_next(fine, coarse, now_ms):
                pass

    def _roll_up_next(self, fine: Tier, coarse: Tier, now_ms: int) -> bool:
        """Roll up one block, or pass over a time without any; whether there may be more to do."""
        done = self._row.rolled.get(str(coarse.resolution_s))
        until = now_ms - SETTLED_AFTER_MS if fine is TIERS[0] else self._row.rolled.get(str(fine.resolution_s), 0)
        if done is None or done + coarse.block_ms > until:
            return False
        first = self._blocks_of(fine).filter(start_ms__gte=done).aggregate(first=Min("start_ms"))["first"]
        start = coarse.block_of(min(until, until if first is None else first))
        is_due = start + coarse.block_ms <= until
        rows = self._rolled_rows(fine, coarse, start) if is_due else []
        done = start + coarse.block_ms if is_due else start
        with self._step({"rolled": {**self._row.rolled, str(coarse.resolution_s): done}}):
            ReadingBlock.objects.bulk_create(rows, batch_size=_ROWS_TOGETHER)
        return is_due

    def _rolled_rows(self, fine: Tier, coarse: Tier, start: int) -> list[ReadingBlock]:
        end = start + coarse.block_ms
        blocks = self._blocks_of(fine).filter(start_ms__gte=start, start_ms__lt=end)
        series = list(blocks.order_by("series_id").values_list("series_id", flat=True).distinct())
        rows: list[ReadingBlock] = []
        for some in _chunks(series, _SERIES_TOGETHER):
            parts: dict[int, list[bytes]] = defaultdict(list)
            for pk, stored in blocks.filter(series_id__in=some).values_list("series_id", "cells"):
                parts[pk].append(bytes(stored))
            for pk, found in parts.items():
                rows += self._blocks(pk, coarse, rollups.rolled(rollups.of_parts(found), coarse.resolution_ms))
        return rows

    def _blocks_of(self, tier: Tier) -> Any:
        return ReadingBlock.objects.filter(series__stream=self._row, resolution_s=tier.resolution_s)

    def prune(self, now_ms: int) -> None:
        """Delete buckets that are too old, a part at a time, but none that is still to be rolled up."""
        for tier, coarser in zip(TIERS, (*TIERS[1:], None), strict=True):
            oldest = tier.block_of(now_ms - self._keep_ms[tier])
            if coarser:
                oldest = min(oldest, self._row.rolled.get(str(coarser.resolution_s), 0))
            old = self._blocks_of(tier).filter(start_ms__lt=oldest)
            for some in _chunks(list(old.values_list("pk", flat=True)[:_DELETED_TOGETHER]), _ROWS_TOGETHER):
                ReadingBlock.objects.filter(pk__in=some).delete()


def _by_series(frame: Frame) -> Buckets:
    buckets: Buckets = defaultdict(dict)
    for start, bucket in frame.buckets.items():
        for sensor, stats in bucket.items():
            for field, found in stats.fields.items():
                buckets[sensor, field][start] = found
    return buckets


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
