"""Is a group healthy, why, and what to do: the first of the rules that applies gives the verdict. Pure.

The order follows Burrow's evaluator (https://github.com/linkedin/Burrow/wiki/Consumer-Lag-Evaluation-Rules), with
slopes and dead bands where it asks whether the lag ever dipped.
"""

from __future__ import annotations

from collections.abc import Callable

from streams import figures, remedies, wording
from streams.durations import spoken
from streams.names import shown
from streams.snapshot import Consumer, Snapshot
from streams.thresholds import Thresholds
from streams.verdicts import ORDER, Evidence, Judgement, Verdict
from streams.windows import GroupWindow


def judge(window: GroupWindow) -> Judgement:
    """The first verdict that applies to a group."""
    for rule in RULES:
        if found := rule(window):
            return found
    return _unknown(window)


def judge_stream(snapshot: Snapshot, groups: dict[bytes, Judgement]) -> Judgement:
    """A stream is as well as the worst of its groups; without any, its entries are read by none."""
    if snapshot.stream is None:
        return Judgement(Verdict.UNKNOWN, snapshot.problem or "there is no such stream")
    if groups:
        name, worst = min(groups.items(), key=lambda item: ORDER.index(item[1].verdict))
        return Judgement(worst.verdict, f"{shown(name)}: {worst.reason}", worst.remedy, worst.evidence)
    if snapshot.stream.length:
        reason = f"{wording.entries(snapshot.stream.length)} and no consumer group: nobody's progress is kept"
        return Judgement(
            Verdict.NO_GROUP, reason, remedies.create_group(snapshot.name), {"length": snapshot.stream.length}
        )
    return Judgement(Verdict.OK, "empty, and no consumer group")


def _lost(window: GroupWindow) -> Judgement | None:
    if not window.lost:
        return None
    group = window.now.group
    trimmed = f"{wording.entries(window.lost)} {wording.were(window.lost)} trimmed or deleted"
    reason = f"at least {trimmed} before the group was given them"
    evidence: Evidence = {
        "lost": window.lost,
        "last_delivered_id": str(group.last_delivered),
        "first_id": str(window.now.stream.first_id),
    }
    return Judgement(Verdict.LOST, reason, remedies.keep_more(window.name, group.name), evidence)


def _stopped(window: GroupWindow) -> Judgement | None:
    group = window.now.group
    above = all((look.group.lag.entries or 0) > window.limits.lag_allowance for look in window.looks)
    if not window.is_full or window.moved or not above:
        return None
    quiet = [figures.since_success_ms(consumer) for consumer in group.consumers]
    if any(ms is not None and ms <= window.span_ms for ms in quiet):
        return None
    last = min((ms for ms in quiet if ms is not None), default=None)
    who = "it has no consumers" if not quiet else f"no consumer got anything for {spoken(last or window.span_ms)}"
    reason = f"{_waiting(group.lag.entries or 0)} and none was delivered for {spoken(window.span_ms)}: {who}"
    evidence: Evidence = {"lag": group.lag.entries, "consumers": len(quiet), "last_success_ms": last}
    return Judgement(Verdict.STOPPED, reason, remedies.start_consumer(window.name, group.name), evidence)


def _stuck(window: GroupWindow) -> Judgement | None:
    group, now = window.now.group, window.now.at
    oldest = group.oldest_pending and group.oldest_pending.age_ms(now)
    done = figures.acked(window.first, window.now)
    if not (window.is_full and group.pending and done == 0 and (oldest or 0) > window.limits.stuck_ms):
        return None
    if _is_delivering(window):
        return None  # what never acknowledges has its own name, which says more
    waited = f"none acknowledged for {spoken(window.span_ms)}; the oldest is {spoken(oldest)} old"
    reason = f"{wording.entries(group.pending)} pending and {waited}"
    evidence: Evidence = {"pending": group.pending, "oldest_pending_ms": oldest, "acked": done}
    return Judgement(Verdict.STUCK, reason, remedies.claim(window.name, group.name), evidence)


def _not_acking(window: GroupWindow) -> Judgement | None:
    group = window.now.group
    given, done = figures.delivered(window.first, window.now), figures.acked(window.first, window.now)
    if not (window.is_full and _is_delivering(window) and done == 0 and group.pending):
        return None
    moved = f"{wording.entries(given or 0)} delivered in {spoken(window.span_ms)} and none acknowledged"
    reason = f"{moved}; {group.pending:,} pending"
    evidence: Evidence = {"delivered": given, "acked": done, "pending": group.pending}
    return Judgement(Verdict.NOT_ACKING, reason, remedies.acknowledge(window.name, group.name), evidence)


def _rewound(window: GroupWindow) -> Judgement | None:
    group = window.now.group
    if group.last_delivered >= window.peak:
        return None
    reason = (
        f"the position went back from {window.peak} to {group.last_delivered}: what lies between is delivered again"
    )
    evidence: Evidence = {"was": str(window.peak), "last_delivered_id": str(group.last_delivered)}
    return Judgement(Verdict.REWOUND, reason, remedies.rewound(window.name), evidence)


