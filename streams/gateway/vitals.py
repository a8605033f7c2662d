"""What workers say of themselves: a hash with a field per worker, for the monitor to pass on."""

from __future__ import annotations

from typing import Any

import orjson

from streams.gateway.client import Client

# A worker that has said nothing for so long is forgotten.
FORGOTTEN_AFTER_MS = 60_000


def tell(client: Client, key: bytes, worker: bytes, vitals: dict[str, Any]) -> None:
    """Say how a worker does (HSET)."""
    client.call("HSET", key, worker, orjson.dumps(vitals))


def take_back(client: Client, key: bytes, worker: bytes) -> None:
    """A worker has left (HDEL)."""
    client.call("HDEL", key, worker)


def told(client: Client, key: bytes, now_ms: int) -> list[dict[str, Any]]:
    """What the workers last said; those that have long been silent are removed."""
    flat = client.call("HGETALL", key)
    found = {worker: _decoded(text) for worker, text in zip(flat[::2], flat[1::2], strict=True)}
    gone = [worker for worker, vitals in found.items() if now_ms - vitals.get("t", 0) > FORGOTTEN_AFTER_MS]
    if gone:
        client.call("HDEL", key, *gone)
    return [vitals for worker, vitals in sorted(found.items()) if worker not in gone]


def _decoded(text: bytes) -> dict[str, Any]:
    try:
        plain = orjson.loads(text)
    except ValueError:
        return {}
    return plain if isinstance(plain, dict) else {}
