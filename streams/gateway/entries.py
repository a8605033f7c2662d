"""Entries of a stream: read and searched newest first, big values cut on the server; and one added by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.errors import BadRequest, ServerRefused
from streams.gateway.client import Argument, Client, Script
from streams.ids import EntryId
from streams.snapshot import Entry

# The server stops reading for an answer beyond so many bytes or entries, so that none holds it up for long.
_MOST_BYTES = 2 * 1024 * 1024
_MOST_LOOKED_AT = 2000

_PAGE = Script("""
local upper, count, value_max = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local part_max, budget, found, more = 2 * tonumber(ARGV[4]), tonumber(ARGV[5]), {}, true
while #found < count and budget > 0 and more do
  local rows = redis.call('XREVRANGE', KEYS[1], upper, '-', 'COUNT', math.min(5, count - #found))
  more = #rows > 0
  for _, row in ipairs(rows) do
    local parts = {}
    for i, part in ipairs(row[2]) do
      budget = budget - #part
      if i <= part_max then parts[i] = string.sub(part, 1, value_max) end
    end
    found[#found + 1] = {row[1], parts}
    upper = '(' .. row[1]
  end
end
return {found, more and redis.call('XREVRANGE', KEYS[1], upper, '-', 'COUNT', 1)[1] and 1 or 0}
""")
_SEARCH = Script("""
local upper, lower, name, value = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local count, value_max, part_max = tonumber(ARGV[5]), tonumber(ARGV[6]), 2 * tonumber(ARGV[7])
local budget, most, looked, found, last = tonumber(ARGV[8]), tonumber(ARGV[9]), 0, {}, false
local function has(parts)
  for i = 1, #parts, 2 do if parts[i] == name and parts[i + 1] == value then return true end end
end
while #found < count and budget > 0 and looked < most do
  local rows = redis.call('XREVRANGE', KEYS[1], upper, lower, 'COUNT', 20)
  if #rows == 0 then return {found, looked, false} end
  for _, row in ipairs(rows) do
    looked, last, upper = looked + 1, row[1], '(' .. row[1]
    for _, part in ipairs(row[2]) do budget = budget - #part end
    if has(row[2]) then
      local parts = {}
      for i = 1, math.min(#row[2], part_max) do parts[i] = string.sub(row[2][i], 1, value_max) end
      found[#found + 1] = {row[1], parts}
      if #found >= count then break end
    end
  end
end
return {found, looked, last}
""")


@dataclass(frozen=True, slots=True)
class EntriesPage:
    """Some entries, newest first, and whether there are older ones."""

    rows: Sequence[Entry]
    has_more: bool


@dataclass(frozen=True, slots=True)
class SearchStep:
    """What a part of a search found, newest first, in how many entries, and where it goes on (None: it is over)."""

    rows: Sequence[Entry]
    looked_at: int
    next_upper: EntryId | None


def newest_first(
    client: Client, key: bytes, upper: EntryId | None, count: int, *, value_bytes: int, fields: int
) -> EntriesPage:
    """Up to `count` entries up to and with an ID (None: the end); may be fewer when they are big.

    Names and values come with at most so many bytes, entries with at most so many fields. Raises WrongType.
    """
    arguments: list[Argument] = ["+" if upper is None else str(upper), count, value_bytes, fields, _MOST_BYTES]
    rows, more = client.run(_PAGE, [key], arguments)
    return EntriesPage(_entries(rows), bool(more))


def search(
    client: Client,
    key: bytes,
    span: tuple[EntryId, EntryId],
    having: tuple[bytes, bytes],
    count: int,
    *,
    value_bytes: int,
    fields: int,
) -> SearchStep:
    """One bounded step of looking for entries with this field of this value, from the span's end towards its start.

    `span` is (first, last), both within. Stops at `count` found, 2,000 looked at or 2 MiB read. Raises WrongType.
    """
    lower, upper = span
    arguments: list[Argument] = [str(upper), str(lower), *having, count, value_bytes, fields]
    rows, looked_at, last = client.run(_SEARCH, [key], [*arguments, _MOST_BYTES, _MOST_LOOKED_AT])
    rest = EntryId.from_reply(last).previous() if last else None
    return SearchStep(_entries(rows), looked_at, rest if rest and rest >= lower else None)


def xadd(client: Client, key: bytes, pairs: Sequence[bytes], entry_id: EntryId | None, *, mkstream: bool) -> EntryId:
    """Add an entry of these names and values in turn; its ID, which the server makes when none is given.

    Raises BadRequest for an ID that is not larger than all before it, NoSuchStream without `mkstream`, WrongType.
    """
    option: list[Argument] = [] if mkstream else ["NOMKSTREAM"]
    try:
        added = client.call("XADD", key, *option, "*" if entry_id is None else str(entry_id), *pairs)
    except ServerRefused as error:
        if "equal or smaller" in str(error) or "greater than 0-0" in str(error):
            raise BadRequest("The stream has this ID or a larger one already: leave it empty.", field="id") from None
        raise
    return _added(added)


def _added(reply: bytes | None) -> EntryId:
    if reply is None:
        raise BadRequest("There is no such stream. Allow it to be created, or correct the name.", field="stream")
    return EntryId.from_reply(reply)


def _entries(rows: Sequence[tuple[bytes, Sequence[bytes]]]) -> list[Entry]:
    return [Entry(EntryId.from_reply(entry_id), tuple(parts)) for entry_id, parts in rows]
