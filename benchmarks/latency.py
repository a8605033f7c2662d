"""From XADD to the browser's socket at 1 to 50,000 readings a second, beside ways that send a message per reading.

    python -m benchmarks.latency [--rates 1 100 5000 20000 50000 --seconds 10 --sockets 20 --rounds 3]

All of it at once on this machine: Redis, whoever adds, the worker, the web server, the browsers. Up to fifty readings a
second are probes that carry the time just before they are added; each is timed at every socket, also those that share a
message with later ones. The peers read the stream themselves and send every reading as a message.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from benchmarks.measure import ROOT, server
from benchmarks.web import OURS, STREAM, Crowd, Web, ours, peer

PEERS = ("broadcast", "each", "group-pubsub")
GROUP = "latency"
SENSORS = 10
PROBES_PER_S = 50
WARM_UP_S = 3.0
_POOL = 997
# A run whose probes do not arrive for so long is over: it has collapsed.
_SETTLE_S = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", type=int, nargs="*", default=[1, 100, 5000, 20_000, 50_000])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--sockets", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[OURS, *PEERS])
    parser.add_argument("--produce", nargs=3, metavar=("PORT", "RATE", "KIND"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.produce:
        port, rate, kind = options.produce
        print(json.dumps(produce(int(port), int(rate), kind, options.seconds)))
        return
    print("| readings/s | way | probes arrived | p50 ms | p99 ms | messages/s a socket | lag after |")
    print("| ---: | --- |" + " ---: |" * 5)
    for rate in options.rates:
        found: dict[str, list[dict[str, float]]] = {name: [] for name in options.only}
        for turn in range(options.rounds):
            for name in options.only[turn % len(options.only) :] + options.only[: turn % len(options.only)]:
                found[name].append(one_run(name, rate, options))
                print(f"{rate}/s, round {turn + 1}: {name}: {found[name][-1]}", file=sys.stderr)
        for name, rounds in found.items():
            print(f"| {rate:,} | {name} | {_cells(rounds)} |", flush=True)


def _cells(rounds: list[dict[str, float]]) -> str:
    arrived = statistics.median(row["arrived"] for row in rounds)
    times = [f"{statistics.median(row[name] for row in rounds):.1f}" for name in ("p50", "p99")]
    lag = max(row["lag"] for row in rounds)
    shown_lag = "–" if lag < 0 else f"{lag:,.0f}"
    messages = statistics.median(row["messages"] for row in rounds)
    return " | ".join([f"{arrived:.1%}", *times, f"{messages:,.0f}", shown_lag])


def one_run(name: str, rate: int, options: argparse.Namespace) -> dict[str, float]:
    """Times of all probes at all sockets; `lag` is what the worker's group had not been given when all was added."""
    with server() as (url, client):
        os.sched_setaffinity(client.info("server")["process_id"], range(os.cpu_count() or 1))
        with _running(name, url, client) as web, contextlib.closing(Crowd(web.port, web.path)) as crowd:
            for process in (web.process.pid, crowd.pid):
                os.sched_setaffinity(process, range(os.cpu_count() or 1))
            crowd.ask("open", count=options.sockets, waits=False)
            time.sleep(1)
            kind = STREAM if name == OURS else "texts"
            producer = _producer(int(url.rpartition(":")[2].partition("/")[0]), rate, kind, options.seconds)
            time.sleep(WARM_UP_S)
            crowd.ask("begin")
            out, _ = producer.communicate()
            lag = _lag(client) if name == OURS else -1
            time.sleep(_SETTLE_S)
            messages = crowd.ask("report")["messages"] / options.sockets / options.seconds
            return {**_times(json.loads(out), crowd.ask("arrivals")["sockets"]), "messages": messages, "lag": lag}


