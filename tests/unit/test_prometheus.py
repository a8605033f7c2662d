from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

from dashboard.metrics import _Once
from dashboard.prometheus import families

NOW = 1_700_000_100_000
WINDOWS = Path(__file__).parent / "windows"


def figures(name: str = "not_acking_valkey") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((WINDOWS / f"{name}.json").read_text())["looks"][-1]
    return found


def scraped(
    *told: dict[str, Any], own: dict[str, Any] | None = None, consumers: bool = True
) -> dict[str, dict[Any, float]]:
    """What a Prometheus server reads: values by name and labels."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(families(told, own, NOW, consumers=consumers, db="db0")))
    found: dict[str, dict[Any, float]] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def only(values: dict[Any, float]) -> float:
    (value,) = values.values()
    return value


def test_users_of_redis_exporter_find_the_names_they_know() -> None:
    plain, found = figures(), scraped(figures())
    (group,) = plain["groups"]
    assert only(found["redis_stream_length"]) == plain["stream"]["length"]
    assert only(found["redis_stream_entries_added_total"]) == plain["stream"]["entries_added"]
    assert only(found["redis_stream_group_messages_pending"]) == group["pending"]
    assert only(found["redis_stream_group_lag"]) == group["lag"] == 0
    labels = (("consumer", "c"), ("db", "db0"), ("group", "g"), ("stream", "s"))
    assert found["redis_stream_group_consumer_messages_pending"][labels] == group["pending"]


def test_the_verdict_that_holds_is_one_and_no_other_is_there() -> None:
    found = scraped(figures())
    ((labels, value),) = found["streamwatch_group_verdict"].items()
    assert (dict(labels)["verdict"], value) == ("NOT_ACKING", 1)
    assert only(found["streamwatch_group_severity"]) == 2


def test_what_is_unknown_is_absent_and_not_zero() -> None:
    found = scraped(figures("stopped_redis-6.2"))
    assert "redis_stream_entries_added_total" not in found
    assert "redis_stream_group_entries_read" not in found
    assert "streamwatch_consumer_inactive_seconds" not in found
    assert "redis_stream_group_lag" in found


def test_dead_letters_are_counted_by_stream_and_absent_where_unknown() -> None:
    assert only(scraped({**figures(), "dead_letters": 7})["streamwatch_stream_dead_letters"]) == 7
    assert only(scraped({**figures(), "dead_letters": 0})["streamwatch_stream_dead_letters"]) == 0
    assert "streamwatch_stream_dead_letters" not in scraped({**figures(), "dead_letters": None})
    assert "streamwatch_stream_dead_letters" not in scraped(figures()), "figures of a monitor before this one"


def test_a_verdict_that_is_unknown_has_no_severity() -> None:
    plain = figures()
    plain["groups"][0] |= {"verdict": "UNKNOWN", "severity": "unknown"}
    assert "streamwatch_group_severity" not in scraped(plain)


def test_times_are_in_seconds() -> None:
    plain = figures()
    plain["groups"][0] |= {"behind_ms": 1500, "oldest_pending_ms": 2500}
    found = scraped(plain)
    assert only(found["streamwatch_group_behind_seconds"]) == 1.5
    assert only(found["streamwatch_group_oldest_pending_seconds"]) == 2.5


def test_consumers_can_be_left_out() -> None:
    assert not [name for name in scraped(figures(), consumers=False) if "consumer_" in name]


def test_names_with_quotes_newlines_and_backslashes_are_read_back_as_they_are() -> None:
    plain = figures()
    plain["name"] = 'a "b"\\ c\nd'
    labels = dict(next(iter(scraped(plain)["redis_stream_length"])))
    assert labels["stream"] == plain["name"]


def test_the_program_speaks_of_itself_and_silent_workers_are_left_out() -> None:
    worker = {"name": "w1", "t": NOW - 1000, "batch": 100, "commit_ms": 4.0, "per_s": 50.0, "last_commit": NOW - 2000}
    silent = {**worker, "name": "w2", "t": NOW - 60_000}
    monitor = {"t": NOW - 3000, "cost_ms": 12.5, "streams": 2, "groups": 3, "interval_ms": 1000}
    found = scraped(own={"t": NOW - 3000, "monitor": monitor, "workers": [worker, silent]})
    assert only(found["streamwatch_monitor_sample_age_seconds"]) == 3
    assert only(found["streamwatch_monitor_sample_seconds"]) == 0.0125
    assert found["streamwatch_worker_commit_seconds"] == {(("worker", "w1"),): 0.004}
    assert only(found["streamwatch_worker_last_commit_age_seconds"]) == 2


def test_a_stream_that_is_gone_has_no_series() -> None:
    assert scraped({**figures(), "stream": None}) == {}
