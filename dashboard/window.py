"""The last minutes of readings in memory: one cell per time bucket, sensor and field, in rings of fixed size."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from streams import rollups
from streams.frames import BUCKET_MS, FieldStats, Frame
from streams.ids import EntryId

WINDOW_MS = 15 * 60 * 1000
# One series (a field of a sensor) takes about 60 kB; beyond this many, new ones are counted but not charted.
MOST_SERIES = 2000
# A bucket further ahead of its commit than this is no clock reading: its producer chose the ID.
_AHEAD_MS = 60_000

Cells = dict[str, dict[str, list[float]]]
Touched = dict[int, set[str]]


class Series:
    """A ring of cells for one field of one sensor; a slot is valid when `starts` names the bucket asked for."""

    __slots__ = ("count", "high", "last", "last_ms", "last_seq", "low", "size", "starts", "total", "touched")

    def __init__(self, size: int) -> None:
        self.size = size
        self.starts, self.touched, self.last_ms, self.last_seq = (array("Q", bytes(8 * size)) for _ in range(4))
        self.total, self.low, self.high, self.last = (array("d", bytes(8 * size)) for _ in range(4))
        self.count = array("Q", bytes(8 * size))

    def merge(self, start: int, stats: FieldStats, touched_ms: int) -> None:
        """Count `stats` in the bucket at `start`; `touched_ms` is the commit's time."""
        slot = start // BUCKET_MS % self.size
        if self.starts[slot] == start and self.count[slot]:
            merged = self.stats(slot)
            merged.merge(stats)
            stats = merged
        self.starts[slot], self.touched[slot] = start, touched_ms
        self.count[slot], self.total[slot], self.low[slot] = stats.count, stats.total, stats.low
        self.high[slot], self.last[slot] = stats.high, stats.last
        self.last_ms[slot], self.last_seq[slot] = stats.last_id

    def stats(self, slot: int) -> FieldStats:
        """The slot's statistics."""
        last_id = EntryId(self.last_ms[slot], self.last_seq[slot])
        return FieldStats(self.count[slot], self.total[slot], self.low[slot], self.high[slot], self.last[slot], last_id)

    def cell(self, start: int) -> list[float] | None:
        """[count, min, max, mean, last] of a bucket, None when it has no reading."""
        slot = start // BUCKET_MS % self.size
        if self.starts[slot] != start or not self.count[slot]:
            return None
        count = self.count[slot]
        return [count, self.low[slot], self.high[slot], self.total[slot] / count, self.last[slot]]

    def starts_since(self, oldest: int, touched_ms: int) -> Iterable[int]:
        """Buckets from `oldest` on that were written at or after `touched_ms`."""
        return [
            start
            for start, touched in zip(self.starts, self.touched, strict=True)
            if start >= oldest and start and touched >= touched_ms
        ]

    def between(self, from_ms: int, to_ms: int) -> rollups.Cells:
        """The buckets that start in a span, its end excluded, in order of time."""
        starts, counts = np.frombuffer(self.starts, np.int64), np.frombuffer(self.count, np.int64)
        places = np.flatnonzero((starts >= from_ms) & (starts < to_ms) & (counts > 0))
        every = rollups.Cells(
            starts,
            counts,
            np.frombuffer(self.total),
            np.frombuffer(self.low),
            np.frombuffer(self.high),
            np.frombuffer(self.last),
            np.frombuffer(self.last_ms, np.int64),
            np.frombuffer(self.last_seq, np.uint64),
        )
        return every.picked(places[np.argsort(starts[places])])


class Window:
    """All series of a stream over the last WINDOW_MS. Values handed out are absolute: one sent twice does no harm."""

    def __init__(self, span_ms: int = WINDOW_MS) -> None:
        self.span_ms = span_ms
        self.series: dict[str, dict[str, Series]] = {}
        self._series_count = 0

    def merge(self, frame: Frame, log_id: EntryId) -> Touched:
        """Count a stored frame; the cells that changed, as {bucket: sensors}."""
        touched: Touched = {}
        for start, bucket in frame.buckets.items():
            if not log_id.ms - self.span_ms <= start <= log_id.ms + _AHEAD_MS:
                continue
            touched[start] = set(bucket)
            for sensor, stats in bucket.items():
                for field, values in stats.fields.items():
                    series = self._series(sensor, field)
                    if series:
                        series.merge(start, values, log_id.ms)
        return touched

    def _series(self, sensor: str, field: str) -> Series | None:
        fields = self.series.setdefault(sensor, {})
        if field not in fields:
            if self._series_count >= MOST_SERIES:
                return None
            self._series_count += 1
            fields[field] = Series(self.span_ms // BUCKET_MS + _AHEAD_MS // BUCKET_MS)
        return fields[field]

    def keys(self, sensors: Collection[str], fields: Collection[str]) -> list[tuple[str, str]]:
        """The series of these sensors (none: all) and fields (none: all)."""
        chosen = sensors or self.series
        return [(s, f) for s in chosen for f in self.series.get(s, {}) if not fields or f in fields]

    def between(self, sensor: str, field: str, from_ms: int, to_ms: int) -> rollups.Cells:
        """One series' buckets that start in a span, its end excluded."""
        series = self.series.get(sensor, {}).get(field)
        return series.between(from_ms, to_ms) if series else rollups.of_stats({})

    def cells(self, start: int, sensors: Iterable[str]) -> Cells:
        """{sensor: {field: [count, min, max, mean, last]}} of one bucket."""
        found: Cells = {}
        for sensor in sensors:
            fields = {f: cell for f, series in self.series.get(sensor, {}).items() if (cell := series.cell(start))}
            if fields:
                found[sensor] = fields
        return found

    def columns(self, sensors: Collection[str], oldest: int, touched_ms: int = 0) -> dict[str, Any]:
        """Columns on one shared grid: {"t": [ms], "series": {sensor: {field: {"mean": [number or None], …}}}}.

        Only buckets from `oldest` on that were written at or after `touched_ms`. A field whose buckets all hold one
        reading has only "mean".
        """
        chosen = [(s, f, series) for s in sensors for f, series in self.series.get(s, {}).items()]
        grid = sorted({start for _, _, series in chosen for start in series.starts_since(oldest, touched_ms)})
        columns: dict[str, Any] = {}
        for sensor, field, series in chosen:
            cells = [series.cell(start) for start in grid]
            if any(cells):
                columns.setdefault(sensor, {})[field] = _columns(cells)
        return {"t": grid, "series": columns}


_PARTS = {"count": 0, "min": 1, "max": 2, "last": 4}


def _columns(cells: list[list[float] | None]) -> dict[str, list[float | None]]:
    columns: dict[str, list[float | None]] = {"mean": [cell[3] if cell else None for cell in cells]}
    if any(cell and cell[0] > 1 for cell in cells):
        for name, at in _PARTS.items():
            columns[name] = [cell[at] if cell else None for cell in cells]
    return columns
