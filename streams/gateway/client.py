"""Connections: bytes in, raw replies out, the driver's errors turned into ours. Nothing else imports redis."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import redis
import redis.asyncio
import redis.asyncio.retry
from redis.backoff import NoBackoff
from redis.retry import Retry

from streams.addresses import place, without_password
from streams.errors import (
    AccessDenied,
    GroupExists,
    NoSuchGroup,
    NoSuchStream,
    ServerRefused,
    StreamwatchError,
    Unreachable,
    WrongType,
)

Reply = Any
Argument = bytes | str | int | float

ANSWER_WITHIN_S = 10.0
_IN_SCRIPT = re.compile(r"user_script: ?\d+: (?:-)?([A-Z]{3,}) ")


class Script:
    """A Lua script, sent by digest and loaded when the server does not know it yet."""

    def __init__(self, source: str) -> None:
        self.source = source.strip()


class Client:
    """One pool of connections for commands that answer at once, or (its own instance) for one blocking reader.

    Never retries by itself: a repeated XREADGROUP would leave the first batch in the PEL, a repeated XADD adds twice.
    Safe to share between threads.
    """

    def __init__(self, url: str, *, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self.place = place(url)
        with translated(self.place):
            self._redis = redis.Redis.from_url(url, **_options(answer_within_s, Retry(NoBackoff(), 0)))
        # Raw replies have one shape on every driver version; ours are read in this package alone.
        self._redis.response_callbacks.clear()
        self._execute: Callable[..., Reply] = self._redis.execute_command
        self._loaded: dict[Script, str] = {}

    def call(self, *command: Argument) -> Reply:
        """The server's reply to one command. Raises the errors of `streams.errors`."""
        with translated(self.place):
            return self._execute(*command)

    def call_all(self, commands: Sequence[Sequence[Argument]]) -> list[Reply]:
        """Replies to commands sent together; an error reply stands in its place as one of our errors, not raised."""
        if not commands:
            return []
        with translated(self.place):
            pipeline = self._redis.pipeline(transaction=False)
            add: Callable[..., object] = pipeline.execute_command
            for command in commands:
                add(*command)
            replies = pipeline.execute(raise_on_error=False)
        return [_our_error(r, self.place) if isinstance(r, redis.RedisError) else r for r in replies]

    def run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[Argument]) -> Reply:
        """The reply of a script."""
        with translated(self.place):
            if script not in self._loaded:
                self._loaded[script] = self._execute("SCRIPT", "LOAD", script.source)
            try:
                return self._execute("EVALSHA", self._loaded[script], len(keys), *keys, *arguments)
            except redis.exceptions.NoScriptError:
                return self._execute("EVAL", script.source, len(keys), *keys, *arguments)

    def run_all(self, script: Script, calls: Sequence[tuple[bytes, Sequence[Argument]]]) -> list[Reply]:
        """Replies of a script to (key, arguments), sent together; errors stand in their places as in `call_all`."""
        if not calls:
            return []
        try:
            with translated(self.place):
                digest = self._loaded.get(script) or self._execute("SCRIPT", "LOAD", script.source)
        except AccessDenied as error:
            return [error] * len(calls)
        self._loaded[script] = digest
        replies = self.call_all([("EVALSHA", digest, 1, key, *arguments) for key, arguments in calls])
        if any(isinstance(reply, ServerRefused) and reply.code == "NOSCRIPT" for reply in replies):
            replies = self.call_all([("EVAL", script.source, 1, key, *arguments) for key, arguments in calls])
        return replies

    def close(self) -> None:
        """Drop every connection; the next call makes new ones."""
        self._redis.close()
        self._redis.connection_pool.disconnect()


class AsyncClient:
    """Like Client, on an event loop."""

    def __init__(self, url: str, *, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self.place = place(url)
        options = _options(answer_within_s, redis.asyncio.retry.Retry(NoBackoff(), 0))
        with translated(self.place):
            self._redis = redis.asyncio.Redis.from_url(url, **options)
        self._redis.response_callbacks.clear()
        self._execute: Callable[..., Awaitable[Reply]] = self._redis.execute_command

    async def call(self, *command: Argument) -> Reply:
        """The server's reply to one command. Raises the errors of `streams.errors`."""
        with translated(self.place):
            return await self._execute(*command)

    async def aclose(self) -> None:
        """Drop every connection."""
        await self._redis.aclose()


def _options(answer_within_s: float, retry: Any) -> dict[str, Any]:
    return {
        "protocol": 2,
        "decode_responses": False,
        "socket_timeout": answer_within_s,
        "socket_connect_timeout": 5,
        "health_check_interval": 20,
        "retry": retry,
    }


@contextlib.contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn the driver's errors into ours."""
    try:
        yield
    except redis.RedisError as error:
        raise _our_error(error, where) from error
    except (OSError, ValueError) as error:
        raise Unreachable(f"Redis at {where} cannot be reached: {without_password(str(error))}") from error


_BY_CODE: dict[str, type[StreamwatchError]] = {
    "NOGROUP": NoSuchGroup,
    "UNBLOCKED": NoSuchGroup,
    "WRONGTYPE": WrongType,
    "BUSYGROUP": GroupExists,
    "NOAUTH": AccessDenied,
    "WRONGPASS": AccessDenied,
    "NOPERM": AccessDenied,
    "LOADING": Unreachable,
    "MASTERDOWN": Unreachable,
}


def _our_error(error: redis.RedisError, where: str) -> StreamwatchError:
    text = without_password(str(error)).strip().rstrip(".")  # what is made of it goes on
    if isinstance(error, (redis.AuthenticationError, redis.exceptions.NoPermissionError)):
        return AccessDenied(f"Redis at {where} refused access: {text}")
    if isinstance(error, redis.TimeoutError):
        return Unreachable(f"Redis at {where} did not answer in time")
    if isinstance(error, redis.ConnectionError):
        return Unreachable(f"Redis at {where} cannot be reached: {text}")
    # The driver takes this code away, too.
    code = "NOSCRIPT" if isinstance(error, redis.exceptions.NoScriptError) else _code(text)
    if "no such key" in text or "requires the key to exist" in text:
        return NoSuchStream("there is no such stream")
    kind = _BY_CODE.get(code)
    return kind(f"Redis at {where} says: {text}") if kind else ServerRefused(code, f"Redis at {where} says: {text}")


def _code(text: str) -> str:
    """The error's code; 6.2 wraps the errors of a script's commands in a sentence, and the driver takes "ERR" away."""
    inside = _IN_SCRIPT.search(text)
    word = inside[1] if inside else text.split(" ", 1)[0]
    return word if word.isupper() else "ERR"
