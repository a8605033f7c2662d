"""What people do to pending entries: claim them, acknowledge them, give them up. Each is a job, run here or later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams import filters, looking
from streams.errors import BadRequest
from streams.gateway import groups
from streams.ids import EntryId
from streams.job_models import Job, results_of
from streams.ledger import Actor, Deed
from streams.models import Action
from streams.names import plain_text, shown
from streams.operations import starting
from streams.operations.door import authorize, check_name
from streams.snapshot import Deliveries, PendingFilter, Seen

LARGEST_MS = 2**53
LONGEST_REASON = 500
_IDS_IN_A_SENTENCE = 20
Selection = Sequence[Seen] | PendingFilter


@dataclass
class ClaimResult:
    """How a claim went: how many IDs were asked for, which moved, which did not."""

    asked: int = 0
    claimed: list[EntryId] = field(default_factory=list)
    missed: list[EntryId] = field(default_factory=list)


def claim(
    actor: Actor,
    stream: bytes,
    group: bytes,
    consumer: bytes,
    selection: Selection,
    deliveries: Deliveries = Deliveries.COUNT,
) -> Job:
    """Start to move pending entries to a consumer, which the server makes if it is new.

    An entry whose idle time is shorter than was seen (its owner works again), that is acknowledged or gone is missed,
    which is no error. Raises NotAllowed, BadRequest or NotRecorded.
    """
    check_name(consumer, "consumer", "consumer")
    deed = Deed(Action.CLAIM, stream, group, consumer, detail=_words(selection))
    return _start(actor, deed, selection, deliveries=str(deliveries))


def reprocess(actor: Actor, stream: bytes, group: bytes, selection: Selection) -> Job:
    """Start to hand pending entries to the workers of this program, as if they had never been delivered.

    They take them up within seconds, or when one is started. Raises as `claim` does.
    """
    return _start(actor, Deed(Action.REPROCESS, stream, group, detail=_words(selection)), selection)


def acknowledge(actor: Actor, stream: bytes, group: bytes, selection: Selection) -> Job:
    """Start to take entries out of the PEL for good, as if they had been processed. Raises as `claim` does."""
    return _start(actor, Deed(Action.ACKNOWLEDGE, stream, group, detail=_words(selection)), selection)


def give_up(actor: Actor, stream: bytes, group: bytes, selection: Selection, reason: str) -> Job:
    """Start to make dead letters of pending entries, with a reason; each is acknowledged in the same step.

    Raises as `claim` does, BadRequest also for a reason that is empty or too long.
    """
    text = plain_text(reason.strip())
    if not text or len(text) > LONGEST_REASON:
        raise BadRequest(f"A reason is needed, of at most {LONGEST_REASON} characters.", field="reason")
    words = "; ".join(filter(None, (text, _words(selection))))
    deed = Deed(Action.GIVE_UP, stream, group, detail=words)
    return _start(actor, deed, selection, reason=f"{text} ({actor.name})")


def release(actor: Actor, stream: bytes, group: bytes, selection: Selection) -> Job:
    """Start to give entries back to the group, so that nobody has them and whoever asks next may claim them.

    Raises as `claim` does, BadRequest also on a server without XNACK.
    """
    deed = Deed(Action.RELEASE, stream, group, detail=_words(selection))
    authorize(actor, deed)
    if not can_release():
        raise BadRequest("This server has no XNACK (Redis 8.8): claim the entries for a consumer instead.")
    return _start(actor, deed, selection)


def can_release() -> bool:
    """Whether the server lets entries be released."""
    return groups.can_nack(looking.client())


def chosen(ids: Iterable[EntryId], min_idle_ms: int = 0) -> list[Seen]:
    """A selection of IDs, each to be left alone when it is idle for less. Raises BadRequest."""
    if not 0 <= min_idle_ms <= LARGEST_MS:
        raise BadRequest("The minimum idle time must be 0 or more.", field="min_idle")
    return [Seen(entry_id, min_idle_ms) for entry_id in sorted(set(ids))]


def claimed(job: Job) -> ClaimResult:
    """Which entries a claim that is over moved, and which not."""
    result = ClaimResult(job.asked)
    for entry_id, done, _ in results_of(job):
        (result.claimed if done else result.missed).append(EntryId.parse(entry_id))
    return result


_DONE = {
    Action.CLAIM: "Claimed {done} of {asked} for {consumer}",
    Action.REPROCESS: "Handed {done} of {asked} to the workers",
    Action.ACKNOWLEDGE: "Acknowledged {done} of {asked}",
    Action.GIVE_UP: "{done} of {asked} made dead letters",
    Action.RELEASE: "Released {done} of {asked}",
}


def sentence(job: Job) -> str:
    """What a job that is over did, in words, naming some of the missed IDs."""
    told = _DONE[Action(job.action)]
    text = told.format(done=f"{job.done:,}", asked=f"{job.asked:,}", consumer=shown(bytes(job.consumer)))
    if job.missed:
        text += f"; {job.missed:,} moved meanwhile (acknowledged, taken over, active again or deleted): {_missed(job)}"
    if job.unsure:
        text += f"; of {job.unsure:,} it is not known, because a process died meanwhile"
    return f"{text}."


def _missed(job: Job) -> str:
    found = []
    for entry_id, done, _ in results_of(job):
        if done is False:
            found.append(entry_id)
        if len(found) > _IDS_IN_A_SENTENCE:
            break
    return ", ".join(found[:_IDS_IN_A_SENTENCE]) + (", …" if len(found) > _IDS_IN_A_SENTENCE else "")


def _words(selection: Selection) -> str:
    if isinstance(selection, PendingFilter):
        return f"everything that matches: {filters.in_words(selection)}"
    idle_ms = min((one.idle_ms for one in selection), default=0)
    return f"idle for at least {idle_ms} ms" if idle_ms else ""


def _start(actor: Actor, deed: Deed, selection: Selection, **terms: Any) -> Job:
    if isinstance(selection, PendingFilter):
        return starting.start(actor, deed, {"filter": filters.to_plain(selection)}, terms)
    return starting.start(actor, deed, starting.ids_of(selection), terms)
