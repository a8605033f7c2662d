"""The frames log and the health log: two capped streams of our own that carry everything to the browsers."""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from streams import frames
from streams.errors import NoSuchStream
from streams.gateway.client import Argument, AsyncClient, Client, Script
from streams.ids import ZERO, EntryId

# The name under which the program speaks of itself in the health log; no watched stream can have it.
OWN = b"\x00streamwatch"
_PUBLISHED_TOGETHER = 100
_READ_TOGETHER = 200
_LARGEST_FIGURES = 64 * 1024 * 1024

# A leader that was paused must not write over its successor, so the lease is checked in the same step.
_PUBLISH = Script("""
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
for i = 4, #ARGV, 3 do
  redis.call('XADD', KEYS[1], 'MINID', '~', ARGV[2], '*', 's', ARGV[i], 'c', ARGV[i + 1], 'm', ARGV[i + 2])
end
redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[3])
return 1
""")
# The group that feeds a frames log, and the epoch of that log; the first worker decides, and the feeder's group being
# gone frees the place.
_FEED = Script("""
local owner = redis.call('HGET', KEYS[1], 'group')
local there = false
if owner and owner ~= ARGV[1] then
  for _, row in ipairs(redis.call('XINFO', 'GROUPS', KEYS[2])) do
    for i = 1, #row, 2 do there = there or (row[i] == 'name' and row[i + 1] == owner) end
  end
end
if not there then redis.call('HSET', KEYS[1], 'group', ARGV[1]) end
local made = redis.call('HSETNX', KEYS[1], 'epoch', ARGV[2])
return {redis.call('HGET', KEYS[1], 'group'), redis.call('HGET', KEYS[1], 'epoch'), made}
""")
_RENEW_EPOCH = Script("""
local made = redis.call('HGET', KEYS[1], 'epoch') == ARGV[1]
if made then redis.call('HSET', KEYS[1], 'epoch', ARGV[2]) end
return {redis.call('HGET', KEYS[1], 'epoch'), made and 1 or 0}
""")


def encode_frame(frame: frames.Frame) -> bytes:
    """The stored form of a frame; empty for a frame without readings."""
    return orjson.dumps(frames.to_plain(frame), option=orjson.OPT_NON_STR_KEYS) if frame.buckets else b""


def decode_frame(stored: bytes) -> frames.Frame:
    """The frame behind its stored form. Raises ValueError."""
    return frames.from_plain(orjson.loads(stored))


def encode_health(plain: dict[str, Any]) -> bytes:
    """The stored form of figures, a tenth of their size: the server copies and keeps them, every second."""
    return zlib.compress(orjson.dumps(plain), 1)


def decode_health(stored: bytes) -> dict[str, Any]:
    """The figures behind an entry of the health log. Raises ValueError."""
    unpacking = zlib.decompressobj()
    try:
        plain = orjson.loads(unpacking.decompress(stored, _LARGEST_FIGURES))
    except zlib.error as error:
        raise ValueError(f"not health figures: {error}") from None
    if not isinstance(plain, dict):
        raise ValueError("not health figures")  # noqa: TRY004 - the log's content is wrong, not a caller's type
    return plain


@dataclass(frozen=True, slots=True)
class Feed:
    """Which group feeds a frames log, the log's epoch, and whether the epoch began with this question."""

    owner: bytes
    epoch: str
    is_new: bool


def feed(client: Client, feed_key: bytes, stream: bytes, group: bytes) -> Feed:
    """Who feeds the stream's frames log: this group, if the place was free."""
    owner, epoch, made = client.run(_FEED, [feed_key, stream], [group, secrets.token_hex(4)])
    return Feed(owner, epoch.decode(), bool(made))


def renew_epoch(client: Client, feed_key: bytes, known: str) -> tuple[str, bool]:
    """A new epoch, unless another worker began one since `known`; and whether this call began it."""
    epoch, made = client.run(_RENEW_EPOCH, [feed_key], [known, secrets.token_hex(4)])
    return epoch.decode(), bool(made)


