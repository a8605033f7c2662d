"""How many pending entries were idle for how long and delivered how often: a table of counts, read in several ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from streams.durations import spoken, written
from streams.snapshot import PendingFilter

_IDLE_MS = (-1, 1000, 10_000, 60_000, 600_000, 3_600_000, 86_400_000)
_DELIVERIES = (0, 2, 3, 5, 10, 100)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram; `filter` is the text that a filter takes to begin here."""

    label: str
    filter: str
    count: int


def edges(wanted: PendingFilter) -> tuple[list[int], list[int]]:
    """Where the bars of idle time and of deliveries begin; a filter's own bounds are among them."""
    idles = sorted({*_IDLE_MS, *([wanted.min_idle_ms] if wanted.min_idle_ms else [])})
    return idles, sorted({*_DELIVERIES, *([wanted.min_deliveries] if wanted.min_deliveries > 1 else [])})


@dataclass
class Tally:
    """Counts by idle time (rows) and deliveries (columns) of what the rest of the filter wants.

    `looked_at` entries were looked at; where that were not all, every count is a lower bound.
    """

    wanted: PendingFilter
    is_complete: bool = False
    looked_at: int = 0
    counts: list[list[int]] = field(default_factory=list)

    def add(self, looked_at: int, counts: Sequence[Sequence[int]]) -> None:
        """Add what one step counted."""
        self.looked_at += looked_at
        if not self.counts:
            self.counts = [list(row) for row in counts]
            return
        for row, more in zip(self.counts, counts, strict=True):
            row[:] = [a + b for a, b in zip(row, more, strict=True)]

    @property
    def matched(self) -> int:
        """How many of those looked at pass the whole filter."""
        return sum(count for i, j, count in self._cells() if self._idle_passes(i) and self._deliveries_pass(j))

    @property
    def matched_text(self) -> str:
        """The same in words."""
        return f"{self.matched:,}" if self.is_complete else f"at least {self.matched:,}"

    def idle_bars(self) -> list[Bar]:
        """By idle time, of those that pass the bound on deliveries."""
        begins = edges(self.wanted)[0]
        sums = [0] * len(begins)
        for i, j, count in self._cells():
            sums[i] += count if self._deliveries_pass(j) else 0
        return [
            Bar(_idle_label(begins, i), written(begin) if begin > 0 else "", sums[i]) for i, begin in enumerate(begins)
        ]

    def delivery_bars(self) -> list[Bar]:
        """By deliveries, of those that pass the bound on idle time."""
        begins = edges(self.wanted)[1]
        sums = [0] * len(begins)
        for i, j, count in self._cells():
            sums[j] += count if self._idle_passes(i) else 0
        return [Bar(_delivery_label(begins, j), str(begin) if begin else "", sums[j]) for j, begin in enumerate(begins)]

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        bars = {"idle": self.idle_bars(), "deliveries": self.delivery_bars()}
        plain = {
            name: [{"label": bar.label, "filter": bar.filter, "count": bar.count} for bar in of]
            for name, of in bars.items()
        }
        return {"matched": self.matched, "complete": self.is_complete, "looked_at": self.looked_at, **plain}

    def _cells(self) -> list[tuple[int, int, int]]:
        return [(i, j, count) for i, row in enumerate(self.counts) for j, count in enumerate(row)]

    def _idle_passes(self, i: int) -> bool:
        return not self.wanted.min_idle_ms or edges(self.wanted)[0][i] >= self.wanted.min_idle_ms

    def _deliveries_pass(self, j: int) -> bool:
        return self.wanted.min_deliveries < 2 or edges(self.wanted)[1][j] >= self.wanted.min_deliveries


def _idle_label(begins: Sequence[int], i: int) -> str:
    if i == 0:
        return f"under {spoken(begins[1])}"
    if i == len(begins) - 1:
        return f"{spoken(begins[i])} or more"
    return f"{spoken(begins[i])} – {spoken(begins[i + 1])}"


def _delivery_label(begins: Sequence[int], j: int) -> str:
    if j == len(begins) - 1:
        return f"{begins[j]} or more"
    first, last = max(begins[j], 1), begins[j + 1] - 1
    return str(last) if last <= first else f"{first} – {last}"
