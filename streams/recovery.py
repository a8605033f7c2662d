"""Recovery: entries that were delivered before and not acknowledged, this worker's own and those others left behind.

An entry that may have brought a worker down is tried again, alone from its second time on, until it has been delivered
MAX_DELIVERIES times; then it is a dead letter. A cut connection is nobody's fault and counts for no entry.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from streams import ledger, names
from streams.committing import Committer
from streams.conf import Config
from streams.consumer_names import Seat
from streams.gateway import takeover, upkeep
from streams.gateway.client import Client
from streams.gateway.takeover import Row
from streams.ids import EntryId
from streams.letters import GONE, DeadLetter
from streams.models import Action
from streams.processing import Processed, given_up
from streams.timers import Timer
from streams.wording import entries, were

logger = logging.getLogger("streams.worker")

OWN_PENDING_EVERY_S = 1.0
ADOPT_EVERY_S = 2.0
CLAIM_STEP = 100
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 30.0
_TRIED_ALONE = 3
_DIED = "unknown: the worker that had it died or never answered"


@dataclass(frozen=True, slots=True)
class _Failure:
    error: str
    due: float


class Recovery:
    """Walks over what is pending for this worker whenever there is reason to, and takes over what others left."""

    def __init__(self, config: Config, client: Client, committer: Committer, seat: Seat, count: int) -> None:
        self._config, self._client, self._committer, self._seat, self._count = config, client, committer, seat, count
        self._walks, self._after = True, b""
        # What is pending when a process starts, may be what ended the one before.
        self._suspects_all, self._excuses = True, False
        self._failed: dict[bytes, _Failure] = {}
        self._taken_over: set[bytes] = set()
        self._cursor = b"0-0"
        self._own_due, self._adopt_due = Timer(OWN_PENDING_EVERY_S), Timer(ADOPT_EVERY_S)
        self._claim_due = Timer(max(1.0, min(15.0, config.claim_idle_ms / 4000)))

    def after_outage(self) -> None:
        """The connection was lost: look through what is pending, and blame no entry for it."""
        self._begin_walk()
        self._excuses = True

    @property
    def is_due(self) -> bool:
        """Whether `step` has something to look at."""
        timers = (self._own_due, self._adopt_due, self._claim_due)
        return self._walks or self._cursor != b"0-0" or any(timer.is_due for timer in timers)

    def step(self) -> bool:
        """Do one piece of what is due; whether to come straight back before reading new entries."""
        if self._adopt_due.came_due():
            self._adopt()
        if not self._walks and self._own_due.came_due():
            self._begin_walk()
        if self._walks and self._walk():
            return True
        if self._cursor != b"0-0" or self._claim_due.came_due():
            return self._claim()
        return False

    def note(self, done: Processed) -> None:
        """Remember what failed, and forget what did not."""
        if self._failed or self._taken_over:
            self._taken_over.difference_update(done.ids, done.failed)
            for entry_id in done.ids:
                self._failed.pop(entry_id, None)
        for entry_id, error in done.failed.items():
            logger.warning("Entry %s failed: %s. It is tried again.", entry_id.decode(), error)
            self._failed[entry_id] = _Failure(error, time.monotonic() + FIRST_RETRY_S)

    def _begin_walk(self) -> None:
        self._walks, self._after = True, b""

    def _walk(self) -> bool:
        rows = takeover.own_pending(self._client, self._committer.place, self._after, self._count)
        if not rows:
            self._walks = self._suspects_all = self._excuses = False
            return False
        self._after = rows[-1].entry_id
        now = time.monotonic()
        due = [row for row in rows if row.entry_id not in self._failed or self._failed[row.entry_id].due <= now]
        for piece, suspected in self._pieces(due):
            self._retry(piece, suspected=suspected)
            self._seat.keep()
        return True

    def _pieces(self, rows: Sequence[Row]) -> Iterator[tuple[list[Row], bool]]:
        """Rows to try together, and whether they are under suspicion: innocents and first offenders, then singles."""
        innocent = [row for row in rows if not self._is_suspect(row)]
        first = [row for row in rows if self._is_suspect(row) and row.deliveries < 2]
        size = self._committer.processor.at_once(self._count)
        for group, suspected in ((innocent, False), (first, True)):
            yield from ((group[at : at + size], suspected) for at in range(0, len(group), size))
        yield from (([row], True) for row in rows if self._is_suspect(row) and row.deliveries >= 2)

    def _is_suspect(self, row: Row) -> bool:
        known = row.entry_id in self._failed or row.entry_id in self._taken_over
        return known or (self._suspects_all and not self._excuses)

    def _retry(self, rows: Sequence[Row], *, suspected: bool) -> None:
        if suspected and rows[0].deliveries >= self._limit(rows[0]):
            self._give_up(rows[0])
            return
        place, dead_max = self._committer.place, self._config.dead_max_entries
        ids = [row.entry_id for row in rows]
        taken = takeover.take_up(self._client, place, ids, count_delivery=suspected, dead_max=dead_max)
        self._report_gone(taken.gone)
        if taken.entries:
            done = self._committer.commit(taken.entries, taken.deliveries)
            self.note(done)
            self._postpone(done, taken.deliveries)
        self._taken_over.difference_update(ids)

    def _limit(self, row: Row) -> int:
        """After how many deliveries an entry is given up: not before it was tried alone, on its third."""
        most = self._config.max_deliveries
        return most if row.entry_id in self._failed else max(most, _TRIED_ALONE)

    def _postpone(self, done: Processed, deliveries: dict[bytes, int]) -> None:
        for entry_id in done.failed:
            wait = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** (deliveries[entry_id] - 1))
            self._failed[entry_id] = replace(self._failed[entry_id], due=time.monotonic() + wait)

    def _give_up(self, row: Row) -> None:
        pairs = takeover.read_entry(self._client, self._committer.place.stream, row.entry_id)
        failure = self._failed.pop(row.entry_id, None)
        reason = GONE if pairs is None else given_up(row.deliveries)
        error = failure.error if failure else _DIED
        self._committer.give_up(DeadLetter(row.entry_id, reason, pairs or (), row.deliveries, error))
        self._taken_over.discard(row.entry_id)

    def _claim(self) -> bool:
        """Take over entries that were idle for too long, some at a time."""
        place, config = self._committer.place, self._config
        step = takeover.xautoclaim(
            self._client, place, config.claim_idle_ms, self._cursor, CLAIM_STEP, config.dead_max_entries
        )
        self._cursor = step.cursor
        self._report_gone(step.gone)
        if step.ids:
            logger.info("Took over %s that nobody had finished.", entries(len(step.ids)))
            self._taken_over.update(step.ids)
            self._begin_walk()
        return bool(step.ids) or not step.is_last

    def _adopt(self) -> None:
        """Take over what workers left that died without leaving, and remove their consumers.

        Their leases have ended, so they are dead or were held up for long; the commit's fence stands in either case.
        """
        for name, lease in self._seat.abandoned():
            place = replace(self._committer.place, consumer=name)
            moved: list[bytes] = []
            while rows := takeover.own_pending(self._client, place, b"", self._count):
                moved += self._inherit(name, rows)
                self._seat.keep()
                lease.renew()
            upkeep.leave(self._client, place)
            self._seat.give_back(name, lease)
            if moved:
                self._say_adopted(name, moved)

    def _inherit(self, owner: bytes, rows: Sequence[Row]) -> list[bytes]:
        taken = takeover.take_up(
            self._client,
            self._committer.place,
            [row.entry_id for row in rows],
            count_delivery=False,
            dead_max=self._config.dead_max_entries,
            owner=owner,
        )
        self._report_gone(taken.gone)
        self._taken_over.update(taken.deliveries)
        return list(taken.deliveries)

    def _say_adopted(self, name: bytes, moved: Sequence[bytes]) -> None:
        logger.info("Worker %s died without leaving; took over the %s it had.", names.shown(name), entries(len(moved)))
        what = f"{entries(len(moved), 'pending')} {were(len(moved))}"
        detail = f"its {what} taken over by {names.shown(self._committer.place.consumer)}"
        self._record(Action.SETTLED, name, moved, detail)
        self._begin_walk()

    def _report_gone(self, ids: Sequence[bytes]) -> None:
        if ids:
            self._committer.count_lost(ids)
            what = f"{entries(len(ids))} {were(len(ids))}"
            logger.warning("%s trimmed while pending; see the dead letters.", what)
            self._record(Action.LOST, self._committer.place.consumer, ids, GONE)

    def _record(self, action: Action, consumer: bytes, ids: Sequence[bytes], detail: str) -> None:
        deed = ledger.Deed(action, self._config.stream, self._config.group, consumer, detail)
        ledger.event(self._committer.place.consumer, deed, [EntryId.from_reply(entry_id) for entry_id in ids])
