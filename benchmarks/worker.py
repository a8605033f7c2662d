"""The worker beside other consumers in one run: `python -m benchmarks.worker [--entries N --sensors S --rounds R]`.

Or `python -m benchmarks.worker --backlog 1000000`: one worker drains a backlog while its memory is watched.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS
from benchmarks.measure import Series, answer, fill, machine, server, start, table
from streams.gateway.logs import decode_frame

STREAM = "readings"
FRAMES, DEAD, FEED = "{readings}:frames", "{readings}:dead", "{readings}:feed"
# Slow contenders get a part of the entries, so that every run takes about as long.
PART = {"textbook": 20, "FastStream": 4}


def one_run(client: Any, url: str, name: str, entries: int, group: str) -> tuple[float, float]:
    """Entries per second and CPU µs per entry; all were delivered and acknowledged, and ours counted, or it raises."""
    part = entries // PART.get(name, 1)
    client.delete(FRAMES, DEAD, FEED)
    client.xgroup_create(STREAM, group, id=_start(client, entries - part))
    processes = 2 if name == "two of it" else 1
    running = [
        start("benchmarks.contenders", name, url, STREAM, group, str(part), pinned=processes == 1)
        for _ in range(processes)
    ]
    figures = [answer(process) for process in running]
    (info,) = [row for row in client.xinfo_groups(STREAM) if row["name"] == group.encode()]
    assert (info["pending"], info["lag"]) == (0, 0), info
    if name in {"Streamwatch", "two of it"}:
        assert _counted(client) == part, (_counted(client), part)
    client.xgroup_destroy(STREAM, group)
    seconds = max(figure["seconds"] for figure in figures)
    return part / seconds, sum(figure["cpu"] for figure in figures) / part * 1e6


def _start(client: Any, skipped: int) -> str:
    if not skipped:
        return "0"
    at, left = "-", skipped
    while left:
        rows = client.xrange(STREAM, at, "+", count=min(left, 5000))
        at, left = "(" + rows[-1][0].decode(), left - len(rows)
    return at[1:]


def _counted(client: Any) -> int:
    return sum(decode_frame(fields[b"f"]).count for _, fields in client.xrange(FRAMES))


def compare(entries: int, sensors: int, rounds: int, names: list[str]) -> str:
    """The table of all contenders, which take turns."""
    with server() as (url, client):
        fill(client, STREAM, entries, sensors)
        rows = {name: Series([], []) for name in names}
        for turn in range(rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                rate, cpu = one_run(client, url, name, entries, f"{name}-{turn}")
                rows[name].rates.append(rate)
                rows[name].cpu_us.append(cpu)
                print(f"round {turn + 1}: {name}: {rate:,.0f} entries/s", file=sys.stderr)
        said = f"{entries:,} entries of {sensors:,} sensors, {rounds} rounds; {machine(client)}."
        return said + "\n\n" + table(rows, [name for name in ("textbook", "walrus", "bare loop") if name in rows])


def drain(entries: int) -> str:
    """How one worker's memory behaves while it drains a backlog."""
    with server() as (url, client):
        fill(client, STREAM, entries, 10)
        client.xgroup_create(STREAM, "backlog", id="0")
        worker = start("benchmarks.contenders", "Streamwatch", url, STREAM, "backlog", str(entries))
        sizes: list[float] = []
        while worker.poll() is None:
            if (client.xinfo_groups(STREAM)[0]["entries-read"] or 0) > 20_000:
                sizes.append(_resident_mb(worker.pid))
            time.sleep(0.1)
        took = answer(worker)["seconds"]
        assert _counted(client) == entries
        figures = {"entries": entries, "entries/s": round(entries / took), "RSS MB": _spread(sizes)}
        return json.dumps(figures)


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6
    except (OSError, IndexError):
        return 0.0


def _spread(sizes: list[float]) -> dict[str, float]:
    seen = [size for size in sizes if size]
    return {"first": round(seen[0], 1), "least": round(min(seen), 1), "most": round(max(seen), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--sensors", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--backlog", type=int)
    options = parser.parse_args()
    if options.backlog:
        print(drain(options.backlog))
    else:
        print(compare(options.entries, options.sensors, options.rounds, options.only))


if __name__ == "__main__":
    main()
