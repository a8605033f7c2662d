"""What the steps of a job are: which entries are next, and what is done to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from streams import conf, consumer_names, filters, looking, pel
from streams.durations import spoken
from streams.gateway import groups, letters, pels
from streams.ids import EntryId
from streams.job_models import Job
from streams.models import Action
from streams.names import NOBODY, beside, shown
from streams.operations.door import client
from streams.snapshot import Deliveries, PendingFilter, Seen

# As many as one command may name.
STEP = 500
END = "end"


@dataclass(frozen=True, slots=True)
class Piece:
    """The entries of one step, how many were looked at for them, and where the next begins (END: nowhere)."""

    seen: list[Seen]
    looked_at: int
    next_cursor: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an entry: whether it was done (None: nobody knows), and in words."""

    entry_id: EntryId
    done: bool | None
    words: str


class PendingWork:
    """Claims, acknowledgements and the like: entries of a PEL, chosen by ID or by a filter."""

    def __init__(self, job: Job) -> None:
        self._job, (self._stream, self._group) = job, job.place
        self._consumer = NOBODY if job.action == Action.REPROCESS else bytes(job.consumer)

    def measure(self) -> tuple[int, str]:
        """How many rows to look at, and the largest ID of them. Raises NoSuchStream, NoSuchGroup or WrongType."""
        with pel.named(self._stream, self._group):
            summary = groups.xpending_summary(client(), self._stream, self._group)
            if "ids" in self._job.wanted:
                return len(self._job.wanted["ids"]), ""
            total = pels.pending_total(client(), self._stream, self._group, self._filter().consumer)
        return total, str(summary.largest or "")

    def next(self) -> Piece:
        """The entries after the job's cursor."""
        if "ids" in self._job.wanted:
            return _chosen(self._job)
        wanted = self._filter()
        after = EntryId.parse(self._job.cursor) if self._job.cursor else None
        with pel.named(self._stream, self._group):
            found = pels.step(client(), self._stream, self._group, wanted, after, STEP)
        rows = [row for row in found.rows if row.consumer != self._consumer or not self._consumer]
        seen = [Seen(row.entry_id, max(0, row.idle_ms)) for row in rows]
        return Piece(seen, found.looked_at, str(found.next_after or END))

    def act(self, seen: Sequence[Seen], *, again: bool) -> list[Fate]:
        """Do it; `again` after a death, when some of it may be done already."""
        done = set(self._done(seen))
        verb = _VERBS[Action(self._job.action)].format(consumer=shown(self._consumer))
        missed = self._missed([one.entry_id for one in seen if one.entry_id not in done], again=again)
        return [missed.get(one.entry_id) or Fate(one.entry_id, True, verb) for one in seen]

    def _done(self, seen: Sequence[Seen]) -> Iterable[EntryId]:
        act = _ACTS[Action(self._job.action)]
        with pel.named(self._stream, self._group):
            yield from act(self._job, list(seen))

    def _missed(self, ids: Sequence[EntryId], *, again: bool) -> dict[EntryId, Fate]:
        if not ids:
            return {}
        rows = {row.entry_id: row for row in pel.rows_of(self._stream, self._group, ids)}
        fates = {}
        for entry_id in ids:
            row = rows.get(entry_id)
            if row is not None and again and self._consumer and row.consumer == self._consumer:
                continue  # claimed in the step that nobody heard the end of
            if row is not None:
                idle = f", idle for {spoken(row.idle_ms)}" if row.idle_ms >= 0 else ""
                fates[entry_id] = Fate(entry_id, False, f"left with {shown(row.consumer) or 'nobody'}{idle}")
            elif again and not self._consumer:
                fates[entry_id] = Fate(
                    entry_id, None, "not pending any more: by this job, or by somebody else meanwhile"
                )
            else:
                fates[entry_id] = Fate(entry_id, False, "not pending any more, or gone from the stream")
        return fates

    def _filter(self) -> PendingFilter:
        wanted = filters.from_plain(self._job.wanted["filter"])
        end = EntryId.parse(self._job.end) if self._job.end else wanted.upto
        return replace(wanted, upto=min(filter(None, (wanted.upto, end)), default=None))


