"""A receiver of webhooks: keeps what it got, answers as it is told."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


class Receiver:
    """Answers with the next of `statuses`, then with 200; `silence` lets it hang, `drip` send bytes without end."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.hangs = self.drips = False
        self._closing = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        self.requests.append(({name.lower(): value for name, value in handler.headers.items()}, body))
        if self.hangs:
            self._closing.wait(30)
            return
        if self.drips:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while not self._closing.wait(0.1):
                handler.wfile.write(b"x: y\r\n")
            return
        status = self.statuses.pop(0) if self.statuses else 200
        handler.send_response(status)
        if 300 <= status < 400:
            handler.send_header("location", self.url)
        handler.end_headers()

    @property
    def events(self) -> list[str]:
        return [json.loads(body)["event"] for _, body in self.requests]

    def verified(self, secret: str) -> list[dict[str, Any]]:
        """What came, once its signature was found right."""
        return [dict(Webhook(secret).verify(body, headers)) for headers, body in self.requests]

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
