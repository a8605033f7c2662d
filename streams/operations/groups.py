"""What people do to consumer groups: create, move, destroy."""

from __future__ import annotations

from dataclasses import dataclass

from streams import ledger, looking, pel, previews
from streams.errors import BadRequest, GroupExists, NoSuchStream
from streams.gateway import groups
from streams.ids import EntryId
from streams.ledger import Actor, Deed
from streams.models import Action
from streams.names import shown
from streams.operations.door import authorize, check_name, client, tell
from streams.positions import parse_start
from streams.wording import are, entries, were


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a group stood and stands; `preview` says what that means."""

    before: EntryId
    after: EntryId
    preview: previews.MovePreview


def create_group(actor: Actor, stream: bytes, group: bytes, start: str, *, mkstream: bool = True) -> str:
    """Create a consumer group; the ID it starts after.

    `start` is what `positions.parse_start` takes. Raises NotAllowed, BadRequest (naming the field), WrongType, or what
    kept the server or the ledger from answering; nothing is changed then.
    """
    deed = Deed(Action.CREATE_GROUP, stream, group, detail=f"start: {start.strip()}")
    authorize(actor, deed)
    check_name(stream, "stream", "stream")
    check_name(group, "group", "group")
    try:
        position = parse_start(start)
    except ValueError as error:
        raise BadRequest(str(error), field="start") from None
    with ledger.recorded(actor, deed):
        _create(stream, group, position, mkstream=mkstream)
    tell(actor, deed, f"Group {shown(group)} was created on stream {shown(stream)}.")
    return position


def move_group(actor: Actor, stream: bytes, group: bytes, start: str) -> Moved:
    """Set the ID after which a group is given entries; entries-read goes with it where it can be known.

    What is pending stays pending. `start` is what `positions.parse_start` takes. Raises as `create_group` does, and
    NoSuchStream or NoSuchGroup.
    """
    deed = Deed(Action.MOVE_GROUP, stream, group, detail=f"to: {start.strip()}")
    authorize(actor, deed)
    with pel.named(stream, group):
        preview = previews.move(stream, group, start)
    with ledger.recorded(actor, deed) as row, pel.named(stream, group):
        before = groups.xgroup_setid(client(), stream, group, preview.after, preview.entries_read)
        row.detail = f"from {before} to {preview.after}: {preview.sentence}"
    tell(actor, deed, f"Group {shown(group)} was moved from {before} to {preview.after}.")
    return Moved(before, preview.after, preview)


def destroy_group(actor: Actor, stream: bytes, group: bytes, *, pending: int, force: bool = False) -> int:
    """Destroy a group and forget what is pending in it; how many entries that were.

    `pending` is how many the person was told of: when there are more by now, nothing is done. Raises BadRequest for
    that, and without `force` when consumers were active within the last minute; else as `move_group` does.
    """
    deed = Deed(Action.DESTROY_GROUP, stream, group, detail="forced" if force else "")
    authorize(actor, deed)
    with pel.named(stream, group):
        active = previews.active_consumers(previews.group_of(stream, group))
    with ledger.recorded(actor, deed) as row:
        if active and not force:
            raise BadRequest(_in_use(active), field="force")
        with pel.named(stream, group):
            lost = groups.xgroup_destroy(client(), stream, group, pending)
        if lost.refused:
            text = f"{entries(lost.pending)} {are(lost.pending)} pending by now, not {pending:,}: look again."
            raise BadRequest(text, field="pending")
        forgotten = f"{entries(lost.pending, 'pending')} {were(lost.pending)} forgotten"
        row.detail = f"{row.detail}; {forgotten}" if row.detail else forgotten
    tell(actor, deed, f"Group {shown(group)} of stream {shown(stream)} was destroyed.")
    return lost.pending


def _create(stream: bytes, group: bytes, position: str, *, mkstream: bool) -> None:
    try:
        with pel.named(stream, group):
            entries_read = _entries_read(stream, position)
            groups.xgroup_create(client(), stream, group, position, mkstream=mkstream, entries_read=entries_read)
    except GroupExists:
        text = f"Stream {shown(stream)!r} has a group {shown(group)!r} already: choose another name."
        raise BadRequest(text, field="group") from None
    except NoSuchStream as error:
        text = f"{error} Allow it to be created, or correct the name."
        raise BadRequest(text, field="stream") from None


def _entries_read(stream: bytes, position: str) -> int | None:
    """What makes the lag known from the start; the server knows it by itself at both ends."""
    if position in {"0", "$"} or looking.maybe_snapshot(stream).stream is None:
        return None
    return previews.entries_read_at(stream, EntryId.parse(position))


def _in_use(active: list[str]) -> str:
    return (
        f"Consumers were active within the last minute: {', '.join(active[:5])}. Stop them first, or force it. "
        "A claim for them and a restart of the server count as well."
    )
