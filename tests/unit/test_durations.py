"""Durations as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.durations import parse_ms, spoken, written


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0", 0),
        ("1500ms", 1500),
        ("90s", 90_000),
        ("5m", 300_000),
        ("5 min", 300_000),
        ("2H", 7_200_000),
        ("1d", 86_400_000),
    ],
)
def test_a_number_and_its_unit_are_a_duration(text: str, ms: int) -> None:
    assert parse_ms(text) == ms


@pytest.mark.parametrize("text", ["", "90", "s", "-5s", "1.5s", "5 weeks", "٣s"])
def test_a_number_without_a_unit_or_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_ms(text)


@given(st.integers(0, 10**10))
def test_what_is_written_is_read_as_the_same(ms: int) -> None:
    assert parse_ms(written(ms)) == ms


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0ms"),
        (999, "999ms"),
        (1500, "1500ms"),
        (90_000, "90s"),
        (60_000, "1m"),
        (7_200_000, "2h"),
        (86_400_000, "1d"),
    ],
)
def test_a_duration_is_written_in_the_largest_unit_that_takes_a_whole_number(ms: int, text: str) -> None:
    assert written(ms) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "unknown"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1 s"),
        (200_000, "3 min 20 s"),
        (3_600_000, "1 h"),
        (90_061_000, "1 d 1 h"),
        (86_460_000, "1 d"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(ms: int | None, text: str) -> None:
    assert spoken(ms) == text
