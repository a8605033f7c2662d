"""Records readings beside the monitor: in a thread of its own, so that a slow database delays no look."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, close_old_connections

from streams import chart_settings, rollups
from streams.conf import Config
from streams.errors import StreamwatchError, Unreachable
from streams.gateway import looks
from streams.gateway.client import Client
from streams.outages import Outage
from streams.rollup_tail import Tail

logger = logging.getLogger("streams.readings")

EVERY_S = 15.0
# With very many series a write is large; the charts have their newest minutes from the feed anyway.
MANY_SERIES, EVERY_S_FOR_MANY = 1000, 60.0
_LOOKS_S = 1.0


class ReadingsKeeper(threading.Thread):
    """Writes the readings of every stream whose history is kept, while this monitor leads."""

    def __init__(self, config: Config, leads: Callable[[], bool]) -> None:
        super().__init__(name="readings", daemon=True)
        self._config, self._leads = config, leads
        self._client = Client(config.server_url())
        self._tails: dict[bytes, Tail] = {}
        self._due_s: dict[bytes, float] = {}
        self._stopped = threading.Event()

    def run(self) -> None:
        """Write until told to stop."""
        outage = Outage(logger, what="The database")
        while not self._stopped.wait(_LOOKS_S):
            try:
                self.step()
                outage.over()
            except DatabaseError as error:
                self._tails.clear()
                self._stopped.wait(outage.failed(DatabaseError(f"Readings cannot be recorded: {error}")))
            except StreamwatchError:
                pass  # the monitor meets it too, and says so
            except Exception:
                self._tails.clear()
                logger.exception("Recording readings met a fault of its own, and goes on.")

    def step(self) -> None:
        """Record what is due. Raises DatabaseError, Unreachable and the like."""
        if not self._leads():
            self._tails.clear()
            return
        close_old_connections()
        kept = chart_settings.kept()
        for gone in self._tails.keys() - set(kept):
            del self._tails[gone]
        for stream in kept:
            if time.monotonic() >= self._due_s.get(stream, 0.0) and not self._stopped.is_set():
                self._try(stream)

    def close(self) -> None:
        """Record what is there and end. Raises DatabaseError, Unreachable and the like."""
        self._stopped.set()
        if self.is_alive():
            self.join()
        for tail in self._tails.values():
            tail.step(looks.server_ms(self._client))

    def _try(self, stream: bytes) -> None:
        try:
            self._record(stream)
        except Unreachable:
            raise
        except StreamwatchError:
            pass  # of this one alone, say a key that is no stream any more; the monitor meets it too, and says so

    def _record(self, stream: bytes) -> None:
        if stream not in self._tails:
            self._tails[stream] = Tail(
                self._client,
                stream,
                rollups.kept_ms(self._config.readings_keep_ms),
                lambda: chart_settings.of(stream).shape(),
                is_fed=stream == self._config.stream,
            )
        tail = self._tails[stream]
        more = tail.step(looks.server_ms(self._client))
        every_s = EVERY_S_FOR_MANY if tail.series_count > MANY_SERIES else EVERY_S
        self._due_s[stream] = time.monotonic() + (0.0 if more else every_s)
