from streams.batches import digest
from streams.letters import GONE
from streams.readings import Shape

GOOD = (b"1000-0", [b"sensor_id", b"1", b"temperature", b"20", b"humidity", b"40"])
BAD = (b"1000-1", [b"sensor_id", b"1", b"temperature", b"nan", b"humidity", b"40"])
TRIMMED = (b"1000-2", None)


def test_every_entry_is_counted_or_a_dead_letter_and_acknowledged_either_way() -> None:
    batch = digest([GOOD, BAD, TRIMMED], Shape())
    assert batch.ids == [b"1000-0", b"1000-1", b"1000-2"]
    assert batch.frame.count == 1
    assert [letter.entry_id for letter in batch.dead] == [b"1000-1", b"1000-2"]


def test_a_dead_letter_keeps_the_entry_and_the_reason() -> None:
    (letter,) = digest([BAD], Shape()).dead
    assert letter.pairs == BAD[1]
    assert "'temperature' is not finite" in letter.reason


def test_an_entry_that_was_trimmed_while_pending_is_said_to_be_gone() -> None:
    assert digest([TRIMMED], Shape()).dead[0].reason == GONE


def test_entries_that_somebody_else_took_leave_no_trace() -> None:
    batch = digest([GOOD, BAD], Shape(), without={b"1000-0"})
    assert batch.ids == [b"1000-1"]
    assert batch.frame.count == 0
