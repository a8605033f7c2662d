"""How frames reach many browsers: fan-out beside other ways in one run, isolation from slow browsers, a herd.

    python -m benchmarks.feed fan-out [--sockets 1000 --hz 10 --seconds 10 --rounds 5]
    python -m benchmarks.feed isolation [--sockets 1000]
    python -m benchmarks.feed herd [--sockets 1000]

The server has one core; Redis, the browsers and whoever adds share the other. A frame is about 3 KB: 33 sensors of two
fields. Latency runs from before the XADD to the arrival at the browser's socket.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.measure import CLIENT_CORE, machine, server
from benchmarks.web import OURS, STREAM, Crowd, Web, frame_at, frame_now, ours, peer, pin, ticks

SENSORS = 33
FRAMES = f"{{{STREAM}}}:frames"
PEERS = ("broadcast", "group-pubsub", "group")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["fan-out", "isolation", "herd"])
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--hz", type=float, default=10)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[OURS, *PEERS])
    options = parser.parse_args()
    pin(os.getpid(), CLIENT_CORE)
    with server() as (url, client):
        pin(client.info("server")["process_id"], CLIENT_CORE)
        print(f"{machine(client)}\n")
        WHAT[options.what](url, client, options)


def fan_out(url: str, client: Any, options: argparse.Namespace) -> None:
    """A table of what a frame costs each way, the ways taking turns."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in options.only}
    for turn in range(options.rounds):
        for name in options.only[turn % len(options.only) :] + options.only[: turn % len(options.only)]:
            opened = ours(url, client, SENSORS) if name == OURS else peer(name, url, client, SENSORS)
            with opened as web, contextlib.closing(Crowd(web.port, web.path)) as crowd:
                found[name].append(_cost(web, crowd, options))
            print(f"round {turn + 1}: {name}: {found[name][-1]}", file=sys.stderr)
    print("| way | delivered | server CPU µs a frame | range | p50 ms | p99 ms |\n| --- |" + " ---: |" * 5)
    for name, rounds in found.items():
        cpu = [row["cpu_us"] for row in rounds]
        cells = [
            f"{_median(rounds, 'delivered'):.1%}",
            f"{_median(rounds, 'cpu_us'):.1f}",
            f"{min(cpu):.1f}–{max(cpu):.1f}",
        ]
        print(f"| {name} | {' | '.join(cells)} | {_median(rounds, 'p50'):.1f} | {_median(rounds, 'p99'):.1f} |")


def _median(rounds: list[dict[str, float]], name: str) -> float:
    return statistics.median(row[name] for row in rounds)


def _cost(web: Web, crowd: Crowd, options: argparse.Namespace) -> dict[str, float]:
    ticks(web, 3, options.hz)
    crowd.ask("open", count=options.sockets, waits=web.name == OURS)
    ticks(web, int(options.hz), options.hz)
    time.sleep(1)
    count = int(options.hz * options.seconds)
    crowd.ask("begin")
    before = web.cpu_s()
    ticks(web, count, options.hz)
    time.sleep(1)
    used, report = web.cpu_s() - before, crowd.ask("report")
    arrivals = max(1, report["arrivals"])
    late = report["late"] or {"p50": float("nan"), "p99": float("nan")}
    return {
        "delivered": report["arrivals"] / (count * options.sockets),
        "cpu_us": used / arrivals * 1e6,
        "p50": late["p50"],
        "p99": late["p99"],
        "bytes": report["bytes"] / max(1, report["messages"]),
        "rss_mb": web.resident_mb(),
    }


def isolation(url: str, client: Any, options: argparse.Namespace) -> None:
    """A table of what the others get while some browsers read nothing, little, or are gone; and what those cost."""
    heads = ["others", "delivered to the rest", "p50 ms", "p99 ms", "memory more, MB", "closed with"]
    print(f"| {' | '.join(heads)} |\n| --- |" + " ---: |" * 5)
    others = [(0, "nothing"), (1, "nothing"), (10, "nothing"), (100, "nothing"), (100, "slowly"), (100, "all")]
    for count, reads in others:
        print(f"| {' | '.join(map(str, _beside(url, client, options, count, reads)))} |", flush=True)


