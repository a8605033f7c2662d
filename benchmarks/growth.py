"""How the cost of the feed grows: with sockets, selections, sensors, ticks and web processes, one at a time.

    python -m benchmarks.growth [--seconds 10]

The web processes share one core; Redis, the browsers and whoever adds share the other. Processor time is counted for
all web processes together, and for Redis; latency runs from before the XADD to the arrival at the browser's socket.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.feed import FRAMES, SENSORS
from benchmarks.measure import CLIENT_CORE, machine, server
from benchmarks.web import Crowd, Web, ours, pin, ticks

HEADS = "processes, sockets, sensors, ticks/s, selections, CPU of a core, µs a frame, Redis µs a tick, bytes a frame"
# Ticks that come faster than a process can tell them all go out together: nothing is missing, but it is not told apart.
MORE_HEADS = "p99 ms, told apart, memory MB"


@dataclass(frozen=True)
class Case:
    """How much of everything there is."""

    processes: int = 1
    sockets: int = 1000
    sensors: int = SENSORS
    hz: float = 5
    selections: int = 1

    def query(self, n: int) -> str:
        """What the browsers of one selection ask for: three sensors, of which one tells the time."""
        if self.selections == 1:
            return ""
        return f"?sensors=a,s{n % self.sensors},s{(7 * n + 1 + n // self.sensors) % self.sensors}"


CASES = {
    "sockets": [Case(sockets=n) for n in (100, 500, 1000, 2000, 4000)],
    "selections": [Case(selections=n) for n in (10, 100, 1000)],
    "sensors": [Case(sockets=100, sensors=n, hz=1) for n in (10, 100, 1000, 10_000)],
    "ticks": [Case(sockets=200, hz=hz) for hz in (1, 5, 10, 20, 40)],
    "processes": [Case(processes=n, sockets=2000) for n in (1, 2, 4, 8)],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--only", nargs="*", choices=list(CASES), default=list(CASES))
    options = parser.parse_args()
    pin(os.getpid(), CLIENT_CORE)
    with server() as (url, client):
        pin(client.info("server")["process_id"], CLIENT_CORE)
        print(f"{machine(client)}\n")
        heads = [*HEADS.split(", "), *MORE_HEADS.split(", ")]
        print(f"| {' | '.join(heads)} |\n|{' ---: |' * len(heads)}")
        for case in [case for name in options.only for case in CASES[name]]:
            print(f"| {' | '.join(_row(url, client, case, options.seconds))} |", flush=True)


def _row(url: str, client: Any, case: Case, seconds: float) -> list[str]:
    client.delete(FRAMES)
    with contextlib.ExitStack() as stack:
        webs = [stack.enter_context(ours(url, client, case.sensors)) for _ in range(case.processes)]
        crowds = [stack.enter_context(contextlib.closing(Crowd(web.port, web.path))) for web in webs]
        ticks(webs[0], 3, case.hz)
        for crowd in crowds:
            for n in range(case.selections):
                crowd.ask("open", count=case.sockets // case.selections // case.processes, query=case.query(n))
        ticks(webs[0], int(2 * case.hz), case.hz)
        time.sleep(1)
        return _measured(client, case, webs, crowds, int(case.hz * seconds))


def _measured(client: Any, case: Case, webs: list[Web], crowds: list[Crowd], count: int) -> list[str]:
    for crowd in crowds:
        crowd.ask("begin")
    web_s, redis_s, began = sum(web.cpu_s() for web in webs), _redis_s(client), time.monotonic()
    ticks(webs[0], count, case.hz)
    time.sleep(1 / case.hz)
    web_s, redis_s = sum(web.cpu_s() for web in webs) - web_s, _redis_s(client) - redis_s
    took, reports = time.monotonic() - began, [crowd.ask("report") for crowd in crowds]
    arrivals, messages = (sum(report[name] for report in reports) for name in ("arrivals", "messages"))
    return [
        str(case.processes),
        f"{case.sockets:,}",
        f"{case.sensors:,}",
        f"{case.hz:g}",
        f"{case.selections:,}",
        f"{web_s / took:.0%}",
        f"{web_s / arrivals * 1e6:.1f}",
        f"{redis_s / count * 1e6:,.0f}",
        f"{sum(report['bytes'] for report in reports) / messages:,.0f}",
        str(max(report["late"]["p99"] for report in reports)),
        f"{arrivals / (count * case.sockets):.0%}",
        f"{sum(web.resident_mb() for web in webs):.0f}",
    ]


def _redis_s(client: Any) -> float:
    found = client.info("cpu")
    return float(found["used_cpu_sys"] + found["used_cpu_user"])


if __name__ == "__main__":
    main()
