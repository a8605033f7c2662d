"""Which streams are watched: all on the server that the patterns admit, found by SCAN a few steps at a time."""

from __future__ import annotations

from fnmatch import fnmatchcase

from streams import names
from streams.conf import Config
from streams.gateway import looks
from streams.gateway.client import Client

# A pass over all keys is spread over this many seconds, so that a new stream is found within a minute.
_PASS_S = 30.0
# Beyond this a step would be felt by others; a database that needs more takes longer than a minute for a pass.
_MOST_STEPS = 200


class Discovery:
    """Knows the watched streams; `step` goes on looking for new ones. The configured stream is always among them."""

    def __init__(self, client: Client, config: Config) -> None:
        self._client, self._config = client, config
        self._found: set[bytes] = set()
        self._passing: set[bytes] = set()
        self._cursor = b"0"
        self._keys: int | None = None

    def watched(self) -> list[bytes]:
        """The streams to look at, in order."""
        return sorted({*self._found, self._config.stream})

    def forget(self, key: bytes) -> None:
        """A stream is gone; SCAN finds it again if it comes back."""
        self._found.discard(key)
        self._passing.discard(key)

    def step(self, every_s: float) -> None:
        """Look a little further, when called every so many seconds; the first call looks at everything.

        Raises Unreachable and the like.
        """
        if self._keys is None:
            self._pass_at_once()
            return
        wanted = self._keys * every_s / (_PASS_S * looks.SCAN_COUNT)
        for _ in range(max(1, min(_MOST_STEPS, round(wanted + 0.5)))):
            if self._advance():
                return

    def _pass_at_once(self) -> None:
        while not self._advance():
            pass

    def _advance(self) -> bool:
        """One step of SCAN; whether it ended a pass."""
        self._cursor, keys = looks.scan_step(self._client, self._cursor)
        new = {key for key in keys if is_watched(key, self._config)}
        self._passing |= new
        self._found |= new
        if self._cursor != b"0":
            return False
        self._found, self._passing = self._passing, set()
        self._keys = looks.key_count(self._client)
        return True


def is_watched(key: bytes, config: Config) -> bool:
    """Whether the patterns admit a stream; our own logs only when they are named exactly."""
    name = names.shown(key)
    if any(fnmatchcase(name, pattern) for pattern in config.watch_exclude):
        return False
    if names.is_ours(key, config.prefix):
        return name in config.watch
    return any(fnmatchcase(name, pattern) for pattern in config.watch)
