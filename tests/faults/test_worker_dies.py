"""The invariant, by really killing: every reading counted once or dead-lettered, and only then acknowledged."""

from __future__ import annotations

import random
import signal
import threading
import time
from typing import Any

import pytest
import redis

from streams import conf
from tests.faults.conftest import StartWorker, is_drained, produce
from tests.integration.conftest import DEAD, GROUP, STREAM, counted, merged, pending
from tests.processes import eventually
from tests.stuck import Server


def test_three_kills_in_the_middle_of_200_000_readings_lose_and_repeat_nothing(r: Server, start: StartWorker) -> None:
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    producer = threading.Thread(target=produce, args=(r, 200_000))
    producer.start()
    for kill in range(3):
        worker = start()
        assert eventually(lambda at=25_000 * (kill + 1): counted(r) >= at, 30)  # type: ignore[misc]  # a bound default
        worker.send(signal.SIGKILL)
        worker.wait()
    producer.join()
    start()
    assert eventually(lambda: is_drained(r), 60)
    assert (counted(r), r.xlen(DEAD), pending(r)) == (200_000, 0, 0)
    by_sensor: dict[str, int] = {}
    for bucket in merged(r).buckets.values():
        for sensor, stats in bucket.items():
            by_sensor[sensor] = by_sensor.get(sensor, 0) + stats.count
    assert by_sensor == {str(n): 20_000 for n in range(10)}


def test_kills_at_random_moments_leave_every_entry_counted_once(r: Server, start: StartWorker) -> None:
    chance = random.Random(7)
    for _ in range(6):
        worker = start("--count", "50")
        produce(r, 2000)
        time.sleep(chance.random() * 0.2)
        worker.send(signal.SIGKILL)
        worker.wait()
    start()
    assert eventually(lambda: is_drained(r), 30)
    assert (counted(r), pending(r)) == (12_000, 0)


def test_a_worker_that_was_stopped_while_another_took_its_entries_does_not_count_them_again(
    r: Server, start: StartWorker
) -> None:
    frozen = start("--consumer", "frozen", CLAIM_IDLE_MS="1000")
    frozen.send(signal.SIGSTOP)
    time.sleep(0.3)
    produce(r, 500)
    r.xreadgroup(GROUP, "frozen", {STREAM: ">"}, count=200)  # read for it, as it would have before it froze
    start("--consumer", "other", CLAIM_IDLE_MS="1000")
    assert eventually(lambda: counted(r) == 500, 20)
    frozen.send(signal.SIGCONT)
    produce(r, 100)
    assert eventually(lambda: counted(r) == 600 and is_drained(r), 20)
    time.sleep(1)
    assert counted(r) == 600


def test_connections_cut_again_and_again_lose_nothing_and_fill_no_log(r: Server, start: StartWorker) -> None:
    worker = start("--count", "100")
    producer = threading.Thread(target=produce, args=(r, 20_000))
    producer.start()
    for _ in range(20):
        time.sleep(0.1)
        for client in r.client_list():
            if "name=" in str(client) and client["cmd"] in {"xreadgroup", "evalsha"}:
                r.client_kill_filter(_id=client["id"])
    producer.join()
    assert eventually(lambda: is_drained(r), 30)
    assert (counted(r), pending(r)) == (20_000, 0)
    worker.stop()
    assert len([line for line in worker.lines if "Traceback" in line]) == 0
    assert len(worker.lines) < 100


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_stop_finishes_the_batch_and_leaves_nothing_pending(
    r: Server, start: StartWorker, signum: signal.Signals
) -> None:
    worker = start()
    produce(r, 50_000)
    began = time.monotonic()
    worker.send(signum)
    assert worker.wait() == 0
    assert time.monotonic() - began < 5
    assert pending(r) == 0
    assert r.xinfo_consumers(STREAM, GROUP) == []
    (group,) = r.xinfo_groups(STREAM)
    assert counted(r) == group["entries-read"]


def test_the_server_away_is_waited_out_and_said_once(r: Server, start: StartWorker) -> None:
    worker = start()
    r.execute_command("CLIENT", "PAUSE", "1500", "WRITE")
    produce(r, 100)
    assert eventually(lambda: counted(r) == 100, 20)
    assert worker.stop() == 0


def test_a_textbook_consumer_and_our_worker_share_a_group(r: Server, start: StartWorker) -> None:
    start("--count", "10")
    handled: list[bytes] = []
    done = threading.Event()

    def textbook() -> None:
        client: Any = redis.Redis.from_url(conf.current().server_url())
        while not done.is_set():
            for _, entries in client.xreadgroup(GROUP, "consumer_1", {STREAM: ">"}, count=1, block=100) or []:
                for entry_id, _ in entries:
                    handled.append(entry_id)
                    client.xack(STREAM, GROUP, entry_id)
        client.close()

    reader = threading.Thread(target=textbook)
    reader.start()
    for n in range(3000):
        r.xadd(STREAM, {"sensor_id": n % 10, "temperature": 20.5, "humidity": 50})
    assert eventually(lambda: is_drained(r), 30)
    done.set()
    reader.join()
    assert len(handled) == len(set(handled)) > 0
    assert counted(r) + len(handled) == 3000
