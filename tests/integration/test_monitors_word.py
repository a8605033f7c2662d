"""`manage.py groups` says what the monitor says, while it is heard; one look alone tells no verdict."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from streams import conf, looking
from streams.monitor import Monitor
from streams.thresholds import Thresholds
from tests.stuck import GROUP, STREAM, Server, stuck

HEALTH = "streamwatch:health"
Told = Callable[..., Any]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """What a command prints; with --json, the value."""

    def tell(*words: str) -> Any:
        capsys.readouterr()
        call_command(*words)
        out = capsys.readouterr().out
        return json.loads(out) if "--json" in words else out

    return tell


@pytest.fixture
def monitor(r: Server, settings: Any) -> Monitor:
    """One that has watched a group for as long as a verdict takes."""
    limits = Thresholds(samples=3, step_ms=30, stuck_ms=60_000)
    settings.STREAMWATCH = replace(settings.STREAMWATCH, thresholds=limits)
    stuck(r, 3)
    r.xack(STREAM, GROUP, *(entry_id for entry_id, _ in r.xrange(STREAM)))
    monitor = Monitor(conf.current(), interval_s=0.04)
    for _ in range(5):
        monitor.observe_once()
        time.sleep(0.04)
    return monitor


def late(monkeypatch: pytest.MonkeyPatch, ms: int) -> None:
    """Let the server's clock go on without the monitor."""
    told = looking.health_told
    monkeypatch.setattr(looking, "health_told", lambda: (*told()[:2], told()[2] + ms))


def test_the_verdict_is_the_monitors(monitor: Monitor, told: Told) -> None:
    (group,) = told("groups", STREAM, "--json")["groups"]
    (said,) = told("health", STREAM, "--json")["streams"]
    assert (group["verdict"], group["severity"], group["reason"]) == ("OK", "good", "nothing waits")
    assert group["reason"] == said["groups"][0]["reason"]
    assert group["delivered_per_s"] == 0


def test_people_read_it_too(monitor: Monitor, told: Told) -> None:
    heading, row = told("groups", STREAM).splitlines()
    assert heading.endswith("VERDICT")
    assert row.endswith("OK: nothing waits")


def test_without_a_monitor_it_is_unknown_and_the_reason_says_why(r: Server, told: Told) -> None:
    stuck(r, 3)
    (group,) = told("groups", STREAM, "--json")["groups"]
    assert (group["verdict"], group["severity"]) == ("UNKNOWN", "unknown")
    assert group["reason"] == "the monitor was never heard: is manage.py monitor running?"
    assert "UNKNOWN: the monitor was never heard" in told("groups", STREAM)


def test_what_a_monitor_said_long_ago_is_not_told_as_now(
    monitor: Monitor, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(monkeypatch, 60_000)
    (group,) = told("groups", STREAM, "--json")["groups"]
    assert group["verdict"] == "UNKNOWN"
    assert group["reason"].startswith("the monitor was last heard 1 min ago")
    with pytest.raises(CommandError, match=r"The monitor was last heard 1 min ago: is manage\.py monitor running"):
        call_command("health")


def test_a_stream_that_is_not_watched_and_a_group_that_is_new_are_unknown_for_that(
    r: Server, monitor: Monitor, told: Told
) -> None:
    r.xgroup_create(STREAM, "new", "0")
    r.xgroup_create("aside", "g", "0", mkstream=True)
    groups = {group["name"]: group for group in told("groups", STREAM, "--json")["groups"]}
    assert groups[GROUP]["verdict"] == "OK"
    assert (groups["new"]["verdict"], groups["new"]["reason"]) == ("UNKNOWN", "the monitor has not looked at it yet")
    (group,) = told("groups", "aside", "--json")["groups"]
    assert (group["verdict"], group["reason"]) == ("UNKNOWN", "the monitor does not watch this stream")


def test_what_one_look_can_tell_is_told_without_a_monitor(r: Server, told: Told) -> None:
    ids = stuck(r, 2)
    r.xclaim(STREAM, GROUP, "worker-1", 0, ids[:1], retrycount=9, justid=True)
    (group,) = told("groups", STREAM, "--json")["groups"]
    assert group["verdict"] == "POISON"


def test_figures_that_cannot_be_read_keep_nobody_from_the_groups(r: Server, told: Told) -> None:
    stuck(r, 1)
    r.set(HEALTH, "mine")
    (group,) = told("groups", STREAM, "--json")["groups"]
    assert (group["pending"], group["verdict"]) == (1, "UNKNOWN")


def test_dead_letters_are_told_with_the_groups(r: Server, told: Told) -> None:
    stuck(r, 1)
    assert told("groups", STREAM, "--json")["dead_letters"] == 0
    assert "dead" not in told("groups", STREAM)
    r.xadd("{sensor_stream}:dead", {"id": "1-1"})
    assert told("groups", STREAM, "--json")["dead_letters"] == 1
    assert told("groups", STREAM).splitlines()[-1] == f"1 dead letter: manage.py dead list {STREAM}"
