"""What a server may answer, one mood after the other: the worker waits, says so once, and counts everything once."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from tests.faults.conftest import StartWorker, is_drained, produce
from tests.integration.conftest import DEAD, FRAMES, GROUP, STREAM, counted, pending
from tests.processes import Process, Wire, eventually
from tests.stuck import Server

Mood = contextlib.AbstractContextManager[object]


@contextlib.contextmanager
def setting(r: Server, name: str, value: str) -> Iterator[None]:
    before = r.config_get(name)[name]
    r.config_set(name, value)
    try:
        yield
    finally:
        r.config_set(name, before)


@contextlib.contextmanager
def read_only(r: Server) -> Iterator[None]:
    r.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        r.execute_command("REPLICAOF", "NO", "ONE")


@contextlib.contextmanager
def forbidden(r: Server, *rules: str) -> Iterator[None]:
    r.execute_command("ACL", "SETUSER", "worker", "reset", "on", "nopass", "~*", "&*", "+@all", *rules)
    kill_user(r)
    try:
        yield
    finally:
        r.execute_command("ACL", "SETUSER", "worker", "reset", "on", "nopass", "~*", "&*", "+@all")


@contextlib.contextmanager
def another_password(r: Server) -> Iterator[None]:
    with forbidden(r, "resetpass", ">changed"):
        yield


@contextlib.contextmanager
def busy(r: Server, redis_url: str) -> Iterator[None]:
    """A script that never ends, until it is killed."""

    def run() -> None:
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(redis_url, socket_timeout=60) as client:
            client.eval("while true do end", 0)

    with setting(r, "busy-reply-threshold", "100"):
        script = threading.Thread(target=run)
        script.start()
        try:
            yield
        finally:
            r.script_kill()
            script.join()


def kill_user(r: Server) -> None:
    for client in r.client_list():
        if client["user"] == "worker":
            r.client_kill_filter(_id=client["id"])


def said(worker: Process) -> tuple[int, int]:
    """How often the worker said that it waits, and that it goes on."""
    worker.stop()
    return worker.text.count("Trying again until it answers"), worker.text.count("Redis answers again after")


def as_worker(url: str) -> str:
    return url.replace("redis://", "redis://worker:s3cret@")


@pytest.mark.parametrize(
    "mood",
    [
        pytest.param(read_only, id="READONLY"),
        pytest.param(lambda r: setting(r, "min-replicas-to-write", "1"), id="NOREPLICAS"),
        pytest.param(lambda r: forbidden(r, "-xreadgroup"), id="NOPERM"),
        pytest.param(another_password, id="WRONGPASS"),
    ],
)
def test_a_refusal_is_waited_out_and_said_once(
    r: Server, redis_url: str, start: StartWorker, mood: Callable[[Server], Mood]
) -> None:
    with forbidden(r):
        worker = start(REDIS_URL=as_worker(redis_url))
    produce(r, 100)
    assert eventually(lambda: counted(r) == 100, 15)
    with mood(r):
        time.sleep(2.2)  # a read that waits already is not refused
    produce(r, 100)
    assert eventually(lambda: counted(r) == 200 and is_drained(r), 15)
    assert said(worker) == (1, 1)
    assert "Traceback" not in worker.text
    assert "s3cret" not in worker.text


def test_out_of_memory_the_worker_goes_on(r: Server, start: StartWorker) -> None:
    worker = start()
    produce(r, 100)
    assert eventually(lambda: counted(r) == 100, 15)
    produce(r, 500)
    with setting(r, "maxmemory", "1mb"):
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            produce(r, 1)
        assert eventually(lambda: counted(r) == 600 and is_drained(r), 15)
    assert said(worker) == (0, 0)


def test_without_a_free_connection_the_worker_waits(r: Server, start: StartWorker) -> None:
    worker = start()
    produce(r, 100)
    assert eventually(lambda: counted(r) == 100, 15)
    with setting(r, "maxclients", "1"):
        for client in r.client_list():
            if client["cmd"] != "client|list":
                r.client_kill_filter(_id=client["id"])
        time.sleep(1)
    produce(r, 100)
    assert eventually(lambda: counted(r) == 200 and is_drained(r), 15)
    assert said(worker) == (1, 1)


def test_a_server_busy_with_a_script_is_waited_out(r: Server, redis_url: str, start: StartWorker) -> None:
    worker = start()
    produce(r, 100)
    assert eventually(lambda: counted(r) == 100, 15)
    with busy(r, redis_url):
        time.sleep(1)
    produce(r, 100)
    assert eventually(lambda: counted(r) == 200 and is_drained(r), 15)
    assert said(worker) in {(0, 0), (1, 1)}  # a read that waits is answered late, not refused


def test_writes_paused_for_longer_than_an_answer_may_take_are_done_once(r: Server, start: StartWorker) -> None:
    worker = start()
    produce(r, 100)
    assert eventually(lambda: counted(r) == 100, 15)
    worker.send(signal.SIGSTOP)  # or it may be done before the pause begins
    produce(r, 5000)
    r.execute_command("CLIENT", "PAUSE", "11500", "WRITE")
    worker.send(signal.SIGCONT)
    assert eventually(lambda: counted(r) == 5100 and is_drained(r), 40)
    produce(r, 100)
    assert eventually(lambda: counted(r) == 5200 and is_drained(r), 15)
    assert said(worker) == (1, 1)


def test_a_silent_peer_is_noticed_and_left_within_fifteen_seconds(
    r: Server, redis_url: str, start: StartWorker
) -> None:
    wire = Wire(int(redis_url.rpartition(":")[2].partition("/")[0]))
    worker = start(REDIS_URL=f"redis://127.0.0.1:{wire.port}/0")
    produce(r, 100)
    assert eventually(lambda: counted(r) == 100, 15)
    wire.go_silent()
    began = time.monotonic()
    worker.until("did not answer in time", within_s=15)
    assert time.monotonic() - began < 15
    wire.speak_again()
    produce(r, 100)
    assert eventually(lambda: counted(r) == 200 and is_drained(r), 15)
    wire.close()


def test_a_stream_deleted_while_reading_is_made_again_and_read_from_its_beginning(
    r: Server, start: StartWorker
) -> None:
    worker = start()
    produce(r, 100)
    assert eventually(lambda: counted(r) == 100, 15)
    r.delete(STREAM)
    produce(r, 50)
    assert eventually(lambda: counted(r) == 150 and is_drained(r), 15)
    worker.stop()
    assert worker.text.count("was gone; created it again at the beginning") == 1
    assert worker.text.count("A new history of sensor_stream begins") == 1


def test_a_server_that_forgot_everything_is_begun_with_anew(r: Server, start: StartWorker) -> None:
    worker = start()
    produce(r, 100)
    assert eventually(lambda: counted(r) == 100, 15)
    r.flushall()
    produce(r, 50)
    assert eventually(lambda: counted(r) == 50 and is_drained(r), 15)
    worker.stop()
    assert worker.text.count("A new history of sensor_stream begins") == 1


def test_a_group_destroyed_while_reading_goes_on_where_the_worker_was(r: Server, start: StartWorker) -> None:
    worker = start()
    produce(r, 100)
    assert eventually(lambda: counted(r) == 100, 15)
    r.xgroup_destroy(STREAM, GROUP)
    produce(r, 50)
    assert eventually(lambda: counted(r) == 150 and is_drained(r), 15)
    worker.stop()
    assert "created it again after" in worker.text


@pytest.mark.parametrize("key", [STREAM, FRAMES, DEAD])
def test_a_key_of_another_type_is_reported_and_never_touched(r: Server, start: StartWorker, key: str) -> None:
    worker = start()
    produce(r, 10)
    assert eventually(lambda: counted(r) == 10, 15)
    kept = r.dump(key) if r.exists(key) else None
    r.set(key, "mine")
    if key != STREAM:
        r.xadd(STREAM, {"sensor_id": "1", "temperature": "warm", "humidity": "1"})
    worker.until("Trying again until it answers", within_s=10)
    assert r.get(key) == b"mine"
    r.delete(key)
    if kept:
        r.restore(key, 0, kept)
    produce(r, 10)
    assert eventually(lambda: is_drained(r) and counted(r) == 20, 15)
    assert r.xlen(DEAD) == (key != STREAM)
    assert pending(r) == 0
