"""Readings over time: buckets of one length, rolled up from fine to coarse, stored compactly. Pure.

A bucket holds count, sum, minimum, maximum and the last value with the entry ID it came from, as `frames.FieldStats`
does, so that parts of a bucket merge in any order to what all its readings give.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from streams.frames import FieldStats

Array = npt.NDArray[Any]
_VERSION = 1
_FLOATS = ("total", "low", "high", "last")
# Sensors write decimals: up to so many places are stored as whole numbers, a fifth of the size of floats.
_MOST_PLACES = 6
_AS_FLOATS = 255
_EXACT_INTEGER = float(2**53)


@dataclass(frozen=True, slots=True)
class Tier:
    """Buckets of one length; blocks of the next finer tier are rolled up into it when this much time is over."""

    resolution_s: int
    block_s: int

    @property
    def resolution_ms(self) -> int:
        """A bucket's length."""
        return self.resolution_s * 1000

    @property
    def block_ms(self) -> int:
        """The time a stored block covers at most; blocks begin at multiples of it."""
        return self.block_s * 1000

    def block_of(self, ms: int) -> int:
        """The start of the block that a time lies in."""
        return ms - ms % self.block_ms


# Fine to coarse. The last is what makes charts of months quick; it is kept for as long as the one before.
TIERS = (Tier(1, 300), Tier(10, 1800), Tier(60, 21_600), Tier(900, 432_000))


@dataclass(frozen=True, slots=True)
class Cells:
    """Buckets as columns of equal length: starts `t` in ms, and what is in them; `last_ms` is the last ID's time."""

    t: Array
    count: Array
    total: Array
    low: Array
    high: Array
    last: Array
    last_ms: Array
    last_seq: Array

    def __len__(self) -> int:
        return len(self.t)

    def between(self, from_ms: int, to_ms: int) -> Cells:
        """Only the buckets that start in a span, its end excluded."""
        return self.picked((self.t >= from_ms) & (self.t < to_ms))

    def picked(self, places: Array) -> Cells:
        """Only these buckets, by place or by mask."""
        return Cells(*(getattr(self, name)[places] for name in Cells.__slots__))

    @property
    def mean(self) -> Array:
        """The arithmetic mean of each bucket."""
        return self.total / self.count


def of_stats(stats: Mapping[int, FieldStats]) -> Cells:
    """Columns of buckets by their start, in order of time."""
    rows = sorted(stats.items())
    found = [bucket for _, bucket in rows]
    total, low, high, last = (np.array([getattr(f, name) for f in found], np.float64) for name in _FLOATS)
    return Cells(
        np.array([start for start, _ in rows], np.int64),
        np.array([f.count for f in found], np.int64),
        total,
        low,
        high,
        last,
        np.array([f.last_id.ms for f in found], np.int64),
        np.array([f.last_id.seq for f in found], np.uint64),
    )


def joined(parts: Sequence[Cells]) -> Cells:
    """All buckets of all parts, one part after the other."""
    if not parts:
        return of_stats({})
    return Cells(*(np.concatenate([getattr(part, name) for part in parts]) for name in Cells.__slots__))


def rolled(parts: Sequence[Cells], step_ms: int) -> Cells:
    """The parts merged into buckets of `step_ms`, in order of time; nothing that was counted is lost or smoothed."""
    whole = joined(parts)
    if not len(whole):
        return whole
    starts = whole.t - whole.t % step_ms
    order = np.lexsort((whole.last_seq, whole.last_ms, starts))
    sorted_starts = starts[order]
    is_first = np.concatenate(([True], sorted_starts[1:] != sorted_starts[:-1]))
    firsts = np.flatnonzero(is_first)
    latest = order[np.concatenate((firsts[1:], [len(order)])) - 1]
    return Cells(
        sorted_starts[firsts],
        np.add.reduceat(whole.count[order], firsts),
        np.add.reduceat(whole.total[order], firsts),
        np.minimum.reduceat(whole.low[order], firsts),
        np.maximum.reduceat(whole.high[order], firsts),
        *(getattr(whole, name)[latest] for name in ("last", "last_ms", "last_seq")),
    )


def pack(cells: Cells) -> bytes:
    """The stored form: exact, but for sums, which lose only what adding floats had put there."""
    places = _places(np.concatenate((cells.low, cells.high, cells.last)))
    columns = [_packed_integers(getattr(cells, name)) for name in ("t", "count")]
    columns += [_packed_integers(cells.last_ms - cells.t), _packed_integers(cells.last_seq)]
    columns += [_packed_floats(_tidy(cells.total, places), _MOST_PLACES)]
    columns += [_packed_floats(getattr(cells, name), places) for name in ("low", "high", "last")]
    head = bytes([_VERSION]) + len(cells).to_bytes(4, "little")
    return head + zlib.compress(b"".join(columns), 6)


