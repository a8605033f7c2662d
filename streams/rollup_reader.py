"""Reads recorded readings back as points: the finest tier that reaches back far enough, never smoother than it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from streams import rollups
from streams.errors import BadRequest
from streams.ids import EntryId
from streams.rollup_models import ReadingBlock, RecordedSeries, RecordedStream
from streams.rollup_writer import digest_of
from streams.rollups import TIERS, Cells, Tier

Key = tuple[str, str]
MOST_POINTS = 5000
MOST_SERIES_READ = 200


@dataclass(frozen=True, slots=True)
class Span:
    """What is asked for: from (included) and to (excluded) in ms, in about so many points."""

    from_ms: int
    to_ms: int
    points: int

    def check(self) -> None:
        """Raises BadRequest for a span that is none."""
        if not 0 <= self.from_ms < self.to_ms:
            raise BadRequest("from must be before to, both in milliseconds", field="from")
        if not 1 <= self.points <= MOST_POINTS:
            raise BadRequest(f"points must be from 1 to {MOST_POINTS}", field="points")

    def tier(self, keep_ms: Sequence[int], now_ms: int) -> Tier:
        """The coarsest tier that still gives so many points, and reaches back far enough."""
        fitting = TIERS[0]
        for finer, tier in pairwise(TIERS):
            is_fine_enough = tier.resolution_ms * self.points <= self.to_ms - self.from_ms
            if is_fine_enough or self.from_ms < now_ms - keep_ms[TIERS.index(finer)]:
                fitting = tier
        return fitting

    def step_ms(self, tier: Tier) -> int:
        """How long a point is."""
        return rollups.step_for(self.to_ms - self.from_ms, self.points, tier.resolution_ms)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Cells by (sensor, field) of one tier's buckets, and up to when readings have been recorded (None: never)."""

    cells: Mapping[Key, list[Cells]] = field(default_factory=dict)
    until_ms: int | None = None
    gap: str = ""


def series_of(path: str, sensors: Collection[str], fields: Collection[str]) -> list[Key]:
    """The recorded series of these sensors (empty: all) and fields (empty: all), by name."""
    found = RecordedSeries.objects.filter(stream__path=path).order_by("pk")
    if sensors and fields:
        found = found.filter(digest__in=[digest_of(sensor, name) for sensor in sensors for name in fields])
    elif sensors:
        found = found.filter(sensor__in=_possible(sensors))
    elif fields:
        found = found.filter(field__in=_possible(fields))
    return sorted(found.values_list("sensor", "field")[: MOST_SERIES_READ + 1])


def _possible(names: Collection[str]) -> list[str]:
    """Names that can have been recorded: none has a NUL in it, and PostgreSQL refuses to be asked for one."""
    return [name for name in names if "\0" not in name]


def recorded_until(path: str) -> int | None:
    """The time of the newest entry of the log that was recorded; None when none ever was."""
    stream = RecordedStream.objects.filter(path=path).first()
    return (EntryId.parse(stream.position).ms or None) if stream else None


def read(path: str, wanted: Sequence[Key], span: Span, tier: Tier, until_ms: int) -> Recorded:
    """The buckets of these series that begin in the span and before `until_ms`."""
    stream = RecordedStream.objects.filter(path=path).first()
    if stream is None:
        return Recorded()
    pks = dict(stream.series.filter(digest__in=[digest_of(*key) for key in wanted]).values_list("pk", "digest"))
    by_digest = {digest_of(*key): key for key in wanted}
    found: dict[Key, list[Cells]] = defaultdict(list)
    end = min(span.to_ms, until_ms)
    for part, from_ms, to_ms in _parts(tier, span.from_ms, end, stream.rolled):
        blocks = ReadingBlock.objects.filter(
            series_id__in=pks, resolution_s=part.resolution_s, start_ms__gte=part.block_of(from_ms), start_ms__lt=to_ms
        )
        for pk, stored in blocks.values_list("series_id", "cells"):
            cells = rollups.unpack(bytes(stored)).between(from_ms - from_ms % part.resolution_ms, to_ms)
            found[by_digest[pks[pk]]].append(cells)
    return Recorded(found, EntryId.parse(stream.position).ms or None, stream.gap)


def _parts(tier: Tier, from_ms: int, end_ms: int, rolled: Mapping[str, int]) -> list[tuple[Tier, int, int]]:
    """Which tier holds which part of a span: each up to where it is rolled up, the finest the rest."""
    parts = []
    for candidate in reversed(TIERS[: TIERS.index(tier) + 1]):
        whole = end_ms - end_ms % candidate.resolution_ms  # a bucket that goes on past the end is not wanted
        until = end_ms if candidate is TIERS[0] else min(whole, rolled.get(str(candidate.resolution_s), 0))
        if from_ms < until:
            parts.append((candidate, from_ms, until))
            from_ms = until
    return parts
