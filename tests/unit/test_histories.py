import pytest

from streams.histories import Mark, went_back
from streams.ids import ZERO, EntryId

FIRST = EntryId(1, 0)


def mark(run_id: str, last_id: EntryId, added: int | None, length: int = 50, first_id: EntryId = FIRST) -> Mark:
    return Mark(run_id, last_id, added, length, first_id)


SEEN = mark("a", EntryId(9, 5), 100)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (mark("a", EntryId(9, 5), 100), ""),
        (mark("b", EntryId(9, 7), 102), ""),
        (mark("b", EntryId(9, 6), None), ""),
        (mark("b", EntryId(9, 4), 99), "another server process answers, and its newest entry is 9-4"),
        (mark("a", EntryId(9, 4), 100), "the stream was made anew, and its newest entry is 9-4"),
        (mark("b", EntryId(9, 5), 99), "it counts 99 entries, where 100 had been added"),
        (None, "the stream is gone"),
    ],
)
def test_a_history_is_another_one_when_what_was_there_is_not(now: Mark | None, why: str) -> None:
    found = went_back(SEEN, ZERO, now)
    assert (why in found) if why else not found


def test_what_was_committed_counts_as_seen() -> None:
    assert "where 9-6 had been seen" in went_back(SEEN, EntryId(9, 6), mark("a", EntryId(9, 5), 100))


def test_a_stream_that_never_lost_an_entry_and_begins_later_is_another_one() -> None:
    anew = mark("a", EntryId(30, 0), 150, length=150, first_id=EntryId(20, 0))
    trimmed = mark("a", EntryId(30, 0), 150, length=50, first_id=EntryId(20, 0))
    assert "it begins at 20-0, behind 9-5" in went_back(SEEN, EntryId(9, 5), anew)
    assert not went_back(SEEN, EntryId(9, 5), trimmed)


def test_a_worker_that_saw_nothing_yet_takes_any_history() -> None:
    assert not went_back(None, ZERO, None)
    assert not went_back(None, ZERO, mark("a", EntryId(1, 0), 1))
