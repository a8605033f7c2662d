import logging

import pytest

from streams.outages import FIRST_WAIT_S, LONGEST_WAIT_S, Outage, backoff_s


def test_waits_grow_to_a_limit_and_are_spread() -> None:
    longest = [backoff_s(attempt, 1.0) for attempt in range(12)]
    assert longest[0] == FIRST_WAIT_S
    assert longest == sorted(longest)
    assert longest[-1] == LONGEST_WAIT_S
    assert backoff_s(11, 0.25) == LONGEST_WAIT_S / 4


def test_an_outage_is_said_once_when_it_begins_and_once_when_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    times = iter([100.0, 142.5])
    outage = Outage(logging.getLogger("test"), clock=lambda: next(times), draw=lambda: 0.5)
    for _ in range(5):
        assert outage.failed(OSError("refused")) > 0
    outage.over()
    outage.over()
    assert [record.getMessage() for record in caplog.records] == [
        "refused. Trying again until it answers.",
        "Redis answers again after 42.5 s.",
    ]


def test_after_an_outage_waits_start_small_again() -> None:
    outage = Outage(logging.getLogger("test"), draw=lambda: 0.99)
    waits = [outage.failed(OSError()) for _ in range(8)]
    outage.over()
    assert not outage.is_on
    assert outage.failed(OSError()) < waits[-1]