class LetterWork:
    """Replays and deletions of dead letters, chosen by ID or by what is in their reason."""

    def __init__(self, job: Job) -> None:
        self._job, self._stream = job, job.place[0]
        self._dead = beside(self._stream, "dead")

    def measure(self) -> tuple[int, str]:
        """How many letters there are to look at, and the newest of them. Raises WrongType."""
        if "ids" in self._job.wanted:
            return len(self._job.wanted["ids"]), ""
        return letters.total(client(), self._dead), str(letters.newest(client(), self._dead) or "")

    def next(self) -> Piece:
        """The letters after the job's cursor."""
        if "ids" in self._job.wanted:
            return _chosen(self._job)
        after = EntryId.parse(self._job.cursor) if self._job.cursor else None
        end = EntryId.parse(self._job.end) if self._job.end else None
        found = letters.page(client(), self._dead, after, STEP) if end else []
        page = [letter for letter in found if end and letter.letter_id <= end]
        reason = self._job.wanted["reason"].casefold()
        seen = [Seen(letter.letter_id, 0) for letter in page if reason in letter.reason.casefold()]
        more = len(page) == STEP
        return Piece(seen, len(page), str(page[-1].letter_id) if more else END)

    def act(self, seen: Sequence[Seen], *, again: bool) -> list[Fate]:
        """Do it; `again` after a death, when some of it may be done already."""
        batch = [one.entry_id for one in seen]
        fates = self._replay(batch) if self._job.action == Action.REPLAY_DEAD else self._purge(batch)
        if again:
            unknown = "not there: by this job, or by somebody else meanwhile"
            fates = [Fate(f.entry_id, None, unknown) if f.words == LETTER_MISSED[letters.GONE] else f for f in fates]
        return fates

    def _replay(self, batch: list[EntryId]) -> list[Fate]:
        replayed = letters.replay(client(), self._dead, self._stream, batch)
        fates = [
            Fate(letter_id, False, LETTER_MISSED[told])
            if told in LETTER_MISSED
            else Fate(letter_id, True, f"replayed as {told.decode()}")
            for letter_id, told in zip(batch, replayed.results, strict=False)
        ]
        if replayed.error:
            raise Stopped(fates, replayed.error)
        return fates

    def _purge(self, batch: list[EntryId]) -> list[Fate]:
        deleted = set(letters.purge(client(), self._dead, batch))
        return [
            Fate(one, True, "deleted") if one in deleted else Fate(one, False, LETTER_MISSED[letters.GONE])
            for one in batch
        ]


class Stopped(Exception):
    """A step that was refused half-way: what was done before that, and the refusal."""

    def __init__(self, fates: list[Fate], error: Exception) -> None:
        super().__init__(str(error))
        self.fates, self.error = fates, error


LETTER_MISSED = {
    letters.GONE: "not there: replayed or deleted meanwhile, or never a dead letter",
    letters.EMPTY: "without an entry, because it was trimmed before it was processed",
    letters.FOREIGN: "not of this stream",
}
_VERBS = {
    Action.CLAIM: "claimed for {consumer}",
    Action.REPROCESS: "handed to the workers",
    Action.ACKNOWLEDGE: "acknowledged",
    Action.GIVE_UP: "made a dead letter",
    Action.RELEASE: "released",
}


def work_of(job: Job) -> PendingWork | LetterWork:
    """The steps of a job."""
    return LetterWork(job) if job.action in {Action.REPLAY_DEAD, Action.PURGE_DEAD} else PendingWork(job)


def _chosen(job: Job) -> Piece:
    ids, start = job.wanted["ids"], int(job.cursor or 0)
    some = [Seen(EntryId.parse(entry_id), idle_ms) for entry_id, idle_ms in ids[start : start + STEP]]
    end = start + len(some)
    return Piece(some, len(some), str(end) if end < len(ids) else END)


def _claim(job: Job, batch: list[Seen]) -> Iterable[EntryId]:
    stream, group = job.place
    return groups.xclaim(client(), stream, group, bytes(job.consumer), batch, Deliveries(job.terms["deliveries"]))


def _reprocess(job: Job, batch: list[Seen]) -> Iterable[EntryId]:
    stream, group = job.place
    claimed = groups.xclaim(client(), stream, group, NOBODY, batch, Deliveries.RESET)
    config = replace(conf.current(), stream=stream, group=group)
    consumer_names.Names(client(), config).announce(NOBODY)
    return claimed


def _acknowledge(job: Job, batch: list[Seen]) -> Iterable[EntryId]:
    return groups.xack(client(), *job.place, [one.entry_id for one in batch])


def _give_up(job: Job, batch: list[Seen]) -> Iterable[EntryId]:
    stream, group = job.place
    place, most = (stream, beside(stream, "dead"), group), conf.current().dead_max_entries
    for some in pel.batches([one.entry_id for one in batch], letters.MOST_GIVEN_UP):
        yield from letters.give_up(client(), place, some, job.terms["reason"], most)


def _release(job: Job, batch: list[Seen]) -> Iterable[EntryId]:
    return groups.xnack(client(), *job.place, batch)


_ACTS: dict[Action, Callable[[Job, list[Seen]], Iterable[EntryId]]] = {
    Action.CLAIM: _claim,
    Action.REPROCESS: _reprocess,
    Action.ACKNOWLEDGE: _acknowledge,
    Action.GIVE_UP: _give_up,
    Action.RELEASE: _release,
}


def workers_alive(stream: bytes, group: bytes) -> int:
    """How many workers of ours hold a name in this group."""
    config = replace(conf.current(), stream=stream, group=group)
    return consumer_names.Names(looking.client(), config).alive()
