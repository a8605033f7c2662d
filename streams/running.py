"""Loops that run until told to stop: one signal finishes what is under way, a second ends the process at once."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from streams.errors import AccessDenied, ServerRefused, Unreachable, WrongType
from streams.outages import Outage

WRONG_TYPE_WAIT_S = 3.0


class Stop(threading.Event):
    """Set by SIGTERM or SIGINT; a second signal ends the process at once with the exit status of that signal."""

    def listen(self) -> None:
        """From now on, take the signals."""
        signal.signal(signal.SIGTERM, self._told)
        signal.signal(signal.SIGINT, self._told)

    def _told(self, signum: int, _: FrameType | None) -> None:
        if self.is_set():
            os._exit(128 + signum)
        self.set()


def repeat(step: Callable[[], float], stop: Stop, logger: logging.Logger) -> None:
    """Call `step` until stopped, resting as many seconds as it says; wait out a server that is away or refuses."""
    outage = Outage(logger)
    while not stop.is_set():
        try:
            rest = step()
            outage.over()
        except WrongType as error:
            rest = max(outage.failed(error), WRONG_TYPE_WAIT_S)
        except (Unreachable, AccessDenied, ServerRefused) as error:
            rest = outage.failed(error)
        if rest:
            stop.wait(rest)


# Small and frequent collections of what is young, and one of everything only after about a million new objects: a full
# one takes a microsecond an object, and a thousand browsers that come at once would bring several.
_COLLECT_AFTER = (2_000, 5, 100)


def settle() -> None:
    """Keep what was loaded so far out of garbage collections, and make full ones rare.

    Nothing of it is ever garbage, and looking through it again stops a process for a tenth of a second at a time
    (https://docs.python.org/3/library/gc.html#gc.freeze, #gc.set_threshold).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
