"""What pages, API, commands and admin lists see of Redis. Only looks; every write goes through `operations`.

Whoever looks sees what `access` lets them: functions that take a stream raise NotAllowed for any other.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, takewhile
from typing import Any

from streams import access, conf, names, plain
from streams.errors import BadRequest, NoSuchGroup, NoSuchStream, WrongType
from streams.gateway import entries as stream_entries
from streams.gateway import letters as dead_letters
from streams.gateway import looks, pels, snapshots
from streams.gateway.client import Client
from streams.gateway.entries import EntriesPage, SearchStep
from streams.gateway.logs import OWN, Log, LogEntry, decode_frame, decode_health, newest_health
from streams.ids import EntryId
from streams.letters import Letter
from streams.snapshot import ConsumerGroup, Entry, PendingFilter, PendingPage, Snapshot

__all__ = ["OWN", "Log", "LogEntry", "decode_frame", "decode_health"]

MOST_STREAMS = 1000
# A page must not hang longer than somebody waits for it.
ANSWER_WITHIN_S = 3.0
_CUT = {"value_bytes": plain.LONGEST_TEXT + 1, "fields": plain.MOST_FIELDS + 1}
_AS_SHOWN = pels.Shown(plain.LONGEST_TEXT + 1, plain.MOST_FIELDS + 1)


@dataclass(frozen=True, slots=True)
class LettersPage:
    """A page of dead letters, how many there are in all, matching or not, and where the next begins (None: end)."""

    rows: Sequence[Letter]
    total: int
    next_after: EntryId | None


@lru_cache(maxsize=4)
def _client(url: str) -> Client:
    return Client(url, answer_within_s=ANSWER_WITHIN_S)


def client() -> Client:
    """The shared connection pool for looking. Raises Unreachable when no server is configured or running."""
    return _client(conf.current().server_url())


def streams() -> tuple[list[bytes], bool]:
    """Keys of the streams that may be seen, without our own logs, and whether the list is complete."""
    prefix = conf.current().prefix
    found, complete = looks.scan_streams(client(), MOST_STREAMS)
    return access.seen(key for key in found if not names.is_ours(key, prefix)), complete


def stream_named(segment: str) -> bytes:
    """The stream behind a path segment. Raises NoSuchStream when the segment stands for nothing."""
    if names.is_digest(segment):
        return _by_digest(segment, streams()[0], NoSuchStream(f"there is no stream {segment}"))
    try:
        found = names.from_path(segment)
    except ValueError:
        raise NoSuchStream(f"there is no stream {segment!r}") from None
    access.check(found)
    return found


def group_named(snapshot: Snapshot, segment: str) -> ConsumerGroup:
    """The group of a snapshot behind a path segment. Raises NoSuchGroup, naming it."""
    for group in snapshot.groups:
        if names.to_path(group.name) == segment:
            return group
    try:
        shown = names.shown(names.from_path(segment))
    except ValueError:
        shown = segment
    raise NoSuchGroup(f"stream {names.shown(snapshot.name)!r} has no consumer group {shown!r}")


def frames_log(stream: bytes) -> Log:
    """A reader of the stream's frames log, with a connection of its own."""
    return Log(conf.current().server_url(), names.beside(stream, "frames"), names.beside(stream, "feed"))


def entries_log(stream: bytes) -> Log:
    """A reader of the stream's own entries, with a connection of its own."""
    return Log(conf.current().server_url(), stream)


def health_log() -> Log:
    """A reader of the health log, with a connection of its own."""
    config = conf.current()
    return Log(config.server_url(), config.health_key)


def health_told() -> tuple[list[dict[str, Any]], dict[str, Any] | None, int]:
    """What the monitor last said of all streams and of itself (None: it never ran), and the server's clock in ms."""
    figures, own = newest_health(client(), conf.current().health_key)
    return figures, own, looks.server_ms(client())


def consumer_named(segment: str) -> bytes:
    """The consumer's name behind a query value: plain text, or `~` and base64url. Raises BadRequest."""
    try:
        return names.from_path(segment)
    except ValueError as error:
        raise BadRequest(str(error), field="consumer") from None


def ping() -> None:
    """Ask the server for an answer. Raises Unreachable and the like."""
    looks.server_ms(client())


def _by_digest(segment: str, candidates: list[bytes], otherwise: NoSuchStream) -> bytes:
    for name in candidates:
        if names.to_path(name) == segment:
            return name
    raise otherwise


def snapshot(stream: bytes) -> Snapshot:
    """The stream and its groups now. Raises NoSuchStream or WrongType, naming it."""
    found = maybe_snapshot(stream)
    if found.problem:
        raise WrongType(f"{names.shown(stream)!r}: {found.problem}")
    if found.stream is None:
        raise NoSuchStream(f"there is no stream {names.shown(stream)!r}")
    return found


