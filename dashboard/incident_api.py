"""The API of incidents."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema

from dashboard.rest import Whole, api
from streams import timeline
from streams.errors import NoSuchIncident

router = Router(tags=["incidents"])


class Wanted(Schema):
    """`state` is open or closed, `q` part of a stream, group or sensor; empty texts admit all."""

    state: str = ""
    severity: str = ""
    q: str = ""
    limit: Whole = 50
    skip: Whole = 0


@router.get("/incidents/")
def incidents(request: HttpRequest, wanted: Query[Wanted]) -> dict[str, Any]:
    """Incidents, newest first; how many match, how many there are, how many are open."""
    chosen = timeline.Wanted(wanted.state, wanted.severity, wanted.q)
    found = timeline.listing(chosen, limit=wanted.limit, skip=wanted.skip)
    rows = [timeline.plain(incident) for incident in found.incidents]
    return {"incidents": rows, "matching": found.matching, "total": found.total, "open": found.open}


@router.get("/incidents/{pk}/")
def incident(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One incident."""
    found = timeline.incident(pk)
    if found is None:
        raise NoSuchIncident("there is no such incident; they are kept for a year after their end")
    return timeline.plain(found)


api.add_router("", router)
