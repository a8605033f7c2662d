"""The websocket's messages, encoded once for all who get the same."""

from __future__ import annotations

from typing import Any

import orjson

PROTOCOL = 1
_TEXT = 0x81  # a whole text message in one frame, and no other follows
_TWO_BYTES, _EIGHT_BYTES = 126, 127


class Message:
    """One message as JSON, and as the frame that carries it; each is made once, however many sockets get it."""

    __slots__ = ("_wire", "payload")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self._wire: bytes | None = None

    @property
    def text(self) -> str:
        """The JSON text."""
        return self.payload.decode()

    @property
    def wire(self) -> bytes:
        """The bytes on a connection without extensions: servers send frames unmasked (RFC 6455, sections 5.1, 5.2)."""
        if self._wire is None:
            self._wire = _header(len(self.payload)) + self.payload
        return self._wire


def _header(length: int) -> bytes:
    if length < _TWO_BYTES:
        return bytes([_TEXT, length])
    if length < 1 << 16:
        return bytes([_TEXT, _TWO_BYTES]) + length.to_bytes(2, "big")
    return bytes([_TEXT, _EIGHT_BYTES]) + length.to_bytes(8, "big")


def encode(kind: str, **values: Any) -> Message:
    """A message of that type. Arrays of numpy become lists, NaN in them null."""
    return Message(orjson.dumps({"type": kind, **values}, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY))


def error(code: str, text: str) -> Message:
    """An error message; the socket is closed after it."""
    return encode("error", code=code, text=text)
