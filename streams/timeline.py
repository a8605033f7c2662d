"""Reads incidents for the pages and the API: a filtered list, one with what was told of it, bars over a span."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from streams import access
from streams.errors import BadRequest
from streams.incident_models import AlertDelivery, AlertSeverity, Incident
from streams.names import plain_text

STATES = ("open", "closed")
MOST_ROWS = 500
MOST_LANES = 20
MOST_MARKS = 200
# Bars that are drawn in one lane; the newest. A rule that flaps all day has more.
_MOST_BARS = 200
Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which incidents: `state` and `severity` admit all when empty, `text` is part of a stream, group or sensor."""

    state: str = ""
    severity: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        """Raises BadRequest for what is neither a state nor a severity."""
        _check("state", self.state, STATES)
        _check("severity", self.severity, AlertSeverity.values)


@dataclass(frozen=True, slots=True)
class Listing:
    """Some incidents, newest first; how many match, how many there are, how many of all are open."""

    incidents: Sequence[Incident]
    matching: int
    total: int
    open: int


@dataclass(frozen=True, slots=True)
class Lane:
    """The incidents of one subject within a span: bars from and to, as shares of 1,000."""

    name: str
    bars: Sequence[Plain]


def _check(field: str, value: str, known: Sequence[str]) -> None:
    if value and value not in known:
        raise BadRequest(f"{field} is one of {', '.join(known)}, not {value[:40]!r}", field=field)


def listing(wanted: Wanted, *, limit: int, skip: int = 0) -> Listing:
    """A page of the incidents that match. Raises BadRequest."""
    if not 1 <= limit <= MOST_ROWS:
        raise BadRequest(f"limit must be from 1 to {MOST_ROWS}", field="limit")
    found = _matching(wanted)
    every = _visible()
    return Listing(list(found[skip : skip + limit]), found.count(), every.count(), open_count())


def _matching(wanted: Wanted) -> QuerySet[Incident]:
    found = _visible()
    if wanted.state:
        found = found.filter(closed_at__isnull=wanted.state == "open")
    if wanted.severity:
        found = found.filter(severity=wanted.severity)
    if wanted.text:
        text = plain_text(wanted.text)
        found = found.filter(Q(stream__icontains=text) | Q(group__icontains=text) | Q(sensor__icontains=text))
    return found


def open_count() -> int:
    """How many incidents are open, of those that whoever looks may see."""
    return _visible().filter(closed_at=None).count()


def incident(pk: int) -> Incident | None:
    """One incident, if there is one that may be seen."""
    return _visible().filter(pk=pk).first()


def _visible() -> QuerySet[Incident]:
    return access.rows_seen(Incident.objects.all())


def plain(incident: Incident) -> Plain:
    """An incident as the API says it; times in ISO 8601, UTC."""
    names = ("severity", "stream", "group", "sensor", "stream_path", "group_path", "reason", "close_reason")
    return {
        "id": incident.pk,
        "rule": incident.rule_name,
        **{name: getattr(incident, name) for name in names},
        "opened_at": incident.opened_at.isoformat(),
        "closed_at": incident.closed_at and incident.closed_at.isoformat(),
        "evidence": incident.evidence,
        "worst": incident.worst,
        "told": incident.told,
    }


def moments(incident: Incident) -> Plain:
    """An incident for a page: times as times, and how long it lasted or lasts."""
    end = incident.closed_at or timezone.now()
    lasted = max(0, round((end - incident.opened_at).total_seconds() * 1000))
    times = {"opened_at": incident.opened_at, "closed_at": incident.closed_at, "lasted_ms": lasted}
    return {**plain(incident), **times}


def deliveries(incident_id: int) -> list[Plain]:
    """What was told of an incident, in order."""
    names = ("event", "channel_name", "state", "attempts", "made_at", "sent_at", "next_at", "last_error")
    return list(AlertDelivery.objects.filter(incident_id=incident_id).order_by("made_at", "pk").values(*names))


def lanes(wanted: Wanted, since: datetime, until: datetime) -> tuple[list[Lane], int]:
    """The incidents that touch a span, by subject, the last to go bad first; and how many subjects there are."""
    touching = _matching(wanted).filter(Q(closed_at=None) | Q(closed_at__gte=since), opened_at__lt=until)
    by_subject: dict[str, list[Plain]] = {}
    for incident in touching[: MOST_LANES * _MOST_BARS]:
        by_subject.setdefault(str(incident.subject()), []).append(_bar(incident, since, until))
    found = [Lane(name, bars[:_MOST_BARS]) for name, bars in by_subject.items()]
    return found[:MOST_LANES], len(found)


def _bar(incident: Incident, since: datetime, until: datetime) -> Plain:
    whole = (until - since).total_seconds()
    start = max(0.0, (incident.opened_at - since).total_seconds()) / whole
    end = min(whole, ((incident.closed_at or until) - since).total_seconds()) / whole
    # A short one stays visible.
    width = max(3, round(1000 * (end - start)))
    return {**moments(incident), "x": min(997, round(1000 * start)), "width": width}


def marks(paths: tuple[str, str], since: datetime, until: datetime) -> list[Plain]:
    """The openings and closings of a group's incidents (group "": of the stream's) in a span, as marks on a chart."""
    about = Incident.objects.filter(stream_path=paths[0], group_path=paths[1])
    happened = []
    for incident in about.filter(Q(opened_at__range=(since, until)) | Q(closed_at__range=(since, until)))[:MOST_MARKS]:
        ends = [(incident.opened_at, "opened", incident.reason), (incident.closed_at, "closed", incident.close_reason)]
        for at, word, reason in ends:
            if at and since <= at <= until:
                text = f"incident {incident.pk} {word}: {incident.rule_name}: {reason}"
                happened.append(
                    {
                        "t": round(at.timestamp() * 1000),
                        "kind": "incident",
                        "text": text,
                        "actor": "",
                        "id": incident.pk,
                    }
                )
    return happened
