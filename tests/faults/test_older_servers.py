"""The worker on the oldest servers it promises to work on: what they lack must not matter."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.faults.conftest import StartWorker, produce
from tests.integration.conftest import DEAD, GROUP, STREAM, counted, pending
from tests.processes import eventually, free_port
from tests.redis_servers import binary_of


@pytest.fixture(scope="module", params=["redis-6.2", "system"])
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an older server."""
    binary, port = binary_of(request.param), free_port()
    if not binary:
        pytest.skip(f"no {request.param} server here")
    folder: Path = tmp_path_factory.mktemp("redis")
    command = [binary, "--port", str(port), "--save", "", "--dir", str(folder), "--bind", "127.0.0.1"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait()


@pytest.fixture
def raw(old: str) -> Iterator[Any]:
    client = redis.Redis.from_url(old)
    assert eventually(lambda: _answers(client))
    client.flushall()
    yield client
    client.close()


def _answers(client: Any) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def is_done(raw: Any, count: int) -> bool:
    return counted(raw) == count and pending(raw) == 0


def test_readings_are_counted_and_what_a_dead_worker_had_is_taken_over(old: str, raw: Any, start: StartWorker) -> None:
    dying = start(REDIS_URL=old)
    produce(raw, 3000)
    dying.send(signal.SIGKILL)
    dying.wait()
    start(REDIS_URL=old)
    assert eventually(lambda: is_done(raw, 3000), 20)


def test_what_others_left_is_claimed_and_what_is_gone_is_a_dead_letter(old: str, raw: Any, start: StartWorker) -> None:
    raw.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    produce(raw, 50)
    ids = [entry_id for entry_id, _ in raw.xreadgroup(GROUP, "nobody", {STREAM: ">"})[0][1]]
    raw.xdel(STREAM, *ids[:3])
    time.sleep(1.1)
    start(REDIS_URL=old, CLAIM_IDLE_MS="1000")
    assert eventually(lambda: is_done(raw, 47) and raw.xlen(DEAD) == 3, 20)


def test_a_stream_deleted_and_a_group_destroyed_while_reading_are_made_again(
    old: str, raw: Any, start: StartWorker
) -> None:
    start(REDIS_URL=old)
    produce(raw, 30)
    assert eventually(lambda: is_done(raw, 30), 15)
    raw.delete(STREAM)
    produce(raw, 20)
    assert eventually(lambda: is_done(raw, 50), 15)
    raw.xgroup_destroy(STREAM, GROUP)
    produce(raw, 10)
    assert eventually(lambda: is_done(raw, 60), 15)
    raw.flushall()
    produce(raw, 10)
    assert eventually(lambda: is_done(raw, 10), 15)
