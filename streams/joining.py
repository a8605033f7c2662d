"""Joining a group: it exists, somebody feeds the frames log, and the stream's history is the one known so far."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from streams import ledger, names
from streams.conf import Config
from streams.consumer_names import Seat
from streams.errors import AccessDenied, NoSuchStream
from streams.gateway import logs, looks, work
from streams.gateway.client import Client
from streams.histories import Mark, went_back
from streams.ids import ZERO, EntryId
from streams.models import Action
from streams.timers import Timer

logger = logging.getLogger("streams.worker")

MARK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Joined:
    """What holds from now on: whether this group feeds the frames log, its epoch, whether the history is a new one."""

    feeds: bool
    epoch: str
    is_new_history: bool


class Joining:
    """Joins after the start and after every outage, and remembers between them how far the stream had come."""

    def __init__(self, config: Config, client: Client, seat: Seat) -> None:
        self._config, self._client, self._seat = config, client, seat
        self._mark: Mark | None = None
        self._joined: Joined | None = None
        self._mark_due = Timer(MARK_EVERY_S)

    def join(self, position: EntryId) -> Joined:
        """See to it all. `position` is the newest entry committed: where a group that is gone begins again."""
        stream, group = self._config.stream, self._config.group
        now = self._look()
        lost = went_back(self._mark, position, now)
        start = position if now and not lost else ZERO
        if work.ensure_group(self._client, stream, group, start):
            self._say_created(start)
        self._joined = self._feed(lost)
        self._mark = self._look()
        return self._joined

    def remember(self) -> None:
        """Note now and then how far the stream has come."""
        if self._mark_due.came_due():
            self._mark = self._look() or self._mark

    def _look(self) -> Mark | None:
        try:
            stream = looks.xinfo_stream(self._client, self._config.stream)
        except NoSuchStream:
            return None
        try:
            run_id = looks.run_id(self._client)
        except AccessDenied:  # INFO is not for every user; the IDs tell enough
            run_id = ""
        return Mark(run_id, stream.last_id, stream.entries_added, stream.length, stream.first_id)

    def _feed(self, lost: str) -> Joined:
        stream, group = self._config.stream, self._config.group
        key, known = names.beside(stream, "feed"), self._joined
        feed = logs.feed(self._client, key, stream, group)
        epoch, is_ours = feed.epoch, feed.is_new
        if lost and known and epoch == known.epoch:
            epoch, is_ours = logs.renew_epoch(self._client, key, known.epoch)
        is_new = known is not None and epoch != known.epoch
        if is_new:
            self._say_new_history(epoch, lost or "the frames log is gone", is_ours=is_ours)
        feeds = feed.owner == group
        if not feeds and (known is None or known.feeds):
            logger.warning(
                "The frames log of %s is fed by group %s; this worker only acknowledges and dead-letters.",
                names.shown(stream),
                names.shown(feed.owner),
            )
        return Joined(feeds, epoch, is_new)

    def _say_created(self, start: EntryId) -> None:
        stream, group = names.shown(self._config.stream), names.shown(self._config.group)
        if self._joined is None:
            logger.info("Created group %s on %s.", group, stream)
            return
        where = f"after {start}, the newest entry this worker had committed" if start != ZERO else "at the beginning"
        logger.warning("Group %s on %s was gone; created it again %s.", group, stream, where)
        self._record(Action.GROUP_RECREATED, f"started {where}")

    def _say_new_history(self, epoch: str, why: str, *, is_ours: bool) -> None:
        logger.warning("A new history of %s begins, epoch %s: %s.", names.shown(self._config.stream), epoch, why)
        if is_ours:  # of several workers the one that began it records it
            self._record(Action.NEW_HISTORY, f"epoch {epoch}: {why}")

    def _record(self, action: Action, detail: str) -> None:
        deed = ledger.Deed(action, self._config.stream, self._config.group, detail=detail)
        ledger.event(self._seat.place.consumer, deed)
