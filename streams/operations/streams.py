"""What people do to whole streams: add an entry by hand, trim them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams import conf, ledger, pel, previews, wording
from streams.errors import BadRequest
from streams.gateway import entries, upkeep
from streams.ids import EntryId
from streams.ledger import Actor, Deed
from streams.letters import MOST_VALUES
from streams.models import Action
from streams.names import is_ours, shown
from streams.operations.door import authorize, check_name, client, tell
from streams.parsing import Retain

# A step holds up the server for about a millisecond.
_STEP = 1000


@dataclass(frozen=True, slots=True)
class Trimmed:
    """How many entries went, and the group that needs those that should have gone too (None: none does)."""

    removed: int
    held_by: bytes | None


def add_entry(
    actor: Actor, stream: bytes, pairs: Sequence[bytes], entry_id: EntryId | None = None, *, mkstream: bool = False
) -> EntryId:
    """Add an entry of these names and values in turn; its ID, which the server makes when none is given.

    Every group of the stream is given it. Raises NotAllowed, NotRecorded, WrongType, or BadRequest, naming the field:
    for no fields or too many, for an ID that is not larger than all before it, for a missing stream without `mkstream`.
    """
    deed = Deed(Action.ADD_ENTRY, stream, b"")
    authorize(actor, deed)
    check_name(stream, "stream", "stream")
    if is_ours(stream, conf.current().prefix):
        raise BadRequest("This key belongs to Streamwatch itself: an entry there would be read as its own.", "stream")
    if not pairs or len(pairs) % 2 or len(pairs) > MOST_VALUES:
        raise BadRequest(f"An entry has from 1 to {MOST_VALUES // 2:,} fields.", field="fields")
    with ledger.recorded(actor, deed) as row:
        row.asked, row.done, row.missed = 1, 0, 1
        with pel.named(stream, b""):
            added = entries.xadd(client(), stream, pairs, entry_id, mkstream=mkstream)
        row.done, row.missed = 1, 0
        ledger.note_ids(row, [added])
    tell(actor, deed, f"An entry was added to stream {shown(stream)} by hand.")
    return added


def trim(actor: Actor, stream: bytes, keep: Retain, *, lose: bool = False) -> Trimmed:
    """Drop the oldest entries, in steps, keeping so many or those so young.

    Without `lose` nothing goes that a group has not been given or has not acknowledged: raises BadRequest when that
    concerns any, and stops before what a group comes to need meanwhile. Raises NotAllowed, NoSuchStream or WrongType.
    """
    deed = Deed(Action.TRIM, stream, b"", detail=f"keep {_in_words(keep)}{', whatever is lost' if lose else ''}")
    authorize(actor, deed)
    with pel.named(stream, b""):
        preview = previews.trim(stream, keep)
    with ledger.recorded(actor, deed) as row:
        if preview.losses and not lose:
            text = "; ".join(map(str, preview.losses[:5]))
            raise BadRequest(f"{text}. Let them finish first, or trim whatever is lost.", field="lose")
        row.asked = row.done = row.missed = 0
        held_by = None
        while True:
            removed, held_by = _step(stream, preview, lose=lose)
            row.asked = row.done = row.done + removed
            if removed < _STEP:
                break
        losses = "; ".join(map(str, preview.losses))
        row.detail = f"{row.detail}; before {preview.bound}" + (f"; {losses}" if losses else "")
    tell(actor, deed, f"{wording.entries(row.done)} of stream {shown(stream)} {wording.were(row.done)} trimmed.")
    return Trimmed(row.done, held_by)


def _step(stream: bytes, preview: previews.TrimPreview, *, lose: bool) -> tuple[int, bytes | None]:
    if lose:
        return upkeep.trim_anyway(client(), stream, preview.bound, _STEP), None
    trimmed = upkeep.trim_to_id(client(), stream, preview.bound, _STEP)
    return trimmed.entries, trimmed.held_by


def _in_words(keep: Retain) -> str:
    return wording.entries(keep.entries or 0) if keep.age_ms is None else f"{keep.age_ms:,} ms"
