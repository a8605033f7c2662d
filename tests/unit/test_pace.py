import pytest

from dashboard.pace import WIDEST_S, Pace


def arriving(per_s: int, for_s: float = 3.0) -> tuple[Pace, float]:
    """A pace after readings came so often for so long, and the time it is then."""
    pace, now = Pace(), 100.0
    for _ in range(int(per_s * for_s)):
        now += 1 / per_s
        pace.note(1, now)
    return pace, now


def test_the_first_reading_is_sent_at_once() -> None:
    pace = Pace()
    pace.note(1, 5.0)
    assert pace.next_s(5.0) == 5.0


@pytest.mark.parametrize("per_s", [1, 10, 100])
def test_few_readings_never_wait_for_more_than_two_milliseconds(per_s: int) -> None:
    pace, now = arriving(per_s)
    pace.sent(now, 0.0)
    assert pace.next_s(now) - now <= 0.002


def test_ticks_widen_with_the_rate_up_to_a_bound() -> None:
    waits = []
    for per_s in (100, 1000, 5000, 50_000):
        pace, now = arriving(per_s)
        pace.sent(now, 0.0)
        waits.append(pace.next_s(now) - now)
    assert waits == sorted(waits)
    assert waits[1] > 5 * waits[0]
    assert waits[-1] == pytest.approx(WIDEST_S)


def test_after_a_burst_is_over_readings_are_sent_at_once_again() -> None:
    pace, now = arriving(20_000)
    pace.note(1, now + 5)
    pace.sent(now + 5, 0.0)
    assert pace.next_s(now + 5) - (now + 5) < 0.001


def test_sending_takes_a_third_of_the_time_at_most() -> None:
    pace = Pace()
    pace.note(1, 10.0)
    pace.sent(10.0, 0.1)
    assert pace.next_s(10.1) == pytest.approx(10.3)


def test_what_is_due_already_is_not_put_off() -> None:
    pace, now = arriving(5000)
    pace.sent(now - 1, 0.01)
    assert pace.next_s(now) == now
