"""One supervisor over many processes that live and die together, even when the supervisor is killed with -9."""

from __future__ import annotations

import os
import re
import shlex
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from honcho.manager import Manager
from honcho.printer import Message, Printer
from honcho.process import Process

from streams.lifeline import LOCK_VARIABLE, die_with_supervisor

_BY_SIGNAL = {130, 143}
_STARTED = re.compile(r"\S+ started \(pid=\d+\)")
_STOPPED = re.compile(r"(\S+) stopped \(rc=(-?\d+)\)")


@dataclass(frozen=True)
class Ending:
    """How it ended: `part` ended by itself with `status` and took the rest along, or None: somebody stopped all."""

    part: str | None = None
    status: int = 0


class _Part(Process):
    """A child and the process of honcho's that reads its output; both go with the supervisor."""

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        """Start the child and pass its output on until it ends."""
        die_with_supervisor(self.env)
        super().run(events, ignore_signals)


class Supervisor(Manager):
    """Runs parts until one ends or a signal comes, then stops all; `on_line(part, text)` sees each line of theirs."""

    def __init__(self, lock: Path, on_line: Callable[[str, str], None]) -> None:
        super().__init__(printer=_Log(self._saw))
        self._process_ctor = _Part
        self._lock, self._on_line = lock, on_line
        self._asked_to_stop = False
        self._starting = 0
        self._first: Ending | None = None

    def add(self, name: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """A part to start: a command and its environment."""
        self._starting += 1
        line = f"exec {shlex.join(command)} </dev/null"
        own = {**environ, LOCK_VARIABLE: str(self._lock), "PYTHONUNBUFFERED": "1"}
        self.add_process(name, line, env=own)

    def run(self) -> Ending:
        """Start all, and return when all have ended."""
        try:
            self.loop()
        except BaseException:
            # Python would wait at its exit for the processes that read the parts' output.
            self.kill()
            raise
        return self._first or Ending()

    def terminate(self) -> None:
        """Tell all parts to stop; parts that are still being started are told as soon as they are up."""
        self._asked_to_stop = True
        if self._starting == 0:
            super().terminate()

    def _saw(self, message: Message) -> None:
        text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        if message.name != "system":
            self._on_line(message.name, text.rstrip())
        elif _STARTED.match(text):
            self._starting -= 1
            if self._asked_to_stop:
                self.terminate()
        elif (stopped := _STOPPED.match(text)) and self._first is None:
            self._first = Ending() if self.returncode in _BY_SIGNAL else Ending(stopped[1], int(stopped[2]))


class _Log(Printer):
    """Honcho's printer, which is also where its news can be heard."""

    def __init__(self, heard: Callable[[Message], None]) -> None:
        super().__init__()
        self._heard = heard
        self._waiting: deque[Message] = deque()
        self._writing = False

    def write(self, message: Message) -> None:
        """Print a line. Called from signal handlers too, in the middle of another line, which then ends first."""
        self._waiting.append(message)
        if self._writing:
            return
        self._writing = True
        try:
            while self._waiting:
                self._write_one(self._waiting.popleft())
        finally:
            self._writing = False

    def _write_one(self, message: Message) -> None:
        try:
            super().write(message)
        except BrokenPipeError:
            # Nobody reads the log any more (`make run | head`): end like on Ctrl-C.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.output.fileno())
            os.kill(os.getpid(), signal.SIGTERM)
        self._heard(message)
