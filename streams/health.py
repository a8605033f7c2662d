"""Figures from snapshots: rates, ages and how far behind. Pure: every time is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streams.names import shown, to_path
from streams.snapshot import Consumer, ConsumerGroup, Snapshot

Plain = dict[str, Any]


def describe(window: Sequence[Snapshot]) -> Plain:
    """The newest snapshot of `window` (oldest first, one stream) as plain values for JSON, pages and commands.

    Rates are entries per second over the window and None when it cannot tell (one sample, a new history, an old
    server). Times are milliseconds by the server's clock. IDs are strings.
    """
    now, before = window[-1], window[0] if len(window) > 1 else None
    stream = now.stream
    return {
        "name": shown(now.name),
        "path": to_path(now.name),
        "t": now.taken_at,
        "problem": now.problem or None,
        "stream": stream
        and {
            "length": stream.length,
            "first_id": stream.first_id and str(stream.first_id),
            "last_id": str(stream.last_id),
            "last_entry_ms": stream.last_id.age_ms(now.taken_at),
            "entries_added": stream.entries_added,
            "in_per_s": _in_rate(before, now),
        },
        "groups": [_describe_group(group, now, before) for group in now.groups],
    }


def with_rates(now: Plain, watched: Plain | None) -> Plain:
    """`now` with the rates that the monitor measured, where it watches the same stream and group."""
    if watched is None or now["stream"] is None:
        return now
    rates = {group["name"]: group for group in watched["groups"]}
    in_rate = watched["stream"] and watched["stream"]["in_per_s"]
    groups = [
        {**group, **{rate: rates.get(group["name"], {}).get(rate) for rate in ("delivered_per_s", "acked_per_s")}}
        for group in now["groups"]
    ]
    return {**now, "stream": {**now["stream"], "in_per_s": in_rate}, "groups": groups}


def _describe_group(group: ConsumerGroup, now: Snapshot, before: Snapshot | None) -> Plain:
    earlier = before.group(group.name) if before else None
    delivered, acked = _group_rates(earlier, group, _seconds(before, now))
    return {
        "name": shown(group.name),
        "path": to_path(group.name),
        "lag": group.lag.entries,
        "lag_quality": str(group.lag.quality),
        "lag_reason": group.lag.reason or None,
        "pending": group.pending,
        "oldest_pending_id": group.oldest_pending and str(group.oldest_pending),
        "oldest_pending_ms": group.oldest_pending and group.oldest_pending.age_ms(now.taken_at),
        "behind_ms": behind_ms(group, now.taken_at),
        "last_delivered_id": str(group.last_delivered),
        "entries_read": group.entries_read,
        "delivered_per_s": delivered,
        "acked_per_s": acked,
        "consumers": [_describe_consumer(consumer) for consumer in group.consumers],
    }


def _describe_consumer(consumer: Consumer) -> Plain:
    return {
        "name": shown(consumer.name),
        "path": to_path(consumer.name),
        "pending": consumer.pending,
        "idle_ms": consumer.idle_ms,
        "inactive_ms": consumer.inactive_ms,
        "never_active": consumer.never_active,
    }


def behind_ms(group: ConsumerGroup, now_ms: int) -> int | None:
    """Age of the first entry the group has not been given; 0 when it has all, None when IDs are not times."""
    if group.first_unread is None:
        return 0 if group.lag.entries == 0 else None
    return group.first_unread.age_ms(now_ms)


def _seconds(before: Snapshot | None, now: Snapshot) -> float:
    return (now.taken_at - before.taken_at) / 1000 if before else 0.0


def _in_rate(before: Snapshot | None, now: Snapshot) -> float | None:
    if before is None or before.stream is None or now.stream is None:
        return None
    return _rate(before.stream.entries_added, now.stream.entries_added, _seconds(before, now))


def _group_rates(
    earlier: ConsumerGroup | None, group: ConsumerGroup, seconds: float
) -> tuple[float | None, float | None]:
    if earlier is None:
        return None, None
    delivered = _rate(earlier.entries_read, group.entries_read, seconds)
    if delivered is None:
        return None, None
    # Claims move pending entries without changing their number, so what left the PEL was acknowledged.
    acked = delivered - (group.pending - earlier.pending) / seconds
    return delivered, round(max(0.0, acked), 3)


def _rate(earlier: int | None, later: int | None, seconds: float) -> float | None:
    if earlier is None or later is None or seconds <= 0 or later < earlier:
        return None
    return round((later - earlier) / seconds, 3)


def started_anew(earlier: Snapshot | None, later: Snapshot) -> bool:
    """Whether the stream lost what it once had: its newest ID or its count of entries went down, or it is gone."""
    if earlier is None or earlier.stream is None:
        return False
    if later.stream is None:
        return not later.problem
    added = (earlier.stream.entries_added, later.stream.entries_added)
    fewer = added[0] is not None and added[1] is not None and added[1] < added[0]
    return fewer or later.stream.last_id < earlier.stream.last_id
