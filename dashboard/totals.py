"""What the frames log adds up to per sensor, kept by the minute of the commit so that the oldest can be dropped."""

from __future__ import annotations

import re
from collections import Counter, deque
from typing import Any

from streams.frames import Bucket, Frame, merge_bucket
from streams.ids import EntryId

_MINUTE_MS = 60_000
_DIGITS = re.compile(r"([0-9]+)")


class Totals:
    """Counts, first and last IDs and field statistics per sensor, over the retained frames.

    `counts` are the readings of each sensor.
    """

    def __init__(self) -> None:
        self._minutes: deque[tuple[int, Bucket]] = deque()
        self.counts: Counter[str] = Counter()
        self.frames = 0

    def merge(self, frame: Frame, log_id: EntryId) -> None:
        """Count a stored frame; frames come in the order of the log."""
        minute = log_id.ms - log_id.ms % _MINUTE_MS
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, {}))
        for bucket in frame.buckets.values():
            merge_bucket(self._minutes[-1][1], bucket)
            self._count(bucket, 1)
        self.frames += 1

    def drop_before(self, oldest_ms: int) -> None:
        """Forget the minutes that ended before `oldest_ms`."""
        while self._minutes and self._minutes[0][0] + _MINUTE_MS <= oldest_ms:
            self._count(self._minutes.popleft()[1], -1)

    def _count(self, bucket: Bucket, sign: int) -> None:
        for sensor, stats in bucket.items():
            self.counts[sensor] += sign * stats.count
            if not self.counts[sensor]:
                del self.counts[sensor]

    @property
    def since_ms(self) -> int | None:
        """Start of the oldest minute counted, None when nothing is."""
        return self._minutes[0][0] if self._minutes else None

    def by_sensor(self) -> Bucket:
        """Everything merged, sensors in natural order."""
        merged: Bucket = {}
        for _, bucket in self._minutes:
            merge_bucket(merged, bucket)
        return {sensor: merged[sensor] for sensor in sorted(merged, key=natural)}


def natural(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts sensor 9 before sensor 10."""
    return [
        (0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part)
        for part in _DIGITS.split(name)
        if part
    ]


def describe(totals: Bucket) -> list[dict[str, Any]]:
    """Plain values per sensor, for the API and the first page."""
    return [
        {
            "sensor": sensor,
            "count": stats.count,
            "first_id": str(stats.first_id),
            "last_id": str(stats.last_id),
            "fields": {
                name: {"count": f.count, "last": f.last, "min": f.low, "max": f.high, "mean": f.mean}
                for name, f in stats.fields.items()
            },
        }
        for sensor, stats in totals.items()
    ]
