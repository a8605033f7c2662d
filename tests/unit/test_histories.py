import pytest

from streams.histories import Mark, went_back
from streams.ids import ZERO, EntryId

SEEN = Mark("a", EntryId(9, 5), 100)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (Mark("a", EntryId(9, 5), 100), ""),
        (Mark("b", EntryId(9, 7), 102), ""),
        (Mark("b", EntryId(9, 6), None), ""),
        (Mark("b", EntryId(9, 4), 99), "another server process answers, and its newest entry is 9-4"),
        (Mark("a", EntryId(9, 4), 100), "the stream was made anew, and its newest entry is 9-4"),
        (Mark("b", EntryId(9, 5), 99), "it counts 99 entries, where 100 had been added"),
        (None, "the stream is gone"),
    ],
)
def test_a_history_is_another_one_when_what_was_there_is_not(now: Mark | None, why: str) -> None:
    found = went_back(SEEN, ZERO, now)
    assert (why in found) if why else not found


def test_what_was_committed_counts_as_seen() -> None:
    assert "where 9-6 had been seen" in went_back(SEEN, EntryId(9, 6), Mark("a", EntryId(9, 5), 100))


def test_a_worker_that_saw_nothing_yet_takes_any_history() -> None:
    assert not went_back(None, ZERO, None)
    assert not went_back(None, ZERO, Mark("a", EntryId(1, 0), 1))
