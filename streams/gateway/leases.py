"""Leases: a key that one process holds and loses by itself some seconds after that process died."""

from __future__ import annotations

import secrets

from streams.gateway.client import Client, Script

TTL_MS = 5000

_RENEW = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
""")
_RELEASE = Script("""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
""")


class Lease:
    """One process's claim on a key (SET NX PX, https://redis.io/docs/latest/commands/set/)."""

    def __init__(self, client: Client, key: bytes) -> None:
        self.key = key
        self.token = secrets.token_hex(8)
        self._client = client

    def take(self) -> bool:
        """Hold the lease from now on; False while another process does."""
        return bool(self._client.call("SET", self.key, self.token, "NX", "PX", TTL_MS)) or self.renew()

    def renew(self) -> bool:
        """Hold it for another TTL_MS; False when it was lost."""
        return bool(self._client.run(_RENEW, [self.key], [self.token, TTL_MS]))

    def is_held(self) -> bool:
        """Whether anybody holds it."""
        return bool(self._client.call("EXISTS", self.key))

    def release(self) -> None:
        """Give it up, if still held."""
        self._client.run(_RELEASE, [self.key], [self.token])


class Roll:
    """A set of names kept on the server, for those who come after."""

    def __init__(self, client: Client, key: bytes) -> None:
        self._client, self._key = client, key

    def add(self, name: bytes) -> None:
        """Put a name on the roll (SADD)."""
        self._client.call("SADD", self._key, name)

    def remove(self, name: bytes) -> None:
        """Take a name off the roll (SREM)."""
        self._client.call("SREM", self._key, name)

    def members(self) -> list[bytes]:
        """All names on the roll (SMEMBERS)."""
        return sorted(self._client.call("SMEMBERS", self._key))
