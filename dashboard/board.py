"""What the monitor last said of every stream and of itself, as this process knows it from the health log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams import looking
from streams.durations import spoken
from streams.ids import ZERO, EntryId

Plain = dict[str, Any]
# Older figures are never shown as now; every page says then how old they are, within ten seconds with what its own
# asking takes. A monitor that watches so much that it looks less often is late after two looks that did not come.
LATE_MS = 5_000
_LATE_LOOKS = 2


class Board:
    """Takes the health log's entries. `now_ms` is the server's clock throughout."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """The log began anew: nothing is known."""
        self._figures: dict[bytes, tuple[bytes, Plain]] = {}
        self._own: Plain | None = None
        self.newest_id: EntryId = ZERO

    def take(self, entry: looking.LogEntry) -> tuple[bytes, Plain] | None:
        """Remember an entry; the stream and its figures, None when it was about the program itself.

        Raises ValueError or KeyError for what is no entry of this program's.
        """
        stream, cycle = entry.fields[b"s"], entry.fields.get(b"c", b"")
        plain = looking.decode_health(entry.fields[b"m"])
        self.newest_id = entry.entry_id
        if stream != looking.OWN:
            self._figures[stream] = (cycle, plain)
            return stream, plain
        self._own = plain
        # What the last look did not see any more is gone.
        self._figures = {name: found for name, found in self._figures.items() if found[0] == cycle}
        return None

    def age_ms(self, now_ms: int) -> int | None:
        """How old the newest figures are; None before the first."""
        return max(0, now_ms - self.newest_id.ms) if self.newest_id > ZERO else None

    def is_late(self, now_ms: int) -> bool:
        """Whether figures are too old, or missing, to be shown as now."""
        age = self.age_ms(now_ms)
        return age is None or age > self._late_ms()

    def _late_ms(self) -> int:
        every: int = (self._own or {}).get("monitor", {}).get("interval_ms", 0)
        return max(LATE_MS, _LATE_LOOKS * every + 1000)

    def figures(self, stream: bytes) -> Plain | None:
        """The newest figures of a stream, however old."""
        found = self._figures.get(stream)
        return found[1] if found else None

    def all_figures(self) -> Sequence[Plain]:
        """The newest figures of all streams, however old, by name."""
        return [plain for _, (_, plain) in sorted(self._figures.items())]

    def own(self) -> Plain | None:
        """What the program last said of itself."""
        return self._own

    def sentence(self, now_ms: int) -> str:
        """What to say of a monitor that is not heard; empty while it is."""
        age = self.age_ms(now_ms)
        if age is None:
            return "The monitor was never heard here: there are no verdicts. Start manage.py monitor."
        if not self.is_late(now_ms):
            return ""
        ago = spoken(age // 1000 * 1000)
        return f"The monitor was last heard {ago} ago: all below is from then. Is manage.py monitor running?"