def trim_frames(client: Client, key: bytes, oldest_ms: int, max_bytes: int) -> None:
    """Drop frames committed before `oldest_ms`, and the oldest beyond `max_bytes` (MEMORY USAGE, an estimate)."""
    client.call("XTRIM", key, "MINID", "~", str(EntryId(max(oldest_ms, 0), 0)))
    used, length = client.call("MEMORY", "USAGE", key, "SAMPLES", 50), client.call("XLEN", key)
    if used and used > max_bytes:
        client.call("XTRIM", key, "MAXLEN", "~", length * max_bytes // used)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of a log: its ID and its fields."""

    entry_id: EntryId
    fields: dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class HealthBounds:
    """How long the health log is kept, and how large it may become (a bound on what was written, not on memory)."""

    keep_ms: int
    max_bytes: int


def publish_health(
    client: Client,
    key: bytes,
    lease: tuple[bytes, str],
    figures: Sequence[tuple[bytes, dict[str, Any]]],
    own: dict[str, Any],
    bounds: HealthBounds,
) -> bool:
    """Add figures of streams, and what the program says of itself, to the health log; drop what is too old or too much.

    False when the lease (key, token) was lost; nothing more is written then.
    """
    cycle = f"{own['t']}"
    rows: list[tuple[bytes, bytes]] = [(stream, encode_health(plain)) for stream, plain in figures]
    rows.append((OWN, encode_health(own)))
    size = sum(len(row) for _, row in rows)
    entries = max(len(rows), bounds.max_bytes * len(rows) // size)
    oldest = str(EntryId(max(own["t"] - bounds.keep_ms, 0), 0))
    for start in range(0, len(rows), _PUBLISHED_TOGETHER):
        arguments: list[Argument] = [lease[1], oldest, entries]
        for stream, row in rows[start : start + _PUBLISHED_TOGETHER]:
            arguments += [stream, cycle, row]
        if not client.run(_PUBLISH, [key, lease[0]], arguments):
            return False
    return True


def recent_health(client: Client, key: bytes, since_ms: int) -> Iterator[LogEntry]:
    """Entries of the health log from a moment on, oldest first."""
    at = str(EntryId(max(since_ms, 0), 0))
    while rows := client.call("XRANGE", key, at, "+", "COUNT", _READ_TOGETHER):
        entries = [_log_entry(row) for row in rows]
        yield from entries
        at = str(entries[-1].entry_id.next())


def frames_after(client: Client, key: bytes, entry_id: EntryId, count: int) -> Iterator[tuple[EntryId, frames.Frame]]:
    """Up to so many frames after an ID, oldest first; does not wait for any."""
    for entry in map(_log_entry, client.call("XRANGE", key, str(entry_id.next()), "+", "COUNT", count)):
        yield entry.entry_id, decode_frame(entry.fields[b"f"])


def newest_health(client: Client, key: bytes) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """What the monitor last said: figures of every stream of its last whole cycle, and of itself (None: nothing)."""
    cycle, figures, own, at = b"", [], None, "+"
    while rows := client.call("XREVRANGE", key, at, "-", "COUNT", _READ_TOGETHER):
        for entry in map(_log_entry, rows):
            stream, of, plain = entry.fields[b"s"], entry.fields[b"c"], entry.fields[b"m"]
            if own is not None and of != cycle:
                return figures, own
            if stream == OWN:
                cycle, own = of, decode_health(plain)
            elif own is not None:
                figures.append(decode_health(plain))
        at = f"({rows[-1][0].decode()}"
    return figures, own


class Log:
    """A reader of one log, with a connection of its own."""

    def __init__(self, url: str, key: bytes, feed_key: bytes = b"") -> None:
        self.key, self._feed_key = key, feed_key
        self._client = AsyncClient(url)

    async def after(self, entry_id: EntryId, count: int, block_ms: int) -> Sequence[LogEntry]:
        """Up to `count` entries after an ID, waiting at most `block_ms` for the first (XREAD)."""
        reply = await self._client.call("XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", self.key, str(entry_id))
        return [_log_entry(row) for row in reply[0][1]] if reply else []

    async def bounds(self) -> tuple[EntryId, EntryId]:
        """IDs of the oldest entry still there (past the newest when none is) and of the newest ever added.

        Without a log the newest is ZERO.
        """
        try:
            reply = await self._client.call("XINFO", "STREAM", self.key)
        except NoSuchStream:
            return ZERO.next(), ZERO
        info = dict(zip(reply[::2], reply[1::2], strict=True))
        newest, first = EntryId.from_reply(info[b"last-generated-id"]), info[b"first-entry"]
        return EntryId.from_reply(first[0]) if first else newest.next(), newest

    async def has(self, entry_id: EntryId) -> bool:
        """Whether this very entry is still there."""
        return bool(await self._client.call("XRANGE", self.key, str(entry_id), str(entry_id)))

    async def epoch(self) -> str:
        """The epoch of the frames log; empty when no worker ever fed it."""
        stored = await self._client.call("HGET", self._feed_key, "epoch")
        return stored.decode() if stored else ""

    async def server_ms(self) -> int:
        """The server's clock in milliseconds."""
        seconds, micros = await self._client.call("TIME")
        return int(seconds) * 1000 + int(micros) // 1000

    async def aclose(self) -> None:
        """Drop the connection."""
        await self._client.aclose()


def _log_entry(row: Any) -> LogEntry:
    pairs = row[1]
    return LogEntry(EntryId.from_reply(row[0]), dict(zip(pairs[::2], pairs[1::2], strict=True)))
