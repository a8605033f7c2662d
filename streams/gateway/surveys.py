"""A PEL counted by how long its entries are idle and how often they were delivered, step by step, on the server.

No step holds the server up for longer than a few milliseconds, and nothing but counts comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.gateway.client import Argument, Client, Script
from streams.ids import EntryId
from streams.snapshot import PendingFilter

# So many rows are looked at in one step; fewer when their payloads must be read.
STEP, STEP_WITH_PAYLOADS = 2000, 500
# A step ends after so many bytes of payload.
_MOST_BYTES = 512 * 1024

# group, first ID, last ID, rows, consumers (0 or 1), conditions (0 or 1), edges of idle, edges of deliveries, most
# bytes; then the consumer, the field and the value if there are, then the edges.
_SURVEY = Script("""
local bytes = 0
local function has(id, name, value)
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  local found = false
  for i = 1, entry and #entry[2] or 0, 2 do
    bytes = bytes + #entry[2][i] + #entry[2][i + 1]
    found = found or (entry[2][i] == name and entry[2][i + 1] == value)
  end
  return found
end
local command, at = {'XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]}, 10
if ARGV[5] == '1' then command[7] = ARGV[at]; at = at + 1 end
local name, value
if ARGV[6] == '1' then name, value = ARGV[at], ARGV[at + 1]; at = at + 2 end
local idles, deliveries, counts = {}, {}, {}
for i = 1, ARGV[7] do idles[i] = tonumber(ARGV[at]); at = at + 1 end
for i = 1, ARGV[8] do deliveries[i] = tonumber(ARGV[at]); at = at + 1 end
for i = 1, #idles * #deliveries do counts[i] = 0 end
local rows = redis.call(unpack(command))
local looked_at, last = 0, false
for _, row in ipairs(rows) do
  if not name or has(row[1], name, value) then
    local i, j = #idles, #deliveries
    while i > 1 and row[3] < idles[i] do i = i - 1 end
    while j > 1 and row[4] < deliveries[j] do j = j - 1 end
    local place = (i - 1) * #deliveries + j
    counts[place] = counts[place] + 1
  end
  looked_at, last = looked_at + 1, row[1]
  if bytes > tonumber(ARGV[9]) then break end
end
return {looked_at, last, looked_at < #rows or #rows == tonumber(ARGV[4]), counts}
""")


@dataclass(frozen=True, slots=True)
class Step:
    """What a step counted: rows looked at, where to go on (None: it was the last), and a table of counts.

    `counts[i][j]` are the rows idle for at least `idles[i]` and less than the next edge, delivered at least
    `deliveries[j]` times and less than the next edge.
    """

    looked_at: int
    next_after: EntryId | None
    counts: list[list[int]]


def survey(
    client: Client,
    key: bytes,
    group: bytes,
    wanted: PendingFilter,
    after: EntryId | None,
    idles: Sequence[int],
    deliveries: Sequence[int],
) -> Step:
    """Count one step of a PEL behind an ID, of what the filter wants but for idle time and deliveries.

    Both sequences rise from their smallest possible value. Raises NoSuchGroup (also for a missing key), WrongType or
    AccessDenied.
    """
    consumer = [] if wanted.consumer is None else [wanted.consumer]
    condition = list(wanted.having or ())
    rows = STEP_WITH_PAYLOADS if condition else STEP
    first, last = str(after.next()) if after else "-", str(wanted.upto) if wanted.upto else "+"
    sizes = (len(consumer), int(bool(condition)), len(idles), len(deliveries), _MOST_BYTES)
    arguments: list[Argument] = [group, first, last, rows, *sizes, *consumer, *condition, *idles, *deliveries]
    looked_at, at, more, counts = client.run(_SURVEY, [key], arguments)
    width = len(deliveries)
    table = [counts[start : start + width] for start in range(0, len(counts), width)]
    return Step(looked_at, EntryId.from_reply(at) if more else None, table)
