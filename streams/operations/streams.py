"""What people do to whole streams: trim them."""

from __future__ import annotations

from dataclasses import dataclass

from streams import ledger, pel, previews
from streams.errors import BadRequest
from streams.gateway import upkeep
from streams.ledger import Actor, Deed
from streams.models import Action
from streams.names import shown
from streams.operations.door import authorize, client, tell
from streams.parsing import Retain

# A step holds up the server for about a millisecond.
_STEP = 1000


@dataclass(frozen=True, slots=True)
class Trimmed:
    """How many entries went, and the group that needs those that should have gone too (None: none does)."""

    removed: int
    held_by: bytes | None


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
    tell(actor, deed, f"{row.done:,} entries of stream {shown(stream)} were trimmed.")
    return Trimmed(row.done, held_by)


def _step(stream: bytes, preview: previews.TrimPreview, *, lose: bool) -> tuple[int, bytes | None]:
    if lose:
        return upkeep.trim_anyway(client(), stream, preview.bound, _STEP), None
    trimmed = upkeep.trim_to_id(client(), stream, preview.bound, _STEP)
    return trimmed.entries, trimmed.held_by


def _in_words(keep: Retain) -> str:
    return f"{keep.entries:,} entries" if keep.age_ms is None else f"{keep.age_ms:,} ms"
