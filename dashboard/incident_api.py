"""The API of incidents."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from dashboard.api import answers, whole_number
from streams import timeline
from streams.errors import NoSuchIncident
from streams.incident_models import Incident


@answers
def incidents(request: HttpRequest) -> dict[str, Any]:
    """GET /api/incidents/?state=&severity=&q=&limit=&skip=: incidents, newest first, and how many match."""
    query = request.GET
    wanted = timeline.Wanted(query.get("state", ""), query.get("severity", ""), query.get("q", ""))
    limit = whole_number(query.get("limit") or "50", "limit")
    found = timeline.listing(wanted, limit=limit, skip=whole_number(query.get("skip"), "skip"))
    rows = [timeline.plain(incident) for incident in found.incidents]
    return {"incidents": rows, "matching": found.matching, "total": found.total, "open": found.open}


@answers
def incident(_: HttpRequest, pk: int) -> dict[str, Any]:
    """GET /api/incidents/<id>/: one incident."""
    found = Incident.objects.filter(pk=pk).first()
    if found is None:
        raise NoSuchIncident("there is no such incident; they are kept for a year after their end")
    return timeline.plain(found)
