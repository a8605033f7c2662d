"""Writes the history of health figures: blocks of seconds as they close, coarser ones made from what is stored."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from django.db.models import Min

from streams import history
from streams.history import TIERS, Tier, Value
from streams.history_models import HealthBlock, HealthSeries

Key = tuple[str, str]
Samples = list[tuple[int, dict[str, Value]]]
# While the database is away this much is held; then the oldest is dropped and counted.
MOST_HELD_BLOCKS = 12
# After a block of a finer tier ends, it may take so long until it is stored.
_SETTLED_AFTER_MS = 15_000
_ROWS_TOGETHER = 500
_SERIES_TOGETHER = 100
_DELETED_TOGETHER = 5000


def digest_of(stream: str, group: str) -> str:
    """The key of a series, from path segments, which never contain a slash."""
    return hashlib.sha256(f"{stream}/{group}".encode()).hexdigest()


class Recorder:
    """Takes figures as they come and writes them in blocks. Only what is not written yet is lost with the process.

    Two monitors that overlap for a moment write the same rows: all do it in one order, so that none waits for another
    that waits for it.
    """

    def __init__(self) -> None:
        self._open: dict[int, dict[Key, Samples]] = defaultdict(lambda: defaultdict(list))
        self._series: dict[Key, int] = {}
        self.dropped = 0

    def take(self, figures: Sequence[dict[str, Any]]) -> None:
        """Remember a look at all streams."""
        for plain in figures:
            if plain["stream"] is None:
                continue
            block = self._open[plain["t"] - plain["t"] % TIERS[0].block_ms]
            merged = {**plain["stream"], history.VERDICT: plain[history.VERDICT]}
            block[plain["path"], ""].append((plain["t"], history.sample(merged, history.STREAM_FIGURES)))
            for group in plain["groups"]:
                values = history.sample(group, history.GROUP_FIGURES)
                block[plain["path"], group["path"]].append((plain["t"], values))
        while len(self._open) > MOST_HELD_BLOCKS:
            self._open.pop(min(self._open))
            self.dropped += 1

    def write(self, now_ms: int) -> None:
        """Store blocks that are over, roll up what is due, delete what is too old. Raises django.db.DatabaseError."""
        for start in sorted(self._open):
            if start + TIERS[0].block_ms <= now_ms:
                self._store(start)
        for fine, coarse in pairwise(TIERS):
            _roll_up(fine, coarse, now_ms)
        for tier in TIERS:
            _prune(tier, now_ms)

    def close(self) -> None:
        """Store everything, also the block that is not over yet. Raises django.db.DatabaseError."""
        for start in sorted(self._open):
            self._store(start)

    def _store(self, start: int) -> None:
        block = self._open[start]
        self._learn(block.keys() - self._series.keys())
        rows = [
            HealthBlock(
                series_id=self._series[key],
                resolution_s=TIERS[0].resolution_s,
                start_ms=start,
                columns=history.pack(history.of_samples(samples)),
            )
            for key, samples in sorted(block.items())
        ]
        HealthBlock.objects.bulk_create(rows, batch_size=_ROWS_TOGETHER, ignore_conflicts=True)
        del self._open[start]

    def _learn(self, keys: set[Key]) -> None:
        """Find, or make, the rows of series that are new to this process."""
        by_digest = {digest_of(*key): key for key in sorted(keys)}
        made = [HealthSeries(digest=digest, stream=key[0], group=key[1]) for digest, key in by_digest.items()]
        HealthSeries.objects.bulk_create(made, batch_size=_ROWS_TOGETHER, ignore_conflicts=True)
        for some in _chunks(list(by_digest), _ROWS_TOGETHER):
            for digest, pk in HealthSeries.objects.filter(digest__in=some).values_list("digest", "pk"):
                self._series[by_digest[digest]] = pk


def _roll_up(fine: Tier, coarse: Tier, now_ms: int) -> None:
    """Make every coarse block that is over and not there yet; after a pause, all that were missed."""
    done = HealthBlock.objects.filter(resolution_s=coarse.resolution_s).order_by("-start_ms").first()
    start = done.start_ms + coarse.block_ms if done else 0
    while (start := _next_start(fine, coarse, start)) and start + coarse.block_ms + _SETTLED_AFTER_MS <= now_ms:
        _roll_up_block(fine, coarse, start)
        start += coarse.block_ms


def _next_start(fine: Tier, coarse: Tier, from_ms: int) -> int:
    """Where the first coarse block begins that has fine ones from a time on; 0 when there are none."""
    blocks = HealthBlock.objects.filter(resolution_s=fine.resolution_s, start_ms__gte=from_ms)
    first: int = blocks.aggregate(first=Min("start_ms"))["first"] or 0
    return first - first % coarse.block_ms


def _roll_up_block(fine: Tier, coarse: Tier, start: int) -> None:
    blocks = HealthBlock.objects.filter(
        resolution_s=fine.resolution_s, start_ms__gte=start, start_ms__lt=start + coarse.block_ms
    )
    series = sorted(blocks.values_list("series_id", flat=True).distinct())
    rows: list[HealthBlock] = []
    for some in _chunks(series, _SERIES_TOGETHER):
        parts: dict[int, list[history.Columns]] = defaultdict(list)
        for pk, stored in blocks.filter(series_id__in=some).order_by("start_ms").values_list("series_id", "columns"):
            parts[pk].append(history.unpack(bytes(stored)))
        for pk, found in sorted(parts.items()):
            columns = history.pack(history.rolled(history.joined(found), coarse.resolution_s * 1000))
            rows.append(HealthBlock(series_id=pk, resolution_s=coarse.resolution_s, start_ms=start, columns=columns))
    HealthBlock.objects.bulk_create(rows, batch_size=_ROWS_TOGETHER, ignore_conflicts=True)


def _prune(tier: Tier, now_ms: int) -> None:
    old = HealthBlock.objects.filter(resolution_s=tier.resolution_s, start_ms__lt=now_ms - tier.keep_s * 1000)
    some = sorted(old.values_list("pk", flat=True)[:_DELETED_TOGETHER])
    for chunk in _chunks(some, _ROWS_TOGETHER):
        HealthBlock.objects.filter(pk__in=chunk).delete()


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