@contextlib.contextmanager
def _running(name: str, url: str, client: Any) -> Iterator[Web]:
    if name != OURS:
        with peer(name, url, client, SENSORS) as web:
            yield web
        return
    reading = {"READING": "sensor_id:temperature", "GROUP": GROUP}
    with ours(url, client, SENSORS, **reading) as web:
        command = [sys.executable, "-W", "ignore", "manage.py", "consume"]
        env = {**os.environ, "REDIS_URL": url, "STREAM": STREAM, **reading}
        worker = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not client.exists(STREAM) or not client.xinfo_groups(STREAM):
                time.sleep(0.1)
            yield web
        finally:
            worker.kill()
            worker.wait()


def _producer(port: int, rate: int, kind: str, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.latency", "--produce", str(port), str(rate), kind]
    command += ["--seconds", str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _lag(client: Any) -> int:
    (info,) = [row for row in client.xinfo_groups(STREAM) if row["name"] == GROUP.encode()]
    return int(info["lag"] or 0)


def _times(probes: list[float], sockets: list[list[list[float]]]) -> dict[str, float]:
    """Each probe arrives at a socket with the first message whose newest probe is not older."""
    late: list[float] = []
    for arrivals in sockets:
        newest = [at for at, _ in arrivals]
        for probe in probes:
            found = bisect_left(newest, probe - 0.0005)
            if found < len(arrivals):
                late.append(arrivals[found][1] - probe)
    late.sort()
    nan = float("nan")
    return {
        "arrived": len(late) / max(1, len(probes) * len(sockets)),
        "p50": late[len(late) // 2] if late else nan,
        "p99": late[min(len(late) - 1, int(0.99 * len(late)))] if late else nan,
    }


def produce(port: int, rate: int, kind: str, seconds: float) -> list[float]:
    """Add readings at an even rate, after a warm-up; the times of the probes, in ms."""
    ordinary = _pool(kind)
    probes: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as door:
        door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began, sent, probed, answered = time.monotonic(), 0, 0, 0
        begun_at = began + WARM_UP_S
        per_s = min(rate, PROBES_PER_S)
        while (now := time.monotonic()) < begun_at + seconds:
            due, probe_due = int((now - began) * rate) - sent, int((now - began) * per_s) > probed
            if due > 0:
                commands = [ordinary[(sent + n) % _POOL] for n in range(due - 1)]
                at = time.monotonic() * 1000
                commands.append(_probe(kind, at) if probe_due else ordinary[sent % _POOL])
                probed += probe_due
                sent += due
                door.sendall(b"".join(commands))
                if probe_due and now >= begun_at:
                    probes.append(at)
            answered += _answers(door)
            time.sleep(max(0.0, min(0.002, began + (sent + 1) / rate - time.monotonic())))
        while answered < sent:
            answered += _answers(door)
    return probes


def _answers(door: socket.socket) -> int:
    with contextlib.suppress(BlockingIOError):
        return door.recv(1 << 20, socket.MSG_DONTWAIT).count(b"$")
    return 0


def _command(*parts: str) -> bytes:
    return b"".join([b"*%d\r\n" % len(parts), *(b"$%d\r\n%s\r\n" % (len(p), p.encode()) for p in parts)])


def _pool(kind: str) -> list[bytes]:
    chance = random.Random(1)
    readings = [(f"{chance.randrange(SENSORS)}", f"{chance.uniform(15, 30):.1f}") for _ in range(_POOL)]
    if kind == STREAM:
        fields = [("sensor_id", s, "temperature", t, "humidity", "45") for s, t in readings]
    else:
        fields = [("t", f'{{"type":"frame","sensor":"{s}","temperature":{t},"humidity":45}}') for s, t in readings]
    return [_command("XADD", kind, "MAXLEN", "~", "100000", "*", *row) for row in fields]


def _probe(kind: str, at: float) -> bytes:
    if kind == STREAM:
        fields = ("sensor_id", "probe", "temperature", "0", "at", f"{at:.3f}")
    else:
        fields = ("t", f'{{"type":"frame","probe":1,"at":[1,0,0,0,{at:.3f}]}}')
    return _command("XADD", kind, "MAXLEN", "~", "100000", "*", *fields)


if __name__ == "__main__":
    main()
