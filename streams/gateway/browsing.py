"""Entries of a stream, newest first, a page at a time: big values cut on the server, big entries few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.gateway.client import Argument, Client, Script
from streams.ids import EntryId
from streams.snapshot import Entry

# The server stops reading for a page beyond so many bytes, so that no page holds it up for long.
_MOST_BYTES = 2 * 1024 * 1024

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


@dataclass(frozen=True, slots=True)
class EntriesPage:
    """Some entries, newest first, and whether there are older ones."""

    rows: Sequence[Entry]
    has_more: bool


def newest_first(
    client: Client, key: bytes, upper: EntryId | None, count: int, *, value_bytes: int, fields: int
) -> EntriesPage:
    """Up to `count` entries up to and with an ID (None: the end); may be fewer when they are big.

    Names and values come with at most so many bytes, entries with at most so many fields. Raises WrongType.
    """
    arguments: list[Argument] = ["+" if upper is None else str(upper), count, value_bytes, fields, _MOST_BYTES]
    rows, more = client.run(_PAGE, [key], arguments)
    return EntriesPage([Entry(EntryId.from_reply(entry_id), tuple(parts)) for entry_id, parts in rows], bool(more))
