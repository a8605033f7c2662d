"""Consumer names: leased, so that no two workers ever share one and restarts leave no trail of dead ones."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from itertools import count as numbers

from streams import names
from streams.conf import Config
from streams.errors import BadRequest
from streams.gateway.client import Client
from streams.gateway.leases import TTL_MS, Lease, Roll

# A dead holder's lease has ended by then.
_WAIT_S = TTL_MS / 1000 + 1


class Names:
    """The consumer names of one group: leases on those in use, and a roll of all that workers ever took."""

    def __init__(self, client: Client, config: Config) -> None:
        group = "/".join(names.to_path(name) for name in (config.stream, config.group)).encode()
        self._client, self._key = client, config.prefix + b":worker:" + group
        self._roll = Roll(client, self._key)

    def take(self, wanted: bytes | None) -> tuple[bytes, Lease]:
        """A name and its lease: the wanted one, or the first free `host-slot`.

        Waits for a dead holder's lease to end. Raises BadRequest while a live worker has the wanted name.
        """
        name, lease = self._wait_for(wanted) if wanted is not None else self._first_free()
        self._roll.add(name)
        return name, lease

    def abandoned(self) -> Iterator[tuple[bytes, Lease]]:
        """Names whose holder died without leaving, each leased to the caller, who settles what they owned."""
        for name in self._roll.members():
            lease = self._lease(name)
            if lease.take():
                yield name, lease

    def give_back(self, name: bytes, lease: Lease) -> None:
        """The name owns nothing any more."""
        self._roll.remove(name)
        lease.release()

    def _first_free(self) -> tuple[bytes, Lease]:
        slots = (b"%s-%d" % (socket.gethostname().encode(), slot) for slot in numbers(1))
        return next((name, lease) for name in slots if (lease := self._lease(name)).take())

    def _wait_for(self, name: bytes) -> tuple[bytes, Lease]:
        lease, deadline = self._lease(name), time.monotonic() + _WAIT_S
        while not lease.take():
            if time.monotonic() > deadline:
                shown = names.shown(name)
                raise BadRequest(f"Consumer {shown!r} is held by a worker that is alive: choose another name.")
            time.sleep(0.2)
        return name, lease

    def _lease(self, name: bytes) -> Lease:
        return Lease(self._client, self._key + b"/" + name)
