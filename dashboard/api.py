"""The API of what there is to see: the monitor, streams, their sensors, their history."""

from __future__ import annotations

import time
from typing import Any

from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import DatabaseError
from django.http import HttpRequest
from ninja import Query, Router

from dashboard.hub import hub
from dashboard.rest import SpanAsked, api
from streams import access, health, looking, names, past, timeline
from streams.errors import Unreachable

router = Router(tags=["look"])
_COUNTED_EVERY_S = 2


@router.get("/monitor/")
async def monitor(request: HttpRequest) -> dict[str, Any]:
    """How long ago the monitor was heard, what to say about it (empty: all is well), and itself.

    Every open page asks this every few seconds, so the open incidents in it may be two seconds old; null: unknown.
    """
    board, now_ms = hub().board, hub().server_now_ms()
    text = hub().server.text if hub().server.is_down else board.sentence(now_ms)
    return {
        "late": board.is_late(now_ms),
        "age_ms": board.age_ms(now_ms),
        "text": text,
        "own": board.own(),
        **await sync_to_async(_incidents)(),
    }


def _incidents() -> dict[str, int | None]:
    try:
        if access.viewers_reach() is not None:
            return {"open_incidents": timeline.open_count()}
        return {"open_incidents": cache.get_or_set("open-incidents", timeline.open_count, _COUNTED_EVERY_S)}
    except DatabaseError:
        return {"open_incidents": None}


@router.get("/streams/")
async def stream_list(request: HttpRequest) -> dict[str, Any]:
    """Every stream with its verdict as the monitor tells it, unknown while it does not.

    {"streams": [{"name", "path", "verdict", "severity", "reason", "dead_letters"}], "complete"}.
    """
    found, complete = await sync_to_async(looking.streams)()
    known = {plain["path"]: plain for plain in ([] if hub().monitor_is_late() else hub().board.all_figures())}
    return {"streams": [_listed(name, known.get(names.to_path(name))) for name in found], "complete": complete}


def _listed(name: bytes, told: dict[str, Any] | None) -> dict[str, Any]:
    judged = {key: told.get(key) if told else None for key in ("severity", "reason", "dead_letters")}
    verdict = told["verdict"] if told else "UNKNOWN"
    return {"name": names.shown(name), "path": names.to_path(name), "verdict": verdict, **judged}


@router.get("/streams/{stream}/")
async def stream_detail(request: HttpRequest, stream: str) -> dict[str, Any]:
    """Stream, groups and consumers now; rates and verdicts while the monitor watches, null for unknown."""
    key = await sync_to_async(looking.stream_named)(stream)
    now = health.described([await sync_to_async(looking.snapshot)(key)])
    return health.with_rates(now, hub().figures(key))


@router.get("/streams/{stream}/sensors/")
async def sensors(request: HttpRequest, stream: str) -> dict[str, Any]:
    """Per sensor what the frames log retains: count, first and last ID, and last, min, max, mean of each field."""
    key = await sync_to_async(looking.stream_named)(stream)
    await sync_to_async(looking.snapshot)(key)
    try:
        return await hub().sensors(key)
    except TimeoutError:
        raise Unreachable("the frames log is still being read: try again in a few seconds") from None


@router.get("/streams/{stream}/history/")
def stream_history(request: HttpRequest, stream: str, span: Query[SpanAsked]) -> dict[str, Any]:
    """Health figures of the stream over a span, and what was done meanwhile.

    {"t", "figures": {name: {"min", "max", "last"}}, "verdict", "resolution_s", "marks"}; empty where nobody looked.
    """
    return _history(stream, "", span)


@router.get("/streams/{stream}/groups/{group}/history/")
def group_history(request: HttpRequest, stream: str, group: str, span: Query[SpanAsked]) -> dict[str, Any]:
    """Health figures of the group, as of the stream."""
    return _history(stream, group, span)


def _history(stream: str, group: str, span: SpanAsked) -> dict[str, Any]:
    now_ms = time.time_ns() // 1_000_000
    from_ms, to_ms = span.bounds(now_ms)
    stream_path, stream_shown = names.as_kept(stream)
    group_path, group_shown = names.as_kept(group) if group else ("", "")
    return past.figures_over(
        stream_path,
        group_path,
        from_ms=from_ms,
        to_ms=to_ms,
        points=span.points,
        shown=(stream_shown, group_shown),
        now_ms=now_ms,
    )


api.add_router("", router)
