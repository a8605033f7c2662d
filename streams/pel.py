"""Looks at a PEL that operations, their previews and their dry runs share; without payloads, in bounded steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

from streams import looking
from streams.errors import NoSuchGroup, NoSuchStream, WrongType
from streams.gateway import groups, looks
from streams.ids import EntryId
from streams.names import shown
from streams.snapshot import PendingEntry, PendingFilter

T = TypeVar("T")
_STEP = 1000
Progress = Callable[[int], object]


@contextmanager
def named(stream: bytes, group: bytes) -> Iterator[None]:
    """Errors about a missing or wrong key, or a missing group, with the names that were asked for."""
    try:
        yield
    except (NoSuchGroup, NoSuchStream):
        if looks.key_type(looking.client(), stream) == "none":
            raise NoSuchStream(f"There is no stream {shown(stream)!r}.") from None
        raise NoSuchGroup(f"Stream {shown(stream)!r} has no consumer group {shown(group)!r}.") from None
    except WrongType:
        kind = looks.key_type(looking.client(), stream)
        raise WrongType(f"The key {shown(stream)!r} holds a {kind}, not a stream; it was not touched.") from None


def total(stream: bytes, group: bytes) -> int:
    """How many entries are pending in the group. Raises NoSuchStream, NoSuchGroup or WrongType."""
    with named(stream, group):
        return groups.xpending_summary(looking.client(), stream, group).total


def rows_of(stream: bytes, group: bytes, ids: Iterable[EntryId]) -> list[PendingEntry]:
    """Who owns these entries now, and for how long they are idle; those not pending are left out.

    Raises NoSuchStream, NoSuchGroup or WrongType.
    """
    total(stream, group)  # asked for nothing, the server would not say that the group is missing
    found: list[PendingEntry] = []
    for batch in batches(sorted(set(ids)), groups.MOST_IDS_A_COMMAND):
        found += groups.xpending_ids(looking.client(), stream, group, batch)
    return found


def claimable(
    stream: bytes, group: bytes, consumer: bytes, min_idle_ms: int, progress: Progress
) -> Iterator[PendingEntry]:
    """Pending entries in ID order that were idle long enough and are not this consumer's already.

    Walks the PEL in pages up to its end at the start; `progress` is told how many rows each page had. Raises
    NoSuchStream, NoSuchGroup or WrongType.
    """
    with named(stream, group):
        end = groups.xpending_summary(looking.client(), stream, group).largest
    wanted, at = PendingFilter(min_idle_ms=min_idle_ms), None
    while end is not None and (at is None or at < end):
        page = looks.xpending_range(looking.client(), stream, group, at, _STEP)
        yield from (row for row in page if row.entry_id <= end and row.consumer != consumer and wanted.wants(row))
        progress(len(page))
        at = page[-1].entry_id if len(page) == _STEP else end


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
