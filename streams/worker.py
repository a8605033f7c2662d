"""The worker: reads the group, processes entries, and commits every batch in one atomic step.

An entry leaves the PEL only in the step that adds its reading to the frames log or itself to the dead-letter stream.
Whatever dies in between, the entry is still pending and is taken up again; whoever lost it to a claim writes nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from streams import handlers, names
from streams.batches import RawEntry
from streams.committing import Backlog, Committer
from streams.conf import Config
from streams.consumer_names import Seat
from streams.errors import NoSuchGroup, NoSuchStream, StreamwatchError
from streams.gateway import upkeep, work
from streams.gateway.client import Client
from streams.gateway.line import Line
from streams.ids import ZERO
from streams.joining import Joining
from streams.processing import Pace, Processor
from streams.readings import Shape
from streams.recovery import Recovery
from streams.reporting import Reporting
from streams.tidying import Tidying
from streams.timers import Timer

logger = logging.getLogger(__name__)

# A worker that is told to stop finishes its batch first.
MOST_AT_ONCE_S = 2.0
# What the admin says of the stream's fields counts within this time, when no batch is in hand.
SHAPE_EVERY_S = 2.0


class Worker:
    """One consumer of one group. `consume_once` does one unit of work; the caller loops, waits and stops."""

    def __init__(
        self,
        config: Config,
        *,
        consumer: bytes | None,
        count: int,
        block_ms: int,
        shape: Callable[[], Shape] | None = None,
    ) -> None:
        """`shape` is asked now and then which fields make a reading; without it the settings say so for good."""
        self._shape, self._shape_due = shape or (lambda: config.shape), Timer(SHAPE_EVERY_S)
        self._config, self._count, self._block_ms = config, count, block_ms
        url = config.server_url()
        # The line waits for new entries and catches up; everything that must answer at once goes over the client.
        self._line, self._client = Line(url), Client(url)
        processor = _processor(config, count)
        self._seat = Seat(self._client, config, consumer)
        self._committer = Committer(config, self._client, processor, self._seat)
        self._recovery = Recovery(config, self._client, self._committer, self._seat, count)
        self._backlog = Backlog(self._committer, self._line, count)
        self._joining, self._tidying = (
            Joining(config, self._client, self._seat),
            Tidying(config, self._client, self._seat),
        )
        self._reporting = Reporting(config, self._client, self._seat)
        self._has_joined = False

    @property
    def consumer(self) -> str:
        """The name this worker reads under."""
        return self._seat.shown

    @property
    def readings(self) -> int:
        """How many entries were processed and are no dead letters."""
        return self._committer.readings

    @property
    def dead_letters(self) -> int:
        """How many entries became dead letters."""
        return self._committer.dead_letters

    def consume_once(self) -> bool:
        """Do one unit of work; whether to come straight back (False after waiting in vain).

        Raises Unreachable and the like; the next call then starts with what is still pending.
        """
        try:
            self._seat.keep()
            if not self._has_joined:
                self._join()
            self._joining.remember()
            self._tidying.step(feeds=self._committer.feeds)
            self._reporting.step()
            return self._work()
        except (NoSuchGroup, NoSuchStream) as error:
            self._interrupt()
            logger.warning("%s. Looking after group %s.", error, names.shown(self._config.group))
            return True
        except StreamwatchError:
            self._interrupt()
            raise

    def leave(self) -> None:
        """Finish what is in hand, and delete the consumer unless entries are pending for it."""
        while self._backlog.is_on:
            self._backlog.step(read_on=False)
        is_empty = upkeep.leave(self._client, self._seat.place)
        if is_empty:
            logger.info("Consumer %s has nothing pending and is removed.", self.consumer)
        self._reporting.leave()
        self._seat.leave(is_empty=is_empty)

    def _join(self) -> None:
        joined = self._joining.join(self._committer.position)
        self._committer.feeds, self._committer.epoch = joined.feeds, joined.epoch
        if joined.is_new_history:
            self._committer.position = ZERO
        self._has_joined = True
        logger.info("Reading %s as %s, epoch %s.", names.shown(self._config.stream), self.consumer, joined.epoch)

    def _work(self) -> bool:
        """What is on its way first, then what was delivered before, then new entries."""
        if self._backlog.is_on:
            self._timed(lambda: self._backlog.step(read_on=not self._recovery.is_due))
            return True
        if self._shape_due.came_due():
            self._committer.processor.shape = self._shape()
        if self._recovery.step():
            return True
        entries = self._new_entries()
        if len(entries) == self._count and self._committer.processor.is_quick:
            self._backlog.start(entries)
        elif entries:
            self._timed(lambda: self._recovery.note(self._committer.commit(entries)))
        return bool(entries)

    def _timed(self, work: Callable[[], None]) -> None:
        before, began = self.readings + self.dead_letters, time.monotonic()
        work()
        self._reporting.note(self.readings + self.dead_letters - before, time.monotonic() - began)

    def _new_entries(self) -> Sequence[RawEntry]:
        count = self._committer.processor.at_once(self._count)
        work.send_xreadgroup_new(self._line, self._seat.place, count, self._block_ms)
        return work.receive_entries(self._line)

    def _interrupt(self) -> None:
        """Let go of connections and of what is in hand: both may be half done, and the PEL knows which half."""
        self._has_joined = False
        self._backlog.reset()
        self._recovery.after_outage()
        self._line.close()
        self._client.close()


def _processor(config: Config, count: int) -> Processor:
    if config.handler is None:
        return Processor(config.shape, None, config.max_deliveries)
    pace = Pace(count, min(MOST_AT_ONCE_S, config.claim_idle_ms / 3000))
    return Processor(config.shape, handlers.load(config.handler), config.max_deliveries, pace, time.monotonic)
