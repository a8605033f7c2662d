"""Dead letters through the one door for writes: sent back to their stream, or deleted; checked, recorded, told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from streams import ledger, looking, names, wording
from streams.errors import BadRequest
from streams.gateway import letters
from streams.ids import EntryId
from streams.job_models import Job, results_of
from streams.jobs.works import LETTER_MISSED
from streams.ledger import Actor, Deed
from streams.letters import MOST_VALUES, REPLAYED_FROM
from streams.models import Action
from streams.operations import starting
from streams.operations.door import authorize, client, tell
from streams.pel import batches
from streams.snapshot import Seen


@dataclass
class Result:
    """How it went: how many were asked for, which were done (replayed: to which new ID), how many missed and why."""

    asked: int = 0
    done: dict[EntryId, EntryId | None] = field(default_factory=dict)
    missed: Counter[str] = field(default_factory=Counter)


def replay(actor: Actor, stream: bytes, wanted: Iterable[EntryId] | str) -> Job:
    """Start to add the entries of dead letters to their stream again, once each, and to delete the letters.

    `wanted` are letters' IDs, or what their reason must contain (empty: all there are now). An entry that was replayed
    carries the ID it had first as `replayed_from`. All groups of the stream get it. Raises NotAllowed, BadRequest or
    NotRecorded.
    """
    return _start(actor, Action.REPLAY_DEAD, stream, wanted)


def purge(actor: Actor, stream: bytes, wanted: Iterable[EntryId] | str) -> Job:
    """Start to delete dead letters. Raises as `replay` does."""
    return _start(actor, Action.PURGE_DEAD, stream, wanted)


def replay_as(actor: Actor, stream: bytes, letter_id: EntryId, pairs: Sequence[bytes]) -> EntryId:
    """Add an entry of these fields in place of a dead letter; its ID. It carries `replayed_from`.

    Raises NotAllowed, NotRecorded, BadRequest for a letter that is not there any more, for no fields or too many,
    WrongType, or what kept the server from answering.
    """
    deed = Deed(Action.REPLAY_DEAD, stream, b"", detail="with other fields")
    authorize(actor, deed)
    if not pairs or len(pairs) > MOST_VALUES - 2:
        raise BadRequest(f"An entry has from 1 to {MOST_VALUES // 2 - 1:,} fields.", field="pairs")
    with ledger.recorded(actor, deed, [letter_id]) as row:
        row.asked, row.done, row.missed = 1, 0, 1
        letter = looking.letter(stream, letter_id)
        named = REPLAYED_FROM in pairs[::2]
        origin = [] if named or letter is None else [REPLAYED_FROM, letter.entry_id.encode()]
        added = letters.replay_as(client(), names.beside(stream, "dead"), stream, letter_id, [*pairs, *origin])
        if added is None:
            raise BadRequest("This dead letter is not there any more: somebody replayed or deleted it.")
        row.done, row.missed, row.detail = 1, 0, f"{row.detail}; {letter_id} → {added}"
    tell(actor, deed, f"A dead letter of {names.shown(stream)} was replayed with other fields.")
    return added


def result_of(job: Job) -> Result:
    """What a job of these did so far."""
    result = Result(job.asked)
    for letter_id, done, words in results_of(job):
        new = words.partition("replayed as ")[2]
        if done:
            result.done[EntryId.parse(letter_id)] = EntryId.parse(new) if new else None
        else:
            result.missed[words] += 1
    return result


def preview(action: Action, stream: bytes, ids: Iterable[EntryId]) -> Result:
    """What `replay` or `purge` (by its action) would do as things stand. Only looks. Raises WrongType."""
    result = Result()
    for batch in batches(ids, letters.MOST_IDS_A_COMMAND):
        found = letters.hindrances(looking.client(), names.beside(stream, "dead"), stream, batch)
        if action == Action.PURGE_DEAD:  # everything that is there can be deleted
            found = [why if why == letters.GONE else b"" for why in found]
        result.asked += len(batch)
        result.missed.update(LETTER_MISSED[why] for why in found if why)
        result.done.update((letter_id, None) for letter_id, why in zip(batch, found, strict=True) if not why)
    return result


def sentence(result: Result, verb: str) -> str:
    """What was done, in words."""
    text = f"{verb} {len(result.done):,} of {wording.letters(result.asked)}"
    if result.missed:
        text += "; " + ", ".join(f"{count:,} {why}" for why, count in result.missed.items())
    return f"{text}."


def _start(actor: Actor, action: Action, stream: bytes, wanted: Iterable[EntryId] | str) -> Job:
    if isinstance(wanted, str):
        detail = f"with {wanted!r} in the reason" if wanted else "all"
        return starting.start(actor, Deed(action, stream, b"", detail=detail), {"reason": names.plain_text(wanted)}, {})
    seen = [Seen(letter_id, 0) for letter_id in sorted(set(wanted))]
    return starting.start(actor, Deed(action, stream, b""), starting.ids_of(seen), {})
