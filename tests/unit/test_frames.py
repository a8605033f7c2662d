import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import frames
from streams.frames import Frame
from streams.ids import EntryId
from streams.readings import Reading

values = st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 2))
readings = st.lists(
    st.builds(
        Reading,
        st.builds(EntryId, st.integers(0, 5000), st.integers(0, 3)),
        st.sampled_from(["1", "2"]),
        st.dictionaries(st.sampled_from(["t", "h"]), values, min_size=1),
    ),
    min_size=1,
    max_size=30,
    unique_by=lambda reading: reading.entry_id,
)


def summary(frame: Frame) -> object:
    return {
        (start, sensor, name): (f.count, round(f.total, 6), f.low, f.high, f.last, f.last_id)
        for start, bucket in frame.buckets.items()
        for sensor, stats in bucket.items()
        for name, f in stats.fields.items()
    }


@given(readings, st.randoms(use_true_random=False))
def test_frames_merge_in_any_order_to_what_one_frame_would_hold(all_of_them: list[Reading], chance: object) -> None:
    pieces = [frames.of_readings([reading]) for reading in all_of_them]
    chance.shuffle(pieces)  # type: ignore[attr-defined]
    merged = Frame()
    for piece in pieces:
        merged.merge(piece)
    assert summary(merged) == summary(frames.of_readings(all_of_them))
    assert merged.count == len(all_of_them)


@given(readings)
def test_a_frame_survives_storage(all_of_them: list[Reading]) -> None:
    frame = frames.of_readings(all_of_them)
    stored = json.loads(json.dumps(frames.to_plain(frame)))
    assert summary(frames.from_plain(stored)) == summary(frame)


@given(readings)
def test_a_sensor_knows_its_first_and_last_entry(all_of_them: list[Reading]) -> None:
    total: frames.Bucket = {}
    for bucket in frames.of_readings(all_of_them).buckets.values():
        frames.merge_bucket(total, bucket)
    for sensor, stats in total.items():
        own = [reading.entry_id for reading in all_of_them if reading.sensor == sensor]
        assert (stats.count, stats.first_id, stats.last_id) == (len(own), min(own), max(own))


def test_merging_leaves_the_merged_frame_alone() -> None:
    one = frames.of_readings([Reading(EntryId(1, 0), "1", {"t": 1.0})])
    other = frames.of_readings([Reading(EntryId(2, 0), "1", {"t": 5.0})])
    total = Frame()
    total.merge(one)
    total.merge(other)
    assert one.count == other.count == 1


def test_readings_land_in_the_bucket_of_their_own_second() -> None:
    frame = frames.of_readings([Reading(EntryId(ms, 0), "1", {"t": 1.0}) for ms in (999, 1000, 1999)])
    assert {start: bucket["1"].count for start, bucket in frame.buckets.items()} == {0: 1, 1000: 2}


def test_the_mean_is_of_all_values() -> None:
    frame = frames.of_readings([Reading(EntryId(1, n), "1", {"t": float(n)}) for n in range(4)])
    assert frame.buckets[0]["1"].fields["t"].mean == 1.5


@pytest.mark.parametrize("plain", [{}, {"v": 2, "b": []}, {"v": 1, "b": [[0, {"1": [1]}]]}, {"v": 1, "b": 5}, []])
def test_what_is_no_frame_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match=r"frame|unpack"):
        frames.from_plain(plain)  # type: ignore[arg-type]
