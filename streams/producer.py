"""The producer's process: sends made-up or recorded readings at their pace and knows what surely arrived."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from streams.errors import AccessDenied, StreamwatchError, Unreachable, WrongType
from streams.gateway.producing import Producer
from streams.outages import Outage
from streams.recording import BadLine, Recorded
from streams.running import Stop
from streams.simulation import Fields, Pace

logger = logging.getLogger("streams.producer")
MOST_A_BATCH = 500


class Readings(Protocol):
    """Whatever makes entries."""

    def reading(self, at_s: float, /) -> Fields:
        """The next entry, at a time (seconds since 1970)."""


class Interrupted(StreamwatchError):
    """A run with an end stopped before it; the text says why. Nothing is sent twice to make up for it."""


class Run:
    """One run: `sent` surely arrived, `unknown` had their reply lost, `skipped` were left out."""

    def __init__(self, producer: Producer, stop: Stop, progress: Callable[[int], object]) -> None:
        self._producer, self._stop, self._progress = producer, stop, progress
        self.sent = self.unknown = self.skipped = 0

    def simulate(self, walk: Readings, per_s: float, count: int | None) -> None:
        """Send so many readings of a walk, or (None) go on until stopped, waiting out a server that is away.

        Readings that fell due meanwhile are not made up afterwards. Raises Interrupted when `count` is given, and
        also when the server cannot be used from the start.
        """
        pace, outage = Pace(per_s, time.monotonic()), Outage(logger)
        while not self._stop.is_set() and (count is None or self._tried < count):
            due = min(pace.due(time.monotonic()), MOST_A_BATCH, *([] if count is None else [count - self._tried]))
            if not due:
                self._stop.wait(pace.wait_s(time.monotonic()))
                continue
            pace.give(due)
            now = time.time()
            error = self._send([walk.reading(now) for _ in range(due)])
            if error is None:
                outage.over()
            elif count is not None or self._is_hopeless(error):
                raise Interrupted(str(error)) from error
            else:
                self._stop.wait(outage.failed(error))
                pace.forget(time.monotonic())
        self.skipped += pace.forgone

    def replay(
        self,
        lines: Iterable[Recorded | BadLine],
        speed: float | None,
        report: Callable[[BadLine], None],
    ) -> None:
        """Send a recording in its order, `speed` times as fast as it was made, or (None) as fast as possible.

        Raises Interrupted.
        """
        schedule = _Schedule(speed)
        batch: list[Fields] = []
        for line in lines:
            if isinstance(line, BadLine):
                self.skipped += 1
                report(line)
                continue
            wait_s = schedule.wait_s(line.at_ms, time.monotonic())
            if wait_s or len(batch) == MOST_A_BATCH:
                self._flush(batch)
            if self._stop.wait(wait_s) if wait_s else self._stop.is_set():
                break
            batch.append(line.fields)
        self._flush(batch)

    @property
    def _tried(self) -> int:
        return self.sent + self.unknown

    def _is_hopeless(self, error: StreamwatchError) -> bool:
        """Whether this looks like a wrong address, password or key rather than a passing trouble."""
        return not self._tried and isinstance(error, (Unreachable, AccessDenied, WrongType))

    def _flush(self, batch: list[Fields]) -> None:
        error = self._send(batch) if batch else None
        batch.clear()
        if error:
            raise Interrupted(str(error)) from error

    def _send(self, batch: list[Fields]) -> StreamwatchError | None:
        outcome = self._producer.xadd(batch)
        self.sent += outcome.added
        self.unknown += outcome.unknown
        self.skipped += len(batch) - outcome.added - outcome.unknown
        self._progress(outcome.added)
        return outcome.error


class _Schedule:
    """When a recording's readings are due; a time that lies before the one above it is due at once."""

    # Shorter waits cost more than they are worth: readings so close together are sent together.
    SHORTEST_WAIT_S = 0.01

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._began: tuple[int, float] | None = None

    def wait_s(self, at_ms: int, now: float) -> float:
        if self._speed is None:
            return 0.0
        first_ms, began = self._began = self._began or (at_ms, now)
        wait_s = began + (at_ms - first_ms) / 1000 / self._speed - now
        return wait_s if wait_s > self.SHORTEST_WAIT_S else 0.0
