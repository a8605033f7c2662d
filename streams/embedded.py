"""The embedded server: a Valkey of one's own, kept by a guard process (`streams.guard`): first up, last down."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from streams.errors import StreamwatchError
from streams.guard import READY

_ROOT = Path(__file__).resolve().parent.parent


class NotStarted(StreamwatchError):
    """The embedded server cannot run; the text says why and what to do."""


class Embedded:
    """An embedded server that is running, seen from the process that asked for it; it ends with that process."""

    def __init__(self, folder: Path) -> None:
        """Start it. Its data, and its address in the file `url`, are in the folder. Raises NotStarted."""
        # A session of its own keeps the guard out of reach of the terminal's Ctrl-C; its standard input tells it that
        # this process, and all that were forked from it, are gone.
        self._guard = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "streams.guard", str(folder.resolve())],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )
        said = self._guard.stdout.readline().strip() if self._guard.stdout else ""
        if said != READY:
            self.stop()
            raise NotStarted(said or "The embedded server's guard ended without a word; its error is above.")
        self.url = (folder / "url").read_text()
        self.log = folder / "valkey.log"

    def stop(self) -> bool:
        """Stop it, with its data safe on disk; False when it had ended by itself (this process then got SIGTERM)."""
        self._guard.terminate()
        self._guard.wait()
        for pipe in (self._guard.stdin, self._guard.stdout):
            if pipe:
                pipe.close()
        return self._guard.returncode == 0
