"""Workers and what they left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from streams import conf
from streams.frames import Frame
from streams.gateway.logs import decode_frame
from streams.worker import Worker
from tests.stuck import Server

STREAM, FRAMES, DEAD = "sensor_stream", "{sensor_stream}:frames", "{sensor_stream}:dead"
GROUP = "my_group"


def add(r: Server, count: int = 1, **fields: Any) -> list[str]:
    """Readings as sensors send them; the IDs the server gave."""
    entry = {"sensor_id": "1", "temperature": "20.5", "humidity": "40", **fields}
    return [r.xadd(STREAM, entry).decode() for _ in range(count)]


def counted(r: Server) -> int:
    """Readings counted in the frames log."""
    return merged(r).count


def merged(r: Server) -> Frame:
    """The whole frames log as one frame."""
    total = Frame()
    for _, fields in r.xrange(FRAMES):
        total.merge(decode_frame(fields[b"f"]))
    return total


def pending(r: Server) -> int:
    return int(r.xpending(STREAM, GROUP)["pending"])


@pytest.fixture
def make_worker(r: Server) -> Callable[..., Worker]:
    """Makes workers that do not block for long."""

    def make(consumer: str | None = None, count: int = 100, **settings: Any) -> Worker:
        config = replace(conf.current(), **settings)
        return Worker(config, consumer=consumer.encode() if consumer else None, count=count, block_ms=20)

    return make


@pytest.fixture
def worker(make_worker: Callable[..., Worker]) -> Worker:
    return make_worker("w1")


def drain(worker: Worker) -> None:
    """Let a worker do everything there is to do."""
    while worker.consume_once():
        pass
