"""The thread that runs jobs in the background of a web process."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from django.db import Error as DatabaseFault
from django.db import close_old_connections

from streams.jobs import running
from streams.timers import Timer

logger = logging.getLogger("streams.jobs")
LOOKS_EVERY_S = 0.5
_TIDIES_EVERY_S = 3600.0


class Runner:
    """Looks for jobs that wait, or whose runner died, and runs them one after the other; any number may run at once."""

    def __init__(self) -> None:
        self._name = running.a_name()
        self._stop = threading.Event()
        self._tidy_due = Timer(_TIDIES_EVERY_S)
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._is_away = False

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, within_s: float = 3.0) -> None:
        """End after the step that runs now; another runner goes on with the job at once."""
        self._stop.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        while not self._stop.wait(LOOKS_EVERY_S):
            try:
                running.run_waiting(self._name, self._stop)
                if self._tidy_due.came_due():
                    running.tidy(datetime.now(UTC))
                self._is_away = False
            except DatabaseFault as error:
                if not self._is_away:
                    logger.warning("Jobs wait, because the database cannot be used: %s", error)
                self._is_away = True
            except Exception:
                logger.exception("A job ended in a way that nobody foresaw; the others go on.")
            finally:
                close_old_connections()
