"""Dead letters through the one door for writes: sent back to their stream, or deleted; checked, recorded, told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from streams import ledger, looking, names, operations
from streams.errors import ServerRefused
from streams.gateway import letters
from streams.ids import EntryId
from streams.ledger import Actor, Deed
from streams.models import Action, LedgerEntry
from streams.pel import batches

_WHY = {
    letters.GONE: "not there: replayed or deleted meanwhile, or never a dead letter",
    letters.EMPTY: "without an entry, because it was trimmed before it was processed",
    letters.FOREIGN: "not of this stream",
}


@dataclass
class Result:
    """How it went: how many were asked for, which were done (replayed: to which new ID), how many missed and why."""

    asked: int = 0
    done: dict[EntryId, EntryId | None] = field(default_factory=dict)
    missed: Counter[str] = field(default_factory=Counter)
    error: ServerRefused | None = None


_Act = Callable[[bytes, list[EntryId], Result], None]


def replay(actor: Actor, stream: bytes, ids: Iterable[EntryId]) -> Result:
    """Add the entries of dead letters to their stream again, once each, and delete the letters.

    An entry that was replayed carries the ID it had first as `replayed_from`. All groups of the stream get it. Raises
    NotAllowed, BadRequest, WrongType, or what kept the server or the ledger from answering; what was done before that
    is in the ledger.
    """
    return _run(actor, Deed(Action.REPLAY_DEAD, stream, b""), ids, _replay)


def purge(actor: Actor, stream: bytes, ids: Iterable[EntryId]) -> Result:
    """Delete dead letters. Raises as `replay` does."""
    return _run(actor, Deed(Action.PURGE_DEAD, stream, b""), ids, _purge)


def preview(action: Action, stream: bytes, ids: Iterable[EntryId]) -> Result:
    """What `replay` or `purge` (by its action) would do as things stand. Only looks. Raises WrongType."""
    result = Result()
    for batch in batches(ids, letters.MOST_IDS_A_COMMAND):
        found = letters.hindrances(looking.client(), names.beside(stream, "dead"), stream, batch)
        if action == Action.PURGE_DEAD:  # everything that is there can be deleted
            found = [why if why == letters.GONE else b"" for why in found]
        result.asked += len(batch)
        result.missed.update(_WHY[why] for why in found if why)
        result.done.update((letter_id, None) for letter_id, why in zip(batch, found, strict=True) if not why)
    return result


def sentence(result: Result, verb: str) -> str:
    """What was done, in words."""
    text = f"{verb} {len(result.done):,} of {result.asked:,} dead letters"
    if result.missed:
        text += "; " + ", ".join(f"{count:,} {why}" for why, count in result.missed.items())
    return f"{text}. Stopped: {result.error}." if result.error else f"{text}."


def _run(actor: Actor, deed: Deed, ids: Iterable[EntryId], act: _Act) -> Result:
    operations.authorize(actor, deed)
    result, verb = Result(), "Replayed" if deed.action == Action.REPLAY_DEAD else "Deleted"
    with ledger.recorded(actor, deed) as row:
        _note(row, result)
        for batch in batches(ids, letters.MOST_IDS_A_COMMAND):
            result.asked += len(batch)
            ledger.note_ids(row, batch)
            act(deed.stream, batch, result)
            _note(row, result)
            if result.error:
                raise ServerRefused(result.error.code, sentence(result, verb)) from result.error
    operations.tell(actor, deed, sentence(result, verb))
    return result


def _replay(stream: bytes, batch: list[EntryId], result: Result) -> None:
    replayed = letters.replay(operations.client(), names.beside(stream, "dead"), stream, batch)
    result.error = replayed.error
    for letter_id, outcome in zip(batch, replayed.results, strict=False):
        if outcome in _WHY:
            result.missed[_WHY[outcome]] += 1
        else:
            result.done[letter_id] = EntryId.from_reply(outcome)


def _purge(stream: bytes, batch: list[EntryId], result: Result) -> None:
    deleted = letters.purge(operations.client(), names.beside(stream, "dead"), batch)
    result.done.update(dict.fromkeys(deleted))
    result.missed[_WHY[letters.GONE]] += len(batch) - len(deleted)
    result.missed += Counter()  # without those that are none


def _note(row: LedgerEntry, result: Result) -> None:
    row.asked, row.done = result.asked, len(result.done)
    row.missed = result.asked - len(result.done)
    pairs = [f"{old} → {new}" for old, new in islice(result.done.items(), ledger.MOST_IDS) if new]
    missed = [f"{count} {why}" for why, count in result.missed.items()]
    row.detail = "; ".join([*missed, *([", ".join(pairs)] if pairs else [])])
