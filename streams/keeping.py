"""Keeps history and incidents beside the monitor: in a thread of its own, so that a slow database delays no look."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, close_old_connections

from streams.errors import StreamwatchError
from streams.incidents import Alerts, Sensors
from streams.outages import Outage
from streams.recorder import Recorder
from streams.sensor_watch import SensorWatch

logger = logging.getLogger("streams.monitor")

EVERY_S = 1.0
# While the database is away, rules are later applied to so many looks, the newest.
MOST_LOOKS_HELD = 60


class Keeper(threading.Thread):
    """Takes figures from the monitor for the recorder and the alerts; what cannot be written now is tried again."""

    def __init__(self, sensors: SensorWatch | None = None) -> None:
        super().__init__(name="history", daemon=True)
        self._recorder, self._alerts, self._sensors = Recorder(), Alerts(), sensors
        self._looks: deque[Sequence[dict[str, Any]]] = deque(maxlen=MOST_LOOKS_HELD)
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
                rest = max(EVERY_S, outage.failed(DatabaseError(f"History and incidents cannot be written: {error}")))
            except Exception:
                logger.exception("History and incidents met a fault of their own, and go on.")
            self._stopped.wait(rest)

    def close(self) -> None:
        """Write what is there and end. Raises django.db.DatabaseError."""
        self._stopped.set()
        if self.is_alive():
            self.join()
        self._take_over()
        self._alerts.flush()
        self._recorder.close()

    def _write(self) -> None:
        if self._take_over():
            close_old_connections()
            self._recorder.write(self._newest_ms)
            self._judge()

    def _judge(self) -> None:
        self._alerts.refresh()
        sensors = self._sensors_now() if self._looks else {}
        while self._looks:
            look = self._looks.popleft()
            self._alerts.observe(look, {} if self._looks else sensors)
        self._alerts.flush()

    def _sensors_now(self) -> Sensors:
        """Empty while the server cannot be asked: what is unknown changes no incident."""
        if self._sensors is None or not self._alerts.sensor_patterns:
            return {}
        try:
            return self._sensors.look(self._alerts.sensor_patterns)
        except StreamwatchError:  # the monitor meets it too, and says so
            return {}

    def _take_over(self) -> bool:
        """Hand on what waits; whether anything was ever taken."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for figures in waiting:
            self._recorder.take(figures)
            self._looks.append(figures)
            self._newest_ms = max([self._newest_ms, *(plain["t"] for plain in figures)])
        return self._newest_ms > 0
