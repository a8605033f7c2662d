"""The newest reading of every sensor, however many there are: the overview that every browser gets of them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.totals import natural
from streams.frames import FieldStats, Frame
from streams.ids import EntryId

# Names that are as many as entries are no sensors' names; those beyond are counted but not listed.
MOST_KNOWN = 20_000


class Row:
    """One sensor: its newest entry, the newest value of each field, and the version at which it last changed."""

    __slots__ = ("fields", "last_id", "version")

    def __init__(self) -> None:
        self.last_id, self.version = EntryId(0, 0), 0
        self.fields: dict[str, FieldStats] = {}


class Latest:
    """Rows in the order in which sensors were first seen. A version is a state of them all; it only grows."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.fields: list[str] = []
        self.version = 0

    def merge(self, frame: Frame) -> None:
        """Take what is newest in a frame."""
        self.version += 1
        for bucket in frame.buckets.values():
            for sensor, stats in bucket.items():
                row = self._row(sensor)
                if row is not None:
                    self._take(row, stats.last_id, stats.fields)

    def _row(self, sensor: str) -> Row | None:
        row = self.rows.get(sensor)
        if row is None and len(self.rows) < MOST_KNOWN:
            row = self.rows[sensor] = Row()
        return row

    def _take(self, row: Row, last_id: EntryId, fields: dict[str, FieldStats]) -> None:
        row.version = self.version
        row.last_id = max(row.last_id, last_id)
        for name, stats in fields.items():
            known = row.fields.get(name)
            if known is None or stats.last_id >= known.last_id:
                row.fields[name] = stats
            if name not in self.fields:
                self.fields.append(name)

    def since(self, version: int, named: int) -> dict[str, Any]:
        """What changed after a version, for one who knows the names of the first `named` sensors.

        {"first": index of the first new name, "names": [new names], "fields": [names], "rows": [[index, time of the
        newest reading in ms, newest value of each field or None]]}.
        """
        rows = [
            [at, row.last_id.ms, *(found.last if (found := row.fields.get(name)) else None for name in self.fields)]
            for at, row in enumerate(self.rows.values())
            if row.version > version
        ]
        return {"first": named, "names": list(self.rows)[named:], "fields": self.fields, "rows": rows}

    def described(self, counts: Mapping[str, int], most: int) -> list[dict[str, Any]]:
        """The first sensors by name as plain values, with how many readings each has."""
        return [
            {
                "sensor": sensor,
                "count": counts.get(sensor, 0),
                "last_id": str(self.rows[sensor].last_id),
                "fields": {name: {"last": stats.last} for name, stats in self.rows[sensor].fields.items()},
            }
            for sensor in sorted(self.rows, key=natural)[:most]
        ]
