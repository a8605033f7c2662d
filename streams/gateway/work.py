"""The worker's commands: read for a group, take over what others left, and commit a batch in one atomic step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.batches import RawEntry
from streams.errors import GroupExists
from streams.gateway.client import Argument, Client, Reply, Script
from streams.ids import EntryId
from streams.letters import DeadLetter, to_pairs

# Checks before it writes, because scripts do not roll back: the types of both logs, then who owns every entry. XACK
# stands before XADD: out of memory, the server refuses a script's first XADD but lets it go on after a write.
_COMMIT = Script("""
local stream, frames, dead = KEYS[1], KEYS[2], KEYS[3]
local group, consumer, frame, dead_max, n = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
for _, key in ipairs({frames, dead}) do
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'none' and kind ~= 'stream' then
    return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. kind .. ', not a stream')
  end
end
local rows = redis.pcall('XPENDING', stream, group, ARGV[6], ARGV[5 + n], n, consumer)
if rows.err then return rows end
local mine, lost = {}, {}
for _, row in ipairs(rows) do mine[row[1]] = true end
for i = 6, 5 + n do
  local id = ARGV[i]
  if not mine[id] and #redis.call('XPENDING', stream, group, id, id, 1, consumer) == 0 then lost[#lost + 1] = id end
end
if #lost > 0 then return lost end
for i = 6, 5 + n, 1000 do
  redis.call('XACK', stream, group, unpack(ARGV, i, math.min(i + 999, 5 + n)))
end
if frame ~= '' then redis.call('XADD', frames, '*', 'f', frame) end
local at = 6 + n
while at <= #ARGV do
  local size = tonumber(ARGV[at])
  local letter = {}
  for i = at + 1, at + size do letter[#letter + 1] = ARGV[i] end
  redis.call('XADD', dead, 'MAXLEN', '~', dead_max, '*', unpack(letter))
  at = at + size + 1
end
return lost
""")

_LEAVE = Script("""
for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #row, 2 do consumer[row[i]] = row[i + 1] end
  if consumer['name'] == ARGV[2] then
    if consumer['pending'] > 0 then return 0 end
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
    return 1
  end
end
return 0
""")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker reads and where its effects go: a stream, its group and its consumer, and the two logs."""

    stream: bytes
    group: bytes
    consumer: bytes
    frames: bytes
    dead: bytes


def ensure_group(client: Client, stream: bytes, group: bytes, start: EntryId) -> bool:
    """XGROUP CREATE with MKSTREAM; whether the group was made now (being there already is an answer, not an error)."""
    try:
        client.call("XGROUP", "CREATE", stream, group, str(start), "MKSTREAM")
    except GroupExists:
        return False
    return True


def xreadgroup_new(client: Client, place: Place, count: int, block_ms: int) -> Sequence[RawEntry]:
    """Up to `count` entries never delivered to the group, waiting at most `block_ms` for the first."""
    command: list[Argument] = ["XREADGROUP", "GROUP", place.group, place.consumer, "COUNT", count]
    return _entries(client.call(*command, "BLOCK", block_ms, "STREAMS", place.stream, ">"))


def xreadgroup_own(client: Client, place: Place, count: int) -> Sequence[RawEntry]:
    """Up to `count` entries already pending for this consumer, oldest first. Resets their idle time."""
    command: list[Argument] = ["XREADGROUP", "GROUP", place.group, place.consumer, "COUNT", count]
    return _entries(client.call(*command, "STREAMS", place.stream, "0"))


def owns_pending(client: Client, place: Place) -> bool:
    """Whether anything is pending for this consumer."""
    return bool(client.call("XPENDING", place.stream, place.group, "-", "+", 1, place.consumer))


@dataclass(frozen=True, slots=True)
class Claimed:
    """One step of XAUTOCLAIM: entries that are ours now, IDs dropped because the entry is gone, and where to go on."""

    entries: Sequence[RawEntry]
    gone: Sequence[bytes]
    cursor: bytes

    @property
    def is_last(self) -> bool:
        """Whether the walk over the PEL is complete; an empty step with a live cursor is not the end."""
        return self.cursor == b"0-0"


def xautoclaim(client: Client, place: Place, min_idle_ms: int, cursor: bytes, count: int) -> Claimed:
    """Take over entries of the group that were idle for at least `min_idle_ms`."""
    command: list[Argument] = ["XAUTOCLAIM", place.stream, place.group, place.consumer, min_idle_ms, cursor]
    reply = client.call(*command, "COUNT", count)
    entries = [(row[0], row[1]) for row in reply[1] if row is not None]
    return Claimed(entries, reply[2] if len(reply) > 2 else (), reply[0])


def commit(
    client: Client, place: Place, ids: Sequence[bytes], frame: bytes, dead: Sequence[DeadLetter], dead_max: int
) -> list[bytes]:
    """Acknowledge the entries and add their frame and dead letters, all in one step or not at all.

    `ids` in ID order, not empty; `frame` empty for none. Returns the IDs that are not pending for this consumer any
    more: then nothing was written, and the caller commits again without them. Raises NoSuchGroup, WrongType or
    Unreachable; after Unreachable the outcome is what the PEL says.
    """
    arguments: list[Argument] = [place.group, place.consumer, frame, dead_max, len(ids), *ids]
    for letter in dead:
        values = _letter(place, letter)
        arguments += [len(values), *values]
    return list(client.run(_COMMIT, [place.stream, place.frames, place.dead], arguments))


def report_gone(client: Client, place: Place, letters: Sequence[DeadLetter], dead_max: int) -> None:
    """Dead letters for entries that the server itself dropped from the PEL."""
    client.call_all([["XADD", place.dead, "MAXLEN", "~", dead_max, "*", *_letter(place, x)] for x in letters])


def leave(client: Client, place: Place) -> bool:
    """Delete this consumer if nothing is pending for it, in one step; whether it was."""
    return bool(client.run(_LEAVE, [place.stream], [place.group, place.consumer]))


def _letter(place: Place, letter: DeadLetter) -> list[bytes]:
    return to_pairs(letter, place.stream, place.group, place.consumer)


def _entries(reply: Reply) -> Sequence[RawEntry]:
    return reply[0][1] if reply else ()
