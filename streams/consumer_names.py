"""Consumer names: leased, so that no two workers ever share one and restarts leave no trail of dead ones."""

from __future__ import annotations

import socket
import time
from itertools import count as numbers

from streams import names
from streams.conf import Config
from streams.errors import BadRequest
from streams.gateway.client import Client
from streams.gateway.leases import TTL_MS, Lease

# A dead holder's lease has ended by then.
_WAIT_S = TTL_MS / 1000 + 1


def lease_name(client: Client, config: Config, wanted: bytes | None) -> tuple[bytes, Lease]:
    """A consumer name and its lease: the wanted one, or the first free `host-slot`.

    Waits for a dead holder's lease to end. Raises BadRequest while a live worker has the wanted name.
    """
    if wanted is None:
        host = socket.gethostname().encode()
        slots = (b"%s-%d" % (host, slot) for slot in numbers(1))
        return next((name, lease) for name in slots if (lease := _lease(client, config, name)).take())
    lease, deadline = _lease(client, config, wanted), time.monotonic() + _WAIT_S
    while not lease.take():
        if time.monotonic() > deadline:
            raise BadRequest(
                f"Consumer {names.shown(wanted)!r} is held by a worker that is alive: choose another name."
            )
        time.sleep(0.2)
    return wanted, lease


def _lease(client: Client, config: Config, name: bytes) -> Lease:
    return Lease(client, b":".join([config.prefix, b"worker", config.stream, config.group, name]))
