"""What watching costs the server, by the server's own clock (INFO commandstats), beside two usual ways to watch.

    python -m benchmarks.monitor [--streams 100] [--groups 10] [--seconds 10] [--rounds 3] [--deep 1000000]

Each round lets every contender look once a second at the same streams; what the server spent on its commands is summed.
Entries are added to every stream meanwhile; in the rows "all read on" every group reads one entry before each look, so
that nothing the monitor knows of unread entries still holds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

import django
import redis
from django.conf import settings

if not settings.configured:
    settings.configure()
django.setup()

from benchmarks import measure  # noqa: E402
from streams.conf import Config  # noqa: E402
from streams.monitor import Monitor  # noqa: E402

Look = Callable[[], object]
READING = {"sensor_id": "1", "temperature": "20.5", "humidity": "40.1"}


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, default in (("streams", 100), ("groups", 10), ("seconds", 10), ("rounds", 3), ("deep", 1_000_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with measure.server() as (url, r):
        os.sched_setaffinity(0, {measure.CLIENT_CORE % (os.cpu_count() or 1)})
        _run(r, url, options)


def _run(r: redis.Redis, url: str, options: argparse.Namespace) -> None:
    print(
        f"{options.streams} streams × {options.groups} groups × 2 consumers, one look a second, half the groups lag\n"
    )
    print("| pending a group | watcher | server, ms a look | share of one core | client, ms a look |")
    print("| --- | --- | --- | --- | --- |")
    for pending in (10, 1000):
        _fill(r, options.streams, options.groups, pending)
        _compare(r, url, options, f"{pending:,}")
    _fill(r, options.streams, options.groups, 10)
    _compare(r, url, options, "10 and more, all read on", without=("XPENDING IDLE",), reads_on=True)
    _fill(r, options.streams, options.groups, 1000)
    _deepen(r, options.deep)
    _compare(r, url, options, f"1,000; {options.deep:,} in one", without=("XPENDING IDLE",))
    _fill(r, 1000, 10, 10)
    monitor = _monitor(url)
    costs = [_timed(monitor.observe_once) for _ in range(4)]
    cycle = monitor.rest_s + monitor.cost_s
    print(f"\n10,000 groups: a look takes {statistics.median(costs[1:]):.2f} s, so there is one every {cycle:.1f} s")


def _monitor(url: str) -> Monitor:
    monitor = Monitor(Config(redis_url=url, stream=b"s:0"), interval_s=1.0)
    monitor.observe_once()
    return monitor


def _contenders(r: redis.Redis, url: str, streams: list[bytes]) -> dict[str, Look]:
    def full() -> None:
        for key in streams:
            r.execute_command("XINFO", "STREAM", key, "FULL", "COUNT", 10)

    def idle() -> None:
        for key in streams:
            for group in r.xinfo_groups(key):
                r.xpending_range(key, group["name"], "-", "+", 10, idle=3_600_000)

    return {"Streamwatch": _monitor(url).observe_once, "XINFO STREAM FULL": full, "XPENDING IDLE": idle}


def _compare(
    r: redis.Redis,
    url: str,
    options: argparse.Namespace,
    pending: str,
    without: tuple[str, ...] = (),
    *,
    reads_on: bool = False,
) -> None:
    streams = [b"s:%d" % n for n in range(options.streams)]
    looks = {name: look for name, look in _contenders(r, url, streams).items() if name not in without}
    costs: dict[str, list[tuple[float, float]]] = {name: [] for name in looks}
    for _ in range(options.rounds):
        for name, look in looks.items():
            costs[name].append(_measure(r, look, options, reads_on=reads_on))
    r.delete("streamwatch:monitor")
    for name, found in costs.items():
        server = statistics.median(cost for cost, _ in found)
        low, high = min(cost for cost, _ in found), max(cost for cost, _ in found)
        client = statistics.median(cost for _, cost in found)
        print(
            f"| {pending} | {name} | {server:.1f} ({low:.1f}–{high:.1f}) | {server / 10:.2f} % | {client:.0f} |",
            flush=True,
        )


def _measure(r: redis.Redis, look: Look, options: argparse.Namespace, *, reads_on: bool) -> tuple[float, float]:
    """Milliseconds of the server's and of the client's time for one look, while a producer adds to every stream."""
    spent, looks = 0.0, 0
    client_s = 0.0
    for _ in range(options.seconds):
        with r.pipeline(transaction=False) as pipe:
            for n in range(options.streams):
                pipe.xadd(f"s:{n}", READING)
                for g in range(options.groups if reads_on else 0):
                    pipe.xreadgroup(f"g{g}", "one", {f"s:{n}": ">"}, count=1)
            pipe.execute()
        r.config_resetstat()
        client_s += _timed(look)
        spent += _spent_ms(r)
        looks += 1
        time.sleep(0.2)
    return spent / looks, 1000 * client_s / looks


def _spent_ms(r: redis.Redis) -> float:
    """What all commands took; those inside a script are in the script's own time already, so they are left out."""
    stats = r.info("commandstats")
    scripts = stats.get("cmdstat_evalsha", {}).get("usec", 0)
    inside = {"cmdstat_xinfo|stream"} if scripts else set()
    usec = sum(values["usec"] for name, values in stats.items() if name not in inside | {"cmdstat_config|resetstat"})
    xrange = stats.get("cmdstat_xrange", {}).get("usec", 0) if scripts else 0
    xadd = stats.get("cmdstat_xadd", {}).get("usec", 0) if scripts else 0
    return (usec - xrange - xadd) / 1000


def _timed(look: Look) -> float:
    began = time.process_time()
    look()
    return time.process_time() - began


def _fill(r: redis.Redis, streams: int, groups: int, pending: int) -> None:
    r.flushall()
    for n in range(streams):
        key = f"s:{n}"
        with r.pipeline(transaction=False) as pipe:
            for _ in range(pending + 60):
                pipe.xadd(key, READING)
            for g in range(groups):
                pipe.xgroup_create(key, f"g{g}", "0")
                pipe.xreadgroup(f"g{g}", "one", {key: ">"}, count=pending // 2)
                pipe.xreadgroup(f"g{g}", "two", {key: ">"}, count=pending - pending // 2)
                if g % 2:
                    pipe.xgroup_setid(key, f"g{g}", "$")
            pipe.execute()


def _deepen(r: redis.Redis, pending: int) -> None:
    """One group with very many pending entries."""
    for _ in range(pending // 10_000):
        with r.pipeline(transaction=False) as pipe:
            for _ in range(10_000):
                pipe.xadd("s:1", READING)
            pipe.xreadgroup("g0", "one", {"s:1": ">"}, count=10_100)
            pipe.execute()


if __name__ == "__main__":
    main()
