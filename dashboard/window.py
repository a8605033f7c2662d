"""The last minutes of readings in memory: a cell per time bucket, sensor and field, bounded in time and in number."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import numpy as np

from dashboard.series import Series, stamp
from streams import rollups
from streams.frames import Frame
from streams.ids import EntryId

WINDOW_MS = 15 * 60 * 1000
# A cell takes 72 bytes. Beyond so many, the window reaches less far back, but for a minute at least.
MOST_CELLS = 3_000_000
SHORTEST_MS = 60_000
# Beyond so many series (a field of a sensor), new ones are counted but not charted.
MOST_SERIES = 50_000
# A bucket further ahead of its commit than this is no clock reading: its producer chose the ID.
_AHEAD_MS = 60_000
_SWEPT_AT_ONCE = 50
_SHORTER = 0.9

_NONE: dict[str, Series] = {}

Cells = dict[str, dict[str, list[float]]]
Touched = dict[int, set[str]]


class Window:
    """All series of a stream over the last `span_ms`. Values handed out are absolute: one sent twice does no harm."""

    def __init__(self, span_ms: int = WINDOW_MS, most_cells: int = MOST_CELLS) -> None:
        self.span_ms = self._most_ms = span_ms
        self._most_cells = most_cells
        self.series: dict[str, dict[str, Series]] = {}
        self.fields: set[str] = set()
        self._every: list[Series] = []
        self._sweep: Iterator[Series] = iter(())
        self.cell_count = 0
        self._newest_ms = 0

    def merge(self, frame: Frame, log_id: EntryId) -> Touched:
        """Count a stored frame; the cells that changed, as {bucket: sensors}."""
        touched: Touched = {}
        self._breathe(log_id.ms)
        oldest, written = log_id.ms - self.span_ms, stamp(log_id)
        for start, bucket in frame.buckets.items():
            if not oldest <= start <= log_id.ms + _AHEAD_MS:
                continue
            touched[start] = set(bucket)
            for sensor, stats in bucket.items():
                known = self.series.get(sensor, _NONE)
                for field, values in stats.fields.items():
                    series = known.get(field) or self._series(sensor, field)
                    if series:
                        self.cell_count += series.merge(start, values, written) - series.drop_before(oldest)
        self._forget(oldest)
        return touched

    def _series(self, sensor: str, field: str) -> Series | None:
        fields = self.series.setdefault(sensor, {})
        if field not in fields:
            if len(self._every) >= MOST_SERIES:
                return None
            fields[field] = Series()
            self._every.append(fields[field])
            self.fields.add(field)
        return fields[field]

    def _breathe(self, now_ms: int) -> None:
        """Reach less far back while there is too much of it all; further again as time goes by."""
        passed, self._newest_ms = max(0, now_ms - (self._newest_ms or now_ms)), max(now_ms, self._newest_ms)
        if self.cell_count > self._most_cells and self.span_ms > SHORTEST_MS:
            self.span_ms = max(SHORTEST_MS, int(self.span_ms * _SHORTER))
            for series in self._every:
                self.cell_count -= series.drop_before(now_ms - self.span_ms)
        elif self.cell_count < self._most_cells * _SHORTER:
            self.span_ms = min(self._most_ms, self.span_ms + passed)

    def _forget(self, oldest: int) -> None:
        """Free what silent sensors hold, a few at a time."""
        for _ in range(_SWEPT_AT_ONCE):
            following = next(self._sweep, None)
            if following is None:
                self._sweep = iter(self._every)
                break
            self.cell_count -= following.drop_before(oldest)

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

    def columns(self, sensors: Collection[str], oldest: int, since: EntryId | None = None) -> dict[str, Any]:
        """Columns on one shared grid: {"t": [ms], "series": {sensor: {field: {"mean": [number or NaN], …}}}}.

        Only buckets from `oldest` on, of those only what was written after `since`. A field whose buckets all hold one
        reading has only "mean".
        """
        after = stamp(since) if since else None
        chosen = [(s, f, series.since(oldest, after)) for s in sensors for f, series in self.series.get(s, {}).items()]
        return to_columns(chosen)


def to_columns(chosen: Collection[tuple[str, str, rollups.Cells]]) -> dict[str, Any]:
    """Series of (sensor, field) as `Window.columns` has them."""
    found = [(sensor, field, cells) for sensor, field, cells in chosen if len(cells)]
    grid = np.unique(np.concatenate([cells.t for *_, cells in found])) if found else np.empty(0, np.int64)
    columns: dict[str, Any] = {}
    for sensor, field, cells in found:
        columns.setdefault(sensor, {})[field] = _columns(cells, np.searchsorted(grid, cells.t), len(grid))
    return {"t": grid, "series": columns}


def _columns(cells: rollups.Cells, places: Any, size: int) -> dict[str, Any]:
    columns = {"mean": cells.mean}
    if (cells.count > 1).any():
        columns |= {"count": cells.count, "min": cells.low, "max": cells.high, "last": cells.last}
    return {name: _placed(values, places, size) for name, values in columns.items()}


def _placed(values: Any, places: Any, size: int) -> Any:
    if len(values) == size:
        return values
    placed = np.full(size, np.nan)
    placed[places] = values
    return placed
