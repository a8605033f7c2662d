"""Rates, ages and forecasts from looks at a group. Pure: every time is an argument or inside a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.ids import EntryId
from streams.snapshot import Consumer, ConsumerGroup, Quality, Snapshot, Stream
from streams.windows import GroupWindow, Look


@dataclass(frozen=True, slots=True)
class Room:
    """How far trimming is from the first entry that is unread or pending.

    `used` is the share of the stream that trimming has behind it no more, from 0 to 1. Where there is no number, the
    reason says why, and `at_risk` is False when that is no danger; unknown is None.
    """

    entries: int | None = None
    ms: int | None = None
    used: float | None = None
    reason: str | None = None
    at_risk: bool | None = None


def behind_ms(group: ConsumerGroup, now_ms: int) -> int | None:
    """Age of the first entry the group has not been given; 0 when it has all, None when IDs are not times."""
    if group.first_unread is None:
        return 0 if group.lag.entries == 0 else None
    return group.first_unread.age_ms(now_ms)


def in_per_s(looks: Sequence[Snapshot]) -> float | None:
    """Entries added per second from the first to the last snapshot; None when the server does not count them."""
    first, last = looks[0].stream, looks[-1].stream
    if first is None or last is None:
        return None
    return _rate(first.entries_added, last.entries_added, looks[-1].taken_at - looks[0].taken_at)


def trimmed_per_s(looks: Sequence[Snapshot]) -> float | None:
    """Entries that left the stream per second: those added that its length did not grow by."""
    first, last = looks[0].stream, looks[-1].stream
    if first is None or last is None:
        return None
    return _trimmed(first, last, looks[-1].taken_at - looks[0].taken_at)


def delivered(earlier: Look, later: Look) -> int | None:
    """Entries delivered between two looks; None when neither the position nor a count can tell.

    Where the server does not count what was read (before 7.0), it is the growth of the stream less that of the lag:
    true while both lags were counted to the end and the stream still begins with the same entry.
    """
    before, after = earlier.group, later.group
    if before.last_delivered == after.last_delivered:
        return 0
    if before.entries_read is not None and after.entries_read is not None:
        return after.entries_read - before.entries_read if after.entries_read >= before.entries_read else None
    if after.last_delivered < before.last_delivered or earlier.stream.first_id != later.stream.first_id:
        return None
    if before.lag.quality is not Quality.EXACT or after.lag.quality is not Quality.EXACT:
        return None
    grown = later.stream.length - earlier.stream.length - (after.lag.entries or 0) + (before.lag.entries or 0)
    return grown if grown >= 0 else None


def acked(earlier: Look, later: Look) -> int | None:
    """Entries acknowledged between two looks: claims move pending entries, so what left the PEL was acknowledged."""
    given = delivered(earlier, later)
    return None if given is None else max(0, given - (later.group.pending - earlier.group.pending))


def group_rates(earlier: Look | None, later: Look) -> tuple[float | None, float | None]:
    """Entries delivered and acknowledged per second."""
    span_ms = later.at - earlier.at if earlier else 0
    if earlier is None or span_ms <= 0:
        return None, None
    return _per_s(delivered(earlier, later), span_ms), _per_s(acked(earlier, later), span_ms)


def drain_ms(lag: int | None, nets: Sequence[float | None]) -> tuple[int, int] | None:
    """Shortest and longest time until the lag is gone, from net rates (delivered less in, per second) of several spans.

    None unless the first of them, the newest, shrinks the lag.
    """
    if not lag or not nets or not nets[0] or nets[0] <= 0:
        return None
    shrinking = [net for net in nets if net and net > 0]
    return round(1000 * lag / max(shrinking)), round(1000 * lag / min(shrinking))


def room(window: GroupWindow) -> Room:
    """How many entries, and at the present rate how long, until trimming reaches what is unread or pending."""
    now = window.now
    needed = floor(now.group)
    if needed is None:
        return Room(reason="nothing is unread or pending", at_risk=False)
    per_s = _trimmed(window.first.stream, now.stream, window.span_ms)
    if per_s is None:
        return Room(reason="the server does not count what is added" if window.span_ms else "seen only once")
    if per_s <= 0:
        return Room(reason=f"nothing was trimmed in the last {window.span_ms // 1000} s", at_risk=False)
    entries = _before(needed, now)
    if entries is None:
        return Room(reason="the IDs are not times")
    length = now.stream.length
    used = 1 - entries / length if length else 1.0
    return Room(entries, round(1000 * entries / per_s), round(min(1.0, max(0.0, used)), 3), at_risk=True)


def floor(group: ConsumerGroup) -> EntryId | None:
    """The first entry that the group still needs: unread or pending."""
    needed = [entry_id for entry_id in (group.oldest_pending, group.first_unread) if entry_id]
    return min(needed, default=None)


def growth(times: Sequence[int], values: Sequence[int | None]) -> float | None:
    """By how much a figure grew over these times, along the line of least squares; None when unknown in between."""
    if len(values) < 2 or any(value is None for value in values):
        return None
    known = [value for value in values if value is not None]
    middle_t, middle_v = sum(times) / len(times), sum(known) / len(known)
    spread = sum((t - middle_t) ** 2 for t in times)
    slope = sum((t - middle_t) * (v - middle_v) for t, v in zip(times, known, strict=True)) / spread if spread else 0.0
    return slope * (times[-1] - times[0])


def lag_growth(window: GroupWindow) -> float | None:
    """By how many entries the lag grew; None where a count was cut short, because a cap does not grow."""
    capped = (Quality.AT_LEAST, Quality.UNKNOWN)
    lags = [None if look.group.lag.quality in capped else look.group.lag.entries for look in window.looks]
    return growth([look.at for look in window.looks], lags)


def behind_growth(window: GroupWindow) -> float | None:
    """By how many ms the group fell further behind; None when IDs are not times."""
    return growth([look.at for look in window.looks], [behind_ms(look.group, look.at) for look in window.looks])


def since_success_ms(consumer: Consumer) -> int | None:
    """Time since a consumer last got something; None when it never did. Before 7.2, idle is that time."""
    if consumer.never_active:
        return None
    return consumer.idle_ms if consumer.inactive_ms is None else consumer.inactive_ms


def _before(needed: EntryId, now: Look) -> int | None:
    """How many entries lie before an ID: counted where nothing else is unread, else by time."""
    stream, group = now.stream, now.group
    if stream.first_id is None or needed <= stream.first_id:
        return 0
    if needed == group.first_unread and group.lag.quality is Quality.EXACT and group.lag.entries is not None:
        return max(0, stream.length - group.lag.entries)
    if not (stream.first_id.is_time(now.at) and stream.last_id.is_time(now.at)):
        return None
    share = (needed.ms - stream.first_id.ms) / max(1, stream.last_id.ms - stream.first_id.ms)
    return round(stream.length * min(1.0, share))


def _trimmed(first: Stream, last: Stream, span_ms: int) -> float | None:
    added = _rate(first.entries_added, last.entries_added, span_ms)
    return None if added is None else round(max(0.0, added - 1000 * (last.length - first.length) / span_ms), 3)


def _rate(earlier: int | None, later: int | None, span_ms: int) -> float | None:
    if earlier is None or later is None or span_ms <= 0 or later < earlier:
        return None
    return _per_s(later - earlier, span_ms)


def _per_s(count: int | None, span_ms: int) -> float | None:
    return None if count is None else round(1000 * count / span_ms, 3)
