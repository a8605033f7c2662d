"""The API: the same facts as the pages, as JSON, read-only. An error is {"error": {"code", "text"}} and its status."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from dashboard.hub import hub
from streams import access, filters, health, looking, names, past, pel, plain, timeline
from streams.errors import (
    AccessDenied,
    BadRequest,
    NoSuchGroup,
    NoSuchIncident,
    NoSuchStream,
    ServerRefused,
    StreamwatchError,
    Unreachable,
    WrongType,
)
from streams.ids import EntryId
from streams.snapshot import PendingFilter

SyncView = Callable[..., dict[str, Any]]
AsyncView = Callable[..., Coroutine[Any, Any, dict[str, Any]]]

_COUNTED_EVERY_S = 2
_SURVEYED_WITHIN_S = 0.1
_STATUS: dict[type[StreamwatchError], tuple[int, str]] = {
    NoSuchStream: (404, "no_such_stream"),
    NoSuchGroup: (404, "no_such_group"),
    NoSuchIncident: (404, "no_such_incident"),
    WrongType: (409, "wrong_type"),
    BadRequest: (400, "bad_request"),
    Unreachable: (503, "unreachable"),
    AccessDenied: (503, "access_denied"),
    ServerRefused: (503, "refused"),
}


def problem(status: int, code: str, text: str, **more: Any) -> JsonResponse:
    """An error as the API says it."""
    return JsonResponse({"error": {"code": code, "text": text, **more}}, status=status)


def _told(error: StreamwatchError) -> JsonResponse:
    status, code = _STATUS.get(type(error), (500, "failed"))
    more = {"field": error.field} if isinstance(error, BadRequest) and error.field else {}
    return problem(status, code, str(error), **more)


def _refusal(request: HttpRequest) -> JsonResponse | None:
    if access.may_look(request.user):
        return None
    if request.user.is_authenticated:
        return problem(403, "not_allowed", "you may not look at streams: ask for the permission streams.view_stream")
    return problem(401, "login_required", "log in first: this server does not show streams to everybody")


def answers(view: SyncView) -> Callable[..., JsonResponse]:
    """A GET view for who may look; what it returns is the JSON, what it raises the error."""

    @require_safe
    @wraps(view)
    def answer(request: HttpRequest, **kwargs: Any) -> JsonResponse:
        if refusal := _refusal(request):
            return refusal
        try:
            return JsonResponse(view(request, **kwargs))
        except StreamwatchError as error:
            return _told(error)

    return answer


def answers_later(view: AsyncView) -> Callable[..., Coroutine[Any, Any, JsonResponse]]:
    """Like `answers`, for a view that runs on the event loop."""

    @require_safe
    @wraps(view)
    async def answer(request: HttpRequest, **kwargs: Any) -> JsonResponse:
        if refusal := await sync_to_async(_refusal)(request):
            return refusal
        try:
            return JsonResponse(await view(request, **kwargs))
        except StreamwatchError as error:
            return _told(error)

    return answer


@answers_later
async def monitor(_: HttpRequest) -> dict[str, Any]:
    """GET /api/monitor/: how long ago the monitor was heard, what to say about it (empty: all is well), and itself.

    Every open page asks this every few seconds, so the open incidents in it may be two seconds old; None: unknown.
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
        return {"open_incidents": cache.get_or_set("open-incidents", timeline.open_count, _COUNTED_EVERY_S)}
    except DatabaseError:
        return {"open_incidents": None}


@answers_later
async def stream_list(_: HttpRequest) -> dict[str, Any]:
    """GET /api/streams/: every stream with its verdict as the monitor tells it, unknown while it does not."""
    found, complete = await sync_to_async(looking.streams)()
    known = {plain["path"]: plain for plain in ([] if hub().monitor_is_late() else hub().board.all_figures())}
    return {"streams": [_listed(name, known.get(names.to_path(name))) for name in found], "complete": complete}


def _listed(name: bytes, told: dict[str, Any] | None) -> dict[str, Any]:
    judged = {key: told[key] if told else None for key in ("severity", "reason")}
    verdict = told["verdict"] if told else "UNKNOWN"
    return {"name": names.shown(name), "path": names.to_path(name), "verdict": verdict, **judged}


@answers_later
async def stream_detail(_: HttpRequest, stream: str) -> dict[str, Any]:
    """GET /api/streams/<stream>/: stream, groups and consumers now; rates while the monitor watches."""
    key = await sync_to_async(looking.stream_named)(stream)
    now = health.described([await sync_to_async(looking.snapshot)(key)])
    return health.with_rates(now, hub().figures(key))


