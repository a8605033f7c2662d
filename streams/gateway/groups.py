"""Commands that operate groups and what is pending in them: XGROUP, XCLAIM, XACK, XNACK, with the looks they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.errors import AccessDenied
from streams.gateway.client import Argument, Client, Script
from streams.gateway.looks import checked
from streams.ids import EntryId
from streams.snapshot import Deliveries, PendingEntry, Seen

# One command holds up everybody else on the server for as long as it takes.
MOST_IDS_A_COMMAND = 500

# Each ID has a minimum idle time of its own, which is the one somebody saw: work that resumed since is not taken away.
# JUSTID would not tell an entry that is gone before 7.0; without it the payloads come back, so the server keeps all but
# the IDs, and a step ends after so many bytes. An entry that is gone is left out of the reply, before 7.0 it is nil
# (https://redis.io/docs/latest/commands/xclaim/). KEYS[1], group, consumer, deliveries, most bytes; ID, idle, ID, …
_CLAIM = Script("""
local ids, bytes, looked_at = {}, 0, 0
for at = 5, #ARGV, 2 do
  local id = ARGV[at]
  local command = {'XCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[at + 1], id}
  local pending = true
  if ARGV[3] == 'reset' then
    command[7], command[8] = 'RETRYCOUNT', 0
  elseif ARGV[3] == 'keep' then
    local row = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1)[1]
    command[7], command[8] = 'RETRYCOUNT', row and row[4] or 0
  end
  local row = redis.call(unpack(command))[1]
  if row then
    ids[#ids + 1] = row[1]
    for _, part in ipairs(row[2]) do bytes = bytes + #part end
  end
  looked_at = looked_at + 1
  if bytes > tonumber(ARGV[4]) then break end
end
return {looked_at, ids}
""")
# Released is what has been idle for as long as somebody saw. KEYS[1], group; ID, idle, ID, …
_NACK = Script("""
local ids = {}
for at = 2, #ARGV, 2 do
  local row = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[at], ARGV[at], 1)[1]
  if row and row[3] >= tonumber(ARGV[at + 1]) then
    redis.call('XNACK', KEYS[1], ARGV[1], 'FAIL', 'IDS', 1, ARGV[at])
    ids[#ids + 1] = ARGV[at]
  end
end
return ids
""")
_MOST_BYTES = 512 * 1024
# An entry that is claimed costs the server 10 to 30 µs: so many at a time hold it up for a few milliseconds.
_CLAIMED_AT_ONCE = 125


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


def xack(client: Client, key: bytes, group: bytes, ids: Sequence[EntryId]) -> list[EntryId]:
    """Acknowledge at most MOST_IDS_A_COMMAND entries; those that were pending. Raises WrongType."""
    replies = client.call_all([["XACK", key, group, str(entry_id)] for entry_id in ids])
    return [entry_id for entry_id, reply in zip(ids, replies, strict=True) if checked(reply)]


def xclaim_justid(client: Client, key: bytes, group: bytes, consumer: bytes, ids: Sequence[EntryId]) -> list[EntryId]:
    """Move at most MOST_IDS_A_COMMAND pending entries to a consumer without counting a delivery; the IDs that did move.

    Raises NoSuchGroup (also for a missing key) or WrongType.
    """
    claimed = client.call("XCLAIM", key, group, consumer, 0, *map(str, ids), "JUSTID")
    return [EntryId.from_reply(entry_id) for entry_id in claimed if entry_id]


def xclaim(
    client: Client,
    key: bytes,
    group: bytes,
    consumer: bytes,
    seen: Sequence[Seen],
    deliveries: Deliveries = Deliveries.COUNT,
) -> list[EntryId]:
    """Move at most MOST_IDS_A_COMMAND pending entries to a consumer; the IDs that did move.

    Not moved is what is idle for less than was seen, not pending, or gone; the server makes the consumer in any case.
    Raises NoSuchGroup (also for a missing key) or WrongType.
    """
    claimed: list[EntryId] = []
    rest = list(seen)
    try:
        while rest:
            some = rest[:_CLAIMED_AT_ONCE]
            pairs = [part for entry in some for part in (str(entry.entry_id), entry.idle_ms)]
            looked_at, ids = client.run(_CLAIM, [key], [group, consumer, deliveries, _MOST_BYTES, *pairs])
            claimed += [EntryId.from_reply(entry_id) for entry_id in ids]
            rest = rest[looked_at:]
    except AccessDenied:  # a user that may claim need not be one that may run scripts
        if deliveries is Deliveries.KEEP:
            raise
        claimed += _xclaim_singly(client, key, group, consumer, rest, deliveries)
    return claimed


def _xclaim_singly(
    client: Client, key: bytes, group: bytes, consumer: bytes, seen: Sequence[Seen], deliveries: Deliveries
) -> list[EntryId]:
    reset: list[Argument] = ["RETRYCOUNT", 0] if deliveries is Deliveries.RESET else []
    commands = [["XCLAIM", key, group, consumer, one.idle_ms, str(one.entry_id), *reset] for one in seen]
    replies = [checked(reply) for reply in client.call_all(commands)]
    return [EntryId.from_reply(reply[0][0]) for reply in replies if reply and reply[0]]


def xnack(client: Client, key: bytes, group: bytes, seen: Sequence[Seen]) -> list[EntryId]:
    """Give pending entries back to the group, so that whoever asks next may claim them; the IDs that were given back.

    Keeps the count of deliveries (https://redis.io/docs/latest/commands/xnack/). Raises ServerRefused where `can_nack`
    is not true, NoSuchGroup or WrongType.
    """
    pairs = [part for entry in seen for part in (str(entry.entry_id), entry.idle_ms)]
    return [EntryId.from_reply(entry_id) for entry_id in client.run(_NACK, [key], [group, *pairs])]


def can_nack(client: Client) -> bool:
    """Whether the server has XNACK (Redis 8.8)."""
    return bool(client.call("COMMAND", "INFO", "XNACK")[0])


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
        rows += [PendingEntry(entry_id, owner, idle, deliveries) for _, owner, idle, deliveries in checked(reply)]
    return rows