def _beside(url: str, client: Any, options: argparse.Namespace, count: int, reads: str) -> list[Any]:
    client.delete(FRAMES)
    with (
        ours(url, client, SENSORS) as web,
        contextlib.closing(Crowd(web.port, web.path)) as crowd,
        contextlib.closing(Crowd(web.port, web.path)) as others,
    ):
        ticks(web, 3, options.hz)
        healthy = options.sockets - count
        crowd.ask("open", count=healthy)
        ticks(web, 20, options.hz)
        memory = web.resident_mb()
        others.ask("open", count=count, reads=reads)
        crowd.ask("begin")
        ticks(web, int(options.hz * 10), options.hz)
        if reads == "all":
            others.ask("drop")
        ticks(web, int(options.hz * 20), options.hz)
        grown, report = web.resident_mb() - memory, crowd.ask("report")
        closed = others.ask("thaw")["closed"] if reads == "nothing" else {}
        said = ", ".join(f"{code} × {n}" for code, n in closed.items()) or "–"
        what = {"nothing": "read nothing", "slowly": "read slowly", "all": "vanish in the middle"}[reads]
        delivered = f"{report['arrivals'] / (int(options.hz * 30) * healthy):.2%}"
        return [f"{count} {what}", delivered, report["late"]["p50"], report["late"]["p99"], f"{grown:.1f}", said]


def herd(url: str, client: Any, options: argparse.Namespace) -> None:
    """A table of how long browsers wait that all come at once, and those that are connected meanwhile."""
    heads = [
        "they come",
        "half served, s",
        "the last, s",
        "CPU ms each",
        "Redis commands",
        "p99 ms of those connected",
        "when calm",
    ]
    print(f"| {' | '.join(heads)} |")
    print("| --- |" + " ---: |" * 6)
    for resumes in (False, True):
        for row in _herd(url, client, options, resumes=resumes):
            print(f"| {' | '.join(map(str, row))} |", flush=True)


def _herd(url: str, client: Any, options: argparse.Namespace, *, resumes: bool) -> Iterator[list[Any]]:
    client.delete(FRAMES)
    _minutes(client)
    last = client.xrevrange(FRAMES, count=1)[0][0].decode()
    for _ in range(20):
        client.xadd(FRAMES, {"f": frame_now(SENSORS)})
    query = f"?frames={last}&epoch=bench" if resumes else ""
    kind = "with the last frame they had" if resumes else "anew"
    with (
        ours(url, client, SENSORS) as web,
        contextlib.closing(Crowd(web.port, web.path)) as crowd,
        contextlib.closing(Crowd(web.port, web.path, patient=True)) as others,
    ):
        before, used = client.info("stats")["total_commands_processed"], web.cpu_s()
        found = crowd.ask("open", count=options.sockets, query=query, at_once=True)
        asked = client.info("stats")["total_commands_processed"] - before
        each = f"{(web.cpu_s() - used) / options.sockets * 1000:.2f}"
        yield [f"after a restart, {kind}", *_waits(found), each, asked, "–", "–"]
        with _ticking(web, options.hz):
            time.sleep(2)
            calm = _late(crowd, 2)
            others.tell("open", count=options.sockets, query=query, at_once=True)
            late = _late(crowd, 4)
            yield [f"beside as many, {kind}", *_waits(others.answer()), "–", "–", late, calm]


def _waits(found: dict[str, Any]) -> list[str]:
    return [f"{found['spread']['p50'] / 1000:.2f}", f"{found['seconds']:.2f}"]


def _late(crowd: Crowd, seconds: float) -> float:
    crowd.ask("begin")
    time.sleep(seconds)
    return float(crowd.ask("report")["late"]["p99"])


@contextlib.contextmanager
def _ticking(web: Web, hz: float) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=_until, args=(web, stop, hz))
    thread.start()
    yield
    stop.set()
    thread.join()


def _until(web: Web, stop: threading.Event, hz: float) -> None:
    while not stop.is_set():
        ticks(web, 1, hz)
        time.sleep(1 / hz)


def _minutes(client: Any) -> None:
    """A quarter of an hour of frames in the log, a second apart."""
    now = time.time_ns() // 1_000_000
    for n in range(900, 0, -1):
        client.xadd(FRAMES, {"f": frame_at(SENSORS, now - n * 1000)}, id=f"{now - n * 1000}-0")


WHAT = {"fan-out": fan_out, "isolation": isolation, "herd": herd}

if __name__ == "__main__":
    main()
