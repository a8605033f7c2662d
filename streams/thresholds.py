"""From when on a figure counts against a group: the settings of the verdicts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The window of samples that verdicts are judged by, and the bounds of each.

    A window is `samples` looks, `step_ms` apart. Growth and shrinking count beyond the dead bands in entries and, where
    IDs are times, in time too. `room_used` is the share of the stream that trimming has to itself no more.
    """

    samples: int = 15
    step_ms: int = 10_000
    lag_allowance: int = 0
    stuck_ms: int = 300_000
    dead_consumer_ms: int = 300_000
    growth_entries: int = 100
    growth_ms: int = 10_000
    room_ms: int = 60_000
    room_used: float = 0.7
    poison_deliveries: int = 3
    not_acking_deliveries: int = 3

    @property
    def span_ms(self) -> int:
        """The time a full window covers."""
        return (self.samples - 1) * self.step_ms
