"""The pages. The server draws everything first; scripts only patch what is live."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dashboard.feed import Feed
from dashboard.hub import hub
from dashboard.memory import MOST_SENSORS
from dashboard.window import WINDOW_MS
from streams import access, chart_settings, conf, health, looking, names, plain, readings
from streams.chart_settings import ChartSettings
from streams.errors import (
    AccessDenied,
    NoSuchGroup,
    NoSuchStream,
    NotAllowed,
    ServerRefused,
    StreamwatchError,
    Unreachable,
)
from streams.ids import EntryId
from streams.reviewing import Review, acts_for
from streams.snapshot import Snapshot

logger = logging.getLogger(__name__)
# A page does not wait for charts' data longer than this; the socket brings it later.
_SENSORS_WITHIN_S = 1.0
_CANNOT_LOOK = (Unreachable, AccessDenied, ServerRefused)
AsyncPage = Callable[..., Coroutine[Any, Any, HttpResponse]]


def _refusal(request: HttpRequest) -> HttpResponse | None:
    if access.may_look(request.user):
        access.reach(request.user)  # asked for here, where the database may be, and remembered
        return None
    if request.user.is_authenticated:
        raise PermissionDenied("You may not look at streams: ask for the permission “may look at streams”.")
    return redirect_to_login(request.get_full_path(), reverse("admin:login"))


def for_who_may_look(page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Admit who may look, turn unknown names into 404s and an absent server into a page that says so."""

    @require_safe
    @wraps(page)
    def admitted(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if refusal := _refusal(request):
            return refusal
        try:
            return page(request, **kwargs)
        except (NoSuchStream, NoSuchGroup) as error:
            raise Http404(str(error)) from error
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except StreamwatchError as error:
            return unavailable(request, error)

    return admitted


def for_who_may_look_later(page: AsyncPage) -> AsyncPage:
    """The same for a page drawn on the event loop."""

    @require_safe
    @wraps(page)
    async def admitted(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if refusal := await sync_to_async(_refusal)(request):
            return refusal
        try:
            return await page(request, **kwargs)
        except (NoSuchStream, NoSuchGroup) as error:
            raise Http404(str(error)) from error
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except StreamwatchError as error:
            return await sync_to_async(unavailable)(request, error)

    return admitted


@for_who_may_look_later
async def stream_page(request: HttpRequest, stream: str | None = None) -> HttpResponse:
    """Live charts of a stream, with its groups beside them; drawn from last known values while Redis is away."""
    default = conf.current().stream
    key = await sync_to_async(looking.stream_named)(stream) if stream else default
    snapshot, problem = await sync_to_async(_look)(key)
    if snapshot and snapshot.stream is None and not snapshot.problem and key != default:
        raise NoSuchStream(f"there is no stream {names.shown(key)!r}")
    watched = hub().figures(key)
    figures = health.with_rates(health.described([snapshot]), watched) if snapshot else watched
    context = {
        "name": names.shown(key),
        "path": names.to_path(key),
        "figures": figures,
        "problem": problem or (figures or {}).get("problem"),
        **_charted(await sync_to_async(chart_settings.of)(key), await _feed(key)),
        "is_fed": key == default,
        "boot": {
            "ws": f"/ws/streams/{names.to_path(key)}/",
            "stream": names.to_path(key),
            "readings": f"/api/streams/{names.to_path(key)}/readings/",
            "title": names.shown(key),
            "window_ms": WINDOW_MS,
            "most_sensors": MOST_SENSORS,
            "whole": readings.WHOLE,
        },
    }
    return await sync_to_async(render)(request, "stream.html", context)


def _look(key: bytes) -> tuple[Snapshot | None, str]:
    try:
        return looking.maybe_snapshot(key), ""
    except _CANNOT_LOOK as error:
        return None, str(error)


def _charted(settings: ChartSettings, feed: Feed | None) -> dict[str, Any]:
    """The table of sensors as it is before any script runs."""
    rows = feed.memory.described(MOST_SENSORS) if feed else []
    seen = {field for row in rows for field in row["fields"]}
    labelled = [
        {
            **row,
            "label": settings.sensor_labels.get(row["sensor"], row["sensor"]),
            "seen": EntryId.parse(row["last_id"]),
        }
        for row in rows
    ]
    total = len(feed.memory.latest.rows) if feed else 0
    has_sensors = [row["sensor"] for row in rows] != [readings.WHOLE]
    return {
        "fields": settings.plain(seen)["fields"],
        "sensors": labelled,
        "sensors_total": total,
        "has_sensors": has_sensors,
    }


async def _feed(key: bytes) -> Feed | None:
    if hub().server.is_down:
        return hub().known(key)
    try:
        return await hub().at_head(key, within_s=_SENSORS_WITHIN_S)
    except (TimeoutError, StreamwatchError) as error:
        logger.info("A page was drawn with the sensors known so far: %s", str(error) or "the log is still being read")
        return hub().known(key)


@for_who_may_look
def pending_page(request: HttpRequest, stream: str, group: str) -> HttpResponse:
    """Pending entries of a group, a page at a time; with `fragment`, only the part that refreshes itself."""
    snapshot = looking.snapshot(looking.stream_named(stream))
    found = looking.group_named(snapshot, group)
    review = Review.of(snapshot, found, request.GET)
    # What is done to entries goes through the admin's pages, which are for staff.
    acts = acts_for(request.user, snapshot.name) if access.is_staff(request.user) else []
    context: dict[str, Any] = {
        "name": names.shown(snapshot.name),
        "path": names.to_path(snapshot.name),
        "group": names.shown(found.name),
        "group_path": names.to_path(found.name),
        "asked": review.asked,
        "review": review,
        "acts": acts if any(not act.why_not for act in acts) else [],
        "rows": [_row(plain.pending_row(row), row.entry_id, snapshot.taken_at) for row in review.page.rows],
        "next": review.asked.query(after=review.next_after),
    }
    template = "_pending_rows.html" if "fragment" in request.GET else "pending.html"
    return render(request, template, context, status=400 if review.asked.errors else 200)


def _row(row: dict[str, Any], entry_id: EntryId, now_ms: int) -> dict[str, Any]:
    return {**row, "age_ms": entry_id.age_ms(now_ms), "moment": entry_id.moment() if entry_id.is_time(now_ms) else None}


def unavailable(request: HttpRequest, error: StreamwatchError) -> HttpResponse:
    """What happened, what it means and what to do, when Redis cannot be asked."""
    context = {
        "title": "Redis cannot be asked right now",
        "what": str(error),
        "meaning": "Nothing is lost: entries stay in the stream. This page shows nothing rather than something old.",
        "todo": "Check that the server is up and REDIS_URL is right, then load the page again.",
    }
    return render(request, "problem.html", context, status=503)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Names what is not there."""
    text = str(exception) if exception.args and isinstance(exception.args[0], str) else "There is no such page."
    context = {
        "title": "Not found",
        "what": text[:1].upper() + text[1:] + ("" if text.endswith(".") else "."),
        "meaning": "It was never there, or it has been deleted or renamed.",
        "todo": "Check the name in the address; capital letters matter.",
    }
    return render(request, "problem.html", context, status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Says which permission is missing."""
    context = {
        "title": "Not allowed",
        "what": str(exception) or "You may not do this.",
        "meaning": "You are logged in, but without the permission that this needs.",
        "todo": "Ask somebody who administers this site for it.",
    }
    return render(request, "problem.html", context, status=403)
