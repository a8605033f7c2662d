"""A lock that a supervisor holds while it lives, and by which its children know that it is gone, even by kill -9."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

LOCK_VARIABLE = "STREAMWATCH_SUPERVISOR_LOCK"
KILLED_AFTER_S = 5.0
_WAIT_FOR_DYING_S = 2 * KILLED_AFTER_S


class AlreadyRunning(Exception):
    """Another supervisor holds this lock; `pid` is its process, None when it did not say."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"process {pid}" if pid else "another process")
        self.pid = pid


def hold(path: Path) -> IO[str]:
    """Take the supervisor's lock until this process ends. Raises AlreadyRunning and OSError.

    The file must not be opened a second time in this process: closing any handle of it would give the lock away
    (POSIX locks belong to the process, which is also why children that inherit the handle do not hold it).
    """
    file = path.open("a+")
    deadline = time.monotonic() + _WAIT_FOR_DYING_S
    while not _locked(file, fcntl.LOCK_EX):
        # Where a shared lock can be had, only children of a killed supervisor are left, and they are on their way out.
        if not _locked(file, fcntl.LOCK_SH) or time.monotonic() > deadline:
            pid = _pid_in(file)
            file.close()
            raise AlreadyRunning(pid)
        time.sleep(0.1)
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _locked(file: IO[str], kind: int) -> bool:
    try:
        fcntl.lockf(file, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _pid_in(file: IO[str]) -> int | None:
    file.seek(0)
    text = file.read().strip()
    return int(text) if text.isdigit() else None


def die_with_supervisor(environ: Mapping[str, str]) -> None:
    """In a child of a supervisor: get SIGTERM when the supervisor is gone, and SIGKILL 5 s later."""
    if path := environ.get(LOCK_VARIABLE):
        threading.Thread(target=_outlive_by_little, args=(path,), daemon=True).start()


def _outlive_by_little(path: str) -> None:
    # The main thread must be the one that a signal wakes up.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with Path(path).open() as file:
        fcntl.lockf(file, fcntl.LOCK_SH)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(KILLED_AFTER_S)
        os.kill(os.getpid(), signal.SIGKILL)
