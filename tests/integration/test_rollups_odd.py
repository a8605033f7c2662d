"""Readings in the database, where somebody else writes in between, IDs are no times, and a key is no stream."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from streams.chart_models import ChartedStream
from streams.ids import EntryId
from streams.rollup_keeping import ReadingsKeeper
from streams.rollup_models import ReadingBlock, RecordedStream
from streams.rollup_writer import Overtaken, Position, Writer
from tests.integration.test_rollups import KEEP, T0, counts, frame, keeper, tail
from tests.stuck import Server

__all__ = ["keeper"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True)
LARGEST_MS = 2**64 - 1


def test_who_was_overtaken_right_after_its_write_is_refused_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Writer("sensor_stream", KEEP), Writer("sensor_stream", KEEP)
    create = ReadingBlock.objects.bulk_create
    later = frame((T0 + 1, 1.0)), Position("frames", EntryId(T0 + 1, 0))

    def go_on() -> None:
        second.refresh()
        second.write(*later)

    def create_and_let_the_other_go_on(*args: Any, **kwargs: Any) -> None:
        create(*args, **kwargs)
        monkeypatch.undo()
        transaction.on_commit(go_on)

    monkeypatch.setattr(ReadingBlock.objects, "bulk_create", create_and_let_the_other_go_on)
    first.write(frame((T0, 1.0)), Position("frames", EntryId(T0, 0)))
    with pytest.raises(Overtaken):
        first.write(*later)
    assert counts()[1] == 2


def test_an_id_that_no_calendar_holds_is_left_out_and_stops_nothing(r: Server) -> None:
    r.xadd("sensor_stream", {"x": 1}, id=f"{T0}-0")
    follower = tail(r, is_fed=False)
    follower.step(T0)
    for before in (3, 2, 1):
        r.xadd("sensor_stream", {"x": 1}, id=f"{LARGEST_MS - before}-0")
    follower.step(T0)
    r.xadd("sensor_stream", {"x": 1}, id=f"{LARGEST_MS}-0")
    follower.step(T0)
    row = RecordedStream.objects.get()
    assert (counts()[1], row.left_out, row.position) == (1, 4, f"{LARGEST_MS}-0")


def test_a_gap_after_an_id_that_no_calendar_holds_names_the_id(r: Server) -> None:
    r.xadd("sensor_stream", {"x": 1}, id=f"{LARGEST_MS - 9}-0")
    follower = tail(r, is_fed=False)
    follower.step(T0)
    for n in range(3):
        r.xadd("sensor_stream", {"x": 1}, id=f"{LARGEST_MS - 8 + n}-0")
    r.xtrim("sensor_stream", maxlen=1, approximate=False)
    follower.step(T0)
    assert f"from {LARGEST_MS - 9}-0 to {LARGEST_MS - 6}-0" in RecordedStream.objects.get().gap


def test_a_key_that_is_no_stream_any_more_stops_no_other(r: Server, keeper: ReadingsKeeper) -> None:
    ChartedStream.objects.create(stream="gone_wrong")
    ChartedStream.objects.create(stream="jobs")
    r.set("gone_wrong", "x")
    r.xadd("jobs", {"seconds": "1.5"})
    keeper.step()
    assert RecordedStream.objects.get(path="jobs").position != "0-0"
