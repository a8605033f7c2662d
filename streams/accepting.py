"""Taking connections a few in each turn of the event loop, so that a herd of them holds up nobody who is connected."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

logger = logging.getLogger(__name__)

# libuv, left alone, takes all that wait in one turn: a thousand stop every frame for a quarter of a second.
A_TURN = 4
# How many the kernel lets wait their turn (where net.core.somaxconn lets it).
WAITING = 4096
# When there is no file descriptor left, only time brings one.
REST_S = 0.5
_OUT_OF_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Accepting:
    """Takes a bound socket's connections, each for a protocol of its own, until it is closed."""

    def __init__(self, door: socket.socket, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._loop, self._door, self._protocol = asyncio.get_running_loop(), door, protocol
        self._joining: set[asyncio.Task[object]] = set()
        self._rest: asyncio.TimerHandle | None = None
        door.setblocking(False)
        door.listen(WAITING)
        self._loop.add_reader(door, self._take)

    def close(self) -> None:
        """Take no more."""
        self._loop.remove_reader(self._door)
        if self._rest:
            self._rest.cancel()

    async def wait_closed(self) -> None:
        """Wait until those that were taken have their protocols."""
        if self._joining:
            await asyncio.wait(self._joining)

    def _take(self) -> None:
        for _ in range(A_TURN):
            try:
                connection, _ = self._door.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OUT_OF_ROOM:
                    raise
                self._pause(error)
                return
            self._join(connection)

    def _join(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
        self._joining.add(task)
        task.add_done_callback(self._joined)

    def _joined(self, task: asyncio.Task[object]) -> None:
        self._joining.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.info("A connection was gone before it was taken: %s", error)

    def _pause(self, error: OSError) -> None:
        logger.error("No connection can be taken just now (%s): trying again every %s s.", error.strerror, REST_S)
        self._loop.remove_reader(self._door)
        self._rest = self._loop.call_later(REST_S, self._loop.add_reader, self._door, self._take)
