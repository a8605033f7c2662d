"""Dead letters: entries that could not be processed, with what is known about why, and their own fields untouched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.ids import EntryId
from streams.names import shown

GONE = "the entry was trimmed or deleted before it was processed"

# A letter is one entry of the dead-letter stream: these fields in this order, then the entry's own. Its own names may
# repeat these, so position tells them apart.
OWN_FIELDS = (b"id", b"reason", b"stream", b"group", b"consumer", b"deliveries", b"error")
# What an entry carries that was replayed: the ID it had first.
REPLAYED_FROM = b"replayed_from"
# Lua's unpack ends near 8,000 values; a letter with more than this keeps the first ones and says so.
MOST_VALUES = 4000


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An entry that is given up, as the worker hands it over: `pairs` is its flat field-value list.

    `deliveries` is how often it was delivered (0: unknown), `error` what its handler last said.
    """

    entry_id: bytes
    reason: str
    pairs: Sequence[bytes]
    deliveries: int = 1
    error: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter as it is kept: its own ID, and where the entry came from."""

    letter_id: EntryId
    entry_id: str
    reason: str
    stream: bytes
    group: bytes
    consumer: bytes
    deliveries: int | None
    error: str
    pairs: Sequence[bytes]


def to_pairs(letter: DeadLetter, stream: bytes, group: bytes, consumer: bytes) -> list[bytes]:
    """The flat field-value list that is kept."""
    kept, reason = letter.pairs[:MOST_VALUES], letter.reason
    if len(kept) < len(letter.pairs):
        reason += f" (only the first {len(kept) // 2} of {len(letter.pairs) // 2} fields are kept here)"
    deliveries = str(letter.deliveries).encode() if letter.deliveries else b""
    values = (letter.entry_id, reason.encode(), stream, group, consumer, deliveries, letter.error.encode())
    own = [part for pair in zip(OWN_FIELDS, values, strict=True) for part in pair]
    return [*own, *kept]


def from_pairs(letter_id: EntryId, pairs: Sequence[bytes]) -> Letter:
    """The letter behind what is kept. Raises ValueError for an entry that is no dead letter of ours."""
    own = pairs[: 2 * len(OWN_FIELDS)]
    if tuple(own[::2]) != OWN_FIELDS:
        raise ValueError(f"entry {letter_id} is not a dead letter of this program")
    entry_id, reason, stream, group, consumer, deliveries, error = own[1::2]
    return Letter(
        letter_id,
        shown(entry_id),
        shown(reason),
        stream,
        group,
        consumer,
        int(deliveries) if deliveries.isdigit() else None,
        shown(error),
        pairs[2 * len(OWN_FIELDS) :],
    )
