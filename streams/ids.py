"""Entry IDs: `<milliseconds>-<sequence>`, ordered as two integers and never as text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

_PATTERN = re.compile(r"(\d{1,20})(?:-(\d{1,20}))?", re.ASCII)
_PART_MAX = 2**64 - 1
# Outside these, an ID was chosen by its producer and says nothing about time.
_PLAUSIBLE_FROM_MS = 946_684_800_000  # 2000-01-01
_PLAUSIBLE_AHEAD_MS = 86_400_000


class EntryId(NamedTuple):
    """An entry ID; compares like the server does (https://redis.io/docs/latest/develop/data-types/streams/)."""

    ms: int
    seq: int

    def __str__(self) -> str:
        return f"{self.ms}-{self.seq}"

    @classmethod
    def parse(cls, text: str | bytes) -> EntryId:
        """Read `ms-seq` or `ms` (sequence 0). Raises ValueError for anything else, or parts beyond 64 bits."""
        if isinstance(text, bytes):
            text = text.decode("ascii", "replace")
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not an entry ID: expected milliseconds-sequence, such as 1700000000000-0")
        entry_id = cls(int(match[1]), int(match[2] or 0))
        if max(entry_id) > _PART_MAX:
            raise ValueError(f"{text!r} is not an entry ID: a part is larger than 64 bits")
        return entry_id

    @classmethod
    def from_reply(cls, reply: bytes) -> EntryId:
        """Read an ID the server sent: trusted, so unchecked, because this runs once per entry."""
        ms, _, seq = reply.partition(b"-")
        return cls(int(ms), int(seq))

    @classmethod
    def at(cls, moment: datetime) -> EntryId:
        """The smallest ID an entry of that moment can have; `moment` must be aware."""
        return cls(int(moment.timestamp() * 1000), 0)

    def next(self) -> EntryId:
        """The smallest ID after this one; the largest ID has no successor and stays itself."""
        if self.seq < _PART_MAX:
            return EntryId(self.ms, self.seq + 1)
        return EntryId(self.ms + 1, 0) if self.ms < _PART_MAX else self

    def previous(self) -> EntryId:
        """The largest ID before this one; the smallest ID has none and stays itself."""
        if self.seq:
            return EntryId(self.ms, self.seq - 1)
        return EntryId(self.ms - 1, _PART_MAX) if self.ms else self

    def is_time(self, now_ms: int) -> bool:
        """Whether the milliseconds can be a clock reading at all, judged from `now_ms`."""
        return _PLAUSIBLE_FROM_MS <= self.ms <= now_ms + _PLAUSIBLE_AHEAD_MS

    def age_ms(self, now_ms: int) -> int | None:
        """How long before `now_ms` the entry was added, at least 0; None when the ID is not a time."""
        return max(0, now_ms - self.ms) if self.is_time(now_ms) else None

    def moment(self) -> datetime | None:
        """The UTC time in the ID, or None when no calendar holds it."""
        try:
            return datetime.fromtimestamp(self.ms / 1000, UTC)
        except (OverflowError, OSError, ValueError):
            return None


ZERO = EntryId(0, 0)
LARGEST = EntryId(_PART_MAX, _PART_MAX)
