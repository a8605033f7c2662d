"""What the server said about a stream at one moment: frozen values, unknown as None."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from streams.ids import EntryId


class Quality(StrEnum):
    """How far a lag can be trusted."""

    EXACT = "exact"
    AT_MOST = "at most"
    AT_LEAST = "at least"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lag:
    """Entries not yet delivered to a group; `entries` is None exactly when the quality is UNKNOWN.

    `reason` is empty exactly when the quality is EXACT; it goes on after "at most 5: ".
    """

    entries: int | None
    quality: Quality
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """XINFO STREAM without its entries; `entries_added` is None on servers older than 7.0."""

    length: int
    first_id: EntryId | None
    last_id: EntryId
    entries_added: int | None


@dataclass(frozen=True, slots=True)
class Consumer:
    """A named reader of a group.

    `idle_ms` is the time since its last attempt to read; `inactive_ms` the time since it last got something: None when
    the server does not say (before 7.2), and None with `never_active` when it never got anything.
    """

    name: bytes
    pending: int
    idle_ms: int
    inactive_ms: int | None
    never_active: bool = False


@dataclass(frozen=True, slots=True)
class ConsumerGroup:
    """A consumer group with its consumers; `oldest_pending` is the smallest ID in its PEL.

    `deliveries` is the most often delivered of its oldest pending entries, None when nobody looked.
    """

    name: bytes
    last_delivered: EntryId
    entries_read: int | None
    pending: int
    oldest_pending: EntryId | None
    first_unread: EntryId | None
    lag: Lag
    consumers: tuple[Consumer, ...]
    deliveries: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A stream and its groups at `taken_at` (server clock, ms); `stream` is None when there is no such stream.

    `problem` is a sentence when the key cannot be looked at, such as one that holds another type. `dead_letters` is how
    many lie beside the stream, None when the server does not say.
    """

    name: bytes
    taken_at: int
    stream: Stream | None
    groups: tuple[ConsumerGroup, ...] = ()
    problem: str = ""
    dead_letters: int | None = None

    def group(self, name: bytes) -> ConsumerGroup | None:
        """The group of that name, if there."""
        return next((group for group in self.groups if group.name == name), None)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry with its flat field-value list."""

    entry_id: EntryId
    pairs: tuple[bytes, ...]

    def fields(self) -> list[tuple[bytes, bytes]]:
        """Field-value pairs in the order they were added; a field may repeat."""
        return list(zip(self.pairs[::2], self.pairs[1::2], strict=False))


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """One row of a PEL; `entry` is None when the entry itself was trimmed or deleted (or not asked for)."""

    entry_id: EntryId
    consumer: bytes
    idle_ms: int
    deliveries: int
    entry: Entry | None = None


class Deliveries(StrEnum):
    """What a claim does to an entry's count of deliveries."""

    COUNT = "count"
    KEEP = "keep"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Seen:
    """A pending entry, and how long it was idle when somebody looked (0: whatever it is)."""

    entry_id: EntryId
    idle_ms: int


@dataclass(frozen=True, slots=True)
class PendingFilter:
    """Which pending entries are wanted; an empty filter wants all.

    `upto` is the largest ID wanted (an age, counted from now), `having` a field and the value it must have.
    """

    consumer: bytes | None = None
    min_idle_ms: int = 0
    min_deliveries: int = 0
    upto: EntryId | None = None
    having: tuple[bytes, bytes] | None = None

    def wants(self, row: PendingEntry) -> bool:
        """Whether the row passes by its idle time and deliveries; the rest is for who looks it up."""
        idle_enough = not self.min_idle_ms or row.idle_ms >= self.min_idle_ms  # -1: given back, nobody has it
        return idle_enough and row.deliveries >= self.min_deliveries

    @property
    def is_empty(self) -> bool:
        """Whether everything passes."""
        return self == PendingFilter()


@dataclass(frozen=True, slots=True)
class PendingPage:
    """Some pending entries in ID order.

    `total` counts the PEL that was walked (the group's, or the consumer's), `scanned` the rows looked at for this page,
    `next_after` the ID to go on after, None at the end. When the walk was cut by its budget, a page may be short
    and still have a `next_after`.
    """

    rows: tuple[PendingEntry, ...]
    total: int
    scanned: int
    next_after: EntryId | None


_UNCONFIRMED = "not confirmed by counting, which goes only so far; entries that were trimmed or deleted may be in it"
_UNSAID = "counting goes only so far, and the server does not say how many there are"
_WRONG = "counting goes only so far, and the server's own figure is less than what was counted"


def judge_lag(
    *, server: int | None, length: int, delivered: EntryId, last: EntryId, counted: int, counted_all: bool
) -> Lag:
    """The lag of a group and how far to trust it.

    `server` is XINFO GROUPS' lag, `counted` a bounded XRANGE count after the last-delivered ID, `counted_all` whether
    that count reached the end. Servers before Redis 8.10 err upwards after trimming, so their figure is an upper bound
    until a count confirms it (https://redis.io/docs/latest/commands/xinfo-groups/).
    """
    if delivered >= last:
        return Lag(0, Quality.EXACT)
    if counted_all:
        return Lag(counted, Quality.EXACT)
    if server is not None and counted <= server:
        return Lag(min(server, length), Quality.AT_MOST, _UNCONFIRMED)
    if counted:
        return Lag(counted, Quality.AT_LEAST, _UNSAID if server is None else _WRONG)
    return Lag(None, Quality.UNKNOWN, "the server does not say, and counting was not possible")


@dataclass(frozen=True, slots=True)
class Unread:
    """The first entry after a group's position, and how many there are: counted so far, and whether that is all."""

    first: EntryId
    counted: int
    counted_all: bool


def still_unread(before: Snapshot, name: bytes, now: Stream, delivered: EntryId) -> Unread | None:
    """What an earlier snapshot says of a group's unread entries now; None when it must be asked for.

    While the first entry is the same and as many entries are missing from all that were ever added, entries were only
    added: then what a group that did not move has not read is the same, and what was added.
    """
    group, then = before.group(name), before.stream
    if group is None or then is None or then.entries_added is None or now.entries_added is None:
        return None
    if group.first_unread is None or group.last_delivered != delivered or then.first_id != now.first_id:
        return None
    added = now.entries_added - then.entries_added
    if added < 0 or now.length - then.length != added or now.last_id < then.last_id:
        return None
    if group.lag.entries is None or group.lag.quality is Quality.AT_MOST:
        return Unread(group.first_unread, 1, counted_all=False)
    return Unread(group.first_unread, group.lag.entries + added, group.lag.quality is Quality.EXACT)
