"""Applies the alert rules to every look of the monitor, and keeps incidents in the database in step with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from streams import telling
from streams.alert_models import AlertRule, Incident
from streams.alert_readings import Reading, readings_of
from streams.alerting import Closed, Opened, Rule, Seen, Subject, Track
from streams.sensor_watch import EXPECTED_FOR_MS
from streams.timers import Timer

# Rules are read again this often; a change in the admin counts from then on.
RELOAD_EVERY_S = 5.0
_FORGET_EVERY_S = 3600.0
_CHANGED = "the rule was changed, switched off or deleted"
_FORGOTTEN = "the sensor was not heard for 7 days"
Figures = Sequence[dict[str, Any]]
Sensors = Mapping[str, Mapping[str, Seen]]


class Alerts:
    """Opens and closes incidents. Those open in the database go on after a restart.

    Call `refresh`, then `observe` for each look, then `flush`. A change that could not be written is kept and written
    by the next `flush`, in its order, so that none is lost while the process lives.
    """

    def __init__(self, reload_every_s: float = RELOAD_EVERY_S) -> None:
        self._rules: dict[int, Rule] = {}
        self._tracks: dict[tuple[int, Subject], Track] = {}
        self._unwritten: list[Callable[[], None]] = []
        self._heard: Sensors = {}
        self._reload, self._forget = Timer(reload_every_s), Timer(_FORGET_EVERY_S)

    @property
    def sensor_patterns(self) -> set[str]:
        """Patterns of the streams whose sensors a rule is about."""
        return {rule.stream_pattern for rule in self._rules.values() if rule.watch.is_sensor}

    def refresh(self) -> None:
        """Read the rules again when that is due. Raises django.db.DatabaseError; then call it again."""
        if not self._reload.is_due:
            return
        self.flush()
        self._rules = {row.pk: row.as_rule() for row in AlertRule.objects.filter(enabled=True)}
        self._follow_rules()
        self._follow_database()
        telling.tell_what_was_silenced()
        if self._forget.came_due():
            telling.forget_old(timezone.now())
        self._reload.restart()

    def observe(self, figures: Figures, sensors: Sensors | None = None) -> None:
        """Take a look at all streams; `sensors` by stream path, for those that were looked at."""
        self._heard = sensors or {}
        moment = max((plain["t"] for plain in figures), default=0)
        at = datetime.fromtimestamp(moment / 1000, UTC)
        looked_at = {plain["path"] for plain in figures if not plain.get("problem")}
        known = {plain["path"] for plain in figures}
        seen: set[tuple[int, Subject]] = set()
        for rule in self._rules.values():
            for plain in figures:
                for reading in readings_of(rule, plain, (sensors or {}).get(plain["path"])):
                    seen.add((rule.id, reading.subject))
                    self._step(rule, reading, at)
        for key in self._tracks.keys() - seen:
            path = key[1].stream_path
            # A sensor that says nothing is silent, not gone.
            if path not in known or (path in looked_at and not key[1].sensor):
                self._miss(key, at)

    def flush(self) -> None:
        """Write what is not written. Raises django.db.DatabaseError; the rest stays for the next call."""
        while self._unwritten:
            self._unwritten[0]()
            self._unwritten.pop(0)

    def _step(self, rule: Rule, reading: Reading, at: datetime) -> None:
        track = self._tracks.get((rule.id, reading.subject))
        if track is None:
            track = self._tracks[rule.id, reading.subject] = Track(rule)
        change = track.step(reading.value)
        subject, sentence, evidence = reading.subject, reading.sentence, dict(reading.evidence)
        if isinstance(change, Opened):
            value = change.value
            self._unwritten.append(lambda: telling.open_incident(rule, subject, sentence, evidence, value, at))
        elif isinstance(change, Closed):
            self._close(rule.id, subject, sentence, track.worst, at)

    def _miss(self, key: tuple[int, Subject], at: datetime) -> None:
        track = self._tracks[key]
        if not track.miss():
            return
        del self._tracks[key]
        if track.is_open:
            what = "group" if key[1].group else "stream"
            self._close(*key, f"the {what} is gone", track.worst, at)

    def _close(self, rule_id: int, subject: Subject, reason: str, worst: float | None, at: datetime) -> None:
        def close() -> None:
            for incident in _open_incidents().filter(rule_id=rule_id):
                if incident.subject() == subject:
                    telling.close_incident(incident, reason, worst, at)

        self._unwritten.append(close)

    def _follow_rules(self) -> None:
        """Tracks of rules that match something else now end; the others go on under the new limits."""
        for key, track in list(self._tracks.items()):
            rule = self._rules.get(key[0])
            if rule is None or rule.matching() != track.rule.matching():
                del self._tracks[key]
            elif rule != track.rule:
                track.follow(rule)
        for incident in _open_incidents():
            rule = self._rules.get(incident.rule_id or 0)
            if rule is None or rule.matching() != incident.matching:
                telling.close_incident(incident, _CHANGED, None, timezone.now())

    def _follow_database(self) -> None:
        """What the database says is open, is: another monitor may have led meanwhile. Worst values go the other way."""
        is_open = {}
        for incident in _open_incidents():
            if incident.rule_id in self._rules:
                is_open[incident.rule_id, incident.subject()] = incident
        for key, incident in is_open.items():
            if self._is_forgotten(incident):
                telling.close_incident(incident, _FORGOTTEN, None, timezone.now())
                self._tracks.pop(key, None)
                continue
            track = self._tracks.get(key)
            if track is None or not track.is_open:
                self._tracks[key] = Track(self._rules[key[0]], is_open=True, worst=incident.worst)
            elif track.worst != incident.worst:
                Incident.objects.filter(pk=incident.pk).update(worst=track.worst)
        for key, track in self._tracks.items():
            track.is_open = track.is_open and key in is_open

    def _is_forgotten(self, incident: Incident) -> bool:
        """About a sensor that nobody expects any longer; nothing else would ever close it."""
        heard = self._heard.get(incident.stream_path)
        long_ago = timezone.now() - timedelta(milliseconds=EXPECTED_FOR_MS)
        return (
            bool(incident.sensor)
            and heard is not None
            and incident.sensor not in heard
            and incident.opened_at < long_ago
        )


def _open_incidents() -> Any:
    return Incident.objects.filter(closed_at=None)
