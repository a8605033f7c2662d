"""Producing: XADD in batches, and exactly what is known of each batch when the connection breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from streams.addresses import place
from streams.errors import StreamwatchError
from streams.gateway.client import ANSWER_WITHIN_S, translated


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: entries surely added, entries whose reply was lost, and what went wrong, if anything.

    The rest was surely not added. An entry whose reply was lost must not be sent again: it may be there.
    """

    added: int
    unknown: int = 0
    error: StreamwatchError | None = None


class Producer:
    """Adds entries to one stream over a connection of its own, trimmed to about `maxlen` entries if that is given."""

    def __init__(self, url: str, stream: bytes, maxlen: int | None = None) -> None:
        self.place = place(url)
        options = {"protocol": 2, "socket_timeout": ANSWER_WITHIN_S, "socket_connect_timeout": 5}
        with translated(self.place):
            pool = redis.ConnectionPool.from_url(url, retry=Retry(NoBackoff(), 0), **options)
            self._connection: Any = pool.make_connection()
        trim = () if maxlen is None else (b"MAXLEN", b"~", b"%d" % maxlen)
        self._head = (b"XADD", stream, *trim, b"*")

    def xadd(self, entries: Sequence[Sequence[bytes]]) -> Outcome:
        """Add entries, each a list of field names and values in turn, in their order. Connects when needed."""
        answered = added = sent = 0
        refusal: redis.ResponseError | None = None
        try:
            with translated(self.place):
                self._connection.connect()
                packed = b"".join([_packed((*self._head, *fields)) for fields in entries])
                sent = len(entries)
                self._connection.send_packed_command([packed])
                for _ in entries:
                    try:
                        self._connection.read_response()
                        added += 1
                    except redis.ResponseError as error:
                        refusal = refusal or error
                    answered += 1
                if refusal:
                    raise refusal
        except StreamwatchError as error:
            return Outcome(added, sent - answered, error)
        return Outcome(added)

    def close(self) -> None:
        """Drop the connection."""
        self._connection.disconnect()


def _packed(command: Sequence[bytes]) -> bytes:
    """A command as the server reads it; half the cost of the driver's own packing, which looks at every type."""
    parts = [b"*%d\r\n" % len(command)]
    parts += [b"$%d\r\n%b\r\n" % (len(part), part) for part in command]
    return b"".join(parts)
