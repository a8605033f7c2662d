"""Made-up sensors and the pace of a producer."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.simulation import Pace, Walk

START = 1_700_000_000.0


def temperatures(walk: Walk, count: int, step_s: float) -> list[float]:
    return [float(walk.reading(START + i * step_s)[3]) for i in range(count)]


def test_an_entry_has_the_fields_of_a_sensor_in_their_order() -> None:
    fields = Walk(10, seed=1).reading(START)
    assert fields[::2] == (b"sensor_id", b"temperature", b"humidity")
    assert fields[1] == b"1"
    assert fields[3].split(b".")[1].isdigit()
    assert len(fields[3].split(b".")[1]) == 1
    assert fields[5].isdigit()


def test_sensors_take_turns() -> None:
    walk = Walk(3, seed=1)
    assert [walk.reading(START)[1] for _ in range(6)] == [b"1", b"2", b"3", b"1", b"2", b"3"]


def test_the_same_seed_gives_the_same_readings() -> None:
    one, other, third = Walk(5, seed=7), Walk(5, seed=7), Walk(5, seed=8)
    readings = [[walk.reading(START + i) for i in range(50)] for walk in (one, other, third)]
    assert readings[0] == readings[1]
    assert readings[0] != readings[2]


@given(st.integers(0, 2**32), st.floats(0.0001, 1_000_000))
def test_readings_stay_in_the_range_of_a_room(seed: int, step_s: float) -> None:
    walk = Walk(2, seed)
    for i in range(20):
        fields = walk.reading(START + i * step_s)
        assert 15.0 <= float(fields[3]) <= 30.0
        assert 40 <= int(fields[5]) <= 70


def test_readings_of_one_sensor_walk_rather_than_jump() -> None:
    seconds = temperatures(Walk(1, seed=3), 900, 1.0)
    assert max(abs(b - a) for a, b in pairwise(seconds)) < 0.6
    assert max(seconds) - min(seconds) > 0.5


def test_a_day_has_a_warm_and_a_cool_half() -> None:
    half_hours = temperatures(Walk(1, seed=3), 48, 1800.0)
    assert max(half_hours) - min(half_hours) > 3.0


def test_a_clock_that_is_set_back_does_no_harm() -> None:
    walk = Walk(1, seed=3)
    walk.reading(START)
    assert 15.0 <= float(walk.reading(START - 3600)[3]) <= 30.0


def test_readings_fall_due_at_the_rate() -> None:
    pace = Pace(10.0, now=100.0)
    assert pace.due(100.05) == 0
    assert pace.due(100.55) == 5
    pace.give(5)
    assert pace.due(100.55) == 0
    assert pace.wait_s(100.55) == pytest.approx(0.05)


def test_a_producer_that_fell_far_behind_does_not_flood() -> None:
    pace = Pace(10.0, now=0.0)
    assert pace.due(60.0) == 0
    assert pace.forgone == 600
    assert pace.due(60.5) == 5


def test_a_slow_rate_is_kept_too() -> None:
    pace = Pace(0.1, now=0.0)
    assert pace.wait_s(0.0) == pytest.approx(10.0)
    assert pace.due(10.01) == 1
