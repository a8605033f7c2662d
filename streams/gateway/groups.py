"""Commands that operate groups: XGROUP CREATE and XCLAIM, with the looks they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.errors import AccessDenied, StreamwatchError
from streams.gateway.client import Argument, Client, Script
from streams.ids import EntryId
from streams.snapshot import PendingEntry

# One command holds up everybody else on the server for as long as it takes.
MOST_IDS_A_COMMAND = 500

# JUSTID would not count the delivery; without it the payloads come back, so the server keeps all but the IDs. An entry
# that is gone is left out of the reply, before 7.0 it is nil (https://redis.io/docs/latest/commands/xclaim/).
_CLAIM = Script("""
local ids = {}
for _, row in ipairs(redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], unpack(ARGV, 4))) do
  if row then ids[#ids + 1] = row[1] end
end
return ids
""")


def xgroup_create(client: Client, key: bytes, group: bytes, start: str, *, mkstream: bool) -> None:
    """Make a group that is given the entries after `start`: an ID, or `$` for the end.

    Raises GroupExists, WrongType, and NoSuchStream for a missing stream without `mkstream`.
    """
    client.call("XGROUP", "CREATE", key, group, start, *(["MKSTREAM"] if mkstream else []))


def xclaim(
    client: Client, key: bytes, group: bytes, consumer: bytes, min_idle_ms: int, ids: Sequence[EntryId]
) -> list[EntryId]:
    """Move at most MOST_IDS_A_COMMAND pending entries to a consumer; the IDs that did move.

    Each gets one more delivery. Not moved is what is idle for less than `min_idle_ms`, not pending, or gone; the server
    makes the consumer in any case. Raises NoSuchGroup (also for a missing key) or WrongType.
    """
    arguments: list[Argument] = [group, consumer, min_idle_ms, *map(str, ids)]
    try:
        claimed = client.run(_CLAIM, [key], arguments)
    except AccessDenied:  # a user that may claim need not be one that may run scripts
        claimed = [row[0] for row in client.call("XCLAIM", key, *arguments) if row]
    return [EntryId.from_reply(entry_id) for entry_id in claimed]


@dataclass(frozen=True, slots=True)
class PelSummary:
    """How many entries are pending in a group, and the largest of their IDs (None when none is)."""

    total: int
    largest: EntryId | None


def xpending_summary(client: Client, key: bytes, group: bytes) -> PelSummary:
    """The size and end of a PEL. Raises NoSuchGroup (also for a missing key) or WrongType."""
    total, _, largest, _ = client.call("XPENDING", key, group)
    return PelSummary(total, EntryId.from_reply(largest) if largest else None)


def xpending_ids(client: Client, key: bytes, group: bytes, ids: Sequence[EntryId]) -> list[PendingEntry]:
    """The PEL's rows of these IDs, without payloads; IDs that are not pending are left out."""
    replies = client.call_all([["XPENDING", key, group, str(entry_id), str(entry_id), 1] for entry_id in ids])
    rows = []
    for entry_id, reply in zip(ids, replies, strict=True):
        if isinstance(reply, StreamwatchError):
            raise reply
        rows += [PendingEntry(entry_id, owner, idle, deliveries) for _, owner, idle, deliveries in reply]
    return rows
