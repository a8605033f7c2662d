"""What people do to pending entries: claim them, acknowledge them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from streams import conf, ledger, pel
from streams.errors import BadRequest
from streams.gateway import groups, letters
from streams.ids import EntryId
from streams.ledger import Actor, Deed
from streams.models import Action, LedgerEntry
from streams.names import beside, shown
from streams.operations.door import authorize, check_name, client, tell

_LARGEST_MS = 2**53
_IDS_IN_A_SENTENCE = 20
_LONGEST_REASON = 500


@dataclass
class ClaimResult:
    """How a claim went: how many IDs were asked for, which moved, which did not."""

    asked: int = 0
    claimed: list[EntryId] = field(default_factory=list)
    missed: list[EntryId] = field(default_factory=list)


@dataclass
class AckResult:
    """How an acknowledgement went: how many IDs were asked for, how many were pending and are not any more."""

    asked: int = 0
    done: int = 0

    @property
    def missed(self) -> int:
        """How many were not pending."""
        return self.asked - self.done


def claim(
    actor: Actor, stream: bytes, group: bytes, consumer: bytes, ids: Iterable[EntryId], min_idle_ms: int
) -> ClaimResult:
    """Move pending entries to a consumer, which the server makes if it is new; adds a delivery to each.

    An entry that is idle for less than `min_idle_ms` (its owner works again), acknowledged or gone is missed, which is
    no error. Raises NotAllowed, BadRequest, NoSuchStream, NoSuchGroup, WrongType, or what kept the server or the
    ledger from answering; what moved before that is in the ledger.
    """
    deed = Deed(Action.CLAIM, stream, group, consumer, detail=f"idle for at least {min_idle_ms} ms")
    authorize(actor, deed)
    wanted = sorted(set(ids))
    if not wanted:
        raise BadRequest("No entry is chosen: choose at least one.", field="ids")
    _check_claim(consumer, min_idle_ms)
    with ledger.recorded(actor, deed, wanted) as row:
        result = _claim(row, deed, wanted, min_idle_ms)
    _tell_claim(actor, deed, result)
    return result


def claim_all(
    actor: Actor, stream: bytes, group: bytes, consumer: bytes, min_idle_ms: int, progress: pel.Progress
) -> ClaimResult:
    """Like `claim`, for all that `pel.claimable` finds."""
    deed = Deed(Action.CLAIM, stream, group, consumer, detail=f"all that were idle for at least {min_idle_ms} ms")
    authorize(actor, deed)
    _check_claim(consumer, min_idle_ms)
    with ledger.recorded(actor, deed) as row:
        found = pel.claimable(stream, group, consumer, min_idle_ms, progress)
        result = _claim(row, deed, _noted(row, (entry.entry_id for entry in found)), min_idle_ms)
    _tell_claim(actor, deed, result)
    return result


def acknowledge(actor: Actor, stream: bytes, group: bytes, ids: Iterable[EntryId]) -> AckResult:
    """Take entries out of the PEL for good, as if they had been processed: nobody is given them again.

    Raises as `claim` does. An entry that is not pending any more is missed.
    """
    deed = Deed(Action.ACKNOWLEDGE, stream, group)
    authorize(actor, deed)
    wanted = sorted(set(ids))
    if not wanted:
        raise BadRequest("No entry is chosen: choose at least one.", field="ids")
    with ledger.recorded(actor, deed, wanted) as row:
        result = _in_batches(
            row, deed, wanted, groups.MOST_IDS_A_COMMAND, lambda batch: groups.xack(client(), stream, group, batch)
        )
    tell(actor, deed, f"{result.done:,} of {result.asked:,} pending entries of group {shown(group)} were acknowledged.")
    return result


def give_up(actor: Actor, stream: bytes, group: bytes, ids: Iterable[EntryId], reason: str) -> AckResult:
    """Make dead letters of pending entries, with a reason, and acknowledge them, each in one step.

    Raises as `acknowledge` does, BadRequest for a reason that is empty or too long, and ServerRefused for a server that
    is out of memory: what could not be written stays pending.
    """
    deed = Deed(Action.GIVE_UP, stream, group, detail=reason.strip())
    authorize(actor, deed)
    wanted, text = sorted(set(ids)), reason.strip()
    if not wanted:
        raise BadRequest("No entry is chosen: choose at least one.", field="ids")
    if not text or len(text) > _LONGEST_REASON:
        raise BadRequest(f"A reason is needed, of at most {_LONGEST_REASON} characters.", field="reason")
    place, most = (stream, beside(stream, "dead"), group), conf.current().dead_max_entries
    with ledger.recorded(actor, deed, wanted) as row:
        result = _in_batches(
            row, deed, wanted, letters.MOST_GIVEN_UP,
            lambda batch: len(letters.give_up(client(), place, batch, f"{text} ({actor.name})", most)),
        )  # fmt: skip
    tell(actor, deed, f"{result.done:,} of {result.asked:,} pending entries of group {shown(group)} are dead letters.")
    return result


def give_up_sentence(result: AckResult) -> str:
    """What became of them, in words."""
    missed = f"; {result.missed:,} were not pending any more" if result.missed else ""
    return f"{result.done:,} of {result.asked:,} became dead letters{missed}."


def acknowledge_sentence(result: AckResult) -> str:
    """What an acknowledgement did, in words."""
    missed = f"; {result.missed:,} were not pending any more" if result.missed else ""
    return f"Acknowledged {result.done:,} of {result.asked:,}{missed}."


def _in_batches(
    row: LedgerEntry, deed: Deed, ids: Iterable[EntryId], size: int, act: Callable[[list[EntryId]], int]
) -> AckResult:
    """Act on batches; the row learns of each, so that an error in the middle leaves what was done."""
    result = AckResult()
    row.asked = row.done = row.missed = 0
    pel.total(deed.stream, deed.group)  # XACK says nothing of a group that is missing
    for batch in pel.batches(ids, size):
        with pel.named(deed.stream, deed.group):
            result.done += act(batch)
        result.asked += len(batch)
        row.asked, row.done, row.missed = result.asked, result.done, result.missed
    return result


def _claim(row: LedgerEntry, deed: Deed, ids: Iterable[EntryId], min_idle_ms: int) -> ClaimResult:
    """Claim in batches; the row learns of each, so that an error in the middle leaves what was done."""
    result = ClaimResult()
    row.asked = row.done = row.missed = 0
    for batch in pel.batches(ids, groups.MOST_IDS_A_COMMAND):
        with pel.named(deed.stream, deed.group):
            moved = groups.xclaim(client(), deed.stream, deed.group, deed.consumer, min_idle_ms, batch)
        result.asked += len(batch)
        result.claimed += moved
        result.missed += sorted(set(batch).difference(moved))
        row.asked, row.done, row.missed = result.asked, len(result.claimed), len(result.missed)
    if result.missed:
        row.detail += f"; missed: {_listed(result.missed, ledger.MOST_IDS)}"
    return result


def _noted(row: LedgerEntry, ids: Iterable[EntryId]) -> Iterator[EntryId]:
    for entry_id in ids:
        ledger.note_ids(row, [entry_id])
        yield entry_id


def _check_claim(consumer: bytes, min_idle_ms: int) -> None:
    check_name(consumer, "consumer", "consumer")
    if not 0 <= min_idle_ms <= _LARGEST_MS:
        raise BadRequest("The minimum idle time must be 0 or more.", field="min_idle")


def claim_sentence(consumer: bytes, result: ClaimResult) -> str:
    """What a claim did, in words, naming some of the missed IDs."""
    text = f"Claimed {len(result.claimed):,} of {result.asked:,} for {shown(consumer)}"
    if not result.missed:
        return f"{text}."
    meanwhile = "moved meanwhile (acknowledged, taken over, active again or deleted)"
    return f"{text}; {len(result.missed):,} {meanwhile}: {_listed(result.missed, _IDS_IN_A_SENTENCE)}."


def _listed(ids: list[EntryId], most: int) -> str:
    return ", ".join(map(str, ids[:most])) + (", …" if len(ids) > most else "")


def _tell_claim(actor: Actor, deed: Deed, result: ClaimResult) -> None:
    count = f"{len(result.claimed):,} of {result.asked:,} pending entries"
    tell(actor, deed, f"{count} of group {shown(deed.group)} were claimed for {shown(deed.consumer)}.")
