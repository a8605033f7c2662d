"""One field of one sensor over the last minutes: a cell per time bucket, in order of time, as columns."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import Any

import numpy as np

from streams import rollups
from streams.frames import FieldStats
from streams.ids import EntryId

_SEQ_BITS = 12
_MOST_SEQ = (1 << _SEQ_BITS) - 1
# Old cells are dropped so many at a time: dropping from the front of a column moves the rest.
_CHUNK_MS = 64_000

Array = np.ndarray[Any, Any]


def stamp(log_id: EntryId) -> int:
    """When a cell was last written, as a number that orders as log IDs do; IDs of one ms beyond 4,095 are one."""
    return log_id.ms << _SEQ_BITS | min(log_id.seq, _MOST_SEQ)


class Series:
    """Cells by bucket start. `starts` and the other columns have equal length."""

    __slots__ = ("count", "high", "last", "last_ms", "last_seq", "low", "starts", "total", "touched")

    def __init__(self) -> None:
        self.starts, self.touched, self.count, self.last_ms, self.last_seq = (array("Q") for _ in range(5))
        self.total, self.low, self.high, self.last = (array("d") for _ in range(4))

    def _columns(self) -> tuple[array[Any], ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def merge(self, start: int, stats: FieldStats, touched: int) -> int:
        """Count `stats` in the bucket at `start`; `touched` is the commit's stamp. How many cells that made."""
        starts = self.starts
        if not starts or start > starts[-1]:
            self._append(start, stats, touched)
            return 1
        at = len(starts) - 1 if start == starts[-1] else bisect_left(starts, start)
        if starts[at] == start:
            self._write(at, touched, self._merged(at, stats))
            return 0
        for column in self._columns():
            column.insert(at, 0)
        starts[at] = start
        self._write(at, touched, stats)
        return 1

    def _append(self, start: int, stats: FieldStats, touched: int) -> None:
        # Nearly every cell is made here, for every reading of every sensor: one by one is several times faster.
        last_ms, last_seq = stats.last_id
        self.starts.append(start)
        self.touched.append(touched)
        self.count.append(stats.count)
        self.last_ms.append(last_ms)
        self.last_seq.append(last_seq)
        self.total.append(stats.total)
        self.low.append(stats.low)
        self.high.append(stats.high)
        self.last.append(stats.last)

    def _merged(self, at: int, stats: FieldStats) -> FieldStats:
        last_id = EntryId(self.last_ms[at], self.last_seq[at])
        merged = FieldStats(self.count[at], self.total[at], self.low[at], self.high[at], self.last[at], last_id)
        merged.merge(stats)
        return merged

    def _write(self, at: int, touched: int, stats: FieldStats) -> None:
        self.touched[at], self.count[at], self.total[at] = touched, stats.count, stats.total
        self.low[at], self.high[at], self.last[at] = stats.low, stats.high, stats.last
        self.last_ms[at], self.last_seq[at] = stats.last_id

    def drop_before(self, oldest: int) -> int:
        """Forget buckets that start before `oldest`, once they are many; how many cells that freed."""
        if not self.starts or self.starts[0] >= oldest - _CHUNK_MS:
            return 0
        gone = bisect_left(self.starts, oldest)
        for column in self._columns():
            del column[:gone]
        return gone

    def cell(self, start: int) -> list[float] | None:
        """[count, min, max, mean, last] of a bucket, None when it has no reading."""
        at = bisect_left(self.starts, start)
        if at == len(self.starts) or self.starts[at] != start:
            return None
        count = self.count[at]
        return [count, self.low[at], self.high[at], self.total[at] / count, self.last[at]]

    def between(self, from_ms: int, to_ms: int) -> rollups.Cells:
        """The buckets that start in a span, its end excluded, in order of time."""
        first, end = bisect_left(self.starts, max(from_ms, 0)), bisect_left(self.starts, max(to_ms, 0))
        return rollups.Cells(
            _copied(self.starts[first:end], np.int64),
            _copied(self.count[first:end], np.int64),
            _copied(self.total[first:end], np.float64),
            _copied(self.low[first:end], np.float64),
            _copied(self.high[first:end], np.float64),
            _copied(self.last[first:end], np.float64),
            _copied(self.last_ms[first:end], np.int64),
            _copied(self.last_seq[first:end], np.uint64),
        )

    def since(self, oldest: int, touched_after: int | None) -> rollups.Cells:
        """The buckets from `oldest` on, only those written after a stamp if one is given."""
        first = bisect_left(self.starts, max(oldest, 0))
        cells = self.between(oldest, 1 << 62)
        if touched_after is None:
            return cells
        touched = _copied(self.touched[first:], np.int64)
        is_later = touched >= touched_after if touched_after & _MOST_SEQ == _MOST_SEQ else touched > touched_after
        return cells if is_later.all() else cells.picked(is_later)


def _copied(column: array[Any], kind: type) -> Array:
    # A slice is a copy of its own: numpy may look at it without keeping the column from growing.
    return np.frombuffer(column, kind) if column else np.empty(0, kind)
