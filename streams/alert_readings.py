"""What an alert rule reads from the figures of a look: a sample of each subject, with a sentence that says it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from streams.alerting import Rule, Seen, Subject, Watch
from streams.durations import spoken

Plain = Mapping[str, Any]


class Reading(NamedTuple):
    """One sample: None is unknown; the sentence says the value, the evidence the figures behind it."""

    subject: Subject
    value: float | None
    sentence: str
    evidence: Plain


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
    Watch.LAG: "the lag is {}",
    Watch.BEHIND_S: "the group is behind by {}",
    Watch.OLDEST_PENDING_S: "the oldest pending entry was added {} ago",
    Watch.ROOM_ENTRIES: "before trimming reaches what is unread or pending there is room for {}",
    Watch.ROOM_S: "trimming reaches what is unread or pending in {}",
}


def _figure(rule: Rule, figures: Plain, group: Plain) -> Reading:
    value = _value(rule, group)
    evidence = {"value": None if value == math.inf else value, "threshold": rule.threshold}
    return Reading(_subject(figures, group), value, _said(rule, group, value), evidence)


def _said(rule: Rule, group: Plain, value: float | None) -> str:
    if value == math.inf:
        return str(group["room_reason"])
    in_words = spoken(_ms(value)) if rule.watch.value.endswith("_s") else _entries(value)
    return _WORDS[rule.watch].format(in_words)


def _entries(value: float | None) -> str:
    noun = "entry" if value == 1 else "entries"
    return written(value) if value is None else f"{written(value)} {noun}"


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(1000 * seconds)


def _value(rule: Rule, group: Plain) -> float | None:
    if rule.watch is Watch.LAG:
        return _lag(rule, group)
    if rule.watch is Watch.BEHIND_S:
        return _seconds(group["behind_ms"])
    if rule.watch is Watch.OLDEST_PENDING_S:
        return _seconds(group["oldest_pending_ms"]) if group["pending"] else 0.0
    if group["room_at_risk"] is False:
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
        text = f"sensor {sensor} was last heard {spoken(_ms(value))} ago"
    else:
        found = seen.fields.get(rule.field)
        value = found and (found[0] if rule.watch is Watch.SENSOR_BELOW else found[1])
        text = f"{rule.field} of sensor {sensor} is {written(value)}"
    return Reading(_subject(figures, sensor=sensor), value, text, {"value": value, "threshold": rule.threshold})
