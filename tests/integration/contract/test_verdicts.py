"""Every verdict, produced for real on every server, by doing what people do wrong."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from streams.conf import Config
from streams.monitor import Monitor
from streams.thresholds import Thresholds
from tests.integration.contract.conftest import G, S, add
from tests.stuck import Server

STEP_S = 0.05
LIMITS = Thresholds(
    samples=5,
    step_ms=40,
    stuck_ms=150,
    dead_consumer_ms=500,
    growth_entries=20,
    growth_ms=30,
    room_ms=1,
    room_used=0.7,
)
Scene = Callable[[Server, int], None]


def group(raw: Server, start: str = "0") -> None:
    raw.xgroup_create(S, G, id=start, mkstream=True)


def take(raw: Server, count: int, consumer: bytes = b"c", *, ack: bool = True) -> None:
    for _, entries in raw.xreadgroup(G, consumer, {S: ">"}, count=count):
        if ack:
            raw.xack(S, G, *[entry_id for entry_id, _ in entries])


def no_group(raw: Server, step: int) -> None:
    add(raw, 1)


def trimmed_unread(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
        add(raw, 50)
        take(raw, 5)
    if step == 4:
        raw.xtrim(S, maxlen=10, approximate=False)


def nobody_reads(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
    add(raw, 5)


def nobody_finishes(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
        add(raw, 3)
        take(raw, 3, ack=False)


def never_acknowledges(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
    add(raw, 5)
    take(raw, 5, ack=False)


def set_back(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
        add(raw, 30)
        take(raw, 30)
    if step == 4:
        raw.xgroup_setid(S, G, "0")


def too_slow(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
    add(raw, 20)
    take(raw, 2)


def trimmed_close_behind(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
        add(raw, 100)
    if step == 1:
        take(raw, 20)
    add(raw, 10)
    take(raw, 10)
    raw.xtrim(S, maxlen=95, approximate=False)


def fails_again_and_again(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
        (poison,) = add(raw, 1)
        take(raw, 1, ack=False)
        for _ in range(3):
            raw.xclaim(S, G, b"c", 0, [poison])
    add(raw, 2)
    take(raw, 2)


def died_with_entries(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
        (held,) = add(raw, 1)
        take(raw, 1, b"dead", ack=False)
        raw.xclaim(S, G, b"dead", 0, [held], justid=True)
        time.sleep(0.6)
    add(raw, 2)
    take(raw, 2)


def works_off(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
        add(raw, 400)
    take(raw, 30)


def all_is_well(raw: Server, step: int) -> None:
    if step == 0:
        group(raw)
    add(raw, 2)
    take(raw, 2)


SCENES: dict[str, Scene] = {
    "NO_GROUP": no_group,
    "LOST": trimmed_unread,
    "STOPPED": nobody_reads,
    "STUCK": nobody_finishes,
    "NOT_ACKING": never_acknowledges,
    "REWOUND": set_back,
    "FALLING_BEHIND": too_slow,
    "TRIM_RISK": trimmed_close_behind,
    "POISON": fails_again_and_again,
    "DEAD_CONSUMER": died_with_entries,
    "CATCHING_UP": works_off,
    "OK": all_is_well,
}


@pytest.fixture
def monitor(url: str, raw: Server) -> Iterator[Monitor]:
    monitor = Monitor(Config(redis_url=url, stream=S, thresholds=LIMITS), interval_s=STEP_S)
    yield monitor
    monitor.leave()


def play(scene: Scene, raw: Server, monitor: Monitor, looks: int = LIMITS.samples + 1) -> list[dict[str, Any]]:
    """What the monitor says of the stream, look by look."""
    said = []
    for step in range(looks):
        scene(raw, step)
        monitor.observe_once()
        said.append(next(plain for plain in monitor.figures if plain["name"] == "s"))
        time.sleep(STEP_S)
    return said


@pytest.mark.parametrize(("verdict", "scene"), SCENES.items(), ids=SCENES.keys())
def test_the_mistake_is_named(
    verdict: str, scene: Scene, raw: Server, monitor: Monitor, request: pytest.FixtureRequest
) -> None:
    said = play(scene, raw, monitor)
    if verdict == "TRIM_RISK" and said[-1]["stream"]["entries_added"] is None:
        pytest.skip("before Redis 7.0 nothing tells how fast a stream is trimmed")
    assert said[-1]["verdict"] == verdict, [(look["verdict"], look["reason"]) for look in said]
    if folder := os.environ.get("RECORD_WINDOWS"):
        recorded = {"thresholds": asdict(LIMITS), "verdict": verdict, "looks": said}
        server = request.node.callspec.params["url"]
        Path(folder, f"{verdict.lower()}_{server}.json").write_text(json.dumps(recorded))


def test_a_short_window_is_unknown_and_says_how_long_it_was_watched(raw: Server, monitor: Monitor) -> None:
    said = play(all_is_well, raw, monitor, looks=2)
    assert said[-1]["verdict"] == "UNKNOWN"
    assert "watched for" in said[-1]["groups"][0]["reason"]


def test_figures_are_never_zero_for_unknown(raw: Server, monitor: Monitor) -> None:
    said = play(all_is_well, raw, monitor, looks=1)[-1]
    group = said["groups"][0]
    assert group["delivered_per_s"] is group["acked_per_s"] is None
    assert group["room_entries"] is None
    assert group["room_reason"]
    assert group["drain_ms"] is None


def test_ids_that_are_no_times_leave_times_unknown_and_are_named(raw: Server, monitor: Monitor) -> None:
    def odd(raw: Server, step: int) -> None:
        if step == 0:
            group(raw)
        raw.xadd(S, {"a": 1}, id=f"{step + 1}-1")

    said = play(odd, raw, monitor)[-1]
    assert said["groups"][0]["behind_ms"] is None
    assert "IDS_NOT_TIMES" in [finding["code"] for finding in said["findings"]]


def test_a_group_that_needs_the_first_entry_of_a_long_stream_is_named(raw: Server, monitor: Monitor) -> None:
    def forgotten(raw: Server, step: int) -> None:
        if step == 0:
            group(raw)
            with raw.pipeline() as pipe:
                for n in range(10_000):
                    pipe.xadd(S, {"n": n})
                pipe.execute()
            raw.xgroup_create(S, b"fast", id="$")
        add(raw, 1)

    said = play(forgotten, raw, monitor)[-1]
    codes = {finding["code"] for finding in next(g for g in said["groups"] if g["name"] == "g")["findings"]}
    assert {"BLOCKS_TRIMMING", "NOBODY_READS"} <= codes
    if said["stream"]["entries_added"] is not None:
        assert "NOT_TRIMMED" in [finding["code"] for finding in said["findings"]]


def test_new_streams_are_found_and_gone_ones_forgotten(raw: Server, monitor: Monitor) -> None:
    monitor.observe_once()
    raw.xadd("later", {"a": 1})
    raw.xadd("streamwatch:own", {"a": 1})
    monitor.observe_once()
    assert [plain["name"] for plain in monitor.figures] == ["later", "s"]
    raw.delete("later")
    monitor.observe_once()
    monitor.observe_once()
    assert [plain["name"] for plain in monitor.figures] == ["s"]


def test_patterns_say_what_is_watched(url: str, raw: Server) -> None:
    for name in ("orders:1", "orders:old", "jobs"):
        raw.xadd(name, {"a": 1})
    config = Config(redis_url=url, stream=S, watch=("orders:*",), watch_exclude=("*:old",))
    monitor = Monitor(config, interval_s=1)
    monitor.observe_once()
    assert [plain["name"] for plain in monitor.figures] == ["orders:1", "s"]
    monitor.leave()


def test_a_new_leader_judges_at_once_from_what_the_last_one_saw(url: str, raw: Server, monitor: Monitor) -> None:
    play(all_is_well, raw, monitor)
    monitor.leave()
    successor = Monitor(Config(redis_url=url, stream=S, thresholds=LIMITS), interval_s=STEP_S)
    successor.observe_once()
    assert successor.figures[0]["verdict"] == "OK"
    successor.leave()


def test_the_health_log_stays_within_its_bytes(url: str, raw: Server) -> None:
    group(raw)
    monitor = Monitor(Config(redis_url=url, stream=S, health_max_bytes=10_000), interval_s=STEP_S)
    for _ in range(300):
        monitor.observe_once()
    rows = raw.xrange("streamwatch:health")
    written = sum(len(fields[b"m"]) for _, fields in rows)
    assert written < 60_000
    assert written / len(rows) * 600 > 120_000
    monitor.leave()
