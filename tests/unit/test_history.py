from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams import history
from streams.history import Columns, Value

T = 1_700_000_000_000
_values = st.lists(st.one_of(st.none(), st.integers(0, 10**9)), min_size=1, max_size=80)


def seconds(values: list[Value], start: int = T) -> Columns:
    return history.of_samples((start + n * 1000, {"lag": value}) for n, value in enumerate(values))


def known(values: list[Value]) -> list[float | int]:
    return [value for value in values if value is not None]


@given(_values)
def test_what_is_stored_comes_back(values: list[Value]) -> None:
    columns = seconds(values)
    back = history.unpack(history.pack(columns))
    assert back.t == columns.t
    if known(values):
        assert back.figures == columns.figures


@given(_values)
def test_rolling_up_keeps_the_least_the_most_and_the_last(values: list[Value]) -> None:
    coarse = history.rolled(history.rolled(seconds(values), 10_000), 60_000)
    series = coarse.figures["lag"]
    assert min(known(series.least), default=None) == min(known(values), default=None)
    assert max(known(series.most), default=None) == max(known(values), default=None)
    assert known(series.last)[-1:] == known(values)[-1:]
    assert len(coarse.t) <= len(values) // 60 + 2


@given(_values, st.integers(0, 80))
def test_blocks_written_before_and_after_a_restart_roll_up_as_if_there_had_been_none(
    values: list[Value], cut: int
) -> None:
    parts = [part for part in (values[:cut], values[cut:]) if part]
    start, blocks = T, []
    for part in parts:
        blocks.append(history.unpack(history.pack(seconds(part, start))))
        start += len(part) * 1000
    whole = history.rolled(seconds(values), 10_000)
    again = history.rolled(history.joined(blocks), 10_000)
    assert again.t == whole.t
    if known(values):
        assert again.figures["lag"] == whole.figures["lag"]


def test_a_spike_of_one_second_shows_in_the_coarsest_bucket() -> None:
    values: list[Value] = [0] * 60
    values[31] = 9000
    assert history.rolled(seconds(values), 60_000).figures["lag"].most[0] == 9000


def test_two_looks_within_a_second_are_one_bucket() -> None:
    assert history.of_samples([(T + 1, {"lag": 1}), (T + 990, {"lag": 5})]).figures["lag"].most == [5]


def test_where_nobody_looked_there_is_a_gap_and_no_line() -> None:
    away = history.joined([seconds([1, 2]), seconds([3], T + 60_000)])
    assert history.with_gaps(away, 1000).figures["lag"].last == [1, 2, None, 3]


def test_without_a_gap_nothing_is_put_in_between() -> None:
    assert history.with_gaps(seconds([1, 2, 3]), 1000).t == seconds([1, 2, 3]).t


def test_a_figure_that_one_block_lacks_is_unknown_there() -> None:
    both = history.joined([seconds([1]), history.of_samples([(T + 1000, {"pending": 2})])])
    assert both.figures["lag"].last == [1, None]
    assert both.figures["pending"].last == [None, 2]


def test_a_bucket_has_the_worst_verdict_that_was_in_it() -> None:
    plain = {"lag": 1, "verdict": "OK"}
    samples = [(T, history.sample(plain, ["lag"])), (T + 1, history.sample({**plain, "verdict": "STUCK"}, ["lag"]))]
    assert history.to_plain(history.of_samples(samples))["verdict"] == ["STUCK"]


def test_nothing_recorded_is_an_empty_answer() -> None:
    assert history.to_plain(history.joined([])) == {"t": [], "figures": {}, "verdict": []}


def test_what_was_not_written_by_this_program_is_a_value_error() -> None:
    try:
        history.unpack(b"nonsense")
    except ValueError:
        return
    raise AssertionError("read")
