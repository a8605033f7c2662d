"""Timers for what a loop does every so often."""

from __future__ import annotations

import time


class Timer:
    """Says when something that happens every `seconds` is due; at first at once."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due = 0.0

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self._due

    def restart(self) -> None:
        """It is done now; due again after its period."""
        self._due = time.monotonic() + self._seconds

    def came_due(self) -> bool:
        """Whether it is time; if so, it counts as done."""
        if not self.is_due:
            return False
        self.restart()
        return True
