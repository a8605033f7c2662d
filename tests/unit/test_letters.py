import pytest

from streams.ids import ZERO
from streams.letters import DeadLetter, from_pairs, to_pairs

ENTRY = (b"id", b"not ours", b"\xff", b"\x00")


def kept(letter: DeadLetter) -> list[bytes]:
    return to_pairs(letter, b"s", b"g", b"c")


def test_a_letter_keeps_where_it_came_from_and_the_entrys_own_fields() -> None:
    letter = from_pairs(ZERO, kept(DeadLetter(b"5-1", "no sensor", ENTRY, deliveries=3, error="ValueError: ä")))
    assert (letter.entry_id, letter.reason, letter.stream, letter.group, letter.consumer) == (
        "5-1",
        "no sensor",
        b"s",
        b"g",
        b"c",
    )
    assert (letter.deliveries, letter.error, tuple(letter.pairs)) == (3, "ValueError: ä", ENTRY)


def test_an_unknown_number_of_deliveries_stays_unknown() -> None:
    assert from_pairs(ZERO, kept(DeadLetter(b"5-1", "gone", (), deliveries=0))).deliveries is None


def test_a_letter_too_long_for_one_command_says_what_was_cut() -> None:
    letter = from_pairs(ZERO, kept(DeadLetter(b"5-1", "bad", (b"x", b"1") * 3000)))
    assert len(letter.pairs) == 4000
    assert letter.reason == "bad (only the first 2000 of 3000 fields are kept here)"


def test_what_is_no_letter_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a dead letter"):
        from_pairs(ZERO, [b"temperature", b"20"])
