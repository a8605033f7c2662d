"""Looks at a PEL that operations, their previews and their dry runs share; without payloads, in bounded steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from streams import looking
from streams.errors import NoSuchGroup, NoSuchStream, WrongType
from streams.gateway import groups, looks, pels, surveys
from streams.ids import EntryId
from streams.names import shown
from streams.snapshot import PendingEntry, PendingFilter
from streams.tallies import Tally, edges

T = TypeVar("T")
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


def survey(
    stream: bytes, group: bytes, wanted: PendingFilter, after: EntryId | None = None, within_s: float = 0.05
) -> tuple[Tally, EntryId | None]:
    """What the filter wants, counted for about so long from behind an ID, and where to go on (None: it is all).

    Raises NoSuchStream, NoSuchGroup, WrongType or AccessDenied (it takes scripts).
    """
    idles, deliveries = edges(wanted)
    tally, end = Tally(wanted), time.monotonic() + within_s
    while True:
        with named(stream, group):
            step = surveys.survey(looking.client(), stream, group, wanted, after, idles, deliveries)
        tally.add(step.looked_at, step.counts)
        after = step.next_after
        if after is None or time.monotonic() > end:
            return tally, after


def matching(stream: bytes, group: bytes, wanted: PendingFilter, progress: Progress) -> Iterator[PendingEntry]:
    """Everything that the filter wants, in ID order, up to the end of the PEL as it is now; without payloads.

    `progress` is told how many rows each step looked at. Raises NoSuchStream, NoSuchGroup or WrongType.
    """
    with named(stream, group):
        end = groups.xpending_summary(looking.client(), stream, group).largest
    bounds = [bound for bound in (wanted.upto, end) if bound is not None]
    wanted, after = replace(wanted, upto=min(bounds, default=None)), None
    while end is not None:
        with named(stream, group):
            step = pels.step(looking.client(), stream, group, wanted, after)
        yield from step.rows
        progress(step.looked_at)
        after = step.next_after
        if after is None:
            return


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size` items."""
    waiting = iter(items)
    while batch := list(islice(waiting, size)):
        yield batch
