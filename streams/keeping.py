"""Keeps the history beside the monitor: in a thread of its own, so that a slow database never delays a look."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, close_old_connections

from streams.outages import Outage
from streams.recorder import Recorder

logger = logging.getLogger("streams.monitor")

EVERY_S = 1.0


class Keeper(threading.Thread):
    """Takes figures from the monitor and lets the recorder write them; what cannot be written now is tried again."""

    def __init__(self) -> None:
        super().__init__(name="history", daemon=True)
        self._recorder = Recorder()
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._waiting: list[Sequence[dict[str, Any]]] = []
        self._newest_ms = 0

    def take(self, figures: Sequence[dict[str, Any]]) -> None:
        """Remember a look; returns at once."""
        with self._lock:
            self._waiting.append(figures)

    def run(self) -> None:
        """Write until told to stop."""
        outage = Outage(logger, what="The database")
        while not self._stopped.is_set():
            rest = EVERY_S
            try:
                self._write()
                outage.over()
            except DatabaseError as error:
                rest = max(EVERY_S, outage.failed(DatabaseError(f"The history cannot be written: {error}")))
            self._stopped.wait(rest)

    def close(self) -> None:
        """Write what is there and end. Raises django.db.DatabaseError."""
        self._stopped.set()
        if self.is_alive():
            self.join()
        self._take_over()
        self._recorder.close()

    def _write(self) -> None:
        if self._take_over():
            close_old_connections()
            self._recorder.write(self._newest_ms)

    def _take_over(self) -> bool:
        """Hand on what waits; whether anything was ever taken."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for figures in waiting:
            self._recorder.take(figures)
            self._newest_ms = max([self._newest_ms, *(plain["t"] for plain in figures)])
        return self._newest_ms > 0
