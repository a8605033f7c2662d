"""Browsers that stall, web processes that die: real ones, and sockets that read or do not."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from streams.frames import of_readings
from streams.gateway.logs import encode_frame
from streams.ids import EntryId
from streams.readings import Reading
from tests.processes import Process, free_port
from tests.stuck import Server

FRAMES, FEED = "{sensor_stream}:frames", "{sensor_stream}:feed"
StartWeb = Callable[..., tuple[Process, int]]


@pytest.fixture
def start_web(redis_url: str, tmp_path: Path) -> Iterator[StartWeb]:
    """Starts web processes; ends those that are left."""
    started: list[Process] = []
    environ = {"REDIS_URL": redis_url, "VAR_DIR": str(tmp_path), "ANONYMOUS_VIEW": "1"}
    Process("migrate", "-v0", **environ).wait(60)

    def start(**options: str) -> tuple[Process, int]:
        port = free_port()
        started.append(Process("serve", "--port", str(port), **environ, **options))
        started[-1].until("Listening on")
        return started[-1], port

    yield start
    for web in started:
        web.stop()


def browse(port: int, query: str = "", *, small: bool = False) -> ClientConnection:
    door = socket.socket()
    if small:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    door.connect(("127.0.0.1", port))
    address = f"127.0.0.1:{port}"
    options: dict[str, Any] = {"max_queue": 1 if small else None, "max_size": None, "compression": None, "legacy": True}
    url = f"ws://{address}/ws/streams/sensor_stream/{query}"
    browser: ClientConnection = connect(
        url, sock=door, origin=Origin(f"http://{address}"), ping_interval=None, **options
    )
    return browser


def commit(r: Server, value: float, sensors: int = 1) -> str:
    """A commit of a reading of so many sensors."""
    seconds, micros = r.time()
    ms = int(seconds * 1000 + micros // 1000)
    made = [Reading(EntryId(ms, n), f"s{n}" + n * 2 * "x", {"temperature": value}) for n in range(sensors)]
    r.hset(FEED, mapping={"group": "my_group", "epoch": "e1"})
    return str(r.xadd(FRAMES, {"f": encode_frame(of_readings(made))}).decode())


def messages(browser: ClientConnection, *kinds: str, within_s: float = 20) -> Iterator[dict[str, Any]]:
    """Its messages of these types, while they come in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        message: dict[str, Any] = json.loads(browser.recv(within_s))
        if message["type"] in kinds:
            yield message
    raise AssertionError(f"no more {kinds} within {within_s} s")


def reads_up_to(browser: ClientConnection, value: float) -> None:
    """Reads until the newest temperature of the first sensor is this one."""
    for message in messages(browser, "frame", "history"):
        if message["type"] == "frame":
            found = message["readings"]["s0"]["temperature"][4]
        else:
            columns = message["series"].get("s0", {}).get("temperature", {"mean": [None]})
            found = columns.get("last", columns["mean"])[-1]
        if found == value:
            return


def close_code(browser: ClientConnection) -> int | None:
    """Reads to the end; the code that it ended with, None when it was cut."""
    try:
        while True:
            browser.recv(10)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


def test_browsers_that_read_nothing_cost_only_themselves_and_are_told_to_come_back(
    r: Server, start_web: StartWeb
) -> None:
    commit(r, 0.0)
    web, port = start_web(STALLED_MS="1500")
    healthy, frozen = browse(port), [browse(port, small=True) for _ in range(5)]
    next(messages(healthy, "history"))
    before = resident_mb(web.pid)
    for value in range(1, 301):
        commit(r, float(value), sensors=100)
        if value % 3 == 0:
            reads_up_to(healthy, float(value))
    # Each would have been sent megabytes; what waits for it is one message behind a full buffer.
    assert resident_mb(web.pid) - before < 15
    time.sleep(5)
    commit(r, 1000.0, sensors=100)
    reads_up_to(healthy, 1000.0)
    for browser in frozen:
        assert close_code(browser) == 4408
    healthy.close()


def test_a_browser_goes_on_at_another_process_when_its_own_is_killed(r: Server, start_web: StartWeb) -> None:
    commit(r, 1.0)
    (first, first_port), (_, second_port) = start_web(), start_web()
    browser, other = browse(first_port), browse(second_port)
    for one in (browser, other):
        next(messages(one, "history"))
    seen = commit(r, 2.0)
    for one in (browser, other):
        assert next(messages(one, "frame"))["id"] == seen
    first.send(signal.SIGKILL)
    missed = []
    for value in (3.0, 4.0):
        time.sleep(1.05)
        missed.append(commit(r, value))
    assert close_code(browser) is None
    reads_up_to(other, 4.0)
    again = browse(second_port, f"?frames={seen}&epoch=e1")
    history = next(messages(again, "history"))
    assert (history["since"], history["id"]) == (seen, missed[-1])
    assert history["series"]["s0"]["temperature"]["mean"] == [3.0, 4.0]
    for one in (other, again):
        one.close()


def test_a_message_that_is_too_large_ends_its_socket_and_no_other(r: Server, start_web: StartWeb) -> None:
    _, port = start_web()
    rude, other = browse(port), browse(port)
    rude.send("x" * 200_000)
    assert close_code(rude) == 1009
    commit(r, 1.0)
    reads_up_to(other, 1.0)
    other.close()
