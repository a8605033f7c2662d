"""Mistakes people make with streams, named where a verdict is not about them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from streams import figures
from streams.durations import spoken
from streams.names import shown
from streams.snapshot import ConsumerGroup, Snapshot
from streams.windows import GroupWindow, StreamWindow

# Shorter streams may well be kept whole.
LONG = 10_000


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake: its code, one sentence about it and one about what to do."""

    code: str
    text: str
    remedy: str


def of_stream(window: StreamWindow) -> list[Finding]:
    """What is wrong with how a stream is written."""
    looks = window.stream_looks()
    now = looks[-1].stream
    found: list[Finding] = []
    if now is None or not now.length:
        return found
    if not now.last_id.is_time(looks[-1].taken_at):
        text = f"The newest ID, {now.last_id}, is not a time: every figure in seconds is unknown here."
        found.append(Finding("IDS_NOT_TIMES", text, "Let the server choose IDs (XADD … *), if times matter."))
    in_per_s = figures.in_per_s(looks)
    if now.length >= LONG and now.entries_added == now.length and in_per_s:
        text = f"Nothing was ever trimmed: {now.length:,} entries, {in_per_s * 86_400:,.0f} more a day at this rate."
        found.append(Finding("NOT_TRIMMED", text, "Add with MAXLEN ~ or MINID ~, or set RETAIN for the worker."))
    return found


def of_group(window: GroupWindow, snapshot: Snapshot) -> list[Finding]:
    """What is wrong with how a group is used."""
    return [*_nobody_reads(window), *_keeps_failing(window), *_holds_back(window, snapshot)]


def _nobody_reads(window: GroupWindow) -> list[Finding]:
    consumers = window.now.group.consumers
    idle = min((consumer.idle_ms for consumer in consumers), default=None)
    if window.moved or not window.is_full or (idle is not None and idle <= window.limits.dead_consumer_ms):
        return []
    who = "It has no consumers" if idle is None else f"No consumer has asked for {spoken(idle)}"
    remedy = "Start a consumer, or destroy the group: it may keep entries from being trimmed."
    return [Finding("NOBODY_READS", f"{who}.", remedy)]


def _keeps_failing(window: GroupWindow) -> list[Finding]:
    group = window.now.group
    if not group.pending or (group.deliveries or 0) < window.limits.poison_deliveries:
        return []
    text = f"A pending entry was delivered {group.deliveries:,} times without being acknowledged."
    return [Finding("KEEPS_FAILING", text, "Look at the entries with the most deliveries.")]


def _holds_back(window: GroupWindow, snapshot: Snapshot) -> list[Finding]:
    """The group whose first unfinished entry is also the stream's first: trimming that spares it cannot begin."""
    stream, group, now = window.now.stream, window.now.group, window.now.at
    floor = figures.floor(group)
    if stream.length < LONG or floor is None or stream.first_id is None or floor > stream.first_id:
        return []
    age = stream.first_id.age_ms(now)
    if (age is not None and age < window.limits.stuck_ms) or not window.is_full:
        return []
    ahead = [other for other in snapshot.groups if other.name != group.name and _is_past(other, stream.first_id)]
    beside = f" while {shown(ahead[0].name)} is past it" if ahead else ""
    text = f"It needs the stream's very first entry{beside}: trimming that spares unfinished entries cannot go on."
    return [Finding("BLOCKS_TRIMMING", text, "Let it read on or acknowledge, or destroy it if nobody needs it.")]


def _is_past(group: ConsumerGroup, entry_id: tuple[int, int]) -> bool:
    floor = figures.floor(group)
    return floor is None or floor > entry_id
