"""A PEL step by step (XPENDING), filtered here: XPENDING's own IDLE goes through all of it in one go.

No step holds the server up for more than some milliseconds, whatever is pending and however big the entries are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streams.errors import AccessDenied, NoSuchStream
from streams.gateway import looks
from streams.gateway.client import Argument, Client, Script
from streams.ids import EntryId
from streams.snapshot import Entry, PendingEntry, PendingFilter, PendingPage

STEP = 1000
# A page may look at so many rows until it says that it found less than it could hold.
MOST_WALKED, MOST_WALKED_WITH_PAYLOADS = 20_000, 5_000
_MOST_BYTES = 512 * 1024

# field, value, most bytes, then IDs.
_HAVING = Script("""
local bytes, found, looked_at = 0, {}, 0
for at = 4, #ARGV do
  local entry = redis.call('XRANGE', KEYS[1], ARGV[at], ARGV[at])[1]
  local has = false
  for i = 1, entry and #entry[2] or 0, 2 do
    bytes = bytes + #entry[2][i] + #entry[2][i + 1]
    has = has or (entry[2][i] == ARGV[1] and entry[2][i + 1] == ARGV[2])
  end
  if has then found[#found + 1] = ARGV[at] end
  looked_at = looked_at + 1
  if bytes > tonumber(ARGV[3]) then break end
end
return {looked_at, found}
""")
# most bytes of a part, most parts, most bytes, then IDs; an entry that is gone is 0.
_PAYLOADS = Script("""
local bytes, found = 0, {}
for at = 4, #ARGV do
  local entry, parts = redis.call('XRANGE', KEYS[1], ARGV[at], ARGV[at])[1], {}
  for i, part in ipairs(entry and entry[2] or {}) do
    bytes = bytes + #part
    if i <= tonumber(ARGV[2]) then parts[i] = string.sub(part, 1, ARGV[1]) end
  end
  found[#found + 1] = entry and parts or 0
  if bytes > tonumber(ARGV[3]) then break end
end
return found
""")


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of an entry is wanted: so many bytes of each name and value, so many fields."""

    value_bytes: int
    fields: int


@dataclass(frozen=True, slots=True)
class Step:
    """The rows that a step found, how many it looked at, and the ID to go on after (None: it was the last)."""

    rows: list[PendingEntry]
    looked_at: int
    next_after: EntryId | None


def page(
    client: Client, key: bytes, group: bytes, wanted: PendingFilter, after: EntryId | None, limit: int, show: Shown
) -> PendingPage:
    """Up to `limit` pending entries after an ID, with their payloads. Raises NoSuchStream, NoSuchGroup or WrongType."""
    total = pending_total(client, key, group, wanted.consumer)
    most = MOST_WALKED_WITH_PAYLOADS if wanted.having else MOST_WALKED
    rows: list[PendingEntry] = []
    scanned, at, more = 0, after, total > 0
    while more and len(rows) < limit and scanned < most:
        found = step(client, key, group, wanted, at)
        taken = found.rows[: limit - len(rows)]
        cut = len(taken) < len(found.rows)
        at = taken[-1].entry_id if cut else found.next_after
        rows, scanned, more = rows + taken, scanned + found.looked_at, at is not None
    return PendingPage(tuple(with_payloads(client, key, rows, show)), total, scanned, at if more else None)


def step(
    client: Client, key: bytes, group: bytes, wanted: PendingFilter, after: EntryId | None, count: int = STEP
) -> Step:
    """What a filter wants of the next `count` rows. Raises NoSuchGroup (also for a missing key) or WrongType."""
    seen = xpending_range(client, key, group, after, count, wanted.consumer, wanted.upto)
    next_after = seen[-1].entry_id if len(seen) == count else None
    rows, looked_at = [row for row in seen if wanted.wants(row)], len(seen)
    if wanted.having and rows:
        checked, passed = _having(client, key, rows, wanted.having)
        if checked < len(rows):
            next_after = rows[checked - 1].entry_id
            looked_at = sum(row.entry_id <= next_after for row in seen)
        rows = passed
    return Step(rows, looked_at, next_after)


def xpending_range(
    client: Client,
    key: bytes,
    group: bytes,
    after: EntryId | None,
    count: int,
    consumer: bytes | None = None,
    upto: EntryId | None = None,
) -> list[PendingEntry]:
    """Up to `count` rows of the PEL in ID order, without payloads."""
    if after is not None and upto is not None and after >= upto:
        return []
    first, last = str(after.next()) if after else "-", str(upto) if upto else "+"
    command: list[Argument] = ["XPENDING", key, group, first, last, count]
    if consumer is not None:
        command.append(consumer)
    return [
        PendingEntry(EntryId.from_reply(entry_id), owner, idle, deliveries)
        for entry_id, owner, idle, deliveries in client.call(*command)
    ]


def pending_total(client: Client, key: bytes, group: bytes, consumer: bytes | None) -> int:
    """How many entries are pending, for a consumer or in the group. Raises NoSuchStream or NoSuchGroup."""
    if looks.key_type(client, key) == "none":
        raise NoSuchStream("there is no such stream")
    total, _, _, by_consumer = client.call("XPENDING", key, group)
    if consumer is None:
        return int(total)
    return next((int(count) for name, count in by_consumer or () if name == consumer), 0)


def with_payloads(client: Client, key: bytes, rows: Sequence[PendingEntry], show: Shown) -> Iterator[PendingEntry]:
    """The same rows with their entries, where these still exist, cut on the server."""
    ids = [str(row.entry_id) for row in rows]
    try:
        payloads = _payloads(client, key, ids, show)
    except AccessDenied:  # a user that may look need not be one that may run scripts
        replies = client.call_all([["XRANGE", key, entry_id, entry_id] for entry_id in ids])
        payloads = [found[0][1] if (found := looks.checked(reply)) else 0 for reply in replies]
    for row, parts in zip(rows, payloads, strict=True):
        entry = Entry(row.entry_id, tuple(parts)) if isinstance(parts, list) else None
        yield PendingEntry(row.entry_id, row.consumer, row.idle_ms, row.deliveries, entry)


def _payloads(client: Client, key: bytes, ids: Sequence[str], show: Shown) -> list[object]:
    found: list[object] = []
    while len(found) < len(ids):
        rest = ids[len(found) :]
        found += client.run(_PAYLOADS, [key], [show.value_bytes, 2 * show.fields, _MOST_BYTES, *rest])
    return found


def _having(
    client: Client, key: bytes, rows: Sequence[PendingEntry], condition: tuple[bytes, bytes]
) -> tuple[int, list[PendingEntry]]:
    """How many of the rows were looked at, at least one, and which of them have this field with this value."""
    ids: list[Argument] = [str(row.entry_id) for row in rows]
    looked_at, found = client.run(_HAVING, [key], [*condition, _MOST_BYTES, *ids])
    having = {EntryId.from_reply(entry_id) for entry_id in found}
    return looked_at, [row for row in rows[:looked_at] if row.entry_id in having]
