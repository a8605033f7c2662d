"""Health figures over time: columns of buckets, rolled up from fine to coarse without losing a spike. Pure."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from streams.overview import rank
from streams.verdicts import ORDER

Value = float | int | None
GROUP_FIGURES = ("lag", "pending", "behind_ms", "oldest_pending_ms", "delivered_per_s", "acked_per_s")
STREAM_FIGURES = ("length", "in_per_s")
# A bucket's verdict is the worst in it; kept as its rank, so that the least is the worst.
VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Tier:
    """Buckets of one length, stored in blocks, kept for so long."""

    resolution_s: int
    block_s: int
    keep_s: int

    @property
    def block_ms(self) -> int:
        """The time one block covers."""
        return self.block_s * 1000


# Fine to coarse; the finest is kept a little longer than it is shown, because the next is made from it.
TIERS = (Tier(1, 10, 3600 + 900), Tier(10, 600, 86_400 + 3600), Tier(60, 3600, 30 * 86_400))


@dataclass(slots=True)
class Series:
    """One figure: the least, the most and the last of each bucket."""

    least: list[Value] = field(default_factory=list)
    most: list[Value] = field(default_factory=list)
    last: list[Value] = field(default_factory=list)

    def add(self, least: Value, most: Value, last: Value) -> None:
        """One more bucket."""
        self.least.append(least)
        self.most.append(most)
        self.last.append(last)


@dataclass(slots=True)
class Columns:
    """Buckets in order of time: their starts in ms, and each figure."""

    t: list[int] = field(default_factory=list)
    figures: dict[str, Series] = field(default_factory=dict)


def sample(plain: Mapping[str, Any], figures: Sequence[str]) -> dict[str, Value]:
    """The figures of a described stream or group that are kept, and its verdict."""
    return {**{name: plain[name] for name in figures}, VERDICT: rank(plain[VERDICT])}


def of_samples(samples: Iterable[tuple[int, Mapping[str, Value]]], resolution_ms: int = 1000) -> Columns:
    """Columns of samples (ms, figures) in order of time; those of one bucket are folded together."""
    columns = Columns()
    for t, values in samples:
        columns.t.append(t)
        for name, value in values.items():
            columns.figures.setdefault(name, Series()).add(value, value, value)
    return rolled(columns, resolution_ms)


def rolled(columns: Columns, resolution_ms: int) -> Columns:
    """The same in coarser buckets; each keeps the least, the most and the last known value."""
    coarse = Columns()
    starts = [t - t % resolution_ms for t in columns.t]
    edges = [0, *(n + 1 for n, (a, b) in enumerate(pairwise(starts)) if a != b), len(starts)]
    coarse.t = [starts[edge] for edge in edges[:-1]] if starts else []
    for name, series in columns.figures.items():
        found = coarse.figures[name] = Series()
        for first, end in pairwise(edges) if starts else ():
            found.add(
                min(_known(series.least[first:end]), default=None),
                max(_known(series.most[first:end]), default=None),
                next(reversed(_known(series.last[first:end])), None),
            )
    return coarse


def joined(parts: Iterable[Columns]) -> Columns:
    """Columns one after the other in time; a figure that one of them lacks is unknown there."""
    whole = Columns()
    for part in parts:
        before = len(whole.t)
        whole.t += part.t
        for name in whole.figures.keys() | part.figures.keys():
            series = whole.figures.setdefault(name, _blank(before))
            more = part.figures.get(name) or _blank(len(part.t))
            series.least += more.least
            series.most += more.most
            series.last += more.last
    return whole


def between(columns: Columns, from_ms: int, to_ms: int) -> Columns:
    """Only the buckets that start in a span."""
    kept = [n for n, t in enumerate(columns.t) if from_ms <= t < to_ms]
    return _picked(columns, kept)


def with_gaps(columns: Columns, bucket_ms: int) -> Columns:
    """An unknown bucket between neighbours more than three buckets apart: nobody was looking there."""
    parts, first = [], 0
    for n, (earlier, later) in enumerate(pairwise(columns.t), 1):
        if later - earlier > 3 * bucket_ms:
            gap = Columns([earlier + bucket_ms], {name: _blank(1) for name in columns.figures})
            parts += [_picked(columns, range(first, n)), gap]
            first = n
    return joined([*parts, _picked(columns, range(first, len(columns.t)))]) if parts else columns


def pack(columns: Columns) -> bytes:
    """The stored form: compressed JSON; what is the same in least, most and last stands there once."""
    plain: dict[str, Any] = {"t": [columns.t[0], *(b - a for a, b in pairwise(columns.t))] if columns.t else []}
    for name, series in columns.figures.items():
        if any(value is not None for value in series.last):
            same = series.least == series.most == series.last
            plain[name] = [series.last] if same else [series.least, series.most, series.last]
    return zlib.compress(json.dumps(plain, separators=(",", ":")).encode(), 6)


def unpack(stored: bytes) -> Columns:
    """The columns behind their stored form. Raises ValueError."""
    try:
        plain = json.loads(zlib.decompress(stored))
    except zlib.error as error:
        raise ValueError(str(error)) from error
    t, at = [], 0
    for delta in plain.pop("t"):
        at += delta
        t.append(at)
    figures = {
        name: Series(list(parts[0]), list(parts[-2 % len(parts)]), list(parts[-1])) for name, parts in plain.items()
    }
    return Columns(t, figures)


def to_plain(columns: Columns) -> dict[str, Any]:
    """Columns for JSON: {"t": [ms], "figures": {name: {"min", "max", "last"}}, "verdict": [name or None]}."""
    worst = columns.figures.get(VERDICT, _blank(len(columns.t)))
    return {
        "t": columns.t,
        "figures": {
            name: {"min": series.least, "max": series.most, "last": series.last}
            for name, series in columns.figures.items()
            if name != VERDICT
        },
        "verdict": [None if value is None else str(ORDER[int(value)]) for value in worst.least],
    }


def _known(values: Sequence[Value]) -> list[float | int]:
    return [value for value in values if value is not None]


def _blank(length: int) -> Series:
    return Series([None] * length, [None] * length, [None] * length)


def _picked(columns: Columns, places: Iterable[int]) -> Columns:
    wanted = list(places)
    figures = {
        name: Series(*([values[n] for n in wanted] for values in (series.least, series.most, series.last)))
        for name, series in columns.figures.items()
    }
    return Columns([columns.t[n] for n in wanted], figures)
