"""The page of a stream's entries: newest first, live; or searched for a value."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse

from dashboard.health_views import draw
from dashboard.views import for_who_may_look_later
from streams import access, entry_filters, looking, names, plain
from streams.entry_filters import Asked
from streams.errors import NoSuchStream, WrongType
from streams.ids import EntryId
from streams.operations import PERMISSIONS, Action
from streams.snapshot import Entry, Snapshot

ROWS_A_PAGE = 50
_SEARCHED_WITHIN_S = 0.1


@for_who_may_look_later
async def entries_page(request: HttpRequest, stream: str) -> HttpResponse:
    """Entries up to `?until=` (an ID or a time), or the newest, live; with `?field=`, those that have the value."""
    try:
        context = await sync_to_async(_context)(request, stream)
    except WrongType as error:
        raise NoSuchStream(str(error)) from error
    return await draw(request, "_entry_rows.html" if "fragment" in request.GET else "entries.html", context)


def _context(request: HttpRequest, stream: str) -> dict[str, Any]:
    key = looking.stream_named(stream)
    state, asked = looking.snapshot(key), entry_filters.parse(request.GET)
    found = _searched(state, asked, asked.having) if asked.having and not asked.errors else _listed(state, asked)
    is_live = not asked.texts["until"] and not asked.having
    acts = {name: access.may(request.user, PERMISSIONS[action], key) for name, action in _ACTS.items()}
    return {
        "name": names.shown(key),
        "path": names.to_path(key),
        "asked": asked,
        "is_live": is_live,
        "length": state.stream.length if state.stream else 0,
        "may": acts if access.is_staff(request.user) else {},
        **found,
    }


_ACTS = {"add": Action.ADD_ENTRY, "trim": Action.TRIM}


def _listed(state: Snapshot, asked: Asked) -> dict[str, Any]:
    page = looking.entries(state.name, asked.upper, ROWS_A_PAGE)
    older = asked.query(until=str(page.rows[-1].entry_id.previous())) if page.has_more else ""
    return {"rows": _rows(page.rows, state), "older": older}


def _searched(state: Snapshot, asked: Asked, having: tuple[bytes, bytes]) -> dict[str, Any]:
    """A part of the search, how far it has come, and the query that goes on; its span stays the same meanwhile."""
    first, last = looking.span_of(state, asked.lower, asked.upper)
    span = (first, min(last, asked.at or last))
    step = looking.search(state.name, span, having, ROWS_A_PAGE, within_s=_SEARCHED_WITHIN_S)
    rest = step.next_upper
    return {
        "rows": _rows(step.rows, state),
        "older": asked.query(until=str(last), at=str(rest)) if rest else "",
        "looked_at": step.looked_at,
        "progress": entry_filters.share((first, last), rest),
        "back_to": rest and _moment(rest, state.taken_at),
        "back_to_id": rest,
    }


def _rows(entries: Any, state: Snapshot) -> list[dict[str, Any]]:
    return [_row(entry, state.taken_at) for entry in entries]


def _row(entry: Entry, now_ms: int) -> dict[str, Any]:
    age_ms = entry.entry_id.age_ms(now_ms)
    return {**plain.entry_row(entry), "age_ms": age_ms, "moment": _moment(entry.entry_id, now_ms)}


def _moment(entry_id: EntryId, now_ms: int) -> Any:
    return entry_id.moment() if entry_id.is_time(now_ms) else None
