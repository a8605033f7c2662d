"""Reads a log on from where somebody stopped, and knows whether anything was dropped in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.errors import NoSuchStream
from streams.gateway.client import Client
from streams.ids import ZERO, EntryId

Pairs = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class LogState:
    """The oldest entry still there (None: none is), the newest ever added, and how many were removed.

    `removed` is None before Redis 7.0, which does not count what was added.
    """

    oldest: EntryId | None = None
    newest: EntryId = ZERO
    removed: int | None = 0


def state(client: Client, key: bytes) -> LogState:
    """What is there of a log (XINFO STREAM); an empty one without a key."""
    try:
        reply = client.call("XINFO", "STREAM", key)
    except NoSuchStream:
        return LogState()
    info = dict(zip(reply[::2], reply[1::2], strict=True))
    first, added = info[b"first-entry"], info.get(b"entries-added")
    return LogState(
        EntryId.from_reply(first[0]) if first else None,
        EntryId.from_reply(info[b"last-generated-id"]),
        None if added is None else int(added) - int(info[b"length"]),
    )


def epoch(client: Client, feed_key: bytes) -> str:
    """The epoch of a frames log; empty when no worker ever fed it."""
    stored = client.call("HGET", feed_key, "epoch")
    return stored.decode() if stored else ""


def entries_after(client: Client, key: bytes, entry_id: EntryId, count: int) -> list[tuple[EntryId, Pairs]]:
    """Up to so many entries after an ID, oldest first; does not wait for any (XRANGE)."""
    rows = client.call("XRANGE", key, str(entry_id.next()), "+", "COUNT", count)
    return [(EntryId.from_reply(raw_id), pairs) for raw_id, pairs in rows]
