"""The monitor: looks at a stream once a second and publishes its figures to the health log.

Looking shares no code with working, so that a dead worker is reported by somebody who is alive.
"""

from __future__ import annotations

import logging
from collections import deque

from streams import health, names
from streams.conf import Config
from streams.gateway import leases, logs, looks
from streams.gateway.client import Client
from streams.snapshot import Snapshot

logger = logging.getLogger(__name__)

# Rates are taken over this many seconds: short enough to be now, long enough not to flicker.
RATE_WINDOW_S = 5.0
HEALTH_KEEP_MS = 15 * 60 * 1000


class Monitor:
    """Observes the configured stream. Of many monitors one leads; the others stand by and take over within 5 s."""

    def __init__(self, config: Config, interval_s: float) -> None:
        self._config = config
        self._client = Client(config.server_url())
        self._lease = leases.Lease(self._client, config.prefix + b":monitor")
        self._window: deque[Snapshot] = deque(maxlen=max(2, round(RATE_WINDOW_S / interval_s) + 1))
        self.leads = False

    def observe_once(self) -> bool:
        """Snapshot, describe, publish, if this monitor leads; whether it does. Raises Unreachable and the like."""
        if not (self._lease.renew() or self._lease.take()):
            self._stand_by()
            return False
        if not self.leads:
            logger.info("This monitor leads now.")
        self.leads = True
        snapshot = looks.snapshot(self._client, self._config.stream)
        self._remember(snapshot)
        self._publish(snapshot)
        return self.leads

    def leave(self) -> None:
        """Let another monitor lead at once."""
        self._lease.release()

    def _remember(self, snapshot: Snapshot) -> None:
        if self._window and health.started_anew(self._window[-1], snapshot):
            logger.warning("Stream %s started anew: it lost what it had.", names.shown(snapshot.name))
            self._window.clear()
        self._window.append(snapshot)

    def _publish(self, snapshot: Snapshot) -> None:
        figures = health.describe(self._window)
        lease = (self._lease.key, self._lease.token)
        oldest = snapshot.taken_at - HEALTH_KEEP_MS
        if not logs.publish_health(self._client, self._config.health_key, lease, snapshot.name, figures, oldest):
            self._stand_by()

    def _stand_by(self) -> None:
        if self.leads:
            logger.warning("Another monitor leads now; standing by.")
        self.leads = False
        self._window.clear()
