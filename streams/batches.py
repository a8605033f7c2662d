"""What a batch of entries amounts to: a frame of readings, dead letters with their reasons, IDs to acknowledge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from streams.frames import Frame
from streams.ids import EntryId
from streams.letters import GONE, DeadLetter
from streams.readings import BadReading, Shape, parse

# An entry as the server hands it out: its ID, and its flat field-value list or None when it was trimmed meanwhile.
RawEntry = tuple[bytes, Sequence[bytes] | None]


@dataclass(frozen=True, slots=True)
class Digest:
    """The effect of a batch; `ids` are all its entries in ID order."""

    ids: Sequence[bytes]
    frame: Frame
    dead: Sequence[DeadLetter]


def digest(entries: Sequence[RawEntry], shape: Shape, without: Collection[bytes] = ()) -> Digest:
    """The effect of these entries, leaving out the IDs in `without`. Entries come in ID order."""
    frame = Frame()
    dead: list[DeadLetter] = []
    ids: list[bytes] = []
    for raw_id, pairs in entries:
        if raw_id in without:
            continue
        ids.append(raw_id)
        if pairs is None:
            dead.append(DeadLetter(raw_id, GONE, ()))
            continue
        try:
            frame.add(parse(EntryId.from_reply(raw_id), pairs, shape))
        except BadReading as bad:
            dead.append(DeadLetter(raw_id, str(bad), pairs))
    return Digest(ids, frame, dead)