@answers_later
async def sensors(_: HttpRequest, stream: str) -> dict[str, Any]:
    """GET /api/streams/<stream>/sensors/: per sensor what the frames log retains."""
    key = await sync_to_async(looking.stream_named)(stream)
    await sync_to_async(looking.snapshot)(key)
    try:
        return await hub().sensors(key)
    except TimeoutError:
        raise Unreachable("the frames log is still being read: try again in a few seconds") from None


@answers
def history(request: HttpRequest, stream: str, group: str = "") -> dict[str, Any]:
    """GET …[/groups/<group>]/history/?from=&to=&points=: health figures of a span (ms), and what was done meanwhile.

    {"t", "figures": {name: {"min", "max", "last"}}, "verdict", "resolution_s", "marks"}; empty where nobody looked.
    """
    query, now_ms = request.GET, time.time_ns() // 1_000_000
    to_ms = whole_number(query.get("to"), "to") or now_ms
    return past.figures_over(
        stream,
        group,
        from_ms=whole_number(query.get("from"), "from") or max(0, to_ms - 900_000),
        to_ms=to_ms,
        points=whole_number(query.get("points") or "600", "points"),
        shown=(_shown(stream), _shown(group)),
        now_ms=now_ms,
    )


def _shown(segment: str) -> str:
    """A name as the ledger writes it; of one that is too long for a path, nothing is marked."""
    try:
        return names.shown(names.from_path(segment))
    except ValueError:
        return segment


@answers
def pending(request: HttpRequest, stream: str, group: str) -> dict[str, Any]:
    """GET …/groups/<group>/pending/?consumer=&min_idle_ms=&min_deliveries=&after=&limit=: a page of pending entries."""
    key = looking.stream_named(stream)
    name = looking.group_named(looking.snapshot(key), group).name
    query = request.GET
    wanted = PendingFilter(
        consumer=looking.consumer_named(query["consumer"]) if query.get("consumer") else None,
        min_idle_ms=whole_number(query.get("min_idle_ms"), "min_idle_ms"),
        min_deliveries=whole_number(query.get("min_deliveries"), "min_deliveries"),
    )
    limit = whole_number(query.get("limit") or "50", "limit")
    page = looking.pending(key, name, wanted, after=_id(query.get("after")), limit=limit)
    return {
        "pending": [plain.pending_row(row) for row in page.rows],
        "total": page.total,
        "scanned": page.scanned,
        "next_after": page.next_after and str(page.next_after),
    }


@answers
def survey(request: HttpRequest, stream: str, group: str) -> dict[str, Any]:
    """GET …/groups/<group>/pending/survey/?<the filters of the page>&after=: how many match, counted from behind an ID.

    Counts for about a tenth of a second; `next_after` leads on, None at the end: add what the calls counted.
    """
    snapshot = looking.snapshot(looking.stream_named(stream))
    found = looking.group_named(snapshot, group)
    asked = filters.parse(request.GET, [consumer.name for consumer in found.consumers], snapshot.taken_at)
    for field, text in asked.errors.items():
        raise BadRequest(text, field=field)
    tally, rest = pel.survey(snapshot.name, found.name, asked.wanted, asked.after, within_s=_SURVEYED_WITHIN_S)
    return {**tally.as_plain(), "total": found.pending, "next_after": rest and str(rest), "complete": rest is None}


@require_safe
def healthz(_: HttpRequest) -> JsonResponse:
    """GET /healthz: this process answers."""
    return JsonResponse({"ok": True})


@require_safe
async def readyz(_: HttpRequest) -> JsonResponse:
    """GET /readyz: 200 when Redis and the database answer, else 503; says also how old the health log is."""
    checks = {"redis": await sync_to_async(_redis)(), "database": await sync_to_async(_database)()}
    ready = all(check["ok"] for check in checks.values())
    age = hub().health_age_ms()
    checks["health_log"] = {"ok": not hub().monitor_is_late(), "age_ms": age}
    return JsonResponse({"ok": ready, **checks}, status=200 if ready else 503)


def _redis() -> dict[str, Any]:
    try:
        looking.ping()
    except StreamwatchError as error:
        return {"ok": False, "text": str(error)}
    return {"ok": True}


def _database() -> dict[str, Any]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return {"ok": False, "text": str(error)}
    return {"ok": True}


def whole_number(text: str | None, field: str) -> int:
    """A number from a query, 0 for none. Raises BadRequest."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise BadRequest(f"{field} must be a whole number, not {text[:40]!r}", field=field)
    return int(text)


def _id(text: str | None) -> EntryId | None:
    try:
        return EntryId.parse(text) if text else None
    except ValueError as error:
        raise BadRequest(str(error), field="after") from None
