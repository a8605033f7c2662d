"""Alert rules: what they are about, and when samples open and close an incident."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Plain = Mapping[str, Any]


class Watch(StrEnum):
    """What a rule reads; names that end in _S are compared in seconds."""

    VERDICT = "verdict"
    LAG = "lag"
    BEHIND_S = "behind_s"
    OLDEST_PENDING_S = "oldest_pending_s"
    ROOM_ENTRIES = "room_entries"
    ROOM_S = "room_s"
    SENSOR_ABOVE = "sensor_above"
    SENSOR_BELOW = "sensor_below"
    SENSOR_SILENT_S = "sensor_silent_s"

    @property
    def is_below(self) -> bool:
        """Whether small values are the bad ones."""
        return self in {Watch.ROOM_ENTRIES, Watch.ROOM_S, Watch.SENSOR_BELOW}

    @property
    def is_sensor(self) -> bool:
        """Whether it is about sensors and not about groups."""
        return self in {Watch.SENSOR_ABOVE, Watch.SENSOR_BELOW, Watch.SENSOR_SILENT_S}


@dataclass(frozen=True, slots=True)
class Rule:
    """Bad is beyond `threshold`, good is `clear` or better; opens with `m` bad of the last `n` samples.

    Patterns are those of `fnmatch`, on shown names. With VERDICT a sample is 1 for one of `verdicts`, else 0.
    """

    id: int
    name: str
    stream_pattern: str = "*"
    group_pattern: str = "*"
    watch: Watch = Watch.VERDICT
    threshold: float = 0.0
    clear: float = 0.0
    m: int = 1
    n: int = 1
    severity: str = "error"
    verdicts: frozenset[str] = frozenset()
    sensor_pattern: str = "*"
    field: str = ""

    def is_bad(self, value: float) -> bool:
        """Beyond the threshold."""
        return value < self.threshold if self.watch.is_below else value > self.threshold

    def is_good(self, value: float) -> bool:
        """At `clear` or better."""
        return value >= self.clear if self.watch.is_below else value <= self.clear

    def matching(self) -> str:
        """What it matches, as text: incidents end when this changes."""
        parts = [self.stream_pattern, self.group_pattern, self.watch.value, sorted(self.verdicts)]
        return json.dumps([*parts, self.sensor_pattern, self.field])


@dataclass(frozen=True, slots=True)
class Subject:
    """What an incident is about, by shown names; without a group or sensor they are empty. Paths tell bytes apart."""

    stream: str
    group: str = ""
    sensor: str = ""
    stream_path: str = ""
    group_path: str = ""

    def __str__(self) -> str:
        sensor = f"sensor {self.sensor} of " if self.sensor else f"{self.group} on " if self.group else ""
        return f"{sensor}{self.stream}"


@dataclass(frozen=True, slots=True)
class Seen:
    """A sensor: its newest reading's time, and (least, most) of each field since the look before."""

    last_ms: int
    fields: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """An incident begins."""

    value: float


@dataclass(frozen=True, slots=True)
class Closed:
    """An incident ends."""

    value: float


class Track:
    """The state of one rule and one subject."""

    def __init__(self, rule: Rule, *, is_open: bool = False, worst: float | None = None) -> None:
        self.rule, self.is_open, self.worst = rule, is_open, worst
        self._bad: deque[bool] = deque(maxlen=rule.n)
        self._good_in_a_row = self._missing = 0

    def step(self, value: float | None) -> Opened | Closed | None:
        """Take a sample. An unknown one changes nothing; one between threshold and clear is neither bad nor good."""
        self._missing = 0
        if value is None:
            return None
        bad = self.rule.is_bad(value)
        self._bad.append(bad)
        self._good_in_a_row = self._good_in_a_row + 1 if not bad and self.rule.is_good(value) else 0
        if self.is_open:
            self._note_worst(value)
            self.is_open = self._good_in_a_row < self.rule.n
            return None if self.is_open else Closed(value)
        if not bad or sum(self._bad) < self.rule.m:
            return None
        self.is_open, self.worst = True, value
        return Opened(value)

    def miss(self) -> bool:
        """The subject was not there, though it could have been seen; whether that makes it gone."""
        self._missing += 1
        return self._missing >= self.rule.n

    def follow(self, rule: Rule) -> None:
        """Go on under the rule's new limits."""
        if rule.n != self.rule.n:
            self._bad = deque(self._bad, maxlen=rule.n)
        if (rule.threshold, rule.clear) != (self.rule.threshold, self.rule.clear):
            self._bad.clear()
            self._good_in_a_row = 0
        self.rule = rule

    def _note_worst(self, value: float) -> None:
        worst = value if self.worst is None else self.worst
        self.worst = min(worst, value) if self.rule.watch.is_below else max(worst, value)
