"""The history in the database, written as time passes and after restarts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError

from streams import past
from streams.history import TIERS
from streams.history_models import HealthBlock, HealthSeries
from streams.keeping import Keeper
from streams.models import LedgerEntry
from streams.recorder import MOST_HELD_BLOCKS, Recorder

pytestmark = pytest.mark.django_db
T = 1_699_999_200_000  # the turn of an hour
HOUR = 3_600_000


def look(t: int, lag: int | None = 1) -> list[dict[str, Any]]:
    group = {
        "path": "g",
        "lag": lag,
        "pending": 2,
        "behind_ms": None,
        "oldest_pending_ms": 5,
        "delivered_per_s": 1.5,
        "acked_per_s": 1.5,
        "verdict": "OK",
    }
    stream = {"length": 10, "in_per_s": 1.5}
    return [{"path": "s", "t": t, "stream": stream, "verdict": "OK", "groups": [group]}]


def look_at(t: int, streams: Iterable[str]) -> list[dict[str, Any]]:
    return [{**look(t)[0], "path": name} for name in streams]


def record(recorder: Recorder, from_ms: int, to_ms: int, step_ms: int = 1000, lag: int = 1) -> None:
    for t in range(from_ms, to_ms, step_ms):
        recorder.take(look(t, lag))
        if t % 10_000 == 0:
            recorder.write(t)


def over(from_ms: int, to_ms: int, now_ms: int | None = None, points: int = 600) -> dict[str, Any]:
    shown, now_ms = ("s", "g"), now_ms or to_ms
    return past.figures_over("s", "g", from_ms=from_ms, to_ms=to_ms, points=points, shown=shown, now_ms=now_ms)


def test_seconds_can_be_read_as_soon_as_their_block_is_over() -> None:
    record(Recorder(), T, T + 61_000)
    found = over(T, T + 60_000)
    assert found["t"] == list(range(T, T + 60_000, 1000))
    assert found["figures"]["lag"]["max"] == [1] * 60
    assert found["resolution_s"] == 1


def test_a_process_that_dies_loses_no_more_than_the_open_block() -> None:
    record(Recorder(), T, T + 38_000)
    record(Recorder(), T + 40_000, T + 61_000)
    found = over(T, T + 60_000)
    known = {t for t, lag in zip(found["t"], found["figures"]["lag"]["last"], strict=True) if lag is not None}
    assert set(range(T, T + 60_000, 1000)) - known == set(range(T + 30_000, T + 40_000, 1000))


def test_a_process_that_stops_writes_the_open_block_too() -> None:
    recorder = Recorder()
    record(recorder, T, T + 15_000)
    recorder.close()
    assert len(over(T, T + 15_000)["t"]) == 15


def test_coarser_tiers_are_made_from_what_is_stored_whoever_wrote_it() -> None:
    record(Recorder(), T, T + 300_000)
    record(Recorder(), T + 300_000, T + HOUR + 700_000, lag=7)
    sizes = {tier.resolution_s: HealthBlock.objects.filter(resolution_s=tier.resolution_s) for tier in TIERS}
    assert sizes[10].filter(start_ms=T).count() == sizes[60].filter(start_ms=T).count() == 2
    found = over(T, T + HOUR, now_ms=T + 10 * 24 * HOUR)
    assert found["resolution_s"] == 60
    assert found["figures"]["lag"]["max"][:6] == [1, 1, 1, 1, 1, 7]


def test_a_span_that_is_not_rolled_up_yet_comes_from_the_finer_tier() -> None:
    record(Recorder(), T, T + 900_000)
    found = over(T - 10 * HOUR, T + 900_000)
    assert found["resolution_s"] > 1
    assert found["t"][-1] >= T + 840_000


def test_what_is_too_old_is_deleted() -> None:
    record(Recorder(), T, T + 20_000)
    late = T + 31 * 24 * HOUR
    record(Recorder(), late, late + 40_000)
    assert not HealthBlock.objects.filter(resolution_s=1, start_ms__lt=late).exists()


def test_two_monitors_that_overlap_for_a_moment_leave_one_block() -> None:
    for recorder in (Recorder(), Recorder()):
        record(recorder, T, T + 21_000)
    assert over(T, T + 20_000)["figures"]["lag"]["max"] == [1] * 20


def test_whatever_order_a_monitor_saw_streams_in_it_writes_them_in_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[list[str]] = []
    for table, name in ((HealthSeries, str), (HealthBlock, lambda block: str(block.series))):
        create = table.objects.bulk_create

        def create_and(rows: list[Any], create: Any = create, name: Any = name, **options: Any) -> None:
            written.append(list(map(name, rows)))
            create(rows, **options)

        monkeypatch.setattr(table.objects, "bulk_create", create_and)
    names = [f"s{n}" for n in range(20)]
    for seen in (names, names[::-1]):
        recorder = Recorder()
        for t in (T, T + 60_000, T + 120_000):
            recorder.take(look_at(t, seen))
        recorder.write(T + 180_000)
    half = len(written) // 2
    assert written[:half] == written[half:]
    assert {len(rows) for rows in written} == {0, 40}
    assert all(rows == sorted(rows) for rows in written)


def test_while_the_database_is_away_a_bounded_part_is_held_and_written_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError("away")

    recorder = Recorder()
    with monkeypatch.context() as patched:
        patched.setattr(HealthBlock.objects, "bulk_create", away)
        for t in range(T, T + 300_000, 1000):
            recorder.take(look(t))
        with pytest.raises(DatabaseError):
            recorder.write(T + 300_000)
    recorder.write(T + 300_000)
    assert recorder.dropped == 30 - MOST_HELD_BLOCKS
    assert len(over(T, T + 300_000)["t"]) == MOST_HELD_BLOCKS * 10


def test_what_operators_did_is_marked() -> None:
    at = datetime.fromtimestamp((T + 5000) / 1000, UTC)
    LedgerEntry.objects.create(
        at=at, actor="alice", source="shell", action="claim", stream="s", group="g", asked=9, done=7, outcome="done"
    )
    LedgerEntry.objects.create(at=at, actor="bob", source="shell", action="claim", stream="s", group="other")
    (mark,) = over(T, T + 10_000)["marks"]
    assert (mark["t"], mark["actor"]) == (T + 5000, "alice")
    assert "7 of 9" in mark["text"]


def test_names_that_differ_only_in_where_they_end_do_not_share_a_history() -> None:
    record(Recorder(), T, T + 20_000)
    other = past.figures_over("sg", "", from_ms=T, to_ms=T + 20_000, points=60, shown=("", ""), now_ms=T + 20_000)
    assert other["t"] == []


def test_the_keeper_writes_in_its_own_time_and_everything_at_the_end() -> None:
    keeper = Keeper()
    for t in range(T, T + 25_000, 1000):
        keeper.take(look(t))
    keeper.close()
    assert len(over(T, T + 25_000)["t"]) == 25
