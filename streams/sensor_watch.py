"""What the sensors of a stream said since the last look, from its frames log; for the alert rules about readings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from streams import names
from streams.alerting import Seen
from streams.frames import Frame, SensorStats
from streams.gateway import logs
from streams.gateway.client import Client
from streams.ids import ZERO, EntryId

# A look reads no more than this; what is left is read by the next, so that a long log delays nothing else.
MOST_FRAMES = 1000
# A sensor that was not heard for so long is no longer expected.
EXPECTED_FOR_MS = 7 * 24 * 3_600_000
_Values = dict[str, tuple[float, float]]


@dataclass
class _Log:
    """How far a frames log was read, and when each sensor was last heard."""

    key: bytes
    at: EntryId = ZERO
    heard: dict[str, int] = field(default_factory=dict)
    is_read: bool = False


class SensorWatch:
    """Follows the frames logs of the streams that a rule is about, and remembers when each sensor was last heard."""

    def __init__(self, client: Client, keys: dict[bytes, bytes]) -> None:
        """`keys` are the frames logs by stream."""
        self._client = client
        self._logs = {stream: _Log(key) for stream, key in keys.items()}

    def look(self, patterns: Iterable[str]) -> dict[str, dict[str, Seen]]:
        """Every sensor heard, by stream path and name, of streams that match. Raises Unreachable and the like.

        A stream is left out until its log was read once from the beginning: what was said before counts as heard,
        and its values do not count at all.
        """
        wanted = set(patterns)
        seen = {}
        for stream, log in self._logs.items():
            if any(fnmatchcase(names.shown(stream), pattern) for pattern in wanted):
                values = self._read(log)
                if log.is_read:
                    seen[names.to_path(stream)] = {
                        sensor: Seen(last_ms, values.get(sensor, {})) for sensor, last_ms in log.heard.items()
                    }
        return seen

    def _read(self, log: _Log) -> dict[str, _Values]:
        values: dict[str, _Values] = {}
        count = 0
        for entry_id, frame in logs.frames_after(self._client, log.key, log.at, MOST_FRAMES):
            count += 1
            log.at = entry_id
            _take(frame, log.heard, values)
        was_read, log.is_read = log.is_read, log.is_read or count < MOST_FRAMES
        _forget(log.heard)
        return values if was_read else {}


def _forget(heard: dict[str, int]) -> None:
    oldest = max(heard.values(), default=0) - EXPECTED_FOR_MS
    for sensor in [sensor for sensor, last_ms in heard.items() if last_ms < oldest]:
        del heard[sensor]


def _take(frame: Frame, heard: dict[str, int], values: dict[str, _Values]) -> None:
    for bucket in frame.buckets.values():
        for sensor, stats in bucket.items():
            heard[sensor] = max(heard.get(sensor, 0), stats.last_id.ms)
            _take_values(stats, values.setdefault(sensor, {}))


def _take_values(stats: SensorStats, values: _Values) -> None:
    for name, found in stats.fields.items():
        low, high = values.get(name, (found.low, found.high))
        values[name] = min(low, found.low), max(high, found.high)
