"""Pending entries as plain values."""

import pytest

from streams.ids import EntryId
from streams.plain import LONGEST_TEXT, MOST_FIELDS, lag_in_words, pending_row
from streams.snapshot import Entry, PendingEntry

ID = EntryId(1_700_000_000_000, 3)


def row(*pairs: bytes, consumer: bytes = b"w1", idle_ms: int = 5, deliveries: int = 2) -> PendingEntry:
    return PendingEntry(ID, consumer, idle_ms, deliveries, Entry(ID, pairs))


def test_a_row_says_id_owner_idle_and_fields_in_their_order() -> None:
    assert pending_row(row(b"b", b"1", b"a", b"2", b"b", b"3")) == {
        "id": "1700000000000-3",
        "consumer": "w1",
        "consumer_path": "w1",
        "idle_ms": 5,
        "deliveries": 2,
        "gone": False,
        "fields": [["b", "1"], ["a", "2"], ["b", "3"]],
        "cut": False,
    }


def test_a_gone_entry_has_no_fields() -> None:
    plain = pending_row(PendingEntry(ID, b"w1", 5, 1, None))
    assert (plain["gone"], plain["fields"], plain["cut"]) == (True, None, False)


def test_bytes_that_are_no_text_are_escaped() -> None:
    plain = pending_row(row(b"\xff", b"a\x00b", consumer=b"\xfe\n"))
    assert plain["fields"] == [["\\xff", "a\\x00b"]]
    assert plain["consumer"] == "\\xfe\\n"
    assert plain["consumer_path"] == "~_go"


def test_a_long_value_is_cut_between_characters_and_says_so() -> None:
    plain = pending_row(row(b"f", b"x" * (LONGEST_TEXT - 1) + "é".encode() + b"tail"))
    assert plain["fields"] == [["f", "x" * (LONGEST_TEXT - 1)]]
    assert plain["cut"] is True


def test_a_value_of_exactly_the_limit_is_whole() -> None:
    plain = pending_row(row(b"f", b"x" * LONGEST_TEXT))
    assert plain["fields"] == [["f", "x" * LONGEST_TEXT]]
    assert plain["cut"] is False


def test_fields_beyond_the_most_are_left_out_and_it_says_so() -> None:
    plain = pending_row(row(*[b"f", b"1"] * (MOST_FIELDS + 1)))
    assert (len(plain["fields"]), plain["cut"]) == (MOST_FIELDS, True)


def test_an_entry_given_back_has_no_idle_time_and_its_huge_count_is_text() -> None:
    plain = pending_row(row(b"f", b"1", consumer=b"", idle_ms=-1, deliveries=2**63 - 1))
    assert plain["idle_ms"] is None
    assert plain["deliveries"] == "9223372036854775807"


@pytest.mark.parametrize(
    ("lag", "quality", "words"),
    [
        (0, "exact", "0"),
        (1408, "at most", "at most 1,408"),
        (500, "at least", "at least 500"),
        (None, "unknown", "unknown: too old"),
    ],
)
def test_a_lag_says_how_far_to_trust_it(lag: int | None, quality: str, words: str) -> None:
    assert lag_in_words({"lag": lag, "lag_quality": quality, "lag_reason": "too old"}) == words
