import random

from dashboard.window import MOST_SERIES, WINDOW_MS, Window
from streams import frames
from streams.ids import EntryId
from streams.readings import Reading

NOW = 1_700_000_000_000


def frame(*readings: tuple[int, str, float]) -> frames.Frame:
    return frames.of_readings(Reading(EntryId(ms, 0), sensor, {"t": value}) for ms, sensor, value in readings)


def commit(window: Window, *readings: tuple[int, str, float], at: int = NOW) -> dict[int, set[str]]:
    return window.merge(frame(*readings), EntryId(at, 0))


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
    columns = window.columns(["1", "2"], NOW - WINDOW_MS)
    assert columns == {
        "t": [NOW, NOW + 2000],
        "series": {"1": {"t": {"mean": [1.0, None]}}, "2": {"t": {"mean": [None, 5.0]}}},
    }


def test_a_spike_inside_a_bucket_stays_visible() -> None:
    window = Window()
    commit(window, (NOW, "1", 20.0), (NOW + 1, "1", 90.0), (NOW + 2, "1", 20.0))
    assert window.columns(["1"], 0)["series"]["1"]["t"]["max"] == [90.0]


def test_only_what_changed_since_a_commit_is_in_its_columns() -> None:
    window = Window()
    commit(window, (NOW, "1", 1.0), at=NOW)
    commit(window, (NOW + 5000, "1", 2.0), at=NOW + 5000)
    assert window.columns(["1"], 0, touched_ms=NOW + 1)["t"] == [NOW + 5000]


def test_a_backlog_lands_at_its_own_time_and_counts_as_changed_now() -> None:
    window = Window()
    commit(window, (NOW - 600_000, "1", 1.0), at=NOW)
    assert window.columns(["1"], 0, touched_ms=NOW)["t"] == [NOW - 600_000]


def test_what_is_older_than_the_window_is_not_charted() -> None:
    window = Window()
    assert commit(window, (NOW - WINDOW_MS - 1000, "1", 1.0)) == {}


def test_an_entry_from_the_future_does_not_push_the_present_out() -> None:
    window = Window()
    commit(window, (NOW, "1", 1.0))
    commit(window, (NOW + 10**9, "1", 2.0))
    assert window.columns(["1"], NOW - WINDOW_MS)["t"] == [NOW]


def test_the_ring_forgets_a_bucket_when_its_slot_is_used_again() -> None:
    window = Window()
    for n in range(3 * WINDOW_MS // 1000):
        commit(window, (NOW + n * 1000, "1", 1.0), at=NOW + n * 1000)
    last = NOW + (n * 1000)
    grid = window.columns(["1"], last - WINDOW_MS)["t"]
    assert (grid[0], grid[-1], len(grid)) == (last - WINDOW_MS, last, WINDOW_MS // 1000 + 1)
    assert window.cells(NOW, ["1"]) == {}


def test_the_number_of_series_in_memory_is_bounded() -> None:
    window = Window(span_ms=1000)
    commit(window, *((NOW, f"s{n}", 1.0) for n in range(MOST_SERIES + 5)))
    assert sum(len(fields) for fields in window.series.values()) == MOST_SERIES
