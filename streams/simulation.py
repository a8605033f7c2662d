"""Sensors that do not exist: a plausible walk of temperature and humidity, and the pace at which readings fall due."""

from __future__ import annotations

import math
import random

_DAY_S = 86_400.0
# How far a sensor strays from its daily curve, and how many seconds it takes to forget where it was.
_TEMPERATURE_SPREAD, _TEMPERATURE_MEMORY_S = 0.6, 180.0
_HUMIDITY_SPREAD, _HUMIDITY_MEMORY_S = 2.0, 300.0
_DAILY_TEMPERATURE, _DAILY_HUMIDITY = 2.5, 5.0

Fields = tuple[bytes, ...]


class _Drift:
    """A random walk that is drawn back to 0 (Ornstein-Uhlenbeck), the same however often it is looked at."""

    __slots__ = ("_at_s", "_memory_s", "_random", "_spread", "_value")

    def __init__(self, source: random.Random, spread: float, memory_s: float) -> None:
        self._random, self._spread, self._memory_s = source, spread, memory_s
        self._value, self._at_s = source.gauss(0.0, spread), -math.inf

    def at(self, at_s: float) -> float:
        """The deviation at a time; times that do not go forward leave it where it is."""
        passed, self._at_s = max(0.0, at_s - self._at_s), max(at_s, self._at_s)
        kept = math.exp(-passed / self._memory_s)
        self._value = self._value * kept + self._random.gauss(0.0, self._spread) * math.sqrt(1.0 - kept * kept)
        return self._value


class _Sensor:
    """One room: warm in its afternoon, drier when it is warm."""

    def __init__(self, name: int, source: random.Random) -> None:
        self._name = str(name).encode()
        self._warmth, self._dampness = source.uniform(19.5, 25.5), source.uniform(48.0, 62.0)
        self._noon_s = source.uniform(0.35, 0.65) * _DAY_S
        self._temperature = _Drift(source, _TEMPERATURE_SPREAD, _TEMPERATURE_MEMORY_S)
        self._humidity = _Drift(source, _HUMIDITY_SPREAD, _HUMIDITY_MEMORY_S)

    def fields(self, at_s: float) -> Fields:
        day = math.cos((at_s - self._noon_s) / _DAY_S * math.tau)
        temperature = self._warmth + _DAILY_TEMPERATURE * day + self._temperature.at(at_s)
        humidity = self._dampness - _DAILY_HUMIDITY * day + self._humidity.at(at_s)
        return (
            b"sensor_id",
            self._name,
            b"temperature",
            b"%.1f" % min(30.0, max(15.0, temperature)),
            b"humidity",
            b"%d" % round(min(70.0, max(40.0, humidity))),
        )


class Walk:
    """Readings of so many sensors in turn; the same seed and the same times give the same readings."""

    def __init__(self, sensors: int, seed: int | None = None) -> None:
        source = random.Random(seed)  # noqa: S311 - weather, not secrets
        self._sensors = [_Sensor(name, source) for name in range(1, sensors + 1)]
        self._turn = 0

    def reading(self, at_s: float) -> Fields:
        """The next sensor's entry at a time (seconds since 1970): sensor_id, temperature (°C), humidity (%)."""
        sensor = self._sensors[self._turn]
        self._turn = (self._turn + 1) % len(self._sensors)
        return sensor.fields(at_s)


class Pace:
    """How many readings fall due, at so many a second. Clock values are seconds of any clock that only goes forward."""

    # A machine that cannot keep up, or that slept, does not make up for more than this much of the past.
    MOST_ARREARS_S = 1.0
    SHORTEST_WAIT_S = 0.01

    def __init__(self, per_s: float, now: float) -> None:
        self._per_s, self._start, self._given = per_s, now, 0
        self.forgone = 0  # readings that fell due and are not made up for

    def due(self, now: float) -> int:
        """Readings due and not yet given; `give` them."""
        if self._arrears(now) > max(1.0, self.MOST_ARREARS_S * self._per_s):
            self.forget(now)
        return self._arrears(now)

    def give(self, count: int) -> None:
        """Note readings as given."""
        self._given += count

    def wait_s(self, now: float) -> float:
        """Seconds until it is worth asking again."""
        return max(self.SHORTEST_WAIT_S, self._start + (self._given + 1) / self._per_s - now)

    def forget(self, now: float) -> None:
        """Start anew at `now`: what fell due before is forgone."""
        self.forgone += self._arrears(now)
        self._start, self._given = now, 0

    def _arrears(self, now: float) -> int:
        return max(0, math.floor((now - self._start) * self._per_s) - self._given)
