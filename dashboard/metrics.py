"""/metrics for Prometheus: from the hub's memory, so that scraping costs Redis nothing."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import CollectorRegistry

from dashboard.hub import hub
from dashboard.prometheus import families
from streams import access, conf


class _Once:
    """A collector of families that were made already."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        """The families."""
        return self._found


@require_safe
async def metrics(request: HttpRequest) -> HttpResponse:
    """GET /metrics: for whoever may look, and for `Authorization: Bearer` with METRICS_TOKEN.

    While the monitor is late, only the program's own figures: old ones are never shown as now.
    """
    if not (_has_token(request) or await sync_to_async(_may_look)(request)):
        text = "Log in, or send the header Authorization: Bearer with the METRICS_TOKEN of this server.\n"
        return HttpResponse(text, status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"})
    config, now_ms = conf.current(), hub().server_now_ms()
    limit = None if _has_token(request) else access.reach(request.user)
    told = [] if hub().monitor_is_late() else hub().board.all_figures()
    figures = [plain for plain in told if access.in_reach(plain["name"], limit)]
    found = families(figures, hub().board.own(), now_ms, consumers=config.metrics_consumers, db=_db(config))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(found))
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(registry), content_type=content_type)


def _may_look(request: HttpRequest) -> bool:
    access.reach(request.user)  # asked for here, where the database may be, and remembered
    return access.may_look(request.user)


def _has_token(request: HttpRequest) -> bool:
    wanted, given = conf.current().metrics_token, request.headers.get("Authorization", "")
    return wanted is not None and hmac.compare_digest(given.encode(), f"Bearer {wanted}".encode())


def _db(config: conf.Config) -> str:
    """The database as redis_exporter writes it."""
    number = urlsplit(config.redis_url or "").path.strip("/")
    return f"db{number if number.isdigit() else 0}"
