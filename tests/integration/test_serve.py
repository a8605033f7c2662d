"""The web server: its door and its end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

from streams.listening import NotFree, listener, url_of
from streams.management.commands.serve import end_tasks
from tests.processes import Process, run


def test_it_says_where_it_listens_and_stops_in_good_order(tmp_path: Path, redis_url: str) -> None:
    process = Process("serve", "--port", "0", VAR_DIR=str(tmp_path), REDIS_URL=redis_url)
    url = process.until("Listening on ").split()[-1]
    with urllib.request.urlopen(f"{url}healthz") as answer:
        assert answer.status == 200
    process.send(signal.SIGTERM)
    assert process.wait() == 0
    assert process.lines == [f"Listening on {url}"]


def test_a_handler_that_cannot_be_loaded_is_told_with_a_hint(redis_url: str) -> None:
    status, _, errors = run("consume", REDIS_URL=redis_url, HANDLER="no.such.function")
    assert status == 1
    assert "HANDLER 'no.such.function' cannot be loaded" in errors
    assert "HINT: HANDLER=package.module.function" in errors


def test_a_taken_port_is_told_in_a_sentence(redis_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = Process("serve", "--port", str(other.getsockname()[1]), REDIS_URL=redis_url)
        assert process.wait() == 1
    assert "is in use: choose another with --port" in process.text
    assert len(process.lines) == 1


def test_an_address_that_is_not_ours_is_told_in_a_sentence() -> None:
    with pytest.raises(NotFree, match=r"192\.0\.2\.1 port 8000 cannot be listened on"):
        listener("192.0.2.1", 8000)
    with pytest.raises(NotFree, match="is not a host name that can be found"):
        listener("nowhere.invalid", 8000)


def test_every_address_is_reached_under_localhost() -> None:
    with listener("0.0.0.0", 0) as door:
        assert url_of(door) == f"http://localhost:{door.getsockname()[1]}/"


async def test_what_swallows_a_cancellation_does_not_keep_the_server_from_ending() -> None:
    async def stubborn() -> None:
        for _ in range(3):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await end_tasks()
    assert task.done()
