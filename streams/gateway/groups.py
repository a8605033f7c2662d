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


# The position before is told in the step that changes it; KEYS[1], group, ID, entries-read or ''.
_SETID = Script("""
local before
for _, row in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #row, 2 do group[row[i]] = row[i + 1] end
  if group['name'] == ARGV[1] then before = group['last-delivered-id'] end
end
if ARGV[3] == '' then redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], ARGV[2])
else redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], ARGV[2], 'ENTRIESREAD', ARGV[3]) end
return before
""")
# What is pending is forgotten with a group or a consumer: not more than somebody agreed to.
_DESTROY = Script("""
local pending = redis.call('XPENDING', KEYS[1], ARGV[1])[1]
if pending > tonumber(ARGV[2]) then return {1, pending} end
redis.call('XGROUP', 'DESTROY', KEYS[1], ARGV[1])
return {0, pending}
""")
_DELCONSUMER = Script("""
for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #row, 2 do consumer[row[i]] = row[i + 1] end
  if consumer['name'] == ARGV[2] then
    if consumer['pending'] > tonumber(ARGV[3]) then return {1, consumer['pending']} end
    return {0, redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])}
  end
end
return {1, false}
""")


@dataclass(frozen=True, slots=True)
class Removal:
    """Whether it was refused, because more was pending than agreed to, and how much was."""

    refused: bool
    pending: int


def xgroup_create(
    client: Client, key: bytes, group: bytes, start: str, *, mkstream: bool, entries_read: int | None = None
) -> None:
    """Make a group that is given the entries after `start`: an ID, or `$` for the end.

    `entries_read` lets servers that take it know the lag. Raises GroupExists, WrongType, and NoSuchStream for a missing
    stream without `mkstream`.
    """
    command: list[Argument] = ["XGROUP", "CREATE", key, group, start]
    if mkstream:
        command.append("MKSTREAM")
    if entries_read is not None:
        command += ["ENTRIESREAD", entries_read]
    client.call(*command)


def xgroup_setid(client: Client, key: bytes, group: bytes, position: EntryId, entries_read: int | None) -> EntryId:
    """Set the position of a group; where it stood. Raises NoSuchStream, NoSuchGroup or WrongType."""
    told = "" if entries_read is None else str(entries_read)
    return EntryId.from_reply(client.run(_SETID, [key], [group, str(position), told]))


def xgroup_destroy(client: Client, key: bytes, group: bytes, most_pending: int) -> Removal:
    """Destroy a group in which no more than so many entries are pending. Raises NoSuchGroup or WrongType."""
    refused, pending = client.run(_DESTROY, [key], [group, most_pending])
    return Removal(bool(refused), pending)


def xgroup_createconsumer(client: Client, key: bytes, group: bytes, consumer: bytes) -> bool:
    """Make a consumer; whether it is new. Raises NoSuchStream, NoSuchGroup or WrongType."""
    return bool(client.call("XGROUP", "CREATECONSUMER", key, group, consumer))


def xgroup_delconsumer(client: Client, key: bytes, group: bytes, consumer: bytes, most_pending: int) -> Removal | None:
    """Delete a consumer that owns no more than so many entries; None where there is none of that name.

    Raises NoSuchStream, NoSuchGroup or WrongType.
    """
    refused, pending = client.run(_DELCONSUMER, [key], [group, consumer, most_pending])
    return None if pending is None else Removal(bool(refused), pending)


def xack(client: Client, key: bytes, group: bytes, ids: Sequence[EntryId]) -> int:
    """Acknowledge at most MOST_IDS_A_COMMAND entries; how many were pending. Raises WrongType."""
    return int(client.call("XACK", key, group, *map(str, ids)))


def xclaim_justid(client: Client, key: bytes, group: bytes, consumer: bytes, ids: Sequence[EntryId]) -> list[EntryId]:
    """Move at most MOST_IDS_A_COMMAND pending entries to a consumer without counting a delivery; the IDs that did move.

    Raises NoSuchGroup (also for a missing key) or WrongType.
    """
    claimed = client.call("XCLAIM", key, group, consumer, 0, *map(str, ids), "JUSTID")
    return [EntryId.from_reply(entry_id) for entry_id in claimed if entry_id]


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
