"""The websocket's messages, encoded once for all who get the same."""

from __future__ import annotations

from typing import Any

import orjson

PROTOCOL = 1


def encode(kind: str, **values: Any) -> str:
    """JSON text of a message of that type."""
    return orjson.dumps({"type": kind, **values}, option=orjson.OPT_NON_STR_KEYS).decode()


def error(code: str, text: str) -> str:
    """An error message; the socket is closed after it."""
    return encode("error", code=code, text=text)
