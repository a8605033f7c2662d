"""Where a new group starts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ids import EntryId
from streams.positions import just_before, parse_start

LAST = 2**64 - 1


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("beginning", "0"),
        ("now", "$"),
        (" Now ", "$"),
        ("$", "$"),
        ("0", "0-0"),
        ("1700000000000-5", "1700000000000-5"),
        ("1700000000000", "1700000000000-0"),
        ("2023-11-14T22:13:20Z", f"1699999999999-{LAST}"),
        ("2023-11-14T23:13:20+01:00", f"1699999999999-{LAST}"),
        ("2023-11-14T22:13:20.0005Z", f"1700000000000-{LAST}"),
        ("1969-12-31T00:00Z", "0-0"),
    ],
)
def test_words_ids_and_times_become_the_id_to_start_after(text: str, start: str) -> None:
    assert parse_start(text) == start


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2023-11-14T22:13", "time zone"),
        ("2023-11-14", "time zone"),
        ("yesterday", "neither an entry ID"),
        ("", "neither an entry ID"),
        ("2026-01", "neither an entry ID nor a whole time"),
        ("18446744073709551616-0", "neither an entry ID"),
    ],
)
def test_what_cannot_be_a_start_is_refused_with_a_reason(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_start(text)


@given(st.integers(1, 2**41), st.integers(0, 999))
def test_entries_of_the_moment_and_later_are_delivered_and_none_before(ms: int, micros: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms, microseconds=micros)
    start = just_before(moment)
    first = ms + (micros > 0)
    assert start < EntryId(first, 0)
    assert start >= EntryId(first - 1, LAST)
