from dashboard.latest import MOST_KNOWN, Latest
from streams import frames
from streams.ids import EntryId
from streams.readings import Reading

NOW = 1_700_000_000_000


def frame(*readings: tuple[int, str, dict[str, float]]) -> frames.Frame:
    return frames.of_readings(Reading(EntryId(ms, 0), sensor, values) for ms, sensor, values in readings)


def test_everything_is_new_to_one_who_has_nothing() -> None:
    latest = Latest()
    latest.merge(frame((NOW, "a", {"t": 1.0}), (NOW + 5, "b", {"h": 2.0})))
    assert latest.since(0, 0) == {
        "first": 0,
        "names": ["a", "b"],
        "fields": ["t", "h"],
        "rows": [[0, NOW, 1.0, None], [1, NOW + 5, None, 2.0]],
    }


def test_only_what_changed_is_told_again_and_names_only_once() -> None:
    latest = Latest()
    latest.merge(frame((NOW, "a", {"t": 1.0}), (NOW, "b", {"t": 1.0})))
    version = latest.version
    latest.merge(frame((NOW + 9, "b", {"t": 3.0}), (NOW + 9, "c", {"t": 4.0})))
    told = latest.since(version, 2)
    assert (told["first"], told["names"]) == (2, ["c"])
    assert told["rows"] == [[1, NOW + 9, 3.0], [2, NOW + 9, 4.0]]


def test_a_late_frame_does_not_take_the_place_of_what_is_newer() -> None:
    latest = Latest()
    latest.merge(frame((NOW + 9, "a", {"t": 2.0})))
    latest.merge(frame((NOW, "a", {"t": 1.0})))
    assert latest.since(0, 1)["rows"] == [[0, NOW + 9, 2.0]]


def test_names_as_many_as_entries_do_not_fill_the_memory() -> None:
    latest = Latest()
    latest.merge(frame(*((NOW, str(n), {"t": 1.0}) for n in range(MOST_KNOWN + 10))))
    assert len(latest.rows) == MOST_KNOWN


def test_the_first_rows_are_by_name_with_their_counts() -> None:
    latest = Latest()
    latest.merge(frame((NOW, "10", {"t": 1.0}), (NOW, "9", {"t": 2.0})))
    assert latest.described({"9": 7}, 1) == [
        {"sensor": "9", "count": 7, "last_id": f"{NOW}-0", "fields": {"t": {"last": 2.0}}}
    ]
