import random
from typing import Any

import orjson

from dashboard.messages import encode
from dashboard.window import MOST_SERIES, SHORTEST_MS, WINDOW_MS, Window
from streams import frames
from streams.ids import EntryId
from streams.readings import Reading

NOW = 1_700_000_000_000


def frame(*readings: tuple[int, str, float]) -> frames.Frame:
    return frames.of_readings(Reading(EntryId(ms, 0), sensor, {"t": value}) for ms, sensor, value in readings)


def commit(window: Window, *readings: tuple[int, str, float], at: int = NOW) -> dict[int, set[str]]:
    return window.merge(frame(*readings), EntryId(at, 0))


def columns(window: Window, sensors: list[str], oldest: int, since: EntryId | None = None) -> dict[str, Any]:
    """As a browser gets them."""
    found = orjson.loads(encode("history", **window.columns(sensors, oldest, since)).payload)
    return {"t": found["t"], "series": found["series"]}


def test_a_cell_holds_count_min_max_mean_and_last() -> None:
    window = Window()
    commit(window, (NOW, "1", 10.0), (NOW + 1, "1", 30.0), (NOW + 2, "1", 20.0))
    assert window.cells(NOW, ["1"]) == {"1": {"t": [3, 10.0, 30.0, 20.0, 20.0]}}


def test_commits_to_one_bucket_add_up_in_any_order() -> None:
    pieces = [(NOW + n, "1", float(n)) for n in range(20)]
    ordered, shuffled = Window(), Window()
    for piece in pieces:
        commit(ordered, piece)
    random.Random(1).shuffle(pieces)
    for piece in pieces:
        commit(shuffled, piece)
    assert ordered.cells(NOW, ["1"]) == shuffled.cells(NOW, ["1"]) == {"1": {"t": [20, 0.0, 19.0, 9.5, 19.0]}}


def test_merging_says_which_cells_changed() -> None:
    assert commit(Window(), (NOW, "1", 1.0), (NOW, "2", 1.0), (NOW + 1000, "2", 1.0)) == {
        NOW: {"1", "2"},
        NOW + 1000: {"2"},
    }


def test_columns_share_one_grid_and_have_none_where_nothing_was_read() -> None:
    window = Window()
    commit(window, (NOW, "1", 1.0), (NOW + 2000, "2", 5.0))
    assert columns(window, ["1", "2"], NOW - WINDOW_MS) == {
        "t": [NOW, NOW + 2000],
        "series": {"1": {"t": {"mean": [1.0, None]}}, "2": {"t": {"mean": [None, 5.0]}}},
    }


def test_a_spike_inside_a_bucket_stays_visible() -> None:
    window = Window()
    commit(window, (NOW, "1", 20.0), (NOW + 1, "1", 90.0), (NOW + 2, "1", 20.0))
    assert columns(window, ["1"], 0)["series"]["1"]["t"]["max"] == [90.0]


def test_only_what_changed_since_a_commit_is_in_its_columns() -> None:
    window = Window()
    commit(window, (NOW, "1", 1.0), at=NOW)
    commit(window, (NOW + 5000, "1", 2.0), at=NOW + 5000)
    assert columns(window, ["1"], 0, EntryId(NOW, 0))["t"] == [NOW + 5000]


def test_a_backlog_lands_at_its_own_time_and_counts_as_changed_now() -> None:
    window = Window()
    commit(window, (NOW - 600_000, "1", 1.0), at=NOW)
    assert columns(window, ["1"], 0, EntryId(NOW - 1, 0))["t"] == [NOW - 600_000]


def test_what_is_older_than_the_window_is_not_charted() -> None:
    window = Window()
    assert commit(window, (NOW - WINDOW_MS - 1000, "1", 1.0)) == {}


def test_an_entry_from_the_future_does_not_push_the_present_out() -> None:
    window = Window()
    commit(window, (NOW, "1", 1.0))
    commit(window, (NOW + 10**9, "1", 2.0))
    assert columns(window, ["1"], NOW - WINDOW_MS)["t"] == [NOW]


def test_what_has_left_the_window_is_forgotten() -> None:
    window = Window()
    for n in range(3 * WINDOW_MS // 1000):
        commit(window, (NOW + n * 1000, "1", 1.0), at=NOW + n * 1000)
    last = NOW + (n * 1000)
    grid = columns(window, ["1"], last - WINDOW_MS)["t"]
    assert (grid[0], grid[-1], len(grid)) == (last - WINDOW_MS, last, WINDOW_MS // 1000 + 1)
    assert window.cells(NOW, ["1"]) == {}
    assert window.cell_count < WINDOW_MS // 1000 * 1.1


def test_the_number_of_series_in_memory_is_bounded() -> None:
    window = Window(span_ms=1000)
    commit(window, *((NOW, f"s{n}", 1.0) for n in range(MOST_SERIES + 5)))
    assert sum(len(fields) for fields in window.series.values()) == MOST_SERIES


def test_of_two_commits_in_one_millisecond_only_the_later_changed_since_the_first() -> None:
    window = Window()
    window.merge(frame((NOW, "1", 1.0)), EntryId(NOW, 0))
    window.merge(frame((NOW + 1000, "1", 2.0)), EntryId(NOW, 1))
    assert columns(window, ["1"], 0, EntryId(NOW, 0))["t"] == [NOW + 1000]


def test_a_reading_that_comes_late_takes_its_place_between_the_others() -> None:
    window = Window()
    for ms in (NOW, NOW + 5000, NOW + 2000):
        commit(window, (ms, "1", float(ms - NOW)), at=NOW + 5000)
    found = columns(window, ["1"], 0)
    assert found["t"] == [NOW, NOW + 2000, NOW + 5000]
    assert found["series"]["1"]["t"]["mean"] == [0.0, 2000.0, 5000.0]


def test_with_more_cells_than_may_be_held_the_window_reaches_less_far_back() -> None:
    window = Window(most_cells=5000)
    for n in range(600):
        commit(window, *((NOW + n * 1000, f"s{i}", 1.0) for i in range(20)), at=NOW + n * 1000)
    assert SHORTEST_MS <= window.span_ms < 400_000
    assert window.cell_count <= 5000 + 20
    last = NOW + 599_000
    assert columns(window, ["s0"], last - window.span_ms)["t"][0] == last - window.span_ms // 1000 * 1000


def test_when_there_is_room_again_the_window_reaches_as_far_as_what_was_kept() -> None:
    window = Window(most_cells=5000)
    for n in range(600):
        commit(window, *((NOW + n * 1000, f"s{i}", 1.0) for i in range(20)), at=NOW + n * 1000)
    short = window.span_ms
    for n in range(600, 660):
        commit(window, (NOW + n * 1000, "s0", 1.0), at=NOW + n * 1000)
    assert window.span_ms <= short + 60_000
    last = NOW + 659_000
    assert columns(window, ["s0"], 0)["t"][0] <= last - window.span_ms + 1000


def test_what_silent_sensors_hold_is_freed_in_time() -> None:
    window = Window(span_ms=10_000)
    commit(window, *((NOW, f"s{n}", 1.0) for n in range(500)))
    for n in range(100):
        commit(window, (NOW + n * 1000, "busy", 1.0), at=NOW + n * 1000)
    assert window.cell_count < 200
