"""What a worker says of itself: how large its batches are, how long they take, how many entries it gets through."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from streams.conf import Config
from streams.consumer_names import Seat
from streams.errors import AccessDenied, ServerRefused, WrongType
from streams.gateway import looks, vitals
from streams.gateway.client import Client
from streams.timers import Timer

EVERY_S = 2.0
# A server that is full, or lets this user write nothing here, must not keep anybody from working.
_REFUSED = (AccessDenied, ServerRefused, WrongType)


class Reporting:
    """Counts what a worker does and tells it every two seconds; nothing depends on it being heard."""

    def __init__(self, config: Config, client: Client, seat: Seat) -> None:
        self._key, self._client, self._seat = config.workers_key, client, seat
        self._due = Timer(EVERY_S)
        self._told_s = time.monotonic()
        self._entries = self._batch = 0
        self._commit_s: float | None = None
        self._committed_s: float | None = None

    def note(self, entries: int, seconds: float) -> None:
        """A unit of work ended that committed so many entries."""
        if entries:
            self._entries += entries
            self._batch, self._commit_s, self._committed_s = entries, seconds, time.monotonic()

    def step(self) -> None:
        """Tell, when it is time."""
        if self._due.came_due():
            with suppress(*_REFUSED):
                vitals.tell(self._client, self._key, self._seat.place.consumer, self._vitals())

    def leave(self) -> None:
        """The worker is no more."""
        with suppress(*_REFUSED):
            vitals.take_back(self._client, self._key, self._seat.place.consumer)

    def _vitals(self) -> dict[str, Any]:
        now_ms, now_s = looks.server_ms(self._client), time.monotonic()
        per_s = self._entries / max(0.001, now_s - self._told_s)
        self._told_s, self._entries = now_s, 0
        quiet_ms = None if self._committed_s is None else round(1000 * (now_s - self._committed_s))
        return {
            "name": self._seat.shown,
            "t": now_ms,
            "batch": self._batch or None,
            "commit_ms": None if self._commit_s is None else round(1000 * self._commit_s, 3),
            "per_s": round(per_s, 1),
            "last_commit": None if quiet_ms is None else now_ms - quiet_ms,
        }
