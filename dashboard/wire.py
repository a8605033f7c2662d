"""uvicorn's websocket connection, with what a feed to many browsers needs beyond ASGI.

A quick way out: a finished frame goes straight to the transport, at a fraction of what a send through all layers costs.
And an end for browsers that read nothing: ASGI's close waits behind them, a closed transport until its buffer is empty.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from dashboard.turns import turns

EXTENSION = "streamwatch.wire"
# After being told why, a browser that still reads nothing is cut off, and its buffer with it.
LINGER_S = 30.0


class Http(HttpToolsProtocol):
    """Named to uvicorn by the setting HTTP_PROTOCOL: websockets' handshakes, which cost most, are done in turns."""

    def handle_websocket_upgrade(self) -> None:
        """Become a websocket when it is its turn."""
        turns(self.loop).add(self._upgrade)

    def _upgrade(self) -> None:
        if not self.transport.is_closing():
            super().handle_websocket_upgrade()


class Wire(WebSocketsSansIOProtocol):
    """Named to uvicorn by the setting WEBSOCKET_PROTOCOL; `write` and `write_later` are in scope["extensions"]."""

    def handle_connect(self, event: Request) -> None:
        """Shake hands; the application starts in a later turn of the loop, and finds these in its scope."""
        super().handle_connect(event)
        if self.response.status_code == 101 and not self.conn.extensions:  # deflate packs each frame by itself
            self.scope["extensions"][EXTENSION] = {"write": self.write, "write_later": self.write_later}

    def write(self, frame: bytes) -> bool:
        """Write a whole frame now; False, and nothing is done, when it would wait or the connection is ending."""
        if self.close_sent or not self.writable.is_set() or self.transport.is_closing():
            return False
        self.transport.write(frame)
        return True

    async def write_later(self, frame: bytes) -> None:
        """Write a whole frame as soon as the browser has taken most of those before. Raises ClientDisconnected."""
        await self.writable.wait()
        if not self.write(frame):
            raise ClientDisconnected

    async def send(self, message: Any) -> None:
        """As ASGI says, but a close does not wait behind a browser that reads nothing."""
        if message["type"] == "websocket.close" and not self.writable.is_set():
            self.writable.set()
            self._cut_off_later()
        await super().send(message)

    def keepalive_timeout(self) -> None:
        """A browser that answers no ping is gone, also when its buffer is full."""
        super().keepalive_timeout()
        self._cut_off_later()

    def _cut_off_later(self) -> None:
        self.loop.call_later(LINGER_S, self.transport.abort)
