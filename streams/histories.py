"""Histories of a stream: whether it is still the one that was seen, or one that lost entries. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from streams.ids import ZERO, EntryId
from streams.wording import entries


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a stream had come: the server process (empty: unknown), and what XINFO STREAM says (None: unknown)."""

    run_id: str
    last_id: EntryId
    entries_added: int | None
    length: int
    first_id: EntryId | None


def went_back(before: Mark | None, position: EntryId, now: Mark | None) -> str:
    """Why this is another history than the one in which `position` was committed; empty when it is the same."""
    if now is None:
        return "the stream is gone" if before or position != ZERO else ""
    newest = max(before.last_id, position) if before else position
    how = "another server process answers" if before and before.run_id != now.run_id else "the stream was made anew"
    if now.last_id < newest:
        return f"{how}, and its newest entry is {now.last_id}, where {newest} had been seen"
    counts = (before.entries_added if before else None, now.entries_added)
    if counts[0] is not None and counts[1] is not None and counts[1] < counts[0]:
        return f"{how}, and it counts {entries(counts[1])}, where {counts[0]:,} had been added"
    if now.first_id and now.first_id > position != ZERO and now.entries_added == now.length:
        return f"{how}: nothing was ever taken from it, and it begins at {now.first_id}, behind {position}"
    return ""
