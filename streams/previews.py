"""What an operation on a group would do, counted before it is done. Only looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streams import looking, names
from streams.errors import BadRequest, NoSuchGroup
from streams.gateway import looks, pels
from streams.ids import ZERO, EntryId
from streams.parsing import Retain
from streams.positions import NOW, parse_start
from streams.snapshot import Consumer, ConsumerGroup, Snapshot, Stream
from streams.wording import are, entries

# A consumer that read, or was given what others had, within this time counts as active; the server keeps no more of it,
# and all count as active for a while after it was started.
ACTIVE_MS = 60_000
# So many entries are counted one by one, a fraction of a second; beyond, the count says "at least".
MOST_COUNTED = 100_000
# To find the entry that a length begins with, so many are walked, a second or two.
MOST_WALKED = 2_000_000
_PENDING_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Count:
    """How many entries; when counting was cut short there are more."""

    entries: int
    is_exact: bool = True

    def __str__(self) -> str:
        return f"{self.entries:,}" if self.is_exact else f"at least {self.entries:,}"

    def of(self, kind: str = "") -> str:
        """The same with its noun, of a kind such as `pending`."""
        return ("" if self.is_exact else "at least ") + entries(self.entries, kind)

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"entries": self.entries, "exact": self.is_exact}


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What moving a group means: `again` entries are delivered again, or `skipped` never.

    `lag` is what the group has before it afterwards; `entries_read` what to tell the server so that it knows that too
    (None: unknown). `pending` entries stay pending, `active` consumers read or got something within ACTIVE_MS.
    """

    before: EntryId
    after: EntryId
    again: Count
    skipped: Count
    lag: Count
    entries_read: int | None
    pending: int
    active: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What it means, in words."""
        if self.after == self.before:
            return "the position stays where it is"
        if self.after < self.before:
            return f"{self.again.of()} {are(self.again.entries)} delivered again"
        return f"{self.skipped.of()} {are(self.skipped.entries)} skipped"

    def as_plain(self) -> dict[str, Any]:
        """For JSON; counts as {"entries", "exact"}."""
        counts = {name: getattr(self, name).as_plain() for name in ("again", "skipped", "lag")}
        ids = {"before": str(self.before), "after": str(self.after)}
        return {**ids, **counts, "pending": self.pending, "active": list(self.active)}


def move(stream: bytes, group: bytes, start: str) -> MovePreview:
    """The preview of `operations.move_group`. Raises BadRequest, NoSuchStream, NoSuchGroup or WrongType."""
    snapshot = looking.snapshot(stream)
    found, state = _group_in(snapshot, group), _stream_in(snapshot)
    after, before = _resolved(start, state), found.last_delivered
    nothing = Count(0)
    lag = _after(stream, after, state)
    known = lag.is_exact and state.entries_added is not None
    return MovePreview(
        before=before,
        after=after,
        again=_between(stream, after, before) if after < before else nothing,
        skipped=_between(stream, before, after) if after > before else nothing,
        lag=lag,
        entries_read=max(0, (state.entries_added or 0) - lag.entries) if known else None,
        pending=found.pending,
        active=tuple(active_consumers(found)),
    )


@dataclass(frozen=True, slots=True)
class Loss:
    """What a group would lose: entries it was not given yet, and entries it has not acknowledged."""

    group: str
    unread: Count
    pending: Count

    def __str__(self) -> str:
        return f"{self.group} would lose {self.unread} unread and {self.pending.of('pending')}"


@dataclass(frozen=True, slots=True)
class TrimPreview:
    """What trimming means: everything before `bound` goes, `removed` entries; and what groups lose by it."""

    bound: EntryId
    removed: Count
    length: int
    losses: tuple[Loss, ...]

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        losses = [
            {"group": loss.group, "unread": loss.unread.as_plain(), "pending": loss.pending.as_plain()}
            for loss in self.losses
        ]
        return {"bound": str(self.bound), "removed": self.removed.as_plain(), "length": self.length, "losses": losses}


def trim(stream: bytes, keep: Retain) -> TrimPreview:
    """The preview of `operations.trim`. Raises BadRequest, NoSuchStream or WrongType."""
    snapshot = looking.snapshot(stream)
    state = _stream_in(snapshot)
    bound = _bound(stream, state, keep, snapshot.taken_at)
    last = bound.previous()
    removed = _between(stream, ZERO, last) if state.first_id is not None and state.first_id <= last else Count(0)
    losses = [_loss(stream, group, last) for group in snapshot.groups] if removed.entries else []
    lost = tuple(loss for loss in losses if loss.unread.entries or loss.pending.entries)
    return TrimPreview(bound, removed, state.length, lost)


def _bound(stream: bytes, state: Stream, keep: Retain, now_ms: int) -> EntryId:
    if keep.age_ms is not None:
        return EntryId(max(0, now_ms - keep.age_ms), 0)
    beyond = state.length - (keep.entries or 0)
    if beyond > MOST_WALKED:
        text = f"{beyond:,} entries are more than are walked in one go: keep an age instead, or trim in steps."
        raise BadRequest(text, field="keep")
    found = looks.id_at(looking.client(), stream, beyond) if beyond > 0 else state.first_id
    return found or ZERO


def _loss(stream: bytes, group: ConsumerGroup, last: EntryId) -> Loss:
    unread = _between(stream, group.last_delivered, last) if group.last_delivered < last else Count(0)
    pending = Count(0)
    if group.oldest_pending is not None and group.oldest_pending <= last:
        rows = pels.xpending_range(looking.client(), stream, group.name, None, _PENDING_COUNTED, upto=last)
        pending = Count(len(rows), len(rows) < _PENDING_COUNTED)
    return Loss(names.shown(group.name), unread, pending)


def entries_read_at(stream: bytes, position: EntryId) -> int | None:
    """How many entries a group has read that stands there; None where that cannot be known. Raises as `move` does."""
    state = _stream_in(looking.snapshot(stream))
    lag = _after(stream, position, state)
    if state.entries_added is None or not lag.is_exact:
        return None
    return max(0, state.entries_added - lag.entries)


def group_of(stream: bytes, group: bytes) -> ConsumerGroup:
    """The group as it is now. Raises NoSuchStream, NoSuchGroup or WrongType."""
    return _group_in(looking.snapshot(stream), group)


def active_consumers(group: ConsumerGroup) -> list[str]:
    """Names of the consumers that asked for entries within the last minute."""
    reading = [found.name for found in group.consumers if found.idle_ms < ACTIVE_MS and found.name != names.NOBODY]
    return [names.shown(name) for name in reading]


def dead_consumers(group: ConsumerGroup, for_ms: int) -> list[Consumer]:
    """Consumers that own nothing and did nothing for so long that nobody will miss them."""
    return [consumer for consumer in group.consumers if not consumer.pending and _quiet_ms(consumer) > for_ms]


def _quiet_ms(consumer: Consumer) -> int:
    return consumer.idle_ms if consumer.inactive_ms is None else min(consumer.idle_ms, consumer.inactive_ms)


def _group_in(snapshot: Snapshot, group: bytes) -> ConsumerGroup:
    found = snapshot.group(group)
    if found is None:
        raise NoSuchGroup(f"Stream {names.shown(snapshot.name)!r} has no consumer group {names.shown(group)!r}.")
    return found


def _stream_in(snapshot: Snapshot) -> Stream:
    assert snapshot.stream is not None  # noqa: S101 - `looking.snapshot` raises for a stream that is not there
    return snapshot.stream


def _resolved(start: str, stream: Stream) -> EntryId:
    """The ID behind a start; the end of the stream as the ID it has now, so that what comes meanwhile is delivered."""
    try:
        position = parse_start(start)
    except ValueError as error:
        raise BadRequest(str(error), field="start") from None
    if position == NOW:
        return stream.last_id
    found = EntryId.parse(position)
    if found > stream.last_id:
        text = f"{found} lies beyond the newest entry, {stream.last_id}: what comes until then is never delivered."
        raise BadRequest(text, field="start")
    return found


def _after(stream: bytes, position: EntryId, state: Stream) -> Count:
    """How many entries lie after a position, counted from the nearer end that can be counted."""
    if position >= state.last_id:
        return Count(0)
    if state.first_id is not None and position < state.first_id:
        return Count(state.length)
    behind = looks.count_between(looking.client(), stream, position, None, MOST_COUNTED)
    if behind < MOST_COUNTED:
        return Count(behind)
    ahead = looks.count_between(looking.client(), stream, ZERO, position, MOST_COUNTED)
    return Count(state.length - ahead) if ahead < MOST_COUNTED else Count(MOST_COUNTED, is_exact=False)


def _between(stream: bytes, after: EntryId, to: EntryId) -> Count:
    counted = looks.count_between(looking.client(), stream, after, to, MOST_COUNTED)
    return Count(counted, counted < MOST_COUNTED)
