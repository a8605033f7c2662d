"""Windows of looks for verdicts, written as what changes from step to step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from streams.ids import EntryId
from streams.snapshot import Consumer, ConsumerGroup, Lag, Quality, Snapshot, Stream
from streams.thresholds import Thresholds
from streams.windows import GroupWindow, StreamWindow

NOW = 1_700_000_000_000
LIMITS = Thresholds()
STEPS = LIMITS.samples


@dataclass
class At:
    """One look: entry n of the stream was added n seconds after the first; counts are entries."""

    added: int = 1000
    first: int = 1
    read: int | None = 1000
    pending: int = 0
    oldest: int | None = None
    lag: int | None = None
    quality: Quality = Quality.EXACT
    deliveries: int | None = None
    counts: bool = True
    consumers: Sequence[Consumer] = field(default_factory=lambda: [Consumer(b"c", 0, 10, 10)])


def entry(n: int) -> EntryId:
    return EntryId(NOW - 2_000_000 + n * 1000, 0)


def snapshot(step: int, at: At) -> Snapshot:
    position = at.read if at.read is not None else 0
    lag = max(0, at.added - position) if at.lag is None else at.lag
    unread = max(position + 1, at.first) if position < at.added else None
    group = ConsumerGroup(
        name=b"g",
        last_delivered=entry(position),
        entries_read=at.read if at.counts else None,
        pending=at.pending,
        oldest_pending=entry(at.oldest) if at.oldest is not None else None,
        first_unread=entry(unread) if unread and at.added >= at.first else None,
        lag=Lag(None, Quality.UNKNOWN, "why") if at.quality is Quality.UNKNOWN else Lag(lag, at.quality),
        consumers=tuple(at.consumers),
        deliveries=at.deliveries if at.pending else None,
    )
    length = at.added - at.first + 1
    first = entry(at.first) if length else None
    stream = Stream(length, first, entry(at.added), at.added if at.counts else None)
    return Snapshot(b"s", NOW + step * LIMITS.step_ms, stream, (group,))


def watched(looks: Sequence[At], limits: Thresholds = LIMITS) -> StreamWindow:
    window = StreamWindow(limits)
    for step, at in enumerate(looks):
        window.take(snapshot(step, at))
    return window


def window_of(looks: Sequence[At], limits: Thresholds = LIMITS) -> GroupWindow:
    return watched(looks, limits).group(b"g")
