"""What a live update of the charts costs in script, beside Chart.js and ECharts; memory over hours; many sensors.

    python -m benchmarks.charts [--rounds 5] [--updates 40]
    python -m benchmarks.charts --hours 8
    python -m benchmarks.charts --many 1000

An update is one new bucket for each sensor, the oldest dropped, and the whole window drawn again. The libraries take
turns in every round, each in a page of its own, tall enough that every chart is in sight. Times are processor time of
the page's main thread, by Chromium's own count. Ours also draws the band from lowest to highest and looks for gaps; it
lays charts out as it does on the page, the peers put up to ten sensors over each other ("canvases" tells).
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import os
import platform
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "charts"
MOUNTS = {"/static/uplot/": ROOT / "node_modules/uplot/dist", "/static/": ROOT / "static", "/charts/": FOLDER}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SIZE, TALL = (1300, 1000), (1300, 2400)
LIBRARIES = {"ours": "ours", "chartjs": "Chart.js", "echarts": "ECharts"}
WARM_UP = 20
HZ, LIVE_S = 4, 20


@dataclass
class Scenario:
    """So many sensors, so many points of each."""

    name: str
    sensors: int
    points: int


SCENARIOS = [Scenario("A: 10 sensors × 3,600 points", 10, 3600), Scenario("B: 50 sensors × 600 points", 50, 600)]


@dataclass
class Cost:
    """Milliseconds that an update took, and how many canvases it drew on."""

    script: float
    task: float
    canvases: int


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--updates", type=int, default=40)
    parser.add_argument("--hours", type=int, help="ours alone: memory over so many simulated hours")
    parser.add_argument("--many", type=int, help="ours alone: so many sensors at once, for a while")
    options = parser.parse_args()
    with _site() as url, _browser() as browser:
        print(f"Chromium {browser.version}, {os.cpu_count()} cores of {platform.machine()}")
        if options.hours:
            _memory(browser, url, options.hours)
        elif options.many:
            _crowd(browser, url, options.many)
        else:
            _install()
            _compare(browser, url, options.rounds, options.updates)


class _Files(http.server.SimpleHTTPRequestHandler):
    """The files of the page and of the libraries, from where they lie."""

    def translate_path(self, path: str) -> str:
        for prefix, folder in MOUNTS.items():
            if path.startswith(prefix):
                self.directory = str(folder)
                return super().translate_path("/" + path.removeprefix(prefix))
        return os.devnull

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def _site() -> Iterator[str]:
    """The address of a server of these files."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/charts/page.html"
        server.shutdown()


@contextlib.contextmanager
def _browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def _install() -> None:
    """The peers, at the versions of package.json, when they are not there yet."""
    wanted: dict[str, str] = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    if any(_installed(name) != version for name, version in wanted.items()):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)
    print(", ".join(f"{name} {version}" for name, version in wanted.items()))


def _installed(name: str) -> str | None:
    file = FOLDER / "node_modules" / name / "package.json"
    return str(json.loads(file.read_text())["version"]) if file.exists() else None


