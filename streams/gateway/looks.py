"""Commands that only look: XINFO, XPENDING, XRANGE, SCAN. Nothing here costs in proportion to a PEL or a payload."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from streams.errors import AccessDenied, NoSuchGroup, NoSuchStream, ServerRefused, StreamwatchError
from streams.gateway.client import Argument, Client, Reply, Script
from streams.ids import EntryId
from streams.snapshot import (
    Consumer,
    ConsumerGroup,
    Entry,
    PendingEntry,
    PendingFilter,
    PendingPage,
    Snapshot,
    Stream,
    judge_lag,
)

# How many undelivered entries are counted to confirm a lag, and how many payload bytes the server may touch for it.
COUNT_CAP = 500
COUNT_BYTES = 256 * 1024
_PENDING_STEP = 1000
_LARGEST_ROWS_WALKED = 20_000

# XINFO STREAM carries the first and last entry whole; only their IDs are wanted.
_INFO = Script("""
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local found = {}
for i = 1, #info, 2 do found[info[i]] = info[i + 1] end
local first = found['first-entry']
return {found['length'], first and first[1], found['last-generated-id'], found['entries-added'] or false}
""")

# The first entry after an ID and a count up to a cap, without sending payloads; big entries are counted less far.
_UNREAD = Script("""
local first = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', 1)
if #first == 0 then return {false, 0, 1} end
local size = 64
for _, part in ipairs(first[1][2]) do size = size + #part end
local cap = math.max(1, math.min(tonumber(ARGV[2]), math.floor(tonumber(ARGV[3]) / size)))
local count = #redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', cap + 1)
return {first[1][1], math.min(count, cap), count <= cap and 1 or 0}
""")


def server_ms(client: Client) -> int:
    """The server's clock in milliseconds (TIME)."""
    seconds, micros = client.call("TIME")
    return int(seconds) * 1000 + int(micros) // 1000


def run_id(client: Client) -> str:
    """The identity of the server process (INFO server); changes when it restarts."""
    for line in client.call("INFO", "server").splitlines():
        if line.startswith(b"run_id:"):
            return str(line[7:].decode())
    return ""


def key_type(client: Client, key: bytes) -> str:
    """TYPE: "stream", "none" or another type."""
    return str(client.call("TYPE", key).decode())


def xinfo_stream(client: Client, key: bytes) -> Stream:
    """Length and IDs of a stream. Raises NoSuchStream or WrongType."""
    try:
        length, first, last, added = client.run(_INFO, [key], [])
    except AccessDenied:
        info = _mapping(client.call("XINFO", "STREAM", key))
        first = info[b"first-entry"] and info[b"first-entry"][0]
        length, last, added = info[b"length"], info[b"last-generated-id"], info.get(b"entries-added")
    return Stream(length, _id(first), EntryId.from_reply(last), added)


def snapshot(client: Client, key: bytes, count_cap: int = COUNT_CAP) -> Snapshot:
    """The stream with all groups and consumers; `problem` instead of an error for a key of another type.

    Groups and consumers that vanish between the questions are left out.
    """
    now = server_ms(client)
    kind = key_type(client, key)
    if kind == "none":
        return Snapshot(key, now, None)
    if kind != "stream":
        return Snapshot(key, now, None, problem=f"the key holds a {kind}, not a stream")
    try:
        stream = xinfo_stream(client, key)
        rows = [_mapping(row) for row in client.call("XINFO", "GROUPS", key)]
    except NoSuchStream:
        return Snapshot(key, now, None)
    return Snapshot(key, now, stream, tuple(_groups(client, key, stream, rows, count_cap)))


def _groups(
    client: Client, key: bytes, stream: Stream, rows: Sequence[dict[bytes, Reply]], cap: int
) -> Iterator[ConsumerGroup]:
    asked: list[list[bytes | str]] = []
    for row in rows:
        asked += [["XINFO", "CONSUMERS", key, row[b"name"]], ["XPENDING", key, row[b"name"]]]
    replies = client.call_all(asked)
    for row, consumers, pending in zip(rows, replies[::2], replies[1::2], strict=True):
        if isinstance(consumers, NoSuchGroup) or isinstance(pending, NoSuchGroup):
            continue
        yield _group(client, key, stream, row, _checked(consumers), _checked(pending), cap)


