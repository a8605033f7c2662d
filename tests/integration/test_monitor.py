import time
from typing import Any

import pytest

from streams import conf
from streams.gateway import logs
from streams.monitor import Monitor
from tests.integration.conftest import GROUP, STREAM, add
from tests.stuck import Server

HEALTH, LEASE = "streamwatch:health", "streamwatch:monitor"


@pytest.fixture
def monitor(r: Server) -> Monitor:
    return Monitor(conf.current(), interval_s=1.0)


def newest(r: Server) -> dict[str, Any]:
    return published(r)[-1]


def published(r: Server, stream: str = STREAM) -> list[dict[str, Any]]:
    """What the health log has of a stream, oldest first."""
    return [logs.decode_health(fields[b"m"]) for _, fields in r.xrange(HEALTH) if fields[b"s"] == stream.encode()]


def test_every_look_is_published_to_the_health_log(r: Server, monitor: Monitor) -> None:
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    add(r, 5)
    r.xreadgroup(GROUP, "c", {STREAM: ">"}, count=2)
    monitor.observe_once()
    group = newest(r)["groups"][0]
    assert (group["name"], group["lag"], group["lag_quality"], group["pending"]) == (GROUP, 3, "exact", 2)
    assert group["consumers"][0]["pending"] == 2


def test_dead_letters_are_published_with_their_stream(r: Server, monitor: Monitor) -> None:
    add(r, 1)
    monitor.observe_once()
    assert newest(r)["dead_letters"] == 0
    r.xadd("{sensor_stream}:dead", {"id": "1-1"})
    monitor.observe_once()
    assert newest(r)["dead_letters"] == 1
    r.set("{sensor_stream}:dead", "mine")
    monitor.observe_once()
    assert newest(r)["dead_letters"] is None


def test_rates_follow_from_two_looks(r: Server, monitor: Monitor) -> None:
    add(r, 1)
    monitor.observe_once()
    add(r, 50)
    time.sleep(0.1)
    monitor.observe_once()
    assert newest(r)["stream"]["in_per_s"] > 50


def test_a_missing_stream_is_said_and_not_made(r: Server, monitor: Monitor) -> None:
    monitor.observe_once()
    assert newest(r)["stream"] is None
    assert not r.exists(STREAM)


def test_a_key_of_another_type_is_said_and_not_touched(r: Server, monitor: Monitor) -> None:
    r.set(STREAM, "mine")
    monitor.observe_once()
    assert newest(r)["problem"] == "the key holds a string, not a stream"
    assert r.get(STREAM) == b"mine"


def test_of_two_monitors_one_leads_and_the_other_stands_by(r: Server, monitor: Monitor) -> None:
    standby = Monitor(conf.current(), interval_s=1.0)
    assert monitor.observe_once()
    assert not standby.observe_once()
    assert len(published(r)) == 1


def test_a_leader_that_leaves_is_followed_at_once(monitor: Monitor) -> None:
    standby = Monitor(conf.current(), interval_s=1.0)
    monitor.observe_once()
    monitor.leave()
    assert standby.observe_once()


def test_a_dead_leader_loses_the_lead_within_five_seconds(r: Server, monitor: Monitor) -> None:
    monitor.observe_once()
    assert 0 < r.pttl(LEASE) <= 5000


def test_a_leader_that_was_held_up_does_not_write_over_its_successor(r: Server, monitor: Monitor) -> None:
    monitor.observe_once()
    seen = monitor._look()
    r.set(LEASE, "successor")
    monitor._publish(seen)
    assert not monitor.leads
    assert len(published(r)) == 1


def test_the_health_log_is_kept_for_fifteen_minutes(r: Server, monitor: Monitor) -> None:
    for n in range(300):
        r.xadd(HEALTH, {"s": STREAM, "m": "{}"}, id=f"{n + 1}-0")
    monitor.observe_once()
    assert r.xlen(HEALTH) < 300


def test_a_new_history_is_noticed_and_rates_begin_anew(
    r: Server, monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    add(r, 10)
    monitor.observe_once()
    r.delete(STREAM)
    r.xadd(STREAM, {"a": "b"}, id="1-1")
    monitor.observe_once()
    assert newest(r)["stream"]["in_per_s"] is None


def test_looking_writes_nothing_beside_the_stream(r: Server, monitor: Monitor) -> None:
    add(r, 1)
    monitor.observe_once()
    assert set(r.keys()) == {STREAM.encode(), HEALTH.encode(), LEASE.encode()}
