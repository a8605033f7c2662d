"""The page of a stream's entries, newest first, and the same as JSON."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse

from dashboard.api import answers, whole_number
from dashboard.health_views import draw
from dashboard.views import for_who_may_look_later, unavailable
from streams import looking, names, plain
from streams.errors import BadRequest, NoSuchStream, StreamwatchError, WrongType
from streams.ids import EntryId
from streams.positions import parse_until

ROWS_A_PAGE = 50


@for_who_may_look_later
async def entries_page(request: HttpRequest, stream: str) -> HttpResponse:
    """Entries up to `?until=` (an ID or a time), or the newest, which follow by themselves."""
    try:
        context = await sync_to_async(_listed)(request, stream)
    except (NoSuchStream, WrongType) as error:
        raise NoSuchStream(str(error)) from error
    except StreamwatchError as error:
        return await sync_to_async(unavailable)(request, error)
    return await draw(request, "_entry_rows.html" if "fragment" in request.GET else "entries.html", context)


def _listed(request: HttpRequest, stream: str) -> dict[str, Any]:
    key = looking.stream_named(stream)
    state, until = looking.snapshot(key), request.GET.get("until", "").strip()
    context: dict[str, Any] = {"name": names.shown(key), "path": names.to_path(key), "until": until, "error": ""}
    upper = None
    try:
        upper = parse_until(until) if until else None
    except ValueError as error:
        context["error"] = str(error)
    page = looking.entries(key, upper, ROWS_A_PAGE)
    rows = [_row(plain.entry_row(entry), entry.entry_id, state.taken_at) for entry in page.rows]
    older = str(page.rows[-1].entry_id.previous()) if page.has_more else ""
    length = state.stream.length if state.stream else 0
    return {**context, "rows": rows, "older": older, "length": length}


def _row(row: dict[str, Any], entry_id: EntryId, now_ms: int) -> dict[str, Any]:
    moment = entry_id.moment() if entry_id.is_time(now_ms) else None
    return {**row, "age_ms": entry_id.age_ms(now_ms), "moment": moment}


@answers
def entries(request: HttpRequest, stream: str) -> dict[str, Any]:
    """GET /api/streams/<stream>/entries/?until=&limit=: entries, newest first; `next_until` leads on."""
    key = looking.stream_named(stream)
    until = request.GET.get("until", "")
    try:
        upper = parse_until(until) if until else None
    except ValueError as error:
        raise BadRequest(str(error), field="until") from None
    page = looking.entries(key, upper, whole_number(request.GET.get("limit") or "50", "limit"))
    next_until = str(page.rows[-1].entry_id.previous()) if page.has_more else None
    return {"entries": [plain.entry_row(entry) for entry in page.rows], "next_until": next_until}
