"""What workers say of themselves, and that saying it never keeps them from working."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streams import conf, reporting
from streams.gateway import vitals
from streams.gateway.client import Client
from streams.monitor import Monitor
from streams.worker import Worker
from tests.integration.conftest import STREAM, add, counted, drain, pending
from tests.stuck import Server

WORKERS = "streamwatch:workers"


@pytest.fixture(autouse=True)
def tells_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "EVERY_S", 0.0)


def told(r: Server) -> list[dict[str, Any]]:
    monitor = Monitor(conf.current(), interval_s=1.0)
    monitor.observe_once()
    monitor.leave()
    found: list[dict[str, Any]] = vitals.told(Client(conf.current().server_url()), WORKERS.encode(), monitor.taken_at)
    return found


def test_a_worker_says_how_large_its_batches_are_and_how_long_they_take(r: Server, worker: Worker) -> None:
    add(r, 30)
    drain(worker)
    (said,) = told(r)
    assert said["name"] == "w1"
    assert said["batch"] == 30
    assert 0 < said["commit_ms"] < 10_000
    assert 0 <= said["t"] - said["last_commit"] < 10_000


def test_a_worker_that_leaves_is_no_longer_named_and_one_that_died_is_forgotten(r: Server, worker: Worker) -> None:
    add(r, 1)
    drain(worker)
    r.hset(WORKERS, "dead", '{"name": "dead", "t": 1}')
    r.hset(WORKERS, "broken", "{")
    assert [said["name"] for said in told(r)] == ["w1"]
    assert r.hkeys(WORKERS) == [b"w1"]
    worker.leave()
    assert told(r) == []


@pytest.mark.parametrize("refusal", ["full", "wrong type"])
def test_a_server_that_refuses_what_a_worker_says_does_not_stop_it(
    r: Server, make_worker: Callable[..., Worker], refusal: str
) -> None:
    worker = make_worker("w1")
    add(r, 5)
    drain(worker)
    if refusal == "wrong type":
        r.delete(WORKERS)
        r.set(WORKERS, "mine")
        add(r, 5)
    else:
        add(r, 5)
        r.config_set("maxmemory", 1)
        r.config_set("maxmemory-policy", "noeviction")
    try:
        worker._reporting.step()
    finally:
        r.config_set("maxmemory", 0)
    drain(worker)
    assert (counted(r), pending(r)) == (10, 0)
    worker.leave()
    assert r.exists(STREAM)