def maybe_snapshot(stream: bytes) -> Snapshot:
    """The stream and its groups now; without a stream, or with a problem, when there is none to see."""
    access.check(stream)
    return snapshots.snapshot(client(), stream)


def letters(stream: bytes, *, reason: str = "", after: EntryId | None = None, limit: int = 50) -> LettersPage:
    """A page of dead letters, oldest first, that have this in their reason. Raises BadRequest or WrongType."""
    if not 1 <= limit <= 1000:
        raise BadRequest("limit must be from 1 to 1000", field="limit")
    access.check(stream)
    dead = names.beside(stream, "dead")
    rows = list(islice(_matching(dead, reason, after), limit + 1))
    more = len(rows) > limit
    return LettersPage(rows[:limit], dead_letters.total(client(), dead), rows[limit - 1].letter_id if more else None)


def letter(stream: bytes, letter_id: EntryId) -> Letter | None:
    """One dead letter, whole. Raises WrongType or NotAllowed."""
    access.check(stream)
    return dead_letters.one(client(), names.beside(stream, "dead"), letter_id)


def all_letters(stream: bytes, reason: str = "") -> Iterator[Letter]:
    """The dead letters there are now that have this in their reason; those that come later are left out."""
    dead = names.beside(stream, "dead")
    end = dead_letters.newest(client(), dead)
    return takewhile(lambda letter: end is not None and letter.letter_id <= end, _matching(dead, reason, None))


def _matching(dead: bytes, reason: str, after: EntryId | None) -> Iterator[Letter]:
    wanted = names.plain_text(reason).casefold()
    while found := dead_letters.page(client(), dead, after, dead_letters.MOST_IDS_A_COMMAND):
        yield from (letter for letter in found if wanted in letter.reason.casefold())
        after = found[-1].letter_id


def entries(stream: bytes, upper: EntryId | None, limit: int) -> EntriesPage:
    """A page of entries, newest first, up to and with an ID; cut to what `plain.entry_row` shows.

    Raises NoSuchStream, WrongType or BadRequest.
    """
    _check_limit(limit)
    snapshot(stream)
    return stream_entries.newest_first(client(), stream, upper, limit, **_CUT)


def span_of(state: Snapshot, lower: EntryId, upper: EntryId | None) -> tuple[EntryId, EntryId]:
    """First and last ID that a search goes through: no further back than the stream, no later than now."""
    if state.stream is None or state.stream.first_id is None:
        return lower, lower
    last = state.stream.last_id if upper is None else min(upper, state.stream.last_id)
    return max(lower, state.stream.first_id), last


def search(
    stream: bytes, span: tuple[EntryId, EntryId], having: tuple[bytes, bytes], limit: int, *, within_s: float
) -> SearchStep:
    """Entries of a span with this field of this value, newest first, looked for about so long, in short steps.

    Raises NoSuchStream, WrongType or BadRequest.
    """
    _check_limit(limit)
    snapshot(stream)
    rows: list[Entry] = []
    looked_at, (lower, upper), until = 0, span, time.monotonic() + within_s
    while True:
        step = stream_entries.search(client(), stream, (lower, upper), having, limit - len(rows), **_CUT)
        rows += step.rows
        looked_at += step.looked_at
        if step.next_upper is None or len(rows) >= limit or time.monotonic() > until:
            return SearchStep(rows, looked_at, step.next_upper)
        upper = step.next_upper


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= 200:
        raise BadRequest("limit must be from 1 to 200", field="limit")


def pending(
    stream: bytes, group: bytes, wanted: PendingFilter, *, after: EntryId | None = None, limit: int = 50
) -> PendingPage:
    """A page of a group's pending entries. Raises NoSuchStream, NoSuchGroup or WrongType, naming it, or BadRequest."""
    if not 1 <= limit <= 1000:
        raise BadRequest("limit must be from 1 to 1000", field="limit")
    access.check(stream)
    try:
        return pels.page(client(), stream, group, wanted, after, limit, _AS_SHOWN)
    except NoSuchStream:
        raise NoSuchStream(f"there is no stream {names.shown(stream)!r}") from None
    except NoSuchGroup:
        text = f"stream {names.shown(stream)!r} has no consumer group {names.shown(group)!r}"
        raise NoSuchGroup(text) from None
    except WrongType:
        kind = looks.key_type(client(), stream)
        raise WrongType(f"{names.shown(stream)!r}: the key holds a {kind}, not a stream") from None
