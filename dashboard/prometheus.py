"""Figures as Prometheus metrics. Pure. What is unknown is absent; what has vanished vanishes with its next look.

Where redis_exporter (https://github.com/oliver006/redis_exporter) has a name for a figure, it is used, labels included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

Plain = dict[str, Any]
STREAM, GROUP, CONSUMER = ("db", "stream"), ("db", "stream", "group"), ("db", "stream", "group", "consumer")
WORKER_SILENT_MS = 30_000
_SEVERITY = {"good": 0, "warning": 1, "bad": 2}


class _Families:
    """Families by name, made when the first known value comes."""

    def __init__(self) -> None:
        self._found: dict[str, Metric] = {}

    def add(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        values: Sequence[str],
        value: float | None,
        *,
        counter: bool = False,
    ) -> None:
        if value is None:
            return
        if name not in self._found:
            kind = CounterMetricFamily if counter else GaugeMetricFamily
            self._found[name] = kind(name, text, labels=labels)
        self._found[name].add_metric(values, value)  # type: ignore[attr-defined]  # both kinds have it

    def __iter__(self) -> Iterator[Metric]:
        return iter(self._found.values())


def families(figures: Iterable[Plain], own: Plain | None, now_ms: int, *, consumers: bool, db: str) -> Iterable[Metric]:
    """Metric families of all streams (none while they are not to be trusted: pass none) and of the program itself."""
    found = _Families()
    for plain in figures:
        if plain["stream"] is not None:
            _stream(found, plain, (db, plain["name"]))
            for group in plain["groups"]:
                place = (db, plain["name"], group["name"])
                _group(found, group, place)
                if consumers:
                    _consumers(found, group, place)
    if own:
        _own(found, own, now_ms)
    return found


def _stream(found: _Families, plain: Plain, place: Sequence[str]) -> None:
    stream = plain["stream"]

    def add(name: str, text: str, value: float | None, *, counter: bool = False) -> None:
        found.add(name, text, STREAM, place, value, counter=counter)

    add("redis_stream_length", "Entries in the stream.", stream["length"])
    add("redis_stream_groups", "Consumer groups of the stream.", len(plain["groups"]))
    add("redis_stream_first_entry_id", "Milliseconds of the first entry's ID.", _ms(stream["first_id"]))
    add("redis_stream_last_generated_id", "Milliseconds of the newest ID ever given.", _ms(stream["last_id"]))
    add("redis_stream_entries_added", "Entries ever added.", stream["entries_added"], counter=True)
    add("streamwatch_stream_in_per_second", "Entries added per second.", stream["in_per_s"])
    add("streamwatch_stream_trimmed_per_second", "Entries that left the stream per second.", stream["trimmed_per_s"])
    add("streamwatch_stream_dead_letters", "Dead letters kept beside the stream.", plain.get("dead_letters"))
    add("streamwatch_stream_severity", "0 good, 1 warning, 2 bad.", _SEVERITY.get(plain["severity"]))


_GROUP_FIGURES = (
    ("redis_stream_group_messages_pending", "Entries delivered and not acknowledged.", "pending", 1),
    ("redis_stream_group_entries_read", "Entries ever delivered, as the server counts.", "entries_read", 1),
    ("redis_stream_group_lag", "Entries not delivered yet.", "lag", 1),
    ("streamwatch_group_behind_seconds", "Age of the first entry not delivered; 0: none.", "behind_ms", 1000),
    ("streamwatch_group_oldest_pending_seconds", "Age of the oldest pending entry.", "oldest_pending_ms", 1000),
    ("streamwatch_group_deliveries", "Most deliveries among the oldest pending entries.", "deliveries", 1),
    ("streamwatch_group_lost_entries", "Entries, at least, trimmed or deleted undelivered.", "lost", 1),
    ("streamwatch_group_room_entries", "Entries until trimming reaches unfinished ones.", "room_entries", 1),
    ("streamwatch_group_room_seconds", "Time until trimming reaches unfinished entries.", "room_ms", 1000),
    ("streamwatch_group_delivered_per_second", "Entries delivered per second.", "delivered_per_s", 1),
    ("streamwatch_group_acked_per_second", "Entries acknowledged per second.", "acked_per_s", 1),
)


def _group(found: _Families, group: Plain, place: Sequence[str]) -> None:
    for name, text, key, per in _GROUP_FIGURES:
        value = group.get(key)
        found.add(name, text, GROUP, place, None if value is None else value / per)
    found.add("redis_stream_group_consumers", "Consumers of the group.", GROUP, place, len(group["consumers"]))
    delivered = _ms(group["last_delivered_id"])
    found.add("redis_stream_group_last_delivered_id", "Milliseconds of the last-delivered ID.", GROUP, place, delivered)
    severity = _SEVERITY.get(group["severity"])
    found.add("streamwatch_group_severity", "0 good, 1 warning, 2 bad.", GROUP, place, severity)
    labels, values = (*GROUP, "verdict"), (*place, group["verdict"])
    found.add("streamwatch_group_verdict", "1 for the verdict that holds.", labels, values, 1)
    labels, values = (*GROUP, "quality"), (*place, group["lag_quality"])
    found.add("streamwatch_group_lag_quality", "1 for how far the lag can be trusted.", labels, values, 1)


def _consumers(found: _Families, group: Plain, place: Sequence[str]) -> None:
    for consumer in group["consumers"]:
        who = (*place, consumer["name"])
        inactive = consumer["inactive_ms"]
        for name, text, value in (
            ("redis_stream_group_consumer_messages_pending", "Entries pending for the consumer.", consumer["pending"]),
            (
                "redis_stream_group_consumer_idle_seconds",
                "Time since the consumer last asked.",
                consumer["idle_ms"] / 1000,
            ),
            (
                "streamwatch_consumer_inactive_seconds",
                "Time since the consumer last got something.",
                None if inactive is None else inactive / 1000,
            ),
        ):
            found.add(name, text, CONSUMER, who, value)


def _own(found: _Families, own: Plain, now_ms: int) -> None:
    monitor = own["monitor"]
    for name, text, value in (
        ("sample_age_seconds", "Time since the monitor's last look.", max(0, now_ms - own["t"]) / 1000),
        ("sample_seconds", "Time the last look took.", monitor["cost_ms"] / 1000),
        ("interval_seconds", "Time between looks.", monitor["interval_ms"] / 1000),
        ("streams", "Streams that are watched.", monitor["streams"]),
        ("groups", "Groups that are watched.", monitor["groups"]),
    ):
        found.add(f"streamwatch_monitor_{name}", text, (), (), value)
    for worker in own["workers"]:
        if now_ms - worker.get("t", 0) <= WORKER_SILENT_MS:
            _worker(found, worker, now_ms)


def _worker(found: _Families, worker: Plain, now_ms: int) -> None:
    commit_ms, last = worker.get("commit_ms"), worker.get("last_commit")
    for name, text, value in (
        ("batch_entries", "Entries in the last batch.", worker.get("batch")),
        ("commit_seconds", "Time the last batch took.", None if commit_ms is None else commit_ms / 1000),
        ("entries_per_second", "Entries committed per second.", worker.get("per_s")),
        ("last_commit_age_seconds", "Time since the last commit.", None if last is None else (now_ms - last) / 1000),
    ):
        found.add(f"streamwatch_worker_{name}", text, ("worker",), (str(worker.get("name")),), value)


def _ms(entry_id: str | None) -> int | None:
    return int(entry_id.partition("-")[0]) if entry_id else None
