from __future__ import annotations

from collections.abc import Mapping, Sequence

from streams.handlers import Entry
from streams.processing import FIRST_COUNT, Pace, Processor
from streams.readings import Shape

GOOD = [b"sensor_id", b"1", b"temperature", b"20", b"humidity", b"40"]
JOB = [b"to", b"ann@example.org"]
ENTRIES = [(b"1000-0", GOOD), (b"1000-1", JOB), (b"1000-2", None)]


def rejects_jobs(entries: Sequence[Entry]) -> Mapping[str, str]:
    return {entry.id: "a job" for entry in entries if entry.reading is None}


def fails_on_jobs(entries: Sequence[Entry]) -> None:
    if any(entry.reading is None for entry in entries):
        raise RuntimeError("busy")


def test_without_a_handler_what_is_no_reading_is_a_dead_letter() -> None:
    done = Processor(Shape(), None, 5).process(ENTRIES, {b"1000-1": 3}, "e")
    assert (done.ids, done.frame.count) == ([b"1000-0", b"1000-1", b"1000-2"], 1)
    assert [(letter.entry_id, letter.deliveries) for letter in done.dead] == [(b"1000-1", 3), (b"1000-2", 1)]


def test_with_a_handler_an_entry_need_not_be_a_reading_and_readings_are_still_counted() -> None:
    done = Processor(Shape(), lambda _: None, 5).process(ENTRIES[:2], {}, "e")
    assert (done.ids, done.frame.count, done.dead) == ([b"1000-0", b"1000-1"], 1, [])


def test_what_a_handler_rejects_is_a_dead_letter_with_its_reason() -> None:
    (letter,) = Processor(Shape(), rejects_jobs, 5).process(ENTRIES[:2], {}, "e").dead
    assert (letter.entry_id, letter.reason, letter.pairs) == (b"1000-1", "a job", JOB)


def test_what_a_handler_fails_on_is_not_acknowledged() -> None:
    done = Processor(Shape(), fails_on_jobs, 5).process(ENTRIES[:2], {}, "e")
    assert (done.ids, done.frame.count, done.dead) == ([b"1000-0"], 1, [])
    assert done.failed == {b"1000-1": "RuntimeError: busy"}


def test_what_failed_on_its_last_delivery_is_a_dead_letter_with_the_error() -> None:
    done = Processor(Shape(), fails_on_jobs, 5).process(ENTRIES[:2], {b"1000-1": 5}, "e")
    assert (done.ids, done.failed) == ([b"1000-0", b"1000-1"], {})
    (letter,) = done.dead
    assert letter.reason == "delivered 5 times and never acknowledged"
    assert (letter.deliveries, letter.error) == (5, "RuntimeError: busy")


def test_entries_lost_to_somebody_else_leave_no_effect_and_the_handler_is_not_called_again() -> None:
    calls: list[int] = []
    processor = Processor(Shape(), lambda entries: calls.append(len(entries)), 5)
    done = processor.process(ENTRIES, {}, "e")
    kept = processor.without(ENTRIES, {}, done, {b"1000-0", b"1000-2"})
    assert (kept.ids, kept.frame.count, kept.dead) == ([b"1000-1"], 0, [])
    assert calls == [2]


def test_a_quick_handler_gets_more_at_once_in_steps_and_a_slow_one_fewer_at_once() -> None:
    pace = Pace(most=100, budget_s=2.0)
    counts = []
    for seconds_each in (0.001, 0.001, 0.001, 0.5, 5.0, 0.001):
        pace.took(pace.count, pace.count * seconds_each)
        counts.append(pace.count)
    assert counts == [32, 64, 100, 4, 1, 2]


def test_what_a_handler_is_given_at_once_follows_from_how_long_it_takes() -> None:
    moments = iter([0.0, 8.0])
    processor = Processor(Shape(), lambda _: None, 5, Pace(1000, 2.0), lambda: next(moments))
    assert processor.at_once(1000) == FIRST_COUNT
    processor.process([(b"1000-0", GOOD), (b"1000-1", JOB)], {}, "e")
    assert processor.at_once(1000) == 1
