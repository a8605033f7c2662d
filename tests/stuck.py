"""A group with entries that were delivered and never acknowledged."""

from __future__ import annotations

from typing import Any

# redis-py types a reply as everything it could be for any client.
Server = Any
STREAM, GROUP = "sensor_stream", "my_group"


def stuck(r: Server, count: int, *, consumer: str | bytes = "worker-1", idle_ms: int = 60_000) -> list[str]:
    """IDs of `count` new entries, all pending for `consumer` and idle for that long."""
    if not r.exists(STREAM):
        r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    ids = [r.xadd(STREAM, {"sensor_id": "1", "temperature": str(n)}) for n in range(count)]
    r.xreadgroup(GROUP, consumer, {STREAM: ">"}, count=count)
    r.xclaim(STREAM, GROUP, consumer, 0, ids, idle=idle_ms, justid=True)
    return [entry_id.decode() for entry_id in ids]


def owners(r: Server) -> dict[str, str]:
    """Who owns each pending entry."""
    rows = r.xpending_range(STREAM, GROUP, "-", "+", 100_000)
    return {row["message_id"].decode(): row["consumer"].decode() for row in rows}
