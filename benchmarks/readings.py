"""What recorded readings weigh and how quickly charts of them are read: 100 sensors, 90 days, a fresh SQLite database.

    python -m benchmarks.readings [--sensors 100] [--days 90]

Blocks are made as the writer makes them once readings were rolled up: temperature with one decimal and humidity with
none, a reading a second, wandering. A chart is what the API does for one: find, read, join to points, encode.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator

FOLDER = tempfile.TemporaryDirectory()
os.environ |= {"VAR_DIR": FOLDER.name, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}

import django  # noqa: E402

django.setup()

import numpy as np  # noqa: E402
import orjson  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from streams import rollup_reader, rollups  # noqa: E402
from streams.rollup_models import ReadingBlock, RecordedSeries, RecordedStream  # noqa: E402
from streams.rollup_reader import Span  # noqa: E402
from streams.rollup_writer import digest_of  # noqa: E402
from streams.rollups import TIERS, Cells, Tier  # noqa: E402

HOUR, DAY = 3_600_000, 86_400_000
NOW = 1_790_000_000_000 // (5 * DAY) * (5 * DAY)
FIELDS = {"temperature": 1, "humidity": 0}
POINTS, ROUNDS = 600, 7
WINDOWS = {"1 h": HOUR, "24 h": DAY, "7 d": 7 * DAY, "30 d": 30 * DAY, "90 d": 90 * DAY}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sensors", type=int, default=100)
    parser.add_argument("--days", type=int, default=90)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    keep_ms = (HOUR, DAY, options.days * DAY, options.days * DAY)
    began = time.perf_counter()
    _fill(options.sensors, keep_ms)
    print(f"{options.sensors} sensors of {len(FIELDS)} fields, {options.days} days: made in {_since(began):.0f} s")
    _weigh()
    print("\n| window | 1 sensor, ms | 10 sensors, ms | all, ms |\n| --- | ---: | ---: | ---: |")
    for name, span_ms in WINDOWS.items():
        counts = [1, 10, options.sensors]
        print(f"| {name} | " + " | ".join(_timed(count, span_ms, keep_ms) for count in counts) + " |", flush=True)


def _since(began: float) -> float:
    return time.perf_counter() - began


def _fill(sensors: int, keep_ms: tuple[int, ...]) -> None:
    stream = RecordedStream.objects.create(path="sensor_stream", position=f"{NOW}-0")
    source = np.random.default_rng(1)
    for number in range(sensors):
        with transaction.atomic():
            for field, places in FIELDS.items():
                row = RecordedSeries.objects.create(
                    stream=stream, digest=digest_of(str(number), field), sensor=str(number), field=field
                )
                for tier, kept in zip(TIERS, keep_ms, strict=True):
                    ReadingBlock.objects.bulk_create(_blocks(row.pk, tier, kept, places, source), batch_size=500)


def _blocks(series: int, tier: Tier, kept: int, places: int, source: np.random.Generator) -> Iterator[ReadingBlock]:
    cells = _cells(tier, kept, places, source)
    for start in range(tier.block_of(NOW - kept), NOW, tier.block_ms):
        part = cells.between(start, start + tier.block_ms)
        yield ReadingBlock(series_id=series, resolution_s=tier.resolution_s, start_ms=start, cells=rollups.pack(part))


def _cells(tier: Tier, kept: int, places: int, source: np.random.Generator) -> Cells:
    """Buckets of a wandering sensor that is read once a second."""
    t = np.arange(tier.block_of(NOW - kept), NOW, tier.resolution_ms, dtype=np.int64)
    per_bucket = np.full(len(t), tier.resolution_s, dtype=np.int64)
    middle = 50 + np.cumsum(source.normal(0, 0.02 * tier.resolution_s**0.5, len(t)))
    spread = np.abs(source.normal(0, 0.05 * tier.resolution_s**0.5, len(t)))
    low, high, last = (np.round(middle + part, places) for part in (-spread, spread, 0 * spread))
    total = np.round(middle * tier.resolution_s, places)
    last_ms = t + tier.resolution_ms - 1000 + source.integers(0, 1000, len(t))
    return Cells(t, per_bucket, total, low, high, last, last_ms, np.zeros(len(t), np.uint64))


def _weigh() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute("PRAGMA page_size")
        size = pages * cursor.fetchone()[0]
    print(f"{size / 1e6:.0f} MB on disk, {ReadingBlock.objects.count():,} blocks")


def _timed(sensors: int, span_ms: int, keep_ms: tuple[int, ...]) -> str:
    """Median and slowest of several charts of one field, at spans that differ a little."""
    times = []
    for n in range(ROUNDS):
        span = Span(NOW - span_ms - n, NOW - n, POINTS)
        began = time.perf_counter()
        wanted = rollup_reader.series_of("sensor_stream", [str(s) for s in range(sensors)], ["temperature"])
        tier = span.tier(keep_ms, NOW)
        found = rollup_reader.read("sensor_stream", wanted, span, tier, span.to_ms)
        cells = {key: rollups.rolled(parts, span.step_ms(tier)) for key, parts in found.cells.items()}
        orjson.dumps(rollups.to_columns(cells))
        times.append(1000 * _since(began))
    return f"{statistics.median(times):.0f} ({max(times):.0f})"


if __name__ == "__main__":
    main()
