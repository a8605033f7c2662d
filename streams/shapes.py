"""Streams of other shapes than sensors': made-up jobs, orders and game scores, to see them charted."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from streams.simulation import Fields, Walk

_QUEUES = {b"mail": 40.0, b"thumbnails": 220.0, b"reports": 900.0, b"search": 15.0}
_PLAYERS = (b"ada", b"grace", b"linus", b"margaret", b"dennis")
# Now and then something takes far longer than usual: what a chart must not average away.
_SPIKES = 0.01


class Jobs:
    """Job timings by queue: took_ms (log-normal, with spikes) and rows."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - not secrets

    def reading(self, _: float) -> Fields:
        """The next job's entry."""
        queue = self._random.choice(list(_QUEUES))
        took = _QUEUES[queue] * self._random.lognormvariate(0.0, 0.25)
        took *= 8 if self._random.random() < _SPIKES else 1
        return (b"queue", queue, b"took_ms", b"%.1f" % took, b"rows", b"%d" % self._random.randint(1, 200))


class Orders:
    """Orders of one shop: total, items, and words that are no numbers. They name no sensor."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - not secrets
        self._number = 1000

    def reading(self, _: float) -> Fields:
        """The next order's entry."""
        self._number += 1
        items = self._random.randint(1, 6)
        total = sum(self._random.uniform(3, 60) for _ in range(items))
        return (b"order", b"A-%d" % self._number, b"total", b"%.2f" % total, b"items", b"%d" % items, b"paid", b"card")


class Scores:
    """Scores of a game: each player's own grows, and falls back to 0 when a round ends."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)  # noqa: S311 - not secrets
        self._scores = dict.fromkeys(_PLAYERS, 0)

    def reading(self, _: float) -> Fields:
        """The next score's entry."""
        player = self._random.choice(_PLAYERS)
        if max(self._scores.values()) >= 1000:
            self._scores = dict.fromkeys(_PLAYERS, 0)
        self._scores[player] += self._random.randint(1, 25)
        return (b"player", player, b"score", b"%d" % self._scores[player])


@dataclass(frozen=True, slots=True)
class Kind:
    """What entries of a shape look like, and what makes them."""

    words: str
    make: Callable[[int, int | None], Walk | Jobs | Orders | Scores]  # of so many sensors, with a seed


KINDS = {
    "sensors": Kind("sensor_id N temperature F humidity N", Walk),
    "jobs": Kind("queue NAME took_ms F rows N", lambda _, seed: Jobs(seed)),
    "orders": Kind("order NAME total F items N paid WORD", lambda _, seed: Orders(seed)),
    "scores": Kind("player NAME score N", lambda _, seed: Scores(seed)),
}
