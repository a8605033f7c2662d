"""Waiting for a server that is away, and saying so: once when it goes, once when it is back."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable

FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0


def backoff_s(attempt: int, draw: float) -> float:
    """Seconds to wait before try number `attempt` (from 0): exponential with full jitter, `draw` in [0, 1).

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return draw * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempt, 10))


class Outage:
    """Keeps the state of one connection and says in the log when it changes."""

    def __init__(
        self,
        logger: logging.Logger,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = random.random,
        what: str = "Redis",
    ) -> None:
        self._what = what
        self._logger, self._clock, self._draw = logger, clock, draw
        self._since: float | None = None
        self._attempt = 0

    @property
    def is_on(self) -> bool:
        """Whether the server is away right now."""
        return self._since is not None

    def failed(self, error: Exception) -> float:
        """Note one more failure; the seconds to wait before the next try."""
        if self._since is None:
            self._since = self._clock()
            self._logger.warning("%s. Trying again until it answers.", str(error).rstrip("."))
        wait = backoff_s(self._attempt, self._draw())
        self._attempt += 1
        return max(wait, FIRST_WAIT_S / 2)

    def over(self) -> None:
        """Note a success."""
        if self._since is not None:
            self._logger.warning("%s answers again after %.1f s.", self._what, self._clock() - self._since)
        self._since, self._attempt = None, 0
