"""Web servers under measurement: ours and the peers, each on a core of its own, fed through Redis tick by tick."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import CLIENT_CORE, ROOT, SERVER_CORE
from streams.frames import Frame
from streams.gateway.logs import encode_frame
from streams.ids import EntryId
from streams.readings import Reading

STREAM = "bench"
PATH = f"/ws/streams/{STREAM}/"
OURS = "Streamwatch"
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_FOREVER = {"SOCKETS": "100000", "STALLED_MS": "10000"}


@dataclass
class Web:
    """A running web server: where it listens, its process, and how one tick of readings is handed to it."""

    name: str
    port: int
    process: subprocess.Popen[str]
    path: str
    tick: Callable[[], None]

    def cpu_s(self) -> float:
        """Processor seconds used so far."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / _TICKS_PER_S

    def resident_mb(self) -> float:
        """Memory in use."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096 / 1e6


def readings_of(sensors: int) -> list[tuple[str, float, float]]:
    """Name and two values of so many sensors."""
    return [(f"s{n}", round(20 + n % 10 + 0.1 * (n % 7), 1), 40 + n % 30) for n in range(sensors)]


def frame_now(sensors: int) -> bytes:
    """A frame as a worker commits it: a reading of every sensor, one of which says when it was made."""
    return frame_at(sensors, time.time_ns() // 1_000_000, time.monotonic() * 1000)


def frame_at(sensors: int, ms: int, at: float = 0.0) -> bytes:
    """A frame of a moment."""
    frame = Frame()
    for name, temperature, humidity in readings_of(sensors):
        frame.add(Reading(EntryId(ms, 0), name, {"temperature": temperature, "humidity": humidity}))
    frame.add(Reading(EntryId(ms, 0), "a", {"at": at}))
    return encode_frame(frame)


def text_now(sensors: int) -> str:
    """The message that a browser gets of such a frame."""
    at = time.monotonic() * 1000
    cells: dict[str, dict[str, list[float]]] = {
        name: {"temperature": [1, t, t, t, t], "humidity": [1, float(h), float(h), float(h), float(h)]}
        for name, t, h in readings_of(sensors)
    }
    message = {"type": "frame", "id": "0-0", "t": 0, "readings": {**cells, "a": {"at": [1, at, at, at, at]}}}
    return json.dumps(message, separators=(",", ":"))


@contextlib.contextmanager
def ours(
    url: str, client: Any, sensors: int, *, port: int = 0, core: int = SERVER_CORE, **environ: str
) -> Iterator[Web]:
    """`manage.py serve`, followed by nobody yet; a tick is a frame in the log, as a worker commits it."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "REDIS_URL": url, "VAR_DIR": folder, "ANONYMOUS_VIEW": "1", "STREAM": STREAM}
        env |= {**_FOREVER, **environ}
        manage = [sys.executable, "-W", "ignore", "manage.py"]
        subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=env, check=True)
        client.hset(f"{{{STREAM}}}:feed", "epoch", "bench")
        process = _start([*manage, "serve", "--port", str(port)], env, core)
        said = (process.stdout.readline() if process.stdout else "").strip()
        with _ended(process):
            yield Web(OURS, int(said.rstrip("/").rpartition(":")[2]), process, PATH, lambda: _add(client, sensors))


def _add(client: Any, sensors: int) -> None:
    client.xadd(f"{{{STREAM}}}:frames", {"f": frame_now(sensors)}, maxlen=100_000)


@contextlib.contextmanager
def peer(name: str, url: str, client: Any, sensors: int) -> Iterator[Web]:
    """A server of `benchmarks.servers`; a tick is a finished message."""
    process = _start([sys.executable, "-W", "ignore", "-m", "benchmarks.servers", name, url], dict(os.environ))
    port = int((process.stdout.readline() if process.stdout else "") or 0)
    with _ended(process):
        yield Web(name, port, process, "/", lambda: client.xadd("texts", {"t": text_now(sensors)}, maxlen=1000))


def _start(command: list[str], env: dict[str, str], core: int = SERVER_CORE) -> subprocess.Popen[str]:
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    pin(process.pid, core)
    return process


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, where there are two."""
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(pid, {core})


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


class Crowd:
    """The browsers: `benchmarks.browsers` on the other core, told what to do."""

    def __init__(self, port: int, path: str, core: int = CLIENT_CORE, *, patient: bool = False) -> None:
        """Patient ones leave the core to others: what these measure is then not that they waited for it."""
        command = [sys.executable, "-m", "benchmarks.browsers", "127.0.0.1", str(port), path]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.pid = self._process.pid
        pin(self.pid, core)
        if patient:
            os.setpriority(os.PRIO_PROCESS, self.pid, 15)

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Do something and wait for the answer; raises RuntimeError when the browsers' process ended."""
        self.tell(do, **arguments)
        return self.answer()

    def tell(self, do: str, **arguments: Any) -> None:
        """Do something; `answer` gets its answer."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The answer to the oldest command that has had none."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the browsers' process ended")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()


def ticks(web: Web, count: int, hz: float) -> None:
    """So many ticks at an even pace."""
    began = time.monotonic()
    for n in range(count):
        time.sleep(max(0.0, began + n / hz - time.monotonic()))
        web.tick()
