"""Everything at once, at random: whatever happens, every entry is counted once, or given up, or somebody else's.

Every entry has a sensor of its own, so that the frames log tells which entries were counted, and how often. The seed is
printed; `CHAOS_SEED` repeats a run as far as timing allows, `CHAOS_SECONDS` says how long it is (`make chaos`).
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.faults.conftest import StartWorker, is_drained
from tests.faults.servers import Own
from tests.integration.conftest import DEAD, GROUP, STREAM, merged
from tests.processes import Process, eventually

SECONDS = float(os.environ.get("CHAOS_SECONDS", "15"))
SEED = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


class Chaos:
    """One run: what was produced, what was acknowledged by others, and the steps that may happen."""

    def __init__(self, own: Own, start: StartWorker) -> None:
        self.own, self._start = own, start
        self.chance = random.Random(SEED)
        self.produced: dict[bytes, str] = {}
        self.acked_by_others: set[bytes] = set()
        self.dropped_by_claims: set[bytes] = set()
        self.workers = [self.start_worker(), self.start_worker()]
        self.steps: list[Callable[[], None]] = [
            *[self.produce] * 12,
            self.produce_broken,
            *[self.claim_for_nobody] * 3,
            *[self.ack_as_somebody] * 2,
            self.kill_a_worker,
            self.freeze_a_worker,
            self.cut_connections,
            self.trim_what_was_delivered,
            self.pause_writes,
            self.restart_the_server,
            self.rest,
        ]

    @property
    def r(self) -> Any:
        return self.own.redis

    def start_worker(self) -> Process:
        count = str(self.chance.choice([1, 7, 50, 1000]))
        return self._start("--count", count, REDIS_URL=self.own.url, CLAIM_IDLE_MS="1000", MAX_DELIVERIES="50")

    def produce(self, **fields: str) -> None:
        for _ in range(self.chance.randrange(1, 120)):
            sensor = str(len(self.produced))
            entry = {"sensor_id": sensor, "temperature": "20", "humidity": "40", **fields}
            self.produced[self.r.xadd(STREAM, entry)] = sensor

    def produce_broken(self) -> None:
        self.produce(temperature="warm")

    def claim_for_nobody(self) -> None:
        """XCLAIM takes a pending entry that was trimmed out of the PEL (since 7.0): no worker can ever hear of it."""
        if ids := self.some_pending():
            claimed = self.r.xclaim(STREAM, GROUP, "nobody", 0, ids, justid=True)
            self.dropped_by_claims |= {i for i in ids if i not in claimed and not self.r.xrange(STREAM, i, i)}

    def ack_as_somebody(self) -> None:
        self.acked_by_others |= {entry_id for entry_id in self.some_pending() if self.r.xack(STREAM, GROUP, entry_id)}

    def some_pending(self) -> list[bytes]:
        rows = self.r.xpending_range(STREAM, GROUP, "-", "+", 100)
        return [row["message_id"] for row in self.chance.sample(rows, min(len(rows), 3))]

    def kill_a_worker(self) -> None:
        victim = self.chance.randrange(2)
        self.workers[victim].send(signal.SIGKILL)
        self.workers[victim].wait()
        self.workers[victim] = self.start_worker()

    def freeze_a_worker(self) -> None:
        victim = self.chance.choice(self.workers)
        victim.send(signal.SIGSTOP)
        self.produce()  # a read that waits is answered to the frozen one
        time.sleep(0.05)
        self.claim_for_nobody()
        self.ack_as_somebody()
        time.sleep(self.chance.choice([0.0, 2.5]))  # long enough for the other to take over, or not
        victim.send(signal.SIGCONT)

    def cut_connections(self) -> None:
        for client in self.r.client_list():
            if client["cmd"] != "client|list":
                self.r.client_kill_filter(_id=client["id"])

    def trim_what_was_delivered(self) -> None:
        (group,) = self.r.xinfo_groups(STREAM)
        self.r.xtrim(STREAM, minid=group["last-delivered-id"], approximate=False)

    def pause_writes(self) -> None:
        self.r.execute_command("CLIENT", "PAUSE", "300", "WRITE")

    def restart_the_server(self) -> None:
        self.own.kill()
        self.own.start()

    def rest(self) -> None:
        time.sleep(0.3)

    def run(self, seconds: float) -> Counter[str]:
        until, done = time.monotonic() + seconds, Counter[str]()
        while time.monotonic() < until:
            step = self.chance.choice(self.steps)
            step()
            done[step.__name__] += 1
            time.sleep(self.chance.random() * 0.1)
        return done

    def counted(self) -> Counter[str]:
        """How often each sensor was counted."""
        found = Counter[str]()
        for bucket in merged(self.r).buckets.values():
            for sensor, stats in bucket.items():
                found[sensor] += stats.count
        return found

    def given_up(self) -> Counter[bytes]:
        return Counter(fields[b"id"] for _, fields in self.r.xrange(DEAD))


def test_whatever_happens_every_entry_is_counted_once_or_accounted_for(own: Own, start: StartWorker) -> None:
    print(f"CHAOS_SEED={SEED}")
    chaos = Chaos(own, start)
    done = chaos.run(SECONDS)
    assert eventually(lambda: is_drained(chaos.r), 60), done
    counted, given_up = chaos.counted(), chaos.given_up()
    fates = {
        entry_id: (counted[sensor], given_up[entry_id], int(entry_id in chaos.acked_by_others))
        for entry_id, sensor in chaos.produced.items()
    }
    dropped = {entry_id for entry_id in chaos.dropped_by_claims if not sum(fates[entry_id])}
    wrong = {entry_id: fate for entry_id, fate in fates.items() if sum(fate) != 1 and entry_id not in dropped}
    assert not wrong, (SEED, len(wrong), list(wrong.items())[:5], done)
    assert counted.total() + given_up.total() + len(chaos.acked_by_others) + len(dropped) == len(chaos.produced)
    for worker in chaos.workers:
        worker.stop()
        assert "Traceback" not in worker.text
