"""What the history of health figures weighs and costs: rows, bytes, writing, reading, on a fresh SQLite database.

    python -m benchmarks.history [--hours 3]

Ten groups are recorded for so many simulated hours; bytes per block follow, and from them the size at full retention.
A thousand groups are recorded for a few minutes, to time the writing and to check the bytes per block.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from typing import Any

FOLDER = tempfile.TemporaryDirectory()
os.environ |= {"VAR_DIR": FOLDER.name, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from streams import past  # noqa: E402
from streams.history import TIERS  # noqa: E402
from streams.recorder import Recorder  # noqa: E402

START = 1_699_999_200_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=int, default=3)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    end = START + options.hours * 3_600_000
    _record(10, START, end)
    sizes = _report(options.hours)
    for span_h, name in ((0.25, "15 min"), (1, "1 h"), (options.hours, f"{options.hours} h")):
        began = time.perf_counter()
        found = past.figures_over(
            "s", "g1", from_ms=end - int(span_h * 3_600_000), to_ms=end, points=600, shown=("", ""), now_ms=end
        )
        print(f"reading {name}: {len(found['t'])} points in {1000 * (time.perf_counter() - began):.0f} ms")
    for groups in (10, 1000):
        total = sum(size * (groups + 1) * tier.keep_s / tier.block_s for size, tier in zip(sizes, TIERS, strict=True))
        print(f"{groups:,} groups at full retention: about {total / 1e6:,.0f} MB")
    times = _record(1000, end, end + 240_000)
    print(
        f"1,000 groups: a flush of ten seconds takes {1000 * statistics.median(times):.0f} ms"
        f" (most {1000 * max(times):.0f})"
    )


def _report(hours: int) -> list[float]:
    """Bytes a stored block takes in each tier, indexes and overhead shared out by rows."""
    print(f"| tier | blocks after {hours} h, 10 groups | bytes of columns a block |\n| --- | --- | --- |")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT resolution_s, count(*), avg(length(columns)) FROM streams_healthblock GROUP BY 1 ORDER BY 1"
        )
        rows = cursor.fetchall()
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        file_bytes = cursor.fetchone()[0]
    overhead = (file_bytes - sum(count * size for _, count, size in rows)) / sum(count for _, count, _ in rows)
    for resolution, count, size in rows:
        print(f"| {resolution} s | {count:,} | {size:,.0f} |")
    print(f"\nand {overhead:.0f} bytes of overhead a row\n")
    return [size + overhead for _, _, size in rows]


def _record(groups: int, start: int, end: int) -> list[float]:
    recorder, times = Recorder(), []
    chance = random.Random(1)
    for t in range(start, end, 1000):
        recorder.take([_look(t, groups, chance)])
        if t % 10_000 == 0:
            began = time.perf_counter()
            recorder.write(t)
            times.append(time.perf_counter() - began)
    return times


def _look(t: int, groups: int, chance: random.Random) -> dict[str, Any]:
    """Figures that vary as real ones do: rates jitter, a lag comes and goes, half of the groups are quiet."""
    stream = {"length": 100_000 + chance.randrange(50), "in_per_s": round(chance.uniform(90, 110), 1)}
    found = []
    for n in range(groups):
        quiet = n % 2 == 0
        lag = 0 if quiet else chance.randrange(200)
        rate = 10.0 if quiet else round(chance.uniform(90, 110), 1)
        found.append(
            {
                **{"path": f"g{n}", "verdict": "OK", "lag": lag, "pending": 0 if quiet else chance.randrange(50)},
                **{"behind_ms": 10 * lag, "oldest_pending_ms": None if quiet else chance.randrange(900)},
                **{"delivered_per_s": rate, "acked_per_s": rate},
            }
        )
    return {"path": "s", "t": t, "stream": stream, "verdict": "OK", "groups": found}


if __name__ == "__main__":
    main()
