"""What people do to consumers: create, and delete without losing what they own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams import ledger, pel
from streams.errors import BadRequest
from streams.gateway import groups, pels
from streams.ledger import Actor, Deed
from streams.models import Action
from streams.names import shown
from streams.operations.door import authorize, check_name, client, tell
from streams.wording import entries, were

# A consumer that is alive gets new entries while its old ones are moved away; after so many rounds it is left alone.
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many entries were moved away before, and how many were forgotten with the consumer."""

    moved: int
    forgotten: int


def create_consumer(actor: Actor, stream: bytes, group: bytes, consumer: bytes) -> bool:
    """Make a consumer; whether it is new. Raises NotAllowed, BadRequest, NoSuchStream, NoSuchGroup or WrongType."""
    deed = Deed(Action.CREATE_CONSUMER, stream, group, consumer)
    authorize(actor, deed)
    check_name(consumer, "consumer", "consumer")
    with ledger.recorded(actor, deed) as row, pel.named(stream, group):
        is_new = groups.xgroup_createconsumer(client(), stream, group, consumer)
        row.detail = "" if is_new else "it was there already"
    return is_new


def delete_consumer(
    actor: Actor, stream: bytes, group: bytes, consumer: bytes, *, move_to: bytes = b"", forget: int = 0
) -> Deleted:
    """Delete a consumer; what it owns is first moved to `move_to`, keeping its delivery counts.

    It is deleted in the step that finds it owning no more than `forget` entries, which the group then forgets: pass the
    number that the person was told of. Raises BadRequest when it owns more, or is not there; NoSuchStream and the like.
    """
    deed = Deed(Action.DELETE_CONSUMER, stream, group, consumer, detail=f"to {shown(move_to)}" if move_to else "")
    authorize(actor, deed)
    _check(consumer, move_to)
    with ledger.recorded(actor, deed) as row, pel.named(stream, group):
        moved, gone = _move_and_delete(deed, move_to, forget)
        row.asked, row.done, row.missed = moved + gone, moved, gone
        if gone:
            forgotten = f"{entries(gone, 'pending')} {were(gone)} forgotten"
            row.detail = "; ".join(part for part in (row.detail, forgotten) if part)
    tell(actor, deed, f"Consumer {shown(consumer)} of group {shown(group)} was deleted.")
    return Deleted(moved, gone)


def delete_dead(actor: Actor, stream: bytes, group: bytes, consumers: Sequence[bytes]) -> list[bytes]:
    """Delete those of these consumers that own nothing; which were. Raises as `delete_consumer` does."""
    deleted = []
    for consumer in consumers:
        try:
            delete_consumer(actor, stream, group, consumer)
        except BadRequest:
            continue
        deleted.append(consumer)
    return deleted


def _check(consumer: bytes, move_to: bytes) -> None:
    if move_to:
        check_name(move_to, "move_to", "consumer")
        if move_to == consumer:
            raise BadRequest("Its entries cannot be moved to itself: name another consumer.", field="move_to")


def _move_and_delete(deed: Deed, move_to: bytes, forget: int) -> tuple[int, int]:
    moved = owned = 0
    for _ in range(_ROUNDS if move_to else 1):
        moved += _move(deed, move_to) if move_to else 0
        found = groups.xgroup_delconsumer(client(), deed.stream, deed.group, deed.consumer, forget)
        if found is None:
            raise BadRequest(f"There is no consumer {shown(deed.consumer)!r} in this group.", field="consumer")
        if not found.refused:
            return moved, found.pending
        owned = found.pending
    text = f"{shown(deed.consumer)} owns {entries(owned, 'pending')}, which would be forgotten"
    way = "it is given more than can be moved: stop it first" if move_to else "move them to another consumer first"
    raise BadRequest(f"{text}: {way}.", field="move_to")


def _move(deed: Deed, to: bytes) -> int:
    """Move what the consumer owns now, in batches; entries that are gone from the stream fall out of the PEL."""
    moved, at = 0, None
    while page := pels.xpending_range(client(), deed.stream, deed.group, at, groups.MOST_IDS_A_COMMAND, deed.consumer):
        ids = [row.entry_id for row in page]
        moved += len(groups.xclaim_justid(client(), deed.stream, deed.group, to, ids))
        at = ids[-1]
    return moved
