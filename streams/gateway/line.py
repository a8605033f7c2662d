"""One connection on which commands go ahead of their answers, so that both ends work at the same time."""

from __future__ import annotations

from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from streams.addresses import place
from streams.gateway.client import ANSWER_WITHIN_S, Argument, Reply, Script, translated


class Line:
    """A connection of one thread's own. Answers come in the order of the commands.

    After any error its state is unknown: `close` it, and the next command connects anew. Never retries by itself.
    """

    def __init__(self, url: str, *, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self.place = place(url)
        options = {"protocol": 2, "socket_timeout": answer_within_s, "socket_connect_timeout": 5}
        with translated(self.place):
            pool = redis.ConnectionPool.from_url(url, retry=Retry(NoBackoff(), 0), **options)
            self._connection: Any = pool.make_connection()

    def send(self, *command: Argument) -> None:
        """Send a command; its answer is received later."""
        with translated(self.place):
            self._connection.connect()
            self._connection.send_packed_command(self._connection.pack_command(*command))

    def send_script(self, script: Script, keys: list[bytes], arguments: list[Argument]) -> None:
        """Send a script whole: an answer that it is unknown would come too late to send it again."""
        self.send("EVAL", script.source, len(keys), *keys, *arguments)

    def receive(self) -> Reply:
        """The answer to the oldest command without one. Raises the errors of `streams.errors`."""
        with translated(self.place):
            return self._connection.read_response()

    def close(self) -> None:
        """Drop the connection, and answers that were not received."""
        self._connection.disconnect()
