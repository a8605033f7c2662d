import pytest

from streams.ids import EntryId
from streams.snapshot import Lag, PendingEntry, PendingFilter, Quality, judge_lag

FIVE, NINE = EntryId(5, 0), EntryId(9, 0)


def lag(server: int | None, counted: int, *, all_of_it: bool, length: int = 1000) -> Lag:
    return judge_lag(server=server, length=length, delivered=FIVE, last=NINE, counted=counted, counted_all=all_of_it)


def test_a_group_at_the_end_has_no_lag_whatever_the_server_says() -> None:
    at_end = judge_lag(server=408, length=3, delivered=NINE, last=NINE, counted=0, counted_all=True)
    assert at_end == Lag(0, Quality.EXACT)


def test_a_count_that_reached_the_end_beats_the_servers_figure() -> None:
    assert lag(408, 3, all_of_it=True) == Lag(3, Quality.EXACT)


def test_an_unconfirmed_figure_is_an_upper_bound_and_never_more_than_the_stream_holds() -> None:
    found = lag(5000, 500, all_of_it=False)
    assert (found.entries, found.quality) == (1000, Quality.AT_MOST)


def test_without_the_servers_figure_the_count_is_a_lower_bound() -> None:
    found = lag(None, 500, all_of_it=False)
    assert (found.entries, found.quality) == (500, Quality.AT_LEAST)


def test_a_figure_below_what_was_counted_is_wrong_and_not_used() -> None:
    found = lag(-994, 500, all_of_it=False)
    assert (found.entries, found.quality) == (500, Quality.AT_LEAST)


def test_every_lag_that_is_not_exact_says_why_and_those_that_are_have_nothing_to_say() -> None:
    assert "trimmed or deleted" in lag(5000, 500, all_of_it=False).reason
    assert "the server does not say" in lag(None, 500, all_of_it=False).reason
    assert "less than what was counted" in lag(3, 500, all_of_it=False).reason
    assert not lag(408, 3, all_of_it=True).reason


def test_a_lag_nobody_can_tell_is_unknown_and_not_zero() -> None:
    unknown = lag(None, 0, all_of_it=False)
    assert unknown.entries is None
    assert unknown.reason


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        (PendingFilter(), True),
        (PendingFilter(min_idle_ms=1000), True),
        (PendingFilter(min_idle_ms=1001), False),
        (PendingFilter(min_deliveries=3), False),
    ],
)
def test_a_filter_wants_what_is_idle_and_delivered_enough(wanted: PendingFilter, passes: bool) -> None:
    assert wanted.wants(PendingEntry(FIVE, b"c", 1000, 2)) is passes
