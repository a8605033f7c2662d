"""Readings in the database: every one counted once in every tier, whoever dies, comes late or writes too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection

from streams import chart_settings, conf, rollup_reader, rollup_tail, rollups
from streams.chart_models import ChartedStream
from streams.frames import Frame, of_readings
from streams.gateway.client import Client
from streams.ids import EntryId
from streams.readings import Reading, Shape
from streams.rollup_keeping import ReadingsKeeper
from streams.rollup_models import ReadingBlock, RecordedSeries, RecordedStream
from streams.rollup_reader import Span
from streams.rollup_tail import Tail
from streams.rollup_writer import Overtaken, Position, Writer
from streams.rollups import TIERS, Cells
from tests.stuck import Server
from tests.web.conftest import FRAMES, commit, server_ms

pytestmark = pytest.mark.django_db(transaction=True)
STREAM = b"sensor_stream"
DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000
KEEP = rollups.kept_ms((HOUR, DAY, 90 * DAY))
FOR_YEARS = rollups.kept_ms((HOUR, DAY, 3650 * DAY))
# A Monday at midnight.
T0 = 1_767_571_200_000


def frame(*readings: tuple[int, float], sensor: str = "a", field: str = "temperature") -> Frame:
    return of_readings([Reading(EntryId(ms, n), sensor, {field: v}) for n, (ms, v) in enumerate(readings)])


def counts() -> dict[int, int]:
    """Readings counted per tier."""
    found = dict.fromkeys([tier.resolution_s for tier in TIERS], 0)
    for resolution, cells in ReadingBlock.objects.values_list("resolution_s", "cells"):
        found[resolution] += int(rollups.unpack(bytes(cells)).count.sum())
    return found


def read(from_ms: int, to_ms: int, points: int = 600, now_ms: int | None = None) -> Cells:
    span = Span(from_ms, to_ms, points)
    tier = span.tier(KEEP, now_ms or to_ms)
    found = rollup_reader.read("sensor_stream", [("a", "temperature")], span, tier, to_ms)
    return rollups.rolled(found.cells.get(("a", "temperature"), []), span.step_ms(tier))


def tail(r: Server, **changes: Any) -> Tail:
    client = Client(conf.current().server_url())
    return Tail(client, STREAM, FOR_YEARS, lambda: Shape(b"sensor_id", ()), **{"is_fed": True, **changes})


def write_hours(writer: Writer, hours: int, every_s: int = 10) -> int:
    """A reading every few seconds, written an hour at a time and rolled up as a monitor does."""
    for hour in range(hours):
        start = T0 + hour * HOUR
        readings = [(start + s * 1000, float(s % 100)) for s in range(0, 3600, every_s)]
        writer.write(frame(*readings), Position("frames", EntryId(start + HOUR - 1, 0)))
        writer.roll_up(start + HOUR)
    return hours * 3600 // every_s


def test_readings_are_found_again_with_their_extremes() -> None:
    writer = Writer("sensor_stream", KEEP)
    writer.write(frame((T0 + 100, 1.0), (T0 + 900, 9.0), (T0 + 5000, 5.0)), Position("frames", EntryId(T0 + 6000, 0)))
    found = read(T0, T0 + 10_000)
    assert found.t.tolist() == [T0, T0 + 5000]
    assert (found.low.tolist(), found.high.tolist(), found.last.tolist()) == ([1, 5], [9, 5], [9, 5])
    assert found.count.tolist() == [2, 1]


def test_every_tier_counts_every_reading_once() -> None:
    writer = Writer("sensor_stream", KEEP)
    total = write_hours(writer, 14)
    # Blocks of half an hour, of six hours and of five days, the newest not yet over for a minute.
    assert counts() == {1: total, 10: total * 27 // 28, 60: total * 12 // 14, 900: 0}
    writer.roll_up(T0 + 11 * DAY)
    found = counts()
    assert found[60] == total
    assert found[900] == total
    assert read(T0, T0 + 14 * HOUR).count.sum() == total


def test_a_spike_shows_at_any_zoom() -> None:
    writer = Writer("sensor_stream", KEEP)
    write_hours(writer, 7)
    writer.write(frame((T0 + 3_333_000, 777.0)), Position("frames", EntryId(T0 + 7 * HOUR, 0)))
    writer.roll_up(T0 + 30 * DAY)
    for span in (HOUR, DAY, 7 * DAY, 30 * DAY):
        assert read(T0, T0 + span, 300, T0 + 30 * DAY).high.max() == 777.0


def test_a_reading_that_comes_after_its_time_was_rolled_up_counts_in_every_tier() -> None:
    writer = Writer("sensor_stream", KEEP)
    total = write_hours(writer, 13)
    writer.roll_up(T0 + 6 * DAY)
    writer.write(frame((T0 + 5000, 500.0)), Position("frames", EntryId(T0 + 13 * HOUR, 1)))
    assert counts() == dict.fromkeys([1, 10, 60, 900], total + 1)


def test_what_is_older_than_every_tier_keeps_is_left_out_and_counted() -> None:
    writer = Writer("sensor_stream", KEEP)
    writer.write(frame((T0 - 91 * DAY, 1.0), (T0, 2.0)), Position("frames", EntryId(T0, 0)))
    assert RecordedStream.objects.get().left_out == 1
    assert counts()[1] == 1


def test_each_tier_forgets_what_it_need_not_keep_once_it_was_rolled_up() -> None:
    writer = Writer("sensor_stream", KEEP)
    total = write_hours(writer, 48)
    now = T0 + 50 * HOUR
    writer.roll_up(now)
    for _ in range(20):
        writer.prune(now)
    found = counts()
    assert found[60] == total
    assert found[1] < 4 * 360
    assert found[10] < 32 * 360
    assert read(T0, T0 + 48 * HOUR, now_ms=now).count.sum() == total
    for _ in range(20):
        writer.roll_up(T0 + 200 * DAY)
        writer.prune(T0 + 200 * DAY)
    assert sum(counts().values()) == 0


def test_of_two_that_write_the_second_is_refused_and_nothing_of_it_is_stored() -> None:
    first, second = Writer("sensor_stream", KEEP), Writer("sensor_stream", KEEP)
    first.write(frame((T0, 1.0)), Position("frames", EntryId(T0, 0)))
    with pytest.raises(Overtaken):
        second.write(frame((T0, 1.0)), Position("frames", EntryId(T0, 0)))
    assert counts()[1] == 1
    second.refresh()
    assert second.position == Position("frames", EntryId(T0, 0))
    second.write(frame((T0 + 1, 1.0)), Position("frames", EntryId(T0 + 1, 0)))
    assert counts()[1] == 2


def test_a_write_that_fails_half_way_leaves_nothing_and_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer("sensor_stream", KEEP)
    create = ReadingBlock.objects.bulk_create

    def fail(*args: Any, **kwargs: Any) -> None:
        create(*args, **kwargs)
        raise DatabaseError("disk full")

    monkeypatch.setattr(ReadingBlock.objects, "bulk_create", fail)
    with pytest.raises(DatabaseError):
        writer.write(frame((T0, 1.0)), Position("frames", EntryId(T0, 0)))
    monkeypatch.undo()
    assert (counts()[1], RecordedSeries.objects.count(), writer.position.entry_id) == (0, 0, EntryId(0, 0))
    writer.write(frame((T0, 1.0)), Position("frames", EntryId(T0, 0)))
    assert counts()[1] == 1


def test_a_word_in_the_sensor_field_cannot_fill_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.rollup_writer.MOST_SERIES", 3)
    writer = Writer("sensor_stream", KEEP)
    for n in range(5):
        writer.write(frame((T0 + n, 1.0), sensor=f"s{n}"), Position("frames", EntryId(T0 + n, 0)))
    assert RecordedSeries.objects.count() == 3
    assert RecordedStream.objects.get().left_out == 2


def test_the_frames_log_is_followed_and_each_frame_counted_once(r: Server) -> None:
    for n in range(5):
        commit(r, (T0 + n, "a", 1.0), (T0 + n, "b", 2.0))
    tail(r).step(T0 + MINUTE)
    commit(r, (T0 + 9, "a", 1.0))
    tail(r).step(T0 + MINUTE)  # another process
    assert counts()[1] == 11


def test_a_long_log_is_recorded_in_steps(r: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup_tail, "FRAMES_TOGETHER", 2)
    monkeypatch.setattr(rollup_tail, "MOST_WRITES", 2)
    for n in range(7):
        commit(r, (T0 + n, "a", 1.0))
    follower = tail(r)
    assert [follower.step(T0) for _ in range(3)] == [True, True, False]
    assert counts()[1] == 7


def test_what_was_trimmed_before_it_was_recorded_is_said(r: Server, caplog: pytest.LogCaptureFixture) -> None:
    for n in range(3):
        commit(r, (T0 + n, "a", 1.0))
    tail(r).step(T0)
    for n in range(3, 9):
        commit(r, (T0 + n, "a", 1.0))
    r.xtrim(FRAMES, maxlen=2, approximate=False)
    tail(r).step(T0)
    assert counts()[1] == 5
    assert "Trimmed before recorded" in RecordedStream.objects.get().gap
    assert "missing in the history of sensor_stream" in caplog.text


def test_trimming_what_was_recorded_is_no_gap(r: Server) -> None:
    for n in range(3):
        commit(r, (T0 + n, "a", 1.0))
    tail(r).step(T0)
    r.xtrim(FRAMES, maxlen=0)
    commit(r, (T0 + 5, "a", 1.0))
    tail(r).step(T0)
    assert (RecordedStream.objects.get().gap, counts()[1]) == ("", 4)


def test_a_log_made_anew_is_read_from_its_beginning(r: Server) -> None:
    commit(r, (T0, "a", 1.0))
    tail(r).step(T0)
    r.flushall()
    tail(r).step(T0)
    commit(r, (T0 + 1, "a", 1.0))
    tail(r).step(T0)
    assert (counts()[1], RecordedStream.objects.get().gap) == (2, "")


def test_a_log_that_went_back_is_not_counted_twice_and_that_is_said(r: Server) -> None:
    r.hset("{sensor_stream}:feed", mapping={"epoch": "e"})
    commit(r, (T0, "a", 1.0))
    entry = r.xrange(FRAMES)[0]
    follower = tail(r)
    follower.step(T0)
    r.delete(FRAMES)
    r.xadd(FRAMES, entry[1], id="5-0")
    follower.step(T0)
    commit(r, (T0 + 1, "a", 1.0))
    follower.step(T0)
    assert counts()[1] == 2
    assert "went back" in RecordedStream.objects.get().gap


def test_a_broken_frame_is_passed_over(r: Server, caplog: pytest.LogCaptureFixture) -> None:
    commit(r, (T0, "a", 1.0))
    r.xadd(FRAMES, {"f": b"no frame"})
    r.xadd(FRAMES, {"g": b"no frame"})
    commit(r, (T0 + 1, "a", 1.0))
    tail(r).step(T0)
    assert counts()[1] == 2
    assert caplog.text.count("is no frame of this program's") == 2


def test_a_stream_without_a_worker_is_recorded_from_its_own_entries(r: Server) -> None:
    for n in range(4):
        r.xadd("sensor_stream", {"player": f"p{n % 2}", "score": n, "name": "x"}, id=f"{T0 + n}-0")
    tail(r, is_fed=False).step(T0)
    found = {(s.sensor, s.field) for s in RecordedSeries.objects.all()}
    assert found == {("all entries", "score")}
    assert counts()[1] == 4
    r.hset("{sensor_stream}:feed", mapping={"epoch": "e"})  # a worker comes later
    commit(r, (T0, "a", 1.0))
    tail(r, is_fed=False).step(T0)
    assert counts()[1] == 4


@pytest.fixture
def keeper(r: Server, monkeypatch: pytest.MonkeyPatch) -> ReadingsKeeper:
    chart_settings.forget()
    return ReadingsKeeper(conf.current(), lambda: True)


def test_the_keeper_records_the_watched_stream_and_those_that_are_kept(r: Server, keeper: ReadingsKeeper) -> None:
    ChartedStream.objects.create(stream="jobs", sensor_field="queue")
    ChartedStream.objects.create(stream="not", keeps_history=False)
    commit(r, (server_ms(r), "a", 1.0))
    r.xadd("jobs", {"queue": "mail", "seconds": "1.5"})
    r.xadd("not", {"x": "1"})
    keeper.step()
    found = {(s.stream.path, s.sensor, s.field) for s in RecordedSeries.objects.all()}
    assert found == {("sensor_stream", "a", "temperature"), ("jobs", "mail", "seconds")}


def test_a_monitor_that_stands_by_records_nothing(r: Server) -> None:
    commit(r, (T0, "a", 1.0))
    ReadingsKeeper(conf.current(), lambda: False).step()
    assert not RecordedStream.objects.exists()


def test_the_end_of_a_monitor_records_what_came_last(r: Server, keeper: ReadingsKeeper) -> None:
    commit(r, (server_ms(r), "a", 1.0))
    keeper.step()
    commit(r, (server_ms(r), "a", 1.0))
    keeper.step()
    assert counts()[1] == 1  # not due yet
    keeper.close()
    assert counts()[1] == 2


def test_a_chart_of_three_months_reads_few_blocks(django_assert_max_num_queries: Any) -> None:
    writer = Writer("sensor_stream", KEEP)
    for day in range(0, 80, 2):
        start = T0 + day * DAY
        writer.write(frame(*[(start + h * HOUR, 1.0) for h in range(24)]), Position("frames", EntryId(start + DAY, 0)))
        writer.roll_up(start + DAY)
    with django_assert_max_num_queries(8):
        found = read(T0, T0 + 80 * DAY, 500)
    assert found.count.sum() == 40 * 24


def test_the_settings_say_how_long_readings_are_kept(r: Server) -> None:
    config = replace(conf.current(), readings_keep_ms=(HOUR, HOUR, HOUR))
    keeper = ReadingsKeeper(config, lambda: True)
    chart_settings.forget()
    commit(r, (1000, "a", 1.0), (server_ms(r), "a", 2.0))
    keeper.step()
    assert RecordedStream.objects.get().left_out == 1
    assert connection.vendor in {"sqlite", "postgresql"}
