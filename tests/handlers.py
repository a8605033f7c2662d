"""Handlers as an application would have them, for tests."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence

from streams.handlers import Entry

SLOW_S = 30.0
calls: list[list[str]] = []


def jobs(entries: Sequence[Entry]) -> Mapping[str, str]:
    """Takes jobs: rejects those without an address, fails on broken ones."""
    calls.append([entry.id for entry in entries])
    if any(entry.fields.get(b"to") == b"broken" for entry in entries):
        raise ConnectionError("the mail server hung up")
    return {entry.id: "no address" for entry in entries if b"to" not in entry.fields}


def crashes(entries: Sequence[Entry]) -> None:
    """Brings the process down on a poisonous entry."""
    if any(entry.fields.get(b"to") == b"poison" for entry in entries):
        os._exit(9)


def slow(_: Sequence[Entry]) -> None:
    """Takes its time."""
    time.sleep(SLOW_S)