def unpack(stored: bytes) -> Cells:
    """The cells behind their stored form. Raises ValueError."""
    if stored[:1] != bytes([_VERSION]):
        raise ValueError(f"a block of version {stored[:1]!r}; this program reads version {_VERSION}")
    size = int.from_bytes(stored[1:5], "little")
    try:
        plain = zlib.decompress(stored[5:])
    except zlib.error as error:
        raise ValueError(str(error)) from error
    width = 8 * size + 1
    columns = [plain[at : at + width] for at in range(0, len(plain), width)]
    if len(columns) != len(Cells.__slots__) or len(columns[-1]) != width:
        raise ValueError("a block that is cut off")
    t, count, after, seq, *floats = (_unpacked(column) for column in columns)
    total, low, high, last = (values.astype(np.float64) for values in floats)
    return Cells(t, count, total, low, high, last, t + after, seq.astype(np.uint64))


def to_columns(cells: Mapping[tuple[str, str], Cells]) -> dict[str, Any]:
    """{"t": [ms], "series": {sensor: {field: {"mean", "min", "max", "last", "count": [number or None]}}}}."""
    every = [found.t for found in cells.values() if len(found)]
    grid = np.unique(np.concatenate(every)) if every else np.array([], np.int64)
    series: dict[str, Any] = {}
    for (sensor, field), found in cells.items():
        if len(found):
            series.setdefault(sensor, {})[field] = _spread(found, grid)
    return {"t": grid.tolist(), "series": series}


def _spread(cells: Cells, grid: Array) -> dict[str, list[float | None]]:
    places = np.searchsorted(grid, cells.t).tolist()
    columns = {"mean": cells.mean, "min": cells.low, "max": cells.high, "last": cells.last, "count": cells.count}
    return {name: _placed(values.tolist(), places, len(grid)) for name, values in columns.items()}


def _placed(values: list[float], places: list[int], size: int) -> list[float | None]:
    column: list[float | None] = [None] * size
    for at, value in zip(places, values, strict=True):
        column[at] = value
    return column


def kept_ms(ages: Sequence[int]) -> tuple[int, ...]:
    """How long each tier is kept, from ages for all but the last, which goes with the one before."""
    return (*ages, ages[-1])


def step_for(span_ms: int, points: int, resolution_ms: int) -> int:
    """How long a point is, so that about `points` cover a span: a multiple of a stored bucket's length."""
    return max(1, -(-span_ms // (points * resolution_ms))) * resolution_ms


def of_parts(parts: Iterable[bytes]) -> list[Cells]:
    """The cells of stored blocks. Raises ValueError."""
    return [unpack(stored) for stored in parts]


def _places(values: Array) -> int:
    """How many decimal places give exactly these values; _AS_FLOATS when no few do."""
    for places in range(_MOST_PLACES + 1):
        if _is_exact(values, places):
            return places
    return _AS_FLOATS


def _is_exact(values: Array, places: int) -> bool:
    scaled = values * 10.0**places
    if not np.all(np.abs(scaled) < _EXACT_INTEGER):
        return False
    whole = np.rint(scaled)
    # Minus zero would come back as zero.
    return bool(np.all(whole / 10.0**places == values)) and not np.any(np.signbit(values) & (values == 0))


def _tidy(totals: Array, places: int) -> Array:
    """Sums without the last digits that adding floats made up, where their values have few decimal places."""
    if places == _AS_FLOATS:
        return totals
    tidy = np.round(totals, places)
    return np.where(np.abs(tidy - totals) <= 1e-9 * np.maximum(1.0, np.abs(totals)), tidy, totals)


def _packed_floats(values: Array, most_places: int) -> bytes:
    """One byte of places and the column; bytes of equal weight side by side, which is what zlib likes."""
    places = most_places if most_places != _AS_FLOATS and _is_exact(values, most_places) else _places(values)
    if places == _AS_FLOATS:
        return bytes([_AS_FLOATS]) + _shuffled(values.astype("<f8"))
    return bytes([places]) + _shuffled(_deltas(np.rint(values * 10.0**places).astype("<i8")))


def _packed_integers(values: Array) -> bytes:
    return bytes([0]) + _shuffled(_deltas(values.astype("<i8")))


def _deltas(values: Array) -> Array:
    return np.diff(values, prepend=np.int64(0))


def _shuffled(values: Array) -> bytes:
    return values.view(np.uint8).reshape(-1, 8).T.tobytes()


def _unpacked(column: bytes) -> Array:
    raw = np.frombuffer(column, np.uint8, offset=1).reshape(8, -1).T.copy()
    if column[0] == _AS_FLOATS:
        return raw.view("<f8").reshape(-1)
    whole = np.cumsum(raw.view("<i8").reshape(-1))
    return whole if column[0] == 0 else whole / 10.0 ** column[0]
