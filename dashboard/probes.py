"""Whether this process is up, and whether it can serve: for load balancers and orchestrators, who are nobody."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from dashboard.hub import hub
from streams import looking
from streams.errors import StreamwatchError


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
