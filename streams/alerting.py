"""Alert rules: what they match, what they read from figures, and when a reading opens or closes an incident."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

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


class Reading(NamedTuple):
    """One sample: None is unknown; the sentence says the value, the evidence the figures behind it."""

    subject: Subject
    value: float | None
    sentence: str
    evidence: Plain


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


def readings_of(rule: Rule, figures: Plain, sensors: Mapping[str, Seen] | None = None) -> list[Reading]:
    """What a rule reads from the figures of one stream, and of its sensors (None: they were not looked at)."""
    if figures["stream"] is None or not fnmatchcase(figures["name"], rule.stream_pattern):
        return []
    if rule.watch.is_sensor:
        seen = (sensors or {}).items()
        return [_sensor(rule, figures, name, at) for name, at in seen if fnmatchcase(name, rule.sensor_pattern)]
    groups = [group for group in figures["groups"] if fnmatchcase(group["name"], rule.group_pattern)]
    if rule.watch is Watch.VERDICT:
        return [*_without_group(rule, figures), *(_verdict(rule, figures, group) for group in groups)]
    return [_figure(rule, figures, group) for group in groups]


def _subject(figures: Plain, group: Plain | None = None, sensor: str = "") -> Subject:
    group = group or {"name": "", "path": ""}
    return Subject(figures["name"], group["name"], sensor, figures["path"], group["path"])


def _without_group(rule: Rule, figures: Plain) -> Iterator[Reading]:
    """A stream that no group reads; once it has one, that is good."""
    if "NO_GROUP" in rule.verdicts and fnmatchcase("", rule.group_pattern):
        value = float(figures["verdict"] == "NO_GROUP")
        yield Reading(_subject(figures), value, figures["reason"], figures.get("evidence") or {})


def _verdict(rule: Rule, figures: Plain, group: Plain) -> Reading:
    verdict = group["verdict"]
    value = 1.0 if verdict in rule.verdicts else None if verdict == "UNKNOWN" else 0.0
    sentence = f"{verdict}: {group['reason']}"
    return Reading(_subject(figures, group), value, sentence, group.get("evidence") or {})


_WORDS = {
    Watch.LAG: "the lag is {} entries",
    Watch.BEHIND_S: "the group is behind by {} s",
    Watch.OLDEST_PENDING_S: "the oldest pending entry was added {} s ago",
    Watch.ROOM_ENTRIES: "before trimming reaches what is unread or pending there is room for {} entries",
    Watch.ROOM_S: "trimming reaches what is unread or pending in {} s",
}


def _figure(rule: Rule, figures: Plain, group: Plain) -> Reading:
    value = _value(rule, group)
    evidence = {"value": None if value == math.inf else value, "threshold": rule.threshold}
    text = "nothing is in danger of being trimmed" if value == math.inf else _WORDS[rule.watch].format(written(value))
    return Reading(_subject(figures, group), value, text, evidence)


def _value(rule: Rule, group: Plain) -> float | None:
    if rule.watch is Watch.LAG:
        return _lag(rule, group)
    if rule.watch is Watch.BEHIND_S:
        return _seconds(group["behind_ms"])
    if rule.watch is Watch.OLDEST_PENDING_S:
        return _seconds(group["oldest_pending_ms"]) if group["pending"] else 0.0
    # The figures give no number for two reasons that are no danger; they begin alike.
    if (group["room_reason"] or "").startswith("nothing "):
        return math.inf
    return _seconds(group["room_ms"]) if rule.watch is Watch.ROOM_S else group["room_entries"]


def _lag(rule: Rule, group: Plain) -> float | None:
    """A lag that was only counted in part may be bad, and is otherwise unknown."""
    lag: int | None = group["lag"]
    if lag is None or (group["lag_quality"] == "at least" and not rule.is_bad(lag)):
        return None
    return lag


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


def written(value: float | None) -> str:
    """A number for a sentence."""
    return "unknown" if value is None else f"{value:,.10g}"


def _sensor(rule: Rule, figures: Plain, sensor: str, seen: Seen) -> Reading:
    if rule.watch is Watch.SENSOR_SILENT_S:
        value: float | None = max(0, figures["t"] - seen.last_ms) / 1000
        text = f"sensor {sensor} was last heard {written(value)} s ago"
    else:
        found = seen.fields.get(rule.field)
        value = found and (found[0] if rule.watch is Watch.SENSOR_BELOW else found[1])
        text = f"{rule.field} of sensor {sensor} is {written(value)}"
    return Reading(_subject(figures, sensor=sensor), value, text, {"value": value, "threshold": rule.threshold})
