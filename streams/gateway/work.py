"""The worker's commands: read new entries for a group, and commit a batch in one atomic step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.batches import RawEntry
from streams.errors import GroupExists
from streams.gateway.client import Argument, Client, Reply, Script
from streams.gateway.line import Line
from streams.ids import EntryId
from streams.letters import DeadLetter, to_pairs

# Checks before it writes, because scripts do not roll back: the types of both logs, then who owns every entry. XACK
# stands before XADD: out of memory, the server refuses a script's first XADD but lets it go on after a write.
#
# The fence in its cheap form: XREADGROUP hands out all there is between the first and the last entry of an answer, so
# nothing else of this consumer can lie inside such a span. If nothing of it lies outside the spans in hand either, and
# it has as many pending as they count, then all of them are still its own. Otherwise they are looked at one by one.
_COMMIT = Script("""
local stream, frames, dead = KEYS[1], KEYS[2], KEYS[3]
local group, consumer, frame, dead_max = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local spans, n = tonumber(ARGV[5]), tonumber(ARGV[6])
local first = 7 + 3 * spans
local last = first + n - 1
for _, key in ipairs({frames, dead}) do
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'none' and kind ~= 'stream' then
    return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. kind .. ', not a stream')
  end
end
local summary = redis.pcall('XPENDING', stream, group)
if summary.err then return summary end
local function has_none(from, to)
  return #redis.call('XPENDING', stream, group, from, to, 1, consumer) == 0
end
local function has_all()
  local counted, after = 0, '-'
  for at = 7, 6 + 3 * spans, 3 do
    if not has_none(after, '(' .. ARGV[at]) then return false end
    counted, after = counted + tonumber(ARGV[at + 2]), '(' .. ARGV[at + 1]
  end
  for _, row in ipairs(summary[4] or {}) do
    if row[1] == consumer then return tonumber(row[2]) == counted and has_none(after, '+') end
  end
  return false
end
if spans == 0 or not has_all() then
  local mine, lost = {}, {}
  for _, row in ipairs(redis.call('XPENDING', stream, group, ARGV[first], ARGV[last], n, consumer)) do
    mine[row[1]] = true
  end
  for at = first, last do
    if not mine[ARGV[at]] and has_none(ARGV[at], ARGV[at]) then lost[#lost + 1] = ARGV[at] end
  end
  if #lost > 0 then return lost end
end
for at = first, last, 4000 do
  redis.call('XACK', stream, group, unpack(ARGV, at, math.min(at + 3999, last)))
end
if frame ~= '' then redis.call('XADD', frames, '*', 'f', frame) end
local at = last + 1
while at <= #ARGV do
  local size = tonumber(ARGV[at])
  redis.call('XADD', dead, 'MAXLEN', '~', dead_max, '*', unpack(ARGV, at + 1, at + size))
  at = at + size + 1
end
return {}
""")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker reads and where its effects go: a stream, its group and its consumer, and the two logs."""

    stream: bytes
    group: bytes
    consumer: bytes
    frames: bytes
    dead: bytes


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit does: acknowledge `ids` (in ID order, not empty), add a frame (empty: none), add dead letters."""

    ids: Sequence[bytes]
    frame: bytes
    dead: Sequence[DeadLetter]


@dataclass(frozen=True, slots=True)
class Span:
    """One answer to `xreadgroup_new` as far as it is not committed: its first and last ID, and how many it has."""

    first: bytes
    last: bytes
    count: int

    @classmethod
    def of(cls, ids: Sequence[bytes]) -> Span:
        """The span of these IDs."""
        return cls(ids[0], ids[-1], len(ids))


def ensure_group(client: Client, stream: bytes, group: bytes, start: EntryId) -> bool:
    """XGROUP CREATE with MKSTREAM; whether the group was made now (being there already is an answer, not an error)."""
    try:
        client.call("XGROUP", "CREATE", stream, group, str(start), "MKSTREAM")
    except GroupExists:
        return False
    return True


def send_xreadgroup_new(line: Line, place: Place, count: int, block_ms: int = 0) -> None:
    """Ask for up to `count` entries never delivered to the group, waiting at most `block_ms` (0: not) for the first."""
    command: list[Argument] = ["XREADGROUP", "GROUP", place.group, place.consumer, "COUNT", count]
    block: list[Argument] = ["BLOCK", block_ms] if block_ms else []
    line.send(*command, *block, "STREAMS", place.stream, ">")


def receive_entries(line: Line) -> Sequence[RawEntry]:
    """The answer to `send_xreadgroup_new`."""
    return entries_of(line.receive())


def send_commit(line: Line, place: Place, commit: Commit, in_hand: Sequence[Span], dead_max: int) -> None:
    """Ask for the commit. `in_hand` are the spans of all that this consumer has read and not committed, in ID order.

    Without them, or when they do not tell, ownership is looked up entry by entry.
    """
    line.send_script(_COMMIT, [place.stream, place.frames, place.dead], _arguments(place, commit, in_hand, dead_max))


def receive_commit(line: Line) -> list[bytes]:
    """The answer to `send_commit`, as `commit` gives it."""
    return list(line.receive())


def commit(client: Client, place: Place, wanted: Commit, dead_max: int) -> list[bytes]:
    """Acknowledge the entries and add their frame and dead letters, all in one step or not at all.

    Returns the IDs that are not pending for this consumer any more: then nothing was written, and the caller commits
    again without them. Raises NoSuchGroup, WrongType or Unreachable; then the PEL says what became of it.
    """
    return list(client.run(_COMMIT, [place.stream, place.frames, place.dead], _arguments(place, wanted, (), dead_max)))


def entries_of(reply: Reply) -> Sequence[RawEntry]:
    """The entries in an answer about one stream."""
    return reply[0][1] if reply else ()


def _arguments(place: Place, commit: Commit, in_hand: Sequence[Span], dead_max: int) -> list[Argument]:
    arguments: list[Argument] = [place.group, place.consumer, commit.frame, dead_max, len(in_hand), len(commit.ids)]
    for span in in_hand:
        arguments += [span.first, span.last, span.count]
    arguments += commit.ids
    for letter in commit.dead:
        values = to_pairs(letter, place.stream, place.group, place.consumer)
        arguments += [len(values), *values]
    return arguments
