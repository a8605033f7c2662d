"""What the monitor said of one stream over the last minutes, as its sockets get it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from dashboard.messages import Message, encode
from streams.ids import ZERO, EntryId

HEALTH_SAMPLES = 900


@dataclass
class Health:
    """The newest figures of a stream and a short history of the ones that are drawn."""

    newest: dict[str, Any] | None = None
    newest_id: EntryId = ZERO
    samples: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=HEALTH_SAMPLES))
    _history: Message | None = None

    def take(self, entry_id: EntryId, figures: dict[str, Any]) -> Message:
        """Remember figures; the message that carries them."""
        self._history = None
        self.newest, self.newest_id = figures, entry_id
        groups = {g["name"]: {"lag": g["lag"], "pending": g["pending"]} for g in figures["groups"]}
        length = figures["stream"] and figures["stream"]["length"]
        self.samples.append({"t": figures["t"], "length": length, "groups": groups})
        return self.message()

    def message(self) -> Message:
        """The newest figures as a metrics message."""
        return encode("metrics", id=str(self.newest_id), **(self.newest or {}))

    def history(self) -> Message:
        """Lag and pending of each group over the samples kept, on one time grid; made once between two looks."""
        if self._history is None:
            self._history = self._drawn()
        return self._history

    def _drawn(self) -> Message:
        found = sorted({name for sample in self.samples for name in sample["groups"]})
        groups = {
            name: {
                figure: [s["groups"].get(name, {}).get(figure) for s in self.samples] for figure in ("lag", "pending")
            }
            for name in found
        }
        times, lengths = [s["t"] for s in self.samples], [s["length"] for s in self.samples]
        return encode("metrics_history", id=str(self.newest_id), t=times, length=lengths, groups=groups)
