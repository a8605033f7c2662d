"""Commands that only look: XINFO, XRANGE, SCAN. Nothing here costs in proportion to a PEL or a payload."""

from __future__ import annotations

from collections.abc import Sequence

from streams.errors import AccessDenied, StreamwatchError
from streams.gateway.client import Client, Reply, Script
from streams.ids import ZERO, EntryId
from streams.snapshot import Stream

# How many keys the server goes through in one step.
SCAN_COUNT = 500

# XINFO STREAM carries the first and last entry whole; only their IDs are wanted.
STREAM_INFO = Script("""
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local found = {}
for i = 1, #info, 2 do found[info[i]] = info[i + 1] end
local first = found['first-entry']
return {found['length'], first and first[1], found['last-generated-id'], found['entries-added'] or false}
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
        length, first, last, added = client.run(STREAM_INFO, [key], [])
    except AccessDenied:
        info = mapping(client.call("XINFO", "STREAM", key))
        first = info[b"first-entry"] and info[b"first-entry"][0]
        length, last, added = info[b"length"], info[b"last-generated-id"], info.get(b"entries-added")
    return stream_of(length, first, last, added)


def stream_of(length: int, first: bytes | None, last: bytes, added: int | None) -> Stream:
    """What STREAM_INFO answers, as a value."""
    return Stream(length, id_or_none(first), EntryId.from_reply(last), added)


def scan_streams(client: Client, most: int) -> tuple[list[bytes], bool]:
    """Up to `most` stream keys, and whether those are all (SCAN TYPE in small steps)."""
    found: set[bytes] = set()
    cursor: bytes = b"0"
    while True:
        cursor, keys = scan_step(client, cursor)
        found.update(keys)
        if cursor == b"0" or len(found) >= most:
            return sorted(found)[:most], cursor == b"0" and len(found) <= most


# Counts without sending payloads; of big entries fewer at a time, so that no step holds the server up for long.
_COUNT = Script("""
local first = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', 1)[1]
if not first then return {0, ''} end
local size = 64
for _, part in ipairs(first[2]) do size = size + #part end
local most = math.max(1, math.min(tonumber(ARGV[3]), math.floor(tonumber(ARGV[4]) / size)))
local rows = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', most)
return {#rows, rows[#rows][1]}
""")
_COUNTED_TOGETHER = 1000
_COUNTED_BYTES = 256 * 1024


def count_between(client: Client, key: bytes, after: EntryId, to: EntryId | None, most: int) -> int:
    """How many entries lie after an ID, up to and with another (None: the end); stops at `most`."""
    counted, end = 0, "+" if to is None else str(to)
    while counted < most:
        step = min(_COUNTED_TOGETHER, most - counted)
        found, last = client.run(_COUNT, [key], [str(after.next()), end, step, _COUNTED_BYTES])
        if not found:
            break
        counted, after = counted + found, EntryId.from_reply(last)
    return counted


def id_at(client: Client, key: bytes, place: int) -> EntryId | None:
    """The ID of the entry that has so many before it; None where there are not that many. Takes a step per thousand."""
    counted, at = 0, ZERO
    while counted < place:
        step = min(_COUNTED_TOGETHER, place - counted)
        found, last = client.run(_COUNT, [key], [str(at.next()), "+", step, _COUNTED_BYTES])
        if not found:
            return None
        counted, at = counted + found, EntryId.from_reply(last)
    rows = client.run(_COUNT, [key], [str(at.next()), "+", 1, _COUNTED_BYTES])
    return EntryId.from_reply(rows[1]) if rows[0] else None


def scan_step(client: Client, cursor: bytes) -> tuple[bytes, list[bytes]]:
    """One step of SCAN over the stream keys, and the cursor to go on from; b"0" at the end."""
    after, keys = client.call("SCAN", cursor, "TYPE", "stream", "COUNT", SCAN_COUNT)
    return after, keys


def key_count(client: Client) -> int:
    """How many keys the database holds (DBSIZE)."""
    return int(client.call("DBSIZE"))


def mapping(flat: Sequence[Reply]) -> dict[bytes, Reply]:
    """A flat reply of names and values."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def id_or_none(reply: bytes | None) -> EntryId | None:
    """An ID, or the absence of one."""
    return EntryId.from_reply(reply) if reply else None


def checked(reply: Reply) -> Reply:
    """The reply, unless it is an error, which is raised."""
    if isinstance(reply, StreamwatchError):
        raise reply
    return reply