def _falling_behind(window: GroupWindow) -> Judgement | None:
    entries, ms = figures.lag_growth(window), figures.behind_growth(window)
    known = [(entries, window.limits.growth_entries), (ms, window.limits.growth_ms)]
    beyond = [grown > band for grown, band in known if grown is not None]
    if not (window.is_full and window.moved and beyond and all(beyond)):
        return None
    grown = wording.entries(round(entries)) if entries is not None else f"{spoken(round(ms or 0))} of time"
    reason = f"the lag grew by {grown} in {spoken(window.span_ms)}: more is added than the group takes"
    evidence: Evidence = {"lag_growth": entries and round(entries), "behind_growth_ms": ms and round(ms)}
    return Judgement(
        Verdict.FALLING_BEHIND, reason, remedies.more_consumers(window.name, window.now.group.name), evidence
    )


def _trim_risk(window: GroupWindow) -> Judgement | None:
    room = figures.room(window)
    if room.entries is None or room.ms is None or room.used is None:
        return None
    if room.ms >= window.limits.room_ms and room.used < window.limits.room_used:
        return None
    left = f"{wording.entries(room.entries)}, {spoken(room.ms)} at this rate," if room.entries else "nothing"
    reason = (
        f"{left} left before trimming reaches what the group has not finished: {room.used:.0%} of the stream is used up"
    )
    evidence: Evidence = {"room_entries": room.entries, "room_ms": room.ms, "used": room.used}
    return Judgement(Verdict.TRIM_RISK, reason, remedies.keep_more(window.name, window.now.group.name), evidence)


def _poison(window: GroupWindow) -> Judgement | None:
    group = window.now.group
    if not group.pending or (group.deliveries or 0) < window.limits.poison_deliveries:
        return None
    reason = f"a pending entry was delivered {group.deliveries:,} times: whoever gets it fails on it"
    evidence: Evidence = {"deliveries": group.deliveries, "oldest_pending_id": str(group.oldest_pending)}
    return Judgement(
        Verdict.POISON, reason, remedies.poison(window.name, group.name, window.limits.poison_deliveries), evidence
    )


def _dead_consumer(window: GroupWindow) -> Judgement | None:
    group = window.now.group
    dead = [consumer for consumer in group.consumers if _is_dead(consumer, window.limits)]
    if not dead:
        return None
    worst = max(dead, key=lambda consumer: consumer.pending)
    held, since = sum(consumer.pending for consumer in dead), figures.since_success_ms(worst)
    alive = worst.inactive_ms is not None and worst.idle_ms < window.limits.dead_consumer_ms
    doing = "still asks, but got nothing" if alive else "got nothing"
    which = f"{shown(worst.name)} {doing} for {spoken(since if since is not None else worst.idle_ms)}"
    more = f", and {len(dead) - 1:,} like it" if len(dead) > 1 else ""
    reason = f"{which} and holds {wording.entries(worst.pending)}{more}"
    evidence: Evidence = {"consumer": shown(worst.name), "pending": held, "dead_consumers": len(dead)}
    return Judgement(Verdict.DEAD_CONSUMER, reason, remedies.take_over(window.name, group.name, worst.name), evidence)


def _is_dead(consumer: Consumer, limits: Thresholds) -> bool:
    """Whether a consumer owns pending entries and had no success for too long."""
    since = figures.since_success_ms(consumer)
    return consumer.pending > 0 and (consumer.idle_ms if since is None else since) > limits.dead_consumer_ms


def _catching_up(window: GroupWindow) -> Judgement | None:
    entries, ms = figures.lag_growth(window), figures.behind_growth(window)
    by_entries = entries is not None and entries < -window.limits.growth_entries
    by_time = ms is not None and ms < -window.limits.growth_ms and (entries or 0) <= 0
    if not (window.is_full and (by_entries or by_time) and window.now.group.lag.entries):
        return None
    by = wording.entries(-round(entries)) if by_entries and entries else f"{spoken(-round(ms or 0))} of time"
    reason = f"the lag shrank by {by} in {spoken(window.span_ms)}"
    return Judgement(Verdict.CATCHING_UP, reason, evidence={"lag": window.now.group.lag.entries})


def _ok(window: GroupWindow) -> Judgement | None:
    group = window.now.group
    if not window.is_full or group.lag.entries is None:
        return None
    reason = "nothing waits" if group.lag.entries == 0 else f"keeps up: {_waiting(group.lag.entries)}"
    return Judgement(Verdict.OK, reason, evidence={"lag": group.lag.entries, "pending": group.pending})


def _unknown(window: GroupWindow) -> Judgement:
    if not window.is_full:
        reason = f"watched for {spoken(window.span_ms)} of the {spoken(window.limits.span_ms)} that a verdict takes"
        return Judgement(Verdict.UNKNOWN, reason, evidence={"watched_ms": window.span_ms})
    return Judgement(Verdict.UNKNOWN, f"the lag is unknown: {window.now.group.lag.reason}")


def _is_delivering(window: GroupWindow) -> bool:
    """Whether entries were delivered through the window, not only at one end of it."""
    given = figures.delivered(window.first, window.now)
    middle = window.looks[len(window.looks) // 2].group.last_delivered
    ends = (window.first.group.last_delivered, window.now.group.last_delivered)
    return given is not None and given >= window.limits.not_acking_deliveries and ends[0] != middle != ends[1]


def _waiting(count: int) -> str:
    return f"{wording.entries(count)} {'waits' if count == 1 else 'wait'}"


Rule = Callable[[GroupWindow], Judgement | None]
RULES: tuple[Rule, ...] = (
    _lost,
    _stopped,
    _stuck,
    _not_acking,
    _rewound,
    _falling_behind,
    _trim_risk,
    _poison,
    _dead_consumer,
    _catching_up,
    _ok,
)
