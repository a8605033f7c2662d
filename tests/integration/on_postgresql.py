"""Readings on PostgreSQL alone, which lets two write at once and cuts connections; run by test_postgresql."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, connection

from streams import recorder, rollup_reader
from streams.history_models import HealthBlock
from streams.ids import EntryId
from streams.recorder import Recorder
from streams.rollup_models import ReadingBlock, RecordedSeries, RecordedStream
from streams.rollup_writer import Overtaken, Position, Writer
from tests.integration.test_history import look_at
from tests.integration.test_rollups import KEEP, T0, counts, frame
from tests.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)
POSITION = Position("frames", EntryId(T0, 0))


@pytest.fixture
def before_commit(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Has something happen once, when this thread has stored its blocks and not committed them yet."""
    create, this = ReadingBlock.objects.bulk_create, threading.current_thread()

    def have(happen: Callable[[], Any]) -> None:
        def create_and(*args: Any, **kwargs: Any) -> None:
            create(*args, **kwargs)
            if threading.current_thread() is this:
                monkeypatch.undo()
                happen()

        monkeypatch.setattr(ReadingBlock.objects, "bulk_create", create_and)

    return have


def ask(query: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def test_this_is_postgresql() -> None:
    assert connection.vendor == "postgresql"


def test_of_two_that_write_at_the_same_moment_the_second_waits_and_is_refused(before_commit: Any) -> None:
    first, second = Writer("sensor_stream", KEEP), Writer("sensor_stream", KEEP)

    def write_too() -> None:
        try:
            second.write(frame((T0, 1.0)), POSITION)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as others:
        refused = []

        def start_the_other() -> None:
            refused.append(others.submit(write_too))
            assert eventually(lambda: ask("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1)

        before_commit(start_the_other)
        first.write(frame((T0, 1.0)), POSITION)
        with pytest.raises(Overtaken):
            refused[0].result(10)
    assert counts()[1] == 1


def test_a_write_whose_connection_is_cut_leaves_nothing_and_is_done_again(before_commit: Any) -> None:
    before_commit(lambda: ask("SELECT pg_terminate_backend(pg_backend_pid())"))
    with pytest.raises(DatabaseError):
        Writer("sensor_stream", KEEP).write(frame((T0, 1.0)), POSITION)
    assert (counts()[1], RecordedSeries.objects.count(), RecordedStream.objects.get().position) == (0, 0, "0-0")
    Writer("sensor_stream", KEEP).write(frame((T0, 1.0)), POSITION)
    assert (counts()[1], RecordedStream.objects.get().position) == (1, f"{T0}-0")


def test_a_name_that_postgresql_cannot_hold_is_not_found() -> None:
    Writer("sensor_stream", KEEP).write(frame((T0, 1.0)), POSITION)
    assert rollup_reader.series_of("sensor_stream", ["a\0b"], []) == []
    assert rollup_reader.series_of("sensor_stream", [], ["\0"]) == []
    assert rollup_reader.series_of("sensor_stream", ["a\0b", "a"], []) == [("a", "temperature")]


def test_two_monitors_that_overlap_and_saw_streams_in_another_order_both_write(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Recorder(), Recorder()
    for seen, one in (("ab", first), ("ba", second)):
        one.take(look_at(T0, seen))
        one.write(T0 + 20_000)
        one.take(look_at(T0 + 60_000, seen))
    monkeypatch.setattr(recorder, "_ROWS_TOGETHER", 1)
    with ThreadPoolExecutor(1) as others:
        started: list[Future[None]] = []

        def start_the_other(execute: Any, sql: str, *rest: Any) -> Any:
            done = execute(sql, *rest)
            if sql.startswith("INSERT") and not started:
                started.append(others.submit(write_apart, second))
                assert eventually(lambda: ask("SELECT count(*) FROM pg_locks WHERE NOT granted") == 1)
            return done

        with connection.execute_wrapper(start_the_other):
            first.close()
        started[0].result(10)
    assert HealthBlock.objects.filter(start_ms=T0 + 60_000).count() == 4


def write_apart(one: Recorder) -> None:
    try:
        one.close()
    finally:
        connection.close()
