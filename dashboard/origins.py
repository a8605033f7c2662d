"""Which pages may open a websocket here: our own, and the configured ones. Cross-site websockets carry cookies too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def is_allowed(
    origin: str | None, host: str, *, secure: bool, hosts: Collection[str], trusted: Collection[str]
) -> bool:
    """Whether a page from `origin` may connect to `host`; `secure` when the connection came over TLS.

    The same scheme, host and port, where the host is one of `hosts` (ALLOWED_HOSTS), or one of `trusted`. A missing,
    opaque or malformed origin may not.
    """
    if not origin:
        return False
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or parts.username or parts.path or not parts.netloc:
        return False
    if f"{parts.scheme}://{parts.netloc}" in trusted:
        return True
    same = parts.netloc == host and (parts.scheme == "https") == secure
    return same and validate_host(split_domain_port(host)[0], hosts)


def own_pages_only(app: App) -> App:
    """The ASGI application for connections from allowed pages; others are refused before the handshake (403)."""

    async def guarded(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        allowed = is_allowed(
            headers.get(b"origin"),
            headers.get(b"host", ""),
            secure=scope.get("scheme") == "wss",
            hosts=settings.ALLOWED_HOSTS,
            trusted=settings.CSRF_TRUSTED_ORIGINS,
        )
        if allowed:
            await app(scope, receive, send)
        else:
            await send({"type": "websocket.close"})

    return guarded
