"""Commands as processes of their own, whose lines can be waited for, and a connection that can be cut."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]


class Process:
    """A command that was started; its output, both kinds together, comes line by line."""

    def __init__(self, *arguments: str, **environ: str) -> None:
        self.lines: list[str] = []
        self._fresh: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [*MANAGE, *arguments],
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._fresh.put(line.rstrip())
        self._fresh.put(None)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def until(self, part: str, within_s: float = 20) -> str:
        """The next line that has this in it."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                line = self._fresh.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no line has {part!r} in it:\n{self.text}")
            self.lines.append(line)
            if part in line:
                return line

    def send(self, signum: signal.Signals) -> None:
        self._process.send_signal(signum)

    def wait(self, within_s: float = 20) -> int:
        """The exit status; negative for a signal."""
        status = self._process.wait(within_s)
        self._reader.join(within_s)
        while not self._fresh.empty():
            line = self._fresh.get()
            if line is not None:
                self.lines.append(line)
        if self._process.stdout:
            self._process.stdout.close()
        return status

    def stop(self) -> int:
        if self._process.poll() is None:
            self.send(signal.SIGTERM)
        return self.wait()


def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
    """Run a command to its end: exit status, standard output, standard error."""
    done = subprocess.run(
        [*MANAGE, *arguments],
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def family(pid: int) -> set[int]:
    """The processes that descend from this one."""
    children: dict[int, list[int]] = {}
    for child, parent, _ in _processes():
        children.setdefault(parent, []).append(child)
    found, open_ends = set(), [pid]
    while open_ends:
        fresh = children.get(open_ends.pop(), [])
        found.update(fresh)
        open_ends += fresh
    return found


def living(pids: set[int]) -> set[int]:
    """Those of the processes that still run."""
    return {pid for pid, _, state in _processes() if pid in pids and not state.startswith("Z")}


def _processes() -> list[tuple[int, int, str]]:
    shown = subprocess.run(["ps", "-Ao", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in shown.splitlines())
    return [(int(pid), int(parent), state) for pid, parent, state in rows]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], bool], within_s: float = 10) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return holds()


class Wire:
    """A connection to a server on this machine.

    From `lose_answers` on it passes commands on and cuts the answers; from `go_silent` on it takes everything and
    passes on nothing, as a peer does that was unplugged.
    """

    def __init__(self, port: int) -> None:
        self._target, self._loses = port, False
        self._speaks = threading.Event()
        self._speaks.set()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_answers(self) -> None:
        self._loses = True

    def go_silent(self) -> None:
        self._speaks.clear()

    def speak_again(self) -> None:
        """For new connections; what was said to a silent peer is lost."""
        self._speaks.set()

    def close(self) -> None:
        self._door.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with source, target, contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if not self._speaks.is_set():
                    self._speaks.wait()
                    return
                if is_answer and self._loses:
                    target.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
