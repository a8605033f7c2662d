"""Committing: what a batch amounts to and its acknowledgement, together or not at all, and only for what is ours."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from streams import names, wording
from streams.batches import RawEntry
from streams.conf import Config
from streams.consumer_names import Seat
from streams.gateway import logs, work
from streams.gateway.client import Client
from streams.gateway.line import Line
from streams.ids import ZERO, EntryId
from streams.letters import DeadLetter
from streams.processing import Processed, Processor

logger = logging.getLogger("streams.worker")

_FIRST_TIME: Mapping[bytes, int] = {}


class Committer:
    """Commits batches for one consumer, and counts what it committed.

    `feeds` says whether readings go to the frames log; `position` is the newest entry committed.
    """

    def __init__(self, config: Config, client: Client, processor: Processor, seat: Seat) -> None:
        self._dead_max, self._client, self._seat, self.processor = config.dead_max_entries, client, seat, processor
        self.feeds, self.epoch = False, ""
        self.position = ZERO
        self.readings = self.dead_letters = 0

    @property
    def place(self) -> work.Place:
        """For whom, and where the effects go."""
        return self._seat.place

    def commit(self, entries: Sequence[RawEntry], deliveries: Mapping[bytes, int] = _FIRST_TIME) -> Processed:
        """Process entries and commit what became of them; what was left alone because somebody took it is logged."""
        with contextlib.nullcontext() if self.processor.is_quick else self._seat.held():
            done = self.processor.process(entries, deliveries, self.epoch)
        return self._settle(entries, deliveries, done)

    def give_up(self, letter: DeadLetter) -> None:
        """Commit one entry as a dead letter, unless somebody took it."""
        wanted = work.Commit([letter.entry_id], b"", [letter])
        if not work.commit(self._client, self.place, wanted, self._dead_max):
            self._count_in([letter.entry_id], [letter])

    def wanted(self, done: Processed) -> work.Commit:
        """The commit of what was processed."""
        return work.Commit(done.ids, logs.encode_frame(done.frame) if self.feeds else b"", done.dead)

    def send(self, line: Line, done: Processed, in_hand: Sequence[work.Span]) -> None:
        """Ask for a commit on a line; `received` takes the answer."""
        work.send_commit(line, self.place, self.wanted(done), in_hand, self._dead_max)

    def received(self, entries: Sequence[RawEntry], done: Processed, lost: Sequence[bytes]) -> None:
        """Take the answer to `send`; commit again without what was lost."""
        if lost:
            self._settle(entries, _FIRST_TIME, self.processor.without(entries, _FIRST_TIME, done, lost), lost)
        else:
            self._count_in(done.ids, done.dead)

    def count_lost(self, ids: Collection[bytes]) -> None:
        """Entries that left the PEL as dead letters because they were gone."""
        self.dead_letters += len(ids)

    def _settle(
        self,
        entries: Sequence[RawEntry],
        deliveries: Mapping[bytes, int],
        done: Processed,
        lost: Collection[bytes] = (),
    ) -> Processed:
        while done.ids:
            newly_lost = work.commit(self._client, self.place, self.wanted(done), self._dead_max)
            if not newly_lost:
                self._count_in(done.ids, done.dead)
                break
            lost = {*lost, *newly_lost}
            done = self.processor.without(entries, deliveries, done, lost)
        if lost:
            what = f"{wording.entries(len(lost))} {wording.were(len(lost))}"
            logger.warning("%s acknowledged or claimed by somebody else meanwhile; left alone.", what)
        return done

    def _count_in(self, ids: Sequence[bytes], dead: Sequence[DeadLetter]) -> None:
        self.position = max(self.position, EntryId.from_reply(ids[-1]))
        self.readings += len(ids) - len(dead)
        self.dead_letters += len(dead)
        if dead:
            shown = f"{dead[0].entry_id.decode()}: {dead[0].reason}"
            count = wording.entries(len(dead))
            first = shown if len(dead) == 1 else f"the first, {shown}"
            logger.warning("%s went to %s: %s", count, names.shown(self.place.dead), first)


@dataclass(frozen=True, slots=True)
class _Ready:
    entries: Sequence[RawEntry]
    done: Processed


class Backlog:
    """Catching up: while the server commits one batch and reads out the next, the one between is digested here.

    At most two batches are in hand. Without a backlog there is nothing to gain, and nothing is on its way.
    """

    def __init__(self, committer: Committer, line: Line, count: int) -> None:
        self._committer, self._line, self._count = committer, line, count
        self.reset()

    def reset(self) -> None:
        """Forget what is in hand; it is pending still."""
        self._ready: _Ready | None = None
        self._read: Sequence[RawEntry] = ()

    @property
    def is_on(self) -> bool:
        """Whether a batch waits to be committed."""
        return self._ready is not None

    def start(self, entries: Sequence[RawEntry]) -> None:
        """Begin with a full batch."""
        self._ask()
        self._ready = self._digested(entries)
        self._read = work.receive_entries(self._line)

    def step(self, *, read_on: bool) -> None:
        """Commit the batch that is ready, get the next one ready, and ask for more if wanted and likely there."""
        if self._ready is None:
            return
        ready, read = self._ready, self._read
        read_on = read_on and len(read) == self._count
        self._committer.send(self._line, ready.done, self._in_hand())
        if read_on:
            self._ask()
        following = self._digested(read) if read else None
        self._committer.received(ready.entries, ready.done, work.receive_commit(self._line))
        self._ready = following
        self._read = work.receive_entries(self._line) if read_on else ()

    def _in_hand(self) -> list[work.Span]:
        batches = [self._ready.entries if self._ready else (), self._read]
        return [work.Span.of([raw_id for raw_id, _ in batch]) for batch in batches if batch]

    def _digested(self, entries: Sequence[RawEntry]) -> _Ready:
        return _Ready(entries, self._committer.processor.count(entries, _FIRST_TIME))

    def _ask(self) -> None:
        work.send_xreadgroup_new(self._line, self._committer.place, self._count)
