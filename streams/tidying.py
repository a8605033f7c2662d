"""Tidying: the frames log and the stream kept to their size, consumers that nobody uses any more removed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from streams import ledger, names
from streams.conf import Config
from streams.consumer_names import Seat
from streams.gateway import logs, looks, upkeep
from streams.gateway.client import Client
from streams.ids import EntryId
from streams.models import Action
from streams.timers import Timer

logger = logging.getLogger("streams.worker")

FRAMES_EVERY_S = 10.0
TRIM_EVERY_S = 1.0
REMOVE_EVERY_S = 60.0
# A step holds up the server for about a millisecond; so many of them keep up with any producer.
TRIM_STEP, MOST_STEPS = 1000, 100


class Tidying:
    """What one worker does beside its work, a little at a time."""

    def __init__(self, config: Config, client: Client, seat: Seat) -> None:
        self._config, self._client, self._seat = config, client, seat
        self._held_by: bytes | None = None
        self._frames_due, self._trim_due = Timer(FRAMES_EVERY_S), Timer(TRIM_EVERY_S)
        self._remove_due = Timer(REMOVE_EVERY_S)

    def step(self, *, feeds: bool) -> None:
        """Do what is due."""
        if feeds and self._frames_due.came_due():
            oldest = looks.server_ms(self._client) - self._config.frames_keep_ms
            frames = names.beside(self._config.stream, "frames")
            logs.trim_frames(self._client, frames, oldest, self._config.frames_max_bytes)
        if self._config.retain and self._trim_due.came_due():
            self._retain()
        if self._remove_due.came_due():
            self._remove_inactive()

    def _retain(self) -> None:
        trim = self._trim()
        for _ in range(MOST_STEPS):
            trimmed = trim()
            if trimmed.held_by or trimmed.entries < TRIM_STEP:
                break
        if trimmed.held_by != self._held_by:
            self._say_held(trimmed.held_by)
        self._held_by = trimmed.held_by

    def _trim(self) -> Callable[[], upkeep.Trimmed]:
        stream, retain = self._config.stream, self._config.retain
        if retain and retain.age_ms is not None:
            oldest = EntryId(max(0, looks.server_ms(self._client) - retain.age_ms), 0)
            return lambda: upkeep.trim_to_id(self._client, stream, oldest, TRIM_STEP)
        entries = (retain and retain.entries) or 0
        return lambda: upkeep.trim_to_entries(self._client, stream, entries, TRIM_STEP)

    def _say_held(self, group: bytes | None) -> None:
        stream = names.shown(self._config.stream)
        if group is None:
            logger.info("Nothing holds back the trimming of %s any more.", stream)
        else:
            logger.warning(
                "Trimming %s is held back by group %s, which has unread or pending entries older than RETAIN.",
                stream,
                names.shown(group),
            )

    def _remove_inactive(self) -> None:
        stream, group = self._config.stream, self._config.group
        for name in upkeep.remove_inactive(self._client, stream, group, self._config.consumer_keep_ms):
            logger.info("Consumer %s owned nothing and was inactive for long: removed.", names.shown(name))
            deed = ledger.Deed(Action.CONSUMER_REMOVED, stream, group, name, "was inactive for long")
            ledger.event(self._seat.place.consumer, deed)