def _group(
    client: Client, key: bytes, stream: Stream, row: dict[bytes, Reply], consumers: Reply, pending: Reply, cap: int
) -> ConsumerGroup:
    delivered = EntryId.from_reply(row[b"last-delivered-id"])
    unread = _unread(client, key, delivered, cap) if delivered < stream.last_id else _Unread(None, 0, True)
    lag = judge_lag(
        server=row.get(b"lag"),
        length=stream.length,
        delivered=delivered,
        last=stream.last_id,
        counted=unread.count,
        counted_all=unread.is_all,
    )
    return ConsumerGroup(
        name=row[b"name"],
        last_delivered=delivered,
        entries_read=row.get(b"entries-read"),
        pending=pending[0],
        oldest_pending=_id(pending[1]),
        first_unread=unread.first,
        lag=lag,
        consumers=tuple(_consumer(_mapping(consumer)) for consumer in consumers),
    )


@dataclass(frozen=True, slots=True)
class _Unread:
    first: EntryId | None
    count: int
    is_all: bool


def _unread(client: Client, key: bytes, delivered: EntryId, cap: int) -> _Unread:
    after = str(delivered.next())
    try:
        first, count, is_all = client.run(_UNREAD, [key], [after, cap, COUNT_BYTES])
    except (AccessDenied, ServerRefused):
        rows = client.call("XRANGE", key, after, "+", "COUNT", 1)
        return _Unread(_id(rows[0][0]) if rows else None, len(rows), not rows)
    return _Unread(_id(first), count, bool(is_all))


def _consumer(row: dict[bytes, Reply]) -> Consumer:
    inactive = row.get(b"inactive")
    never = inactive is not None and inactive < 0
    return Consumer(row[b"name"], row[b"pending"], row[b"idle"], None if never else inactive, never)


def xpending_page(
    client: Client, key: bytes, group: bytes, wanted: PendingFilter, after: EntryId | None, limit: int
) -> PendingPage:
    """Up to `limit` pending entries after an ID, with their payloads.

    Walks the PEL by ID and filters here, because XPENDING's IDLE scans all of it in one go. Raises NoSuchStream or
    NoSuchGroup.
    """
    total = _pending_total(client, key, group, wanted.consumer)
    rows: list[PendingEntry] = []
    scanned, at, more = 0, after, True
    while more and len(rows) < limit and scanned < _LARGEST_ROWS_WALKED:
        step = xpending_range(client, key, group, at, _PENDING_STEP, wanted.consumer)
        more = len(step) == _PENDING_STEP
        for row in step:
            scanned, at = scanned + 1, row.entry_id
            if wanted.wants(row):
                rows.append(row)
            if len(rows) == limit:
                more = more or row is not step[-1]
                break
    return PendingPage(tuple(with_payloads(client, key, rows)), total, scanned, at if more else None)


def xpending_range(
    client: Client, key: bytes, group: bytes, after: EntryId | None, count: int, consumer: bytes | None = None
) -> list[PendingEntry]:
    """Up to `count` rows of the PEL in ID order, without payloads."""
    command: list[Argument] = ["XPENDING", key, group, str(after.next()) if after else "-", "+", count]
    if consumer is not None:
        command.append(consumer)
    return [
        PendingEntry(EntryId.from_reply(entry_id), owner, idle, deliveries)
        for entry_id, owner, idle, deliveries in client.call(*command)
    ]


def _pending_total(client: Client, key: bytes, group: bytes, consumer: bytes | None) -> int:
    if key_type(client, key) == "none":
        raise NoSuchStream("there is no such stream")
    total, _, _, by_consumer = client.call("XPENDING", key, group)
    if consumer is None:
        return int(total)
    return next((int(count) for name, count in by_consumer or () if name == consumer), 0)


def with_payloads(client: Client, key: bytes, rows: Sequence[PendingEntry]) -> Iterator[PendingEntry]:
    """The same rows with their entries, where these still exist."""
    replies = client.call_all([["XRANGE", key, str(row.entry_id), str(row.entry_id)] for row in rows])
    for row, reply in zip(rows, replies, strict=True):
        found = _checked(reply)
        entry = Entry(row.entry_id, tuple(found[0][1])) if found else None
        yield PendingEntry(row.entry_id, row.consumer, row.idle_ms, row.deliveries, entry)


def scan_streams(client: Client, most: int) -> tuple[list[bytes], bool]:
    """Up to `most` stream keys, and whether those are all (SCAN TYPE in small steps)."""
    found: set[bytes] = set()
    cursor: bytes = b"0"
    while True:
        cursor, keys = client.call("SCAN", cursor, "TYPE", "stream", "COUNT", 500)
        found.update(keys)
        if cursor == b"0" or len(found) >= most:
            return sorted(found)[:most], cursor == b"0" and len(found) <= most


def _mapping(flat: Sequence[Reply]) -> dict[bytes, Reply]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _id(reply: bytes | None) -> EntryId | None:
    return EntryId.from_reply(reply) if reply else None


def _checked(reply: Reply) -> Reply:
    if isinstance(reply, StreamwatchError):
        raise reply
    return reply
