"""What a worker keeps in order: consumers that are not needed any more, and how far back its stream goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.gateway.client import Argument, Client, Script
from streams.gateway.work import Place
from streams.ids import EntryId

# XGROUP DELCONSUMER destroys what is pending, and WATCH does not notice groups: looked and deleted in one step.
_REMOVE = """
local function remove(consumer)
  if consumer['pending'] > 0 then return 0 end
  return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer['name']) + 1
end
local function consumers()
  local found = {}
  for _, row in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local consumer = {}
    for i = 1, #row, 2 do consumer[row[i]] = row[i + 1] end
    found[#found + 1] = consumer
  end
  return found
end
"""
_LEAVE = Script(
    _REMOVE
    + """
for _, consumer in ipairs(consumers()) do
  if consumer['name'] == ARGV[2] then return remove(consumer) end
end
return 1
"""
)
# Servers before 7.2 have no `inactive`, and their `idle` says nothing about a consumer that waits for entries.
_REMOVE_INACTIVE = Script(
    _REMOVE
    + """
local removed, limit = {}, tonumber(ARGV[2])
for _, consumer in ipairs(consumers()) do
  local inactive = consumer['inactive']
  if inactive and consumer['idle'] >= limit and (inactive < 0 or inactive >= limit) and remove(consumer) > 0 then
    removed[#removed + 1] = consumer['name']
  end
end
return removed
"""
)
# Everything before the bound may go: nothing there is pending, or not yet delivered, in any group. IDs are compared as
# digits, because Lua's numbers end at 2^53.
_TRIM = Script("""
local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-?(%d*)$')
  return ms, seq == '' and '0' or seq
end
local function compared(a, b)
  if #a ~= #b then return #a - #b end
  return a < b and -1 or (a > b and 1 or 0)
end
local function before(a, b)
  local a_ms, a_seq = parts(a)
  local b_ms, b_seq = parts(b)
  local by_ms = compared(a_ms, b_ms)
  return by_ms < 0 or (by_ms == 0 and compared(a_seq, b_seq) < 0)
end
local step = tonumber(ARGV[3])
if ARGV[1] == 'entries' then
  step = math.min(step, redis.call('XLEN', KEYS[1]) - tonumber(ARGV[2]))
else
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  if not oldest or not before(oldest[1], ARGV[2]) then return {0, ''} end
end
if step <= 0 then return {0, ''} end
local rows = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', step + 1)
local wanted = rows[#rows][1]
if ARGV[1] == 'id' and (#rows <= step or before(ARGV[2], wanted)) then wanted = ARGV[2] end
local bound, holder = wanted, ''
for _, row in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {}
  for i = 1, #row, 2 do group[row[i]] = row[i + 1] end
  local needed
  if group['pending'] > 0 then
    needed = redis.call('XPENDING', KEYS[1], group['name'])[2]
  else
    local unread = redis.call('XRANGE', KEYS[1], '(' .. group['last-delivered-id'], '+', 'COUNT', 1)
    needed = unread[1] and unread[1][1]
  end
  if needed and before(needed, bound) then bound, holder = needed, group['name'] end
end
return {redis.call('XTRIM', KEYS[1], 'MINID', '=', bound), holder}
""")


# The same in steps, whatever groups have not finished with.
_TRIM_ANYWAY = Script("""
local rows = redis.call('XRANGE', KEYS[1], '-', '(' .. ARGV[1], 'COUNT', tonumber(ARGV[2]) + 1)
if #rows == 0 then return 0 end
local wanted = #rows > tonumber(ARGV[2]) and rows[#rows][1] or ARGV[1]
return redis.call('XTRIM', KEYS[1], 'MINID', '=', wanted)
""")


@dataclass(frozen=True, slots=True)
class Trimmed:
    """How many entries went, and the group that needs those that should have gone too (None: none does)."""

    entries: int
    held_by: bytes | None


def leave(client: Client, place: Place) -> bool:
    """Delete this consumer unless entries are pending for it, in one step; whether it is gone."""
    return bool(client.run(_LEAVE, [place.stream], [place.group, place.consumer]))


def remove_inactive(client: Client, stream: bytes, group: bytes, for_ms: int) -> Sequence[bytes]:
    """Delete the group's consumers that own nothing, and neither asked nor got anything for so long; their names."""
    return list(client.run(_REMOVE_INACTIVE, [stream], [group, for_ms]))


def trim_to_entries(client: Client, stream: bytes, entries: int, step: int) -> Trimmed:
    """Drop the oldest entries beyond so many, at most `step` of them, and none that a group has not finished with."""
    return _trim(client, stream, ["entries", entries, step])


def trim_to_id(client: Client, stream: bytes, oldest: EntryId, step: int) -> Trimmed:
    """Drop entries before an ID, at most `step` of them, and none that a group has not finished with."""
    return _trim(client, stream, ["id", str(oldest), step])


def trim_anyway(client: Client, stream: bytes, oldest: EntryId, step: int) -> int:
    """Drop entries before an ID, at most `step` of them; how many went."""
    return int(client.run(_TRIM_ANYWAY, [stream], [str(oldest), step]))


def _trim(client: Client, stream: bytes, arguments: list[Argument]) -> Trimmed:
    count, holder = client.run(_TRIM, [stream], arguments)
    return Trimmed(count, holder or None)
