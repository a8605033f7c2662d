"""Consumer names: leased, so that no two workers ever share one and restarts leave no trail of dead ones."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count as numbers
from threading import Event, Thread

from streams import names
from streams.conf import Config
from streams.errors import BadRequest, StreamwatchError
from streams.gateway.client import Client
from streams.gateway.leases import TTL_MS, Lease, Roll
from streams.gateway.work import Place
from streams.timers import Timer

logger = logging.getLogger("streams.worker")

# A dead holder's lease has ended by then.
_WAIT_S = TTL_MS / 1000 + 1
_KEEP_EVERY_S = 1.0


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

    def announce(self, name: bytes) -> None:
        """Put a name on the roll that nobody holds: live workers settle what it owns within seconds."""
        self._roll.add(name)

    def alive(self) -> int:
        """How many names on the roll a live worker holds."""
        return sum(self._lease(name).is_held() for name in self._roll.members())

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


class Seat:
    """A worker's place in its group: a name under a lease that is kept, and the logs that go with the stream."""

    def __init__(self, client: Client, config: Config, wanted: bytes | None) -> None:
        self._names, self._config = Names(client, config), config
        self._due = Timer(_KEEP_EVERY_S)
        self._sit(wanted)

    def _sit(self, wanted: bytes | None) -> None:
        stream, group = self._config.stream, self._config.group
        name, self._lease = self._names.take(wanted)
        self.place = Place(stream, group, name, names.beside(stream, "frames"), names.beside(stream, "dead"))

    @property
    def shown(self) -> str:
        """The name, for people."""
        return names.shown(self.place.consumer)

    def keep(self) -> None:
        """Renew the lease when it is time. A worker that lost its name to another takes the next free one."""
        if self._due.came_due() and not self._lease.renew() and not self._lease.take():
            logger.warning("The name %s was taken over while this worker was held up.", self.shown)
            self._sit(None)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Renews the lease meanwhile, from a thread: who is busy for long is not dead."""
        done = Event()
        holder = Thread(target=self._hold, args=(done,), daemon=True)
        holder.start()
        try:
            yield
        finally:
            done.set()
            holder.join()

    def _hold(self, done: Event) -> None:
        while not done.wait(_KEEP_EVERY_S):
            with suppress(StreamwatchError):  # whoever commits next finds out what became of the server
                self._lease.renew()

    def abandoned(self) -> Iterator[tuple[bytes, Lease]]:
        """As `Names.abandoned`."""
        return self._names.abandoned()

    def give_back(self, name: bytes, lease: Lease) -> None:
        """As `Names.give_back`."""
        self._names.give_back(name, lease)

    def leave(self, *, is_empty: bool) -> None:
        """Let the lease go; the name too, unless entries are pending under it."""
        if is_empty:
            self._names.give_back(self.place.consumer, self._lease)
        else:
            self._lease.release()
