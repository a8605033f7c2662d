"""The pages about incidents: a list with a timeline, and each with its evidence and what was told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from dashboard.health_views import draw, number
from dashboard.views import for_who_may_look_later
from streams import past, timeline
from streams.errors import BadRequest
from streams.incident_models import AlertSeverity
from streams.names import as_kept

ROWS_A_PAGE = 50
SPANS = {"1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
# What operators did shortly before and after belongs to the story.
_AROUND = timedelta(minutes=10)


@for_who_may_look_later
async def incidents_page(request: HttpRequest) -> HttpResponse:
    """Incidents, newest first, filtered, a page at a time, above them when each subject was bad."""
    context = await sync_to_async(_listed)(request)
    return await draw(request, "_incident_rows.html" if "fragment" in request.GET else "incidents.html", context)


def _listed(request: HttpRequest) -> dict[str, Any]:
    query = {name: request.GET.get(name, "").strip() for name in ("state", "severity", "q", "span")}
    query["span"] = query["span"] if query["span"] in SPANS else "24h"
    wanted, error = _wanted(query)
    until, skip = timezone.now(), number(request.GET.get("skip"))
    lanes, subjects = timeline.lanes(wanted, until - SPANS[query["span"]], until)
    found = timeline.listing(wanted, limit=ROWS_A_PAGE, skip=skip)
    shown_to = skip + len(found.incidents)
    return {
        "listing": found,
        "rows": [timeline.moments(incident) for incident in found.incidents],
        "error": error,
        "lanes": lanes,
        "subjects": subjects,
        "query": query,
        "filters": urlencode({name: value for name, value in query.items() if value}),
        "filtered": bool(query["state"] or query["severity"] or query["q"]),
        "states": timeline.STATES,
        "severities": AlertSeverity.values,
        "spans": list(SPANS),
        "shown_from": skip + 1,
        "shown_to": shown_to,
        "next": shown_to if shown_to < found.matching else None,
        "previous": max(0, skip - ROWS_A_PAGE) if skip else None,
    }


@for_who_may_look_later
async def incident_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One incident: why, how bad, what was told of it, what operators did around it."""
    context = await sync_to_async(_one)(request, pk)
    return await draw(request, "_incident.html" if "fragment" in request.GET else "incident.html", context)


def _one(request: HttpRequest, pk: int) -> dict[str, Any]:
    incident = timeline.incident(pk)
    if incident is None:
        raise Http404("There is no such incident. They are kept for a year after their end.")
    end = incident.closed_at or timezone.now()
    names = (as_kept(incident.stream_path)[1], as_kept(incident.group_path)[1])
    may_see_deliveries = request.user.has_perm("streams.view_alertdelivery")
    return {
        "incident": timeline.moments(incident),
        "deliveries": timeline.deliveries(pk) if may_see_deliveries else None,
        "marks": [
            {**mark, "at": datetime.fromtimestamp(mark["t"] / 1000, UTC)}
            for mark in past.operations(names, incident.opened_at - _AROUND, end + _AROUND)
        ],
    }


def _wanted(query: dict[str, str]) -> tuple[timeline.Wanted, str]:
    try:
        return timeline.Wanted(query["state"], query["severity"], query["q"]), ""
    except BadRequest as error:
        return timeline.Wanted(text=query["q"]), str(error)
