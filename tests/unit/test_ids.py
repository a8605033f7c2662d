from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ids import LARGEST, ZERO, EntryId

parts = st.integers(0, 2**64 - 1)
ids = st.builds(EntryId, parts, parts)
NOW = 1_700_000_000_000


@given(ids)
def test_an_id_is_read_back_as_it_was_printed(entry_id: EntryId) -> None:
    assert EntryId.parse(str(entry_id)) == entry_id == EntryId.from_reply(str(entry_id).encode())


def test_ids_are_ordered_as_numbers_and_not_as_text() -> None:
    assert EntryId.parse("5-9") < EntryId.parse("5-10") < EntryId.parse("10-0")


def test_a_sequence_may_be_left_out() -> None:
    assert EntryId.parse("17") == EntryId(17, 0)


@pytest.mark.parametrize(
    "text", ["", "-", "1-", "-1", "1-2-3", "a-1", "1-x", " 1-1", "１-1", "18446744073709551616-0", b"\xff"]
)
def test_anything_else_is_refused_and_named(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="not an entry ID"):
        EntryId.parse(text)


@given(ids)
def test_the_next_id_is_the_smallest_larger_one(entry_id: EntryId) -> None:
    following = entry_id.next()
    assert following > entry_id or entry_id == LARGEST
    assert following in {EntryId(entry_id.ms, entry_id.seq + 1), EntryId(entry_id.ms + 1, 0), LARGEST}


def test_an_id_chosen_by_its_producer_has_no_age() -> None:
    assert EntryId(5, 1).age_ms(NOW) is None
    assert EntryId(NOW + 10 * 86_400_000, 0).age_ms(NOW) is None


def test_the_age_of_an_entry_is_never_negative() -> None:
    assert EntryId(NOW - 250, 3).age_ms(NOW) == 250
    assert EntryId(NOW + 20, 0).age_ms(NOW) == 0


def test_an_id_and_a_moment_are_two_forms_of_one_time() -> None:
    moment = datetime(2024, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    assert EntryId.at(moment).moment() == moment


def test_a_time_beyond_the_calendar_is_no_moment() -> None:
    assert LARGEST.moment() is None
    assert ZERO.moment() == datetime(1970, 1, 1, tzinfo=UTC)
