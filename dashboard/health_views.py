"""The pages about health: all streams, the groups of one, one group with its history. Drawn from the hub's memory."""

from __future__ import annotations

import asyncio
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboard.hub import hub
from dashboard.views import for_who_may_look_later
from streams import access, health, looking, names, overview
from streams.errors import NoSuchGroup, NoSuchStream, WrongType

STREAMS_A_PAGE = 100
MOST_CARDS = 50
# The hub of a process that has just started reads the health log first; a page waits for it no longer than this.
_HEARD_WITHIN_S = 1.0


@for_who_may_look_later
async def streams_page(request: HttpRequest) -> HttpResponse:
    """Every watched stream, worst first, filtered by name and severity, a page at a time."""
    await _heard()
    text, severity = request.GET.get("q", "").strip(), request.GET.get("severity", "")
    skip = number(request.GET.get("skip"))
    limit = access.viewers_reach()
    found = overview.listing(
        [plain for plain in hub().board.all_figures() if access.in_reach(plain["name"], limit)],
        text=text,
        severity=severity if severity in overview.SEVERITIES else "",
        limit=STREAMS_A_PAGE,
        skip=skip,
    )
    context = {
        "listing": found,
        "query": {"q": text, "severity": severity},
        "filtered": bool(text or severity),
        "severities": [(name, found.severities.get(name, 0)) for name in overview.SEVERITIES],
        "shown_to": skip + len(found.rows),
        "shown_from": skip + 1,
        "next": skip + STREAMS_A_PAGE if skip + len(found.rows) < found.matching else None,
        "previous": max(0, skip - STREAMS_A_PAGE) if skip else None,
    }
    return await draw(request, "_stream_rows.html" if "fragment" in request.GET else "streams.html", context)


@for_who_may_look_later
async def groups_page(request: HttpRequest, stream: str) -> HttpResponse:
    """A card per group of a stream, worst first."""
    figures = await _figures(stream)
    text = request.GET.get("q", "").strip()
    groups = [g for g in overview.worst_first(figures["groups"]) if text.casefold() in g["name"].casefold()]
    context = {
        "figures": figures,
        "groups": groups[:MOST_CARDS],
        "matching": len(groups),
        "total": len(figures["groups"]),
        "query": {"q": text},
    }
    return await draw(request, "_group_cards.html" if "fragment" in request.GET else "groups.html", context)


@for_who_may_look_later
async def group_page(request: HttpRequest, stream: str, group: str) -> HttpResponse:
    """One group: its card, and its history as charts with what operators did."""
    figures = await _figures(stream)
    found = next((g for g in figures["groups"] if g["path"] == group), None)
    if found is None:
        raise NoSuchGroup(f"stream {figures['name']!r} has no consumer group of this name")
    boot = {"history": f"/api/streams/{figures['path']}/groups/{found['path']}/history/"}
    context = {"figures": figures, "groups": [found], "group": found, "boot": boot}
    return await draw(request, "_group_cards.html" if "fragment" in request.GET else "group.html", context)


async def draw(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page that says so when the monitor is late."""
    says = hub().board.sentence(hub().server_now_ms())
    return await sync_to_async(render)(request, template, {**context, "monitor_says": says})


async def _figures(segment: str) -> dict[str, Any]:
    """The newest figures of a stream: as the monitor told them, else as Redis says now, without verdicts.

    Raises NoSuchStream, or what keeps Redis from answering.
    """
    await _heard()
    key = await sync_to_async(looking.stream_named)(segment)
    told = hub().board.figures(key)
    if told is not None and told["stream"] is not None:
        return told
    try:
        return health.with_rates(health.described([await sync_to_async(looking.snapshot)(key)]), None)
    except WrongType as error:
        raise NoSuchStream(str(error)) from error
    except NoSuchStream:
        raise NoSuchStream(f"there is no stream {names.shown(key)!r}") from None


async def _heard() -> None:
    for _ in range(round(_HEARD_WITHIN_S / 0.02)):
        if not hub().monitor_is_late():
            return
        if hub().server.is_down or hub().board.newest_id.ms:
            return
        await asyncio.sleep(0.02)


def number(text: str | None) -> int:
    """A count from a query; 0 for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
