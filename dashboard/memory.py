"""What one web process knows of a stream's readings, and the messages that say it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dashboard.latest import Latest
from dashboard.messages import Message, encode
from dashboard.totals import Totals, natural
from dashboard.window import Touched, Window
from streams.frames import Frame
from streams.ids import ZERO, EntryId

# So many sensors are sent unasked; of more, those that are asked for, and an overview of them all.
MOST_SENSORS = 100
MOST_SELECTED = 1000

# The sensors that somebody wants; None for all, up to MOST_SENSORS.
Selection = frozenset[str] | None


class Memory:
    """Everything up to `cursor`: the window of the last minutes, totals, and what is newest of every sensor."""

    def __init__(self) -> None:
        self.cursor = ZERO
        self.window, self.totals, self.latest = Window(), Totals(), Latest()
        self._usual: list[str] = []
        # What was committed before this lies beyond the window: it is counted, and not charted.
        self.charts_from_ms = 0
        # Nothing before this was read: there was more than there is time for.
        self.known_from_ms = 0

    def take(self, log_id: EntryId, frame: Frame) -> Touched:
        """Count one frame of the log; the cells of the window that changed."""
        self.cursor = log_id
        self.totals.merge(frame, log_id)
        self.latest.merge(frame)
        return self.window.merge(frame, log_id) if log_id.ms >= self.charts_from_ms else {}

    def gap(self, from_ms: int) -> str:
        """What is missing from a time on; empty when nothing is."""
        if max(0, from_ms) >= self.known_from_ms:
            return ""
        began = datetime.fromtimestamp(self.known_from_ms / 1000, UTC)
        return f"too many entries came to chart all without a worker: what came before {began:%H:%M} UTC was not read"

    def chosen(self, selection: Selection) -> list[str]:
        """The sensors behind a selection that are there, in natural order."""
        known = self.window.series
        if selection is not None:
            return sorted(selection & known.keys(), key=natural)[:MOST_SELECTED]
        if len(self._usual) < min(len(known), MOST_SENSORS):
            self._usual = sorted(known, key=natural)[:MOST_SENSORS]
        return self._usual

    def history(
        self, sensors: Sequence[str], since: EntryId | None, reached: EntryId, now_ms: int, **extra: Any
    ) -> Message:
        """The window's columns of these sensors, of what was written after `since` if given.

        Whoever has it, and all before, has everything up to `reached`.
        """
        oldest = now_ms - self.window.span_ms
        rows, counts = self.latest.rows, self.totals.counts
        return encode(
            "history",
            id=str(reached),
            since=str(since) if since else None,
            complete_from=max(oldest, self.known_from_ms),
            sensors={s: {"last_id": str(rows[s].last_id), "count": counts[s]} for s in sensors if s in rows},
            **self.window.columns(sensors, oldest, since),
            **extra,
        )

    def update(self, touched: Touched, selection: Selection, before: EntryId) -> Message | None:
        """What changed since `before`, None when none of it was selected.

        One bucket goes as a frame, several (as at the turn of a second) as columns.
        """
        chosen = set(self.chosen(None)) if selection is None else selection
        wanted = {start: found for start, sensors in touched.items() if (found := sensors & chosen)}
        if not wanted:
            return None
        if len(wanted) == 1:
            ((start, sensors),) = wanted.items()
            return encode("frame", id=str(self.cursor), t=start, readings=self.window.cells(start, sensors))
        everyone = sorted(set[str]().union(*wanted.values()), key=natural)
        columns = self.window.columns(everyone, min(wanted), before)
        return encode("history", id=str(self.cursor), since=str(before), sensors={}, **columns)

    def described(self, most: int) -> list[dict[str, Any]]:
        """The first sensors as plain values: newest entry, readings, newest value of each field."""
        return self.latest.described(self.totals.counts, most)
