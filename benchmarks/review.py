"""The review of a large PEL: how long pages take, how long the server is held up, how fast jobs go, beside bare loops.

    python -m benchmarks.review [--entries 1000000] [--rounds 7]

Times of pages are whole requests (view, Redis, template) without the network to a browser. "Server" is the longest that
any single command held up the server meanwhile, by its own slow log.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

FOLDER = tempfile.TemporaryDirectory()
os.environ |= {"VAR_DIR": FOLDER.name, "DJANGO_SETTINGS_MODULE": "dashboard.settings", "ALLOWED_HOSTS": "testserver"}

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks import measure  # noqa: E402
from streams import operations, pel  # noqa: E402
from streams.job_models import Job  # noqa: E402
from streams.operations import Actor  # noqa: E402
from streams.snapshot import PendingFilter  # noqa: E402

Progress = Callable[[Job], object]
STREAM, GROUP = "sensor_stream", "my_group"
IDLE, RARE_MS = "1h", 4_000_000
_ADMIN = f"/admin/streams/pendingentry/?stream={STREAM}&group={GROUP}&"
_LIVE = f"/streams/{STREAM}/groups/{GROUP}/pending/?"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with measure.server() as (url, r):
        os.sched_setaffinity(0, {measure.CLIENT_CORE % (os.cpu_count() or 1)})
        settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url=url)
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
        call_command("migrate", verbosity=0)
        print(measure.machine(r))
        _fill(r, options.entries)
        r.config_set("slowlog-log-slower-than", 2000)
        r.config_set("slowlog-max-len", 1000)
        _pages(r, options.entries, options.rounds)
        _survey(r)
        _jobs(r, options.entries)


def _fill(r: Any, entries: int) -> None:
    measure.fill(r, STREAM, entries, 1000)
    r.xgroup_create(STREAM, GROUP, "0")
    for n in range(0, entries, 10_000):
        r.xreadgroup(GROUP, "slow" if n % 100_000 == 0 else "dead", {STREAM: ">"}, count=10_000)
    # One in a thousand is idle for long, and was delivered often.
    for rows in _rows(r, 10_000):
        r.xclaim(STREAM, GROUP, rows[0]["consumer"], 0, _ids(rows[:10]), idle=RARE_MS, retrycount=7, justid=True)


def _rows(r: Any, count: int) -> Iterator[list[Any]]:
    after = "-"
    while rows := r.xpending_range(STREAM, GROUP, after, "+", count):
        yield rows
        after = b"(" + rows[-1]["message_id"]


def _ids(rows: list[Any]) -> list[bytes]:
    return [row["message_id"] for row in rows]


def _held_up(r: Any, act: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds that something took, and the longest that one command of it held up the server."""
    r.slowlog_reset()
    began = time.perf_counter()
    act()
    took = 1000 * (time.perf_counter() - began)
    others = (row for row in r.slowlog_get(1000) if not row["command"].startswith(b"SLOWLOG"))
    return took, max((row["duration"] for row in others), default=0) / 1000


def _pages(r: Any, entries: int, rounds: int) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    middle = r.xrange(STREAM, count=1)[0][0].decode()
    for n, rows in enumerate(_rows(r, 10_000)):
        if n == entries // 20_000:
            middle = rows[0]["message_id"].decode()
    queries: dict[str, dict[str, str]] = {
        "first page": {},
        "a page in the middle": {"after": middle},
        "one consumer of two": {"consumer": "slow"},
        "idle for an hour, one in 1,000": {"min_idle": IDLE},
        "delivered five times, one in 1,000": {"min_deliveries": "5"},
        "a field's value, one in 1,000": {"field": "sensor_id", "value": "7"},
        "a value that none has": {"field": "sensor_id", "value": "none"},
    }
    print(f"\n| page, {entries:,} pending | live, ms (most) | admin, ms (most) | server, ms |\n| --- |{' ---: |' * 3}")
    for name, query in queries.items():
        cells, worst = [], 0.0
        for place in (_LIVE, _ADMIN):
            look = partial(client.get, place + urlencode(query))
            times = [_held_up(r, look) for _ in range(rounds)]
            cells.append(f"{statistics.median(took for took, _ in times):.0f} ({max(took for took, _ in times):.0f})")
            worst = max(worst, *(held for _, held in times))
        print(f"| {name} | {' | '.join(cells)} | {worst:.1f} |")
    bare = [_held_up(r, lambda: r.xpending_range(STREAM, GROUP, "-", "+", 50, idle=99_000_000)) for _ in range(rounds)]
    print(f"| *bare XPENDING IDLE that finds none* | {statistics.median(t for t, _ in bare):.0f} | – | "
          f"{max(held for _, held in bare):.1f} |")  # fmt: skip


def _survey(r: Any) -> None:
    def count() -> None:
        after = None
        while True:
            _, after = pel.survey(STREAM.encode(), GROUP.encode(), PendingFilter(), after)
            if after is None:
                return

    took, held = _held_up(r, count)
    print(f"\nBoth histograms of all: {took / 1000:.1f} s, in steps that hold up the server for at most {held:.1f} ms")


def _jobs(r: Any, entries: int) -> None:
    shell, place, everything = Actor.of_shell(), (STREAM.encode(), GROUP.encode()), PendingFilter()
    print(f"\n| {entries:,} entries | entries/s | server, ms | memory half-way, at the end, MB |")
    print("| --- | ---: | ---: | ---: |")

    def row(name: str, act: Callable[[Progress], object]) -> None:
        memory: list[float] = []
        took, held = _held_up(r, lambda: act(lambda _: memory.append(_memory_mb())))
        middle, end = (memory[len(memory) // 2], memory[-1]) if memory else (_memory_mb(), _memory_mb())
        print(f"| {name} | {1000 * entries / took:,.0f} | {held:.1f} | {middle:.0f}, {end:.0f} |")

    def job(start: Callable[..., Job], *arguments: Any) -> Callable[[Progress], object]:
        return lambda progress: operations.run(start(shell, *place, *arguments), progress)

    row("bare loop of XAUTOCLAIM, 500 at a time", lambda _: _autoclaim(r))
    row("job: claim", job(operations.claim, b"other", everything))
    row("job: dead letters of one in 1,000", job(operations.give_up, PendingFilter(min_deliveries=7), "why"))
    row("job: acknowledge", job(operations.acknowledge, everything))


def _autoclaim(r: Any) -> None:
    start: Any = "0-0"
    while True:
        start, _, _ = r.xautoclaim(STREAM, GROUP, "bare", 0, start, count=500)
        if start == b"0-0":
            return


def _memory_mb() -> float:
    """What the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main()
