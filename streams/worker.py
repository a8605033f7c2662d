"""The worker: reads the group, aggregates, and commits every batch in one atomic step.

An entry leaves the PEL only in the step that adds its reading to the frames log or itself to the dead-letter stream.
Whatever dies in between, the entry is still pending and is read again; whoever lost it to a claim writes nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import replace

from streams import names
from streams.batches import RawEntry, digest
from streams.conf import Config
from streams.consumer_names import Names
from streams.errors import NoSuchGroup, NoSuchStream, StreamwatchError
from streams.gateway import logs, looks, work
from streams.gateway.client import Client
from streams.ids import ZERO, EntryId
from streams.letters import GONE, DeadLetter

logger = logging.getLogger(__name__)

LEASE_EVERY_S = 1.0
OWN_PENDING_EVERY_S = 1.0
TRIM_EVERY_S = 10.0
ADOPT_EVERY_S = 2.0
CLAIM_STEP = 100


class Timer:
    """Says when something that happens every `seconds` is due again."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due = 0.0

    def is_due(self) -> bool:
        """True once per period, at first at once."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._due = now + self._seconds
        return True


class Worker:
    """One consumer of one group. `consume_once` does one unit of work; the caller loops, waits and stops."""

    def __init__(self, config: Config, *, consumer: bytes | None, count: int, block_ms: int) -> None:
        self._config, self._count, self._block_ms = config, count, block_ms
        # The connection that blocks is not the one that commits: a reply cut off on one cannot be read on the other.
        url = config.server_url()
        self._reader, self._client = Client(url), Client(url)
        self._names = Names(self._client, config)
        self._take_name(consumer)
        self._position = ZERO
        self._prepared, self._recovering = False, True
        self._feeds = False
        self._claim_cursor = b"0-0"
        self._lease_due, self._own_due = Timer(LEASE_EVERY_S), Timer(OWN_PENDING_EVERY_S)
        self._claim_due = Timer(max(1.0, min(15.0, config.claim_idle_ms / 4000)))
        self._trim_due, self._adopt_due = Timer(TRIM_EVERY_S), Timer(ADOPT_EVERY_S)
        self.readings = self.dead_letters = 0

    def consume_once(self) -> bool:
        """Read a batch, commit it; whether to come straight back (False after waiting in vain).

        Raises Unreachable and the like; the next call then starts with what is still pending.
        """
        recovering = self._recovering
        try:
            self._keep_name()
            if not self._prepared:
                self._prepare()
            if self._adopt_due.is_due():
                self._adopt()
            entries = self._next_entries()
            if entries:
                self._commit(self._place, entries)
            self._tidy()
        except (NoSuchGroup, NoSuchStream) as error:
            self._prepared, self._recovering = False, True
            logger.warning("%s. Creating group %s again.", error, names.shown(self._config.group))
            return True
        except StreamwatchError:
            self._prepared, self._recovering = False, True
            raise
        return bool(entries) or recovering

    @property
    def consumer(self) -> str:
        """The name this worker reads under."""
        return names.shown(self._place.consumer)

    def leave(self) -> None:
        """Give the name back and delete the consumer, unless entries are pending for it."""
        if work.leave(self._client, self._place) or not work.owns_pending(self._client, self._place):
            logger.info("Consumer %s has nothing pending and is removed.", self.consumer)
            self._names.give_back(self._place.consumer, self._lease)
        self._lease.release()

    def _next_entries(self) -> Sequence[RawEntry]:
        """Own pending entries first, then what others left behind, then new ones."""
        if self._recovering or (self._own_due.is_due() and work.owns_pending(self._client, self._place)):
            entries = work.xreadgroup_own(self._reader, self._place, self._count)
            self._recovering = bool(entries)
            return entries
        if self._claim_cursor != b"0-0" or self._claim_due.is_due():
            claimed = work.xautoclaim(
                self._client, self._place, self._config.claim_idle_ms, self._claim_cursor, CLAIM_STEP
            )
            self._claim_cursor = claimed.cursor
            self._report_gone(claimed.gone)
            if claimed.entries:
                logger.info("Took over %d entries that others had left.", len(claimed.entries))
                return claimed.entries
        return work.xreadgroup_new(self._reader, self._place, self._count, self._block_ms)

    def _adopt(self) -> None:
        """Settle what workers left that died without leaving: read and commit under their names, then remove those.

        Their leases have ended, so they are dead or were held up for long; the commit's fence stands in either case.
        """
        for name, lease in self._names.abandoned():
            place = replace(self._place, consumer=name)
            settled = 0
            while entries := work.xreadgroup_own(self._reader, place, self._count):
                self._commit(place, entries)
                settled += len(entries)
                self._keep_name()
                lease.renew()
            work.leave(self._client, place)
            self._names.give_back(name, lease)
            logger.info("Worker %s died without leaving; settled the %d entries it had.", names.shown(name), settled)

    def _commit(self, place: work.Place, entries: Sequence[RawEntry]) -> None:
        lost: Collection[bytes] = ()
        while True:
            batch = digest(entries, self._config.shape, lost)
            if not batch.ids:
                break
            frame = logs.encode_frame(batch.frame) if self._feeds else b""
            newly_lost = work.commit(self._client, place, batch.ids, frame, batch.dead, self._config.dead_max_entries)
            if not newly_lost:
                self._count_in(batch.ids[-1], len(batch.ids), batch.dead)
                break
            lost = {*lost, *newly_lost}
        if lost:
            logger.warning("%d entries were acknowledged or claimed by somebody else meanwhile; left alone.", len(lost))

    def _count_in(self, last: bytes, entries: int, dead: Sequence[DeadLetter]) -> None:
        self._position = max(self._position, EntryId.from_reply(last))
        self.readings += entries - len(dead)
        self.dead_letters += len(dead)
        if dead:
            shown = f"{dead[0].entry_id.decode()}: {dead[0].reason}"
            logger.warning("%d entries went to %s; the first, %s", len(dead), names.shown(self._place.dead), shown)

    def _report_gone(self, ids: Sequence[bytes]) -> None:
        if ids:
            letters = [DeadLetter(entry_id, GONE, ()) for entry_id in ids]
            work.report_gone(self._client, self._place, letters, self._config.dead_max_entries)
            self.dead_letters += len(letters)
            logger.warning("%d entries were trimmed while they were pending; see the dead letters.", len(ids))

    def _tidy(self) -> None:
        if self._feeds and self._trim_due.is_due():
            oldest = looks.server_ms(self._client) - self._config.frames_keep_ms
            logs.trim_frames(self._client, self._place.frames, oldest, self._config.frames_max_bytes)

    def _prepare(self) -> None:
        """Make sure of the group and of who feeds the frames log; after a loss, go on where this worker last was."""
        stream, group = self._config.stream, self._config.group
        if work.ensure_group(self._client, stream, group, self._restart_at()):
            logger.info("Created group %s on %s.", names.shown(group), names.shown(stream))
        owner, epoch = logs.feed(self._client, names.beside(stream, "feed"), stream, group)
        self._feeds = owner == group
        if not self._feeds:
            logger.warning(
                "The frames log of %s is fed by group %s; this worker only acknowledges and dead-letters.",
                names.shown(stream),
                names.shown(owner),
            )
        self._prepared = True
        logger.info("Reading %s as %s, epoch %s.", names.shown(stream), self.consumer, epoch)

    def _restart_at(self) -> EntryId:
        """Where a group that has to be made again begins: at what was committed, unless the stream itself is new."""
        try:
            stream = looks.xinfo_stream(self._client, self._config.stream)
        except NoSuchStream:
            return ZERO
        return self._position if stream.last_id >= self._position else ZERO

    def _keep_name(self) -> None:
        if self._lease_due.is_due() and not self._lease.renew() and not self._lease.take():
            logger.warning("The name %s was taken over while this worker was held up.", self.consumer)
            self._take_name(None)
            self._recovering = True

    def _take_name(self, wanted: bytes | None) -> None:
        stream, group = self._config.stream, self._config.group
        name, self._lease = self._names.take(wanted)
        self._place = work.Place(stream, group, name, names.beside(stream, "frames"), names.beside(stream, "dead"))
