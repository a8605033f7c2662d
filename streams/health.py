"""What is known of a stream and its groups as plain values: figures, verdicts, findings. Pure: times are arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streams import figures, findings, judging
from streams.findings import Finding
from streams.ids import EntryId
from streams.names import from_path, shown, to_path
from streams.remedies import Remedy
from streams.snapshot import Consumer, ConsumerGroup, Lag, Quality, Snapshot, Stream
from streams.thresholds import Thresholds
from streams.verdicts import Judgement
from streams.windows import GroupWindow, Look, StreamWindow

Plain = dict[str, Any]
# What one look alone cannot tell, so that the monitor's word is taken for it.
_JUDGED = (
    *("delivered_per_s", "acked_per_s", "drain_ms", "room_entries", "room_ms", "room_reason", "room_at_risk"),
    *("lost", "deliveries"),
    *("verdict", "severity", "reason", "remedy", "evidence", "findings"),
)
_NOT_WATCHED = {"verdict": "UNKNOWN", "severity": "unknown", "reason": "the monitor is not watching"}


def describe(window: StreamWindow) -> Plain:
    """The newest snapshot of a window with what the window tells, for JSON, pages, metrics and commands.

    Rates are per second, times milliseconds by the server's clock, IDs strings; unknown is None.
    """
    now = window.stream_looks()[-1]
    windows = {group.name: window.group(group.name) for group in now.groups} if now.stream else {}
    judged = {name: judging.judge(found) for name, found in windows.items()}
    return {
        "name": shown(now.name),
        "path": to_path(now.name),
        "t": now.taken_at,
        "problem": now.problem or None,
        "dead_letters": now.dead_letters,
        "stream": now.stream and _stream(now.stream, now.taken_at, window),
        **_judgement(judging.judge_stream(now, judged)),
        "findings": [_finding(found) for found in findings.of_stream(window)],
        "groups": [
            _group(group, now, window)
            | _window_figures(windows[group.name])
            | _judgement(judged[group.name])
            | {"findings": [_finding(f) for f in findings.of_group(windows[group.name], now)]}
            for group in (now.groups if now.stream else ())
        ],
    }


def described(snapshots: Iterable[Snapshot], limits: Thresholds | None = None) -> Plain:
    """The same for snapshots of one stream, oldest first."""
    window = StreamWindow(limits or Thresholds())
    for snapshot in snapshots:
        window.take(snapshot)
    return describe(window)


def with_rates(now: Plain, watched: Plain | None) -> Plain:
    """`now` with what only watching tells, where the monitor watches the same stream and group."""
    if watched is None or now["stream"] is None:
        return now if watched else _unwatched(now)
    known = {group["path"]: group for group in watched["groups"]}
    groups = [{**group, **_NOT_WATCHED, **_only(known.get(group["path"], {}), _JUDGED)} for group in now["groups"]]
    rates = _only(watched["stream"] or {}, ("in_per_s", "trimmed_per_s"))
    return {**now, **_only(watched, _JUDGED), "stream": {**now["stream"], **rates}, "groups": groups}


def recalled(plain: Plain) -> Snapshot:
    """The snapshot behind described figures, as far as verdicts need it. Raises ValueError or KeyError."""
    stream = plain["stream"]
    return Snapshot(
        from_path(plain["path"]),
        plain["t"],
        stream
        and Stream(
            stream["length"], _id(stream["first_id"]), EntryId.parse(stream["last_id"]), stream["entries_added"]
        ),
        tuple(_recalled_group(group) for group in plain["groups"]),
        plain["problem"] or "",
    )


def _recalled_group(plain: Plain) -> ConsumerGroup:
    return ConsumerGroup(
        name=from_path(plain["path"]),
        last_delivered=EntryId.parse(plain["last_delivered_id"]),
        entries_read=plain["entries_read"],
        pending=plain["pending"],
        oldest_pending=_id(plain["oldest_pending_id"]),
        first_unread=_id(plain["first_unread_id"]),
        lag=Lag(plain["lag"], Quality(plain["lag_quality"]), plain["lag_reason"] or ""),
        consumers=tuple(
            Consumer(from_path(c["path"]), c["pending"], c["idle_ms"], c["inactive_ms"], c["never_active"])
            for c in plain["consumers"]
        ),
        deliveries=plain["deliveries"],
    )


def _unwatched(now: Plain) -> Plain:
    return {**now, **_NOT_WATCHED, "groups": [{**group, **_NOT_WATCHED} for group in now["groups"]]}


def _only(plain: Plain, keys: Iterable[str]) -> Plain:
    return {key: plain[key] for key in keys if key in plain}


def _stream(stream: Stream, now_ms: int, window: StreamWindow) -> Plain:
    return {
        "length": stream.length,
        "first_id": stream.first_id and str(stream.first_id),
        "last_id": str(stream.last_id),
        "last_entry_ms": stream.last_id.age_ms(now_ms),
        "entries_added": stream.entries_added,
        "in_per_s": figures.in_per_s(window.recent),
        "trimmed_per_s": figures.trimmed_per_s(window.stream_looks()),
    }


def _group(group: ConsumerGroup, now: Snapshot, window: StreamWindow) -> Plain:
    delivered, acked = _rates(group, now, window.recent[0])
    return {
        "name": shown(group.name),
        "path": to_path(group.name),
        "lag": group.lag.entries,
        "lag_quality": str(group.lag.quality),
        "lag_reason": group.lag.reason or None,
        "pending": group.pending,
        "oldest_pending_id": group.oldest_pending and str(group.oldest_pending),
        "oldest_pending_ms": group.oldest_pending and group.oldest_pending.age_ms(now.taken_at),
        "first_unread_id": group.first_unread and str(group.first_unread),
        "behind_ms": figures.behind_ms(group, now.taken_at),
        "last_delivered_id": str(group.last_delivered),
        "entries_read": group.entries_read,
        "delivered_per_s": delivered,
        "acked_per_s": acked,
        "deliveries": group.deliveries if group.pending else None,
        "consumers": [_consumer(consumer) for consumer in group.consumers],
    }


def _rates(group: ConsumerGroup, now: Snapshot, before: Snapshot) -> tuple[float | None, float | None]:
    earlier = before.group(group.name)
    if now.stream is None or before.stream is None or earlier is None:
        return None, None
    return figures.group_rates(Look(before.taken_at, before.stream, earlier), Look(now.taken_at, now.stream, group))


def _window_figures(window: GroupWindow) -> Plain:
    room, now = figures.room(window), window.now
    drain = figures.drain_ms(now.group.lag.entries, _nets(window))
    return {
        "drain_ms": drain and list(drain),
        "room_entries": room.entries,
        "room_ms": room.ms,
        "room_used": room.used,
        "room_reason": room.reason,
        "room_at_risk": room.at_risk,
        "lost": window.lost or None,
    }


def _nets(window: GroupWindow) -> list[float | None]:
    """Delivered less in, per second: over the last step, and over the whole window."""
    pairs = [(window.looks[-2], window.now), (window.first, window.now)] if len(window.looks) > 1 else []
    nets: list[float | None] = []
    for first, last in pairs:
        given = figures.delivered(first, last)
        added = (first.stream.entries_added, last.stream.entries_added)
        if given is None or added[0] is None or added[1] is None or last.at <= first.at:
            nets.append(None)
        else:
            nets.append(1000 * (given - added[1] + added[0]) / (last.at - first.at))
    return nets


def _judgement(found: Judgement) -> Plain:
    return {
        "verdict": str(found.verdict),
        "severity": str(found.severity),
        "reason": found.reason,
        "remedy": _remedy(found.remedy),
        "evidence": dict(found.evidence),
    }


def _remedy(remedy: Remedy) -> Plain:
    return {"text": remedy.text, "link": remedy.link, "command": remedy.command}


def _finding(found: Finding) -> Plain:
    return {"code": found.code, "text": found.text, "remedy": found.remedy}


def _consumer(consumer: Consumer) -> Plain:
    return {
        "name": shown(consumer.name),
        "path": to_path(consumer.name),
        "pending": consumer.pending,
        "idle_ms": consumer.idle_ms,
        "inactive_ms": consumer.inactive_ms,
        "never_active": consumer.never_active,
    }


def _id(text: str | None) -> EntryId | None:
    return EntryId.parse(text) if text else None
