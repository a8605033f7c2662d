"""Frames: partial aggregates of readings by time bucket and sensor, which merge in any order.

A frame is what one commit adds to the frames log. Merging all frames of the log, in whatever order, gives the same
counts, minima, maxima and last values as adding every reading one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from streams.ids import EntryId
from streams.names import plain_text
from streams.readings import Reading

BUCKET_MS = 1000
VERSION = 1


class FieldStats:
    """Count, sum, minimum, maximum and latest value of one field; `last_id` is the entry `last` came from."""

    __slots__ = ("count", "high", "last", "last_id", "low", "total")

    def __init__(self, count: int, total: float, low: float, high: float, last: float, last_id: EntryId) -> None:
        self.count = count
        self.total = total
        self.low = low
        self.high = high
        self.last = last
        self.last_id = last_id

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        return self.total / self.count

    def add(self, value: float, entry_id: EntryId) -> None:
        """Count one more value."""
        self.count += 1
        self.total += value
        self.low = min(self.low, value)
        self.high = max(self.high, value)
        if entry_id >= self.last_id:
            self.last, self.last_id = value, entry_id

    def merge(self, other: FieldStats) -> None:
        """Count everything that `other` counted."""
        self.count += other.count
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)
        if other.last_id >= self.last_id:
            self.last, self.last_id = other.last, other.last_id

    def copy(self) -> FieldStats:
        """An equal one that shares nothing."""
        return FieldStats(self.count, self.total, self.low, self.high, self.last, self.last_id)


def of_values(values: Sequence[float], last_id: EntryId) -> FieldStats:
    """The statistics of values in ID order, at least one; `last_id` is the entry of the last."""
    return FieldStats(len(values), sum(values), min(values), max(values), values[-1], last_id)


class SensorStats:
    """Number of readings of one sensor, their first and last entry IDs, and the statistics of each field."""

    __slots__ = ("count", "fields", "first_id", "last_id")

    def __init__(self, count: int, first_id: EntryId, last_id: EntryId, fields: dict[str, FieldStats]) -> None:
        self.count = count
        self.first_id = first_id
        self.last_id = last_id
        self.fields = fields

    def add(self, reading: Reading) -> None:
        """Count one more reading."""
        entry_id = reading.entry_id
        self.count += 1
        self.first_id = min(self.first_id, entry_id)
        self.last_id = max(self.last_id, entry_id)
        for name, value in reading.values.items():
            stats = self.fields.get(name)
            if stats is None:
                self.fields[name] = FieldStats(1, value, value, value, value, entry_id)
            else:
                stats.add(value, entry_id)

    def merge(self, other: SensorStats) -> None:
        """Count everything that `other` counted; `other` stays untouched."""
        self.count += other.count
        self.first_id = min(self.first_id, other.first_id)
        self.last_id = max(self.last_id, other.last_id)
        for name, stats in other.fields.items():
            if name in self.fields:
                self.fields[name].merge(stats)
            else:
                self.fields[name] = stats.copy()

    def copy(self) -> SensorStats:
        """An equal one that shares nothing."""
        fields = {name: stats.copy() for name, stats in self.fields.items()}
        return SensorStats(self.count, self.first_id, self.last_id, fields)


Bucket = dict[str, SensorStats]


class Frame:
    """Statistics by bucket start (ms, a multiple of BUCKET_MS, from the entry's own time) and sensor."""

    __slots__ = ("buckets",)

    def __init__(self) -> None:
        self.buckets: dict[int, Bucket] = {}

    def add(self, reading: Reading) -> None:
        """Count one reading in the bucket of its own time."""
        ms = reading.entry_id.ms
        bucket = self.buckets.setdefault(ms - ms % BUCKET_MS, {})
        stats = bucket.get(reading.sensor)
        if stats is None:
            stats = bucket[reading.sensor] = SensorStats(0, reading.entry_id, reading.entry_id, {})
        stats.add(reading)

    def put(self, start: int, sensor: str, stats: SensorStats) -> None:
        """Count what these statistics count; they belong to the frame from now on."""
        bucket = self.buckets.setdefault(start, {})
        known = bucket.get(sensor)
        if known is None:
            bucket[sensor] = stats
        else:
            known.merge(stats)

    def merge(self, other: Frame) -> None:
        """Count everything that `other` counted; `other` stays untouched."""
        for start, bucket in other.buckets.items():
            merge_bucket(self.buckets.setdefault(start, {}), bucket)

    @property
    def count(self) -> int:
        """How many readings the frame counts."""
        return sum(stats.count for bucket in self.buckets.values() for stats in bucket.values())


def merge_bucket(into: Bucket, bucket: Bucket) -> None:
    """Count everything of `bucket` in `into`."""
    for sensor, stats in bucket.items():
        known = into.get(sensor)
        if known is None:
            into[sensor] = stats.copy()
        else:
            known.merge(stats)


def of_readings(readings: Iterable[Reading]) -> Frame:
    """One frame that counts all these readings."""
    frame = Frame()
    for reading in readings:
        frame.add(reading)
    return frame


def to_plain(frame: Frame) -> dict[str, Any]:
    """Plain values for a codec: {"v": 1, "b": [[bucket_ms, {sensor: [count, first, last, {field: [...]}]}]]}.

    Entry IDs are strings, because their parts pass 2^53.
    """
    buckets = [
        [start, {sensor: _stats_to_plain(stats) for sensor, stats in bucket.items()}]
        for start, bucket in frame.buckets.items()
    ]
    return {"v": VERSION, "b": buckets}


def from_plain(plain: dict[str, Any]) -> Frame:
    """The frame behind `to_plain`. Raises ValueError for another version or shape."""
    frame = Frame()
    try:
        if plain["v"] != VERSION:
            raise ValueError(f"a frame of version {plain['v']!r}; this program reads version {VERSION}")
        for start, bucket in plain["b"]:
            frame.buckets[start] = {plain_text(sensor): _stats_from_plain(stats) for sensor, stats in bucket.items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a frame: {error!r}") from error
    return frame


def _stats_to_plain(stats: SensorStats) -> list[Any]:
    # Most fields were in the newest entry, and an ID costs more to write than the rest.
    newest, last = stats.last_id, str(stats.last_id)
    fields = {
        name: [f.count, f.total, f.low, f.high, f.last, last if f.last_id is newest else str(f.last_id)]
        for name, f in stats.fields.items()
    }
    return [stats.count, last if stats.first_id is newest else str(stats.first_id), last, fields]


def _stats_from_plain(plain: list[Any]) -> SensorStats:
    count, first, last, fields = plain
    # Most IDs of a sensor are the same one, and reading it costs more than the rest.
    last_id = EntryId.parse(last)
    first_id = last_id if first == last else EntryId.parse(first)
    stats = {}
    for name, (number, total, low, high, value, value_of) in fields.items():
        value_id = last_id if value_of == last else EntryId.parse(value_of)
        stats[plain_text(name)] = FieldStats(number, total, low, high, value, value_id)
    return SensorStats(count, first_id, last_id, stats)
