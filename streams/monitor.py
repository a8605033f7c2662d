"""The monitor: looks at every stream once a second, judges its groups and publishes all of it to the health log.

Looking shares no code with working, so that a dead worker is reported by somebody who is alive.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from streams import health, names
from streams.conf import Config
from streams.discovery import Discovery
from streams.gateway import leases, logs, looks, snapshots, vitals
from streams.gateway.client import Client
from streams.snapshot import Snapshot
from streams.windows import StreamWindow

logger = logging.getLogger(__name__)

HEALTH_KEEP_MS = 15 * 60 * 1000
# With very many groups a look takes longer than the interval; no more than a third of the time is spent looking.
_REST_SHARE = 3.0
# Streams asked about together: enough to save round trips, few enough to hold one batch of answers.
_TOGETHER = 100


class Monitor:
    """Observes all watched streams. Of many monitors one leads; the others stand by and take over within 5 s.

    `figures` is what the last look gave, one plain value per stream, `taken_at` the server's clock then.
    """

    def __init__(self, config: Config, interval_s: float) -> None:
        self._config, self._interval_s = config, interval_s
        self._client = Client(config.server_url())
        self._lease = leases.Lease(self._client, config.prefix + b":monitor")
        self._discovery = Discovery(self._client, config)
        self._windows: dict[bytes, StreamWindow] = {}
        self._bounds = logs.HealthBounds(HEALTH_KEEP_MS, config.health_max_bytes)
        self.leads = False
        self.figures: Sequence[dict[str, Any]] = ()
        self.taken_at = 0
        self.cost_s = 0.0

    def observe_once(self) -> bool:
        """Look, judge, publish, if this monitor leads; whether it does. Raises Unreachable and the like."""
        if not (self._lease.renew() or self._lease.take()):
            self._stand_by()
            return False
        began = time.monotonic()
        if not self.leads:
            self._lead()
        self._discovery.step(self._cycle_s)
        seen = self._look()
        self.figures = [health.describe(self._windows[snapshot.name]) for snapshot in seen]
        self.cost_s = time.monotonic() - began
        self._publish(seen)
        return self.leads

    @property
    def rest_s(self) -> float:
        """How long to wait until the next look."""
        return max(self._interval_s - self.cost_s, (_REST_SHARE - 1) * self.cost_s)

    @property
    def _cycle_s(self) -> float:
        """From one look to the next."""
        return max(self._interval_s, self.cost_s + self.rest_s)

    def leave(self) -> None:
        """Let another monitor lead at once."""
        self._lease.release()

    def _look(self) -> list[Snapshot]:
        watched = self._discovery.watched()
        seen: list[Snapshot] = []
        for start in range(0, len(watched), _TOGETHER):
            self._lease.renew()
            seen += snapshots.snapshots(self._client, watched[start : start + _TOGETHER], before=self._before())
        for snapshot in seen:
            self._take(snapshot)
        self._windows = {snapshot.name: self._windows[snapshot.name] for snapshot in seen}
        self.taken_at = seen[-1].taken_at
        return seen

    def _before(self) -> dict[bytes, Snapshot]:
        return {name: window.newest for name, window in self._windows.items() if window.newest}

    def _take(self, snapshot: Snapshot) -> None:
        window = self._windows.setdefault(snapshot.name, StreamWindow(self._config.thresholds))
        if window.take(snapshot):
            logger.warning("Stream %s started anew: it lost what it had.", names.shown(snapshot.name))
        if snapshot.stream is None and snapshot.name != self._config.stream:
            self._discovery.forget(snapshot.name)

    def _publish(self, seen: Sequence[Snapshot]) -> None:
        figures = [(snapshot.name, plain) for snapshot, plain in zip(seen, self.figures, strict=True)]
        lease = (self._lease.key, self._lease.token)
        if not logs.publish_health(
            self._client, self._config.health_key, lease, figures, self._own(seen), self._bounds
        ):
            self._stand_by()

    def _own(self, seen: Sequence[Snapshot]) -> dict[str, Any]:
        """What the program says of itself."""
        return {
            "t": self.taken_at,
            "monitor": {
                "t": self.taken_at,
                "cost_ms": round(self.cost_s * 1000, 1),
                "interval_ms": round(self._cycle_s * 1000),
                "streams": sum(snapshot.stream is not None for snapshot in seen),
                "groups": sum(len(snapshot.groups) for snapshot in seen),
            },
            "workers": vitals.told(self._client, self._config.workers_key, self.taken_at),
        }

    def _lead(self) -> None:
        logger.info("This monitor leads now.")
        self.leads = True
        self._recall()

    def _recall(self) -> None:
        """Fill the windows from the health log, so that a new leader need not watch for minutes before it judges."""
        limits = self._config.thresholds
        since = looks.server_ms(self._client) - limits.span_ms - 2 * limits.step_ms
        for entry in logs.recent_health(self._client, self._config.health_key, since):
            stream = entry.fields.get(b"s", logs.OWN)
            window = self._windows.setdefault(stream, StreamWindow(limits))
            if stream != logs.OWN and window.is_step(entry.entry_id.ms):
                self._recall_entry(window, entry)
        self._windows.pop(logs.OWN, None)

    def _recall_entry(self, window: StreamWindow, entry: logs.LogEntry) -> None:
        try:
            window.take(health.recalled(logs.decode_health(entry.fields[b"m"])))
        except (ValueError, KeyError, TypeError):
            logger.info("%s in the health log is from another version; left out.", entry.entry_id)

    def _stand_by(self) -> None:
        if self.leads:
            logger.warning("Another monitor leads now; standing by.")
        self.leads = False
        self._windows.clear()