@contextlib.contextmanager
def _page(
    browser: Browser, url: str, library: str, sensors: int, points: int, size: tuple[int, int]
) -> Iterator[tuple[Page, CDPSession]]:
    """A page where this library has drawn so much; raises RuntimeError when a script in it failed."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    cdp = page.context.new_cdp_session(page)
    # Time on a processor: what other programs of a shared machine do counts for nothing.
    cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
    try:
        page.goto(f"{url}?library={library}")
        page.wait_for_function("window.bench", timeout=10_000)
        page.evaluate("([sensors, points]) => bench.make(sensors, points)", [sensors, points])
        yield page, cdp
    finally:
        page.close()
        if errors:
            raise RuntimeError(f"{library}: {errors[0]}")


def _metrics(cdp: CDPSession) -> dict[str, float]:
    return {row["name"]: row["value"] for row in cdp.send("Performance.getMetrics")["metrics"]}


def _compare(browser: Browser, url: str, rounds: int, updates: int) -> None:
    names = list(LIBRARIES)
    costs: dict[tuple[str, str], list[Cost]] = {}
    for n in range(rounds):
        for scenario in SCENARIOS:
            for library in names[n % len(names) :] + names[: n % len(names)]:
                cost = _cost(browser, url, library, scenario, updates)
                costs.setdefault((scenario.name, library), []).append(cost)
    print("\n| scenario | library | canvases | script, ms an update | to ours | all of the main thread, ms |")
    print(f"| --- | --- |{' ---: |' * 4}")
    for (scenario_name, library), found in costs.items():
        ours = statistics.median(cost.script for cost in costs[scenario_name, "ours"])
        ratio = statistics.median(cost.script for cost in found) / ours
        script, task = _spread([cost.script for cost in found]), _spread([cost.task for cost in found])
        print(f"| {scenario_name} | {LIBRARIES[library]} | {found[0].canvases} | {script} | {ratio:.2f}× | {task} |")


def _cost(browser: Browser, url: str, library: str, scenario: Scenario, updates: int) -> Cost:
    with _page(browser, url, library, scenario.sensors, scenario.points, TALL) as (page, cdp):
        page.evaluate("times => bench.update(times)", WARM_UP)
        cdp.send("HeapProfiler.collectGarbage")
        before = _metrics(cdp)
        page.evaluate("times => bench.update(times)", updates)
        after = _metrics(cdp)
        script, task = (1000 * (after[name] - before[name]) / updates for name in ("ScriptDuration", "TaskDuration"))
        return Cost(script, task, page.locator("canvas").count())


def _spread(figures: list[float]) -> str:
    return f"{statistics.median(figures):.2f} ({min(figures):.2f}–{max(figures):.2f})"


def _memory(browser: Browser, url: str, hours: int) -> None:
    """What the page holds after each hour of ten sensors, a reading a second, once all garbage is collected."""
    heaps: list[float] = []
    print("\n| hours | JavaScript heap, MB | array buffers, MB |\n| ---: | ---: | ---: |")
    with _page(browser, url, "ours", 10, 3600, SIZE) as (page, cdp):
        for hour in range(1, hours + 1):
            page.evaluate("bench.minutes(60)")
            cdp.send("HeapProfiler.collectGarbage")
            heaps.append(_metrics(cdp)["JSHeapUsedSize"] / 1e6)
            buffers = cdp.send("Runtime.getHeapUsage").get("backingStorageSize", float("nan")) / 1e6
            print(f"| {hour} | {heaps[-1]:.2f} | {buffers:.2f} |", flush=True)
    if hours > 2:
        change = heaps[-1] / heaps[1] - 1
        print(f"\nThe last is {change:+.1%} of the second: {'within' if abs(change) <= 0.1 else 'NOT within'} 10 %")


def _crowd(browser: Browser, url: str, sensors: int) -> None:
    """The share of one core that so many sensors take, updated several times a second."""
    with _page(browser, url, "ours", sensors, 300, SIZE) as (page, cdp):
        page.evaluate("times => bench.update(times)", 2)
        before, began = _metrics(cdp), time.perf_counter()
        times = page.evaluate("([every, ms]) => bench.live(every, ms)", [1000 // HZ, 1000 * LIVE_S])
        after, wall = _metrics(cdp), time.perf_counter() - began
        canvases = page.locator("canvas").count()
    names = ["TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"]
    shares = " | ".join(f"{(after[name] - before[name]) / wall:.1%}" for name in names)
    print(f"\n{sensors:,} sensors, {canvases:,} canvases, {times} of {HZ * LIVE_S} updates in {wall:.0f} s")
    print(f"\n| of one core: all | script | layout | style |\n|{' ---: |' * 4}\n| {shares} |")


if __name__ == "__main__":
    main()
