"""When what arrived goes on to the browsers: at once while little arrives, in wider ticks as more does."""

from __future__ import annotations

import math

# The rate is that of about the last half second.
_MEMORY_S = 0.5
# 100 readings a second: within a millisecond of the one before; 2,500 and more: forty times a second.
_WIDER_PER_READING_S = 1e-5
WIDEST_S = 0.025
# Sending takes at most a third of the process's time, however many browsers there are.
_REST = 2.0


class Pace:
    """Decides when to send next. Clock values are seconds of any clock that only goes forward."""

    def __init__(self) -> None:
        self._level, self._noted_s = 0.0, -math.inf
        self._began_s, self._took_s = -math.inf, 0.0

    def note(self, readings: int, now_s: float) -> None:
        """So many readings arrived."""
        self._level = self._level * math.exp((self._noted_s - now_s) / _MEMORY_S) + readings
        self._noted_s = now_s

    def sent(self, began_s: float, took_s: float) -> None:
        """What had arrived was sent to all, which took so much of the processor's time."""
        self._began_s, self._took_s = began_s, took_s

    def next_s(self, now_s: float) -> float:
        """When to send what arrived; `now_s` when it need not wait."""
        tick_s = min(WIDEST_S, self._level / _MEMORY_S * _WIDER_PER_READING_S)
        return max(now_s, self._began_s + max(tick_s, self._took_s * (1 + _REST)))
