"""Buckets of readings: stored exactly, merged in any order to the same, rolled up without losing a spike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import rollups
from streams.frames import FieldStats, of_values
from streams.ids import EntryId
from streams.rollups import TIERS, Cells

VALUES = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)
READINGS = st.lists(
    st.tuples(st.integers(0, 200_000), st.integers(0, 3), VALUES), min_size=1, max_size=60, unique_by=lambda r: r[:2]
)


def cells(readings: list[tuple[int, int, float]], step_ms: int = 1000) -> Cells:
    buckets: dict[int, FieldStats] = {}
    for ms, seq, value in readings:
        entry_id = EntryId(ms, seq)
        known = buckets.setdefault(ms - ms % step_ms, FieldStats(0, 0.0, math.inf, -math.inf, 0.0, EntryId(0, 0)))
        known.add(value, entry_id)
    return rollups.of_stats(buckets)


def same(a: Cells, b: Cells) -> bool:
    exact = all(np.array_equal(getattr(a, n), getattr(b, n)) for n in Cells.__slots__ if n != "total")
    return exact and np.allclose(a.total, b.total, rtol=1e-9, atol=1e-6)


@given(READINGS)
def test_what_is_stored_comes_back_exactly(readings: list[tuple[int, int, float]]) -> None:
    made = cells(readings)
    assert same(rollups.unpack(rollups.pack(made)), made)


@given(READINGS, st.integers(0, 60), st.sampled_from([t.resolution_ms for t in TIERS]))
def test_parts_in_any_order_merge_to_what_all_readings_give(
    readings: list[tuple[int, int, float]], cut: int, step_ms: int
) -> None:
    parts = [cells(readings[cut:]), cells(readings[:cut])]
    assert same(rollups.rolled([part for part in parts if len(part)], step_ms), cells(readings, step_ms))


@given(READINGS)
def test_rolling_up_tier_by_tier_gives_what_rolling_up_at_once_gives(readings: list[tuple[int, int, float]]) -> None:
    stepwise = cells(readings)
    for tier in TIERS[1:]:
        stepwise = rollups.rolled([stepwise], tier.resolution_ms)
    assert same(stepwise, rollups.rolled([cells(readings)], TIERS[-1].resolution_ms))


@pytest.mark.parametrize("value", [0.1, -0.0, 1e300, 5e-324, 2**53 + 2.0, 20.123456, 1 / 3])
def test_values_that_are_no_short_decimals_are_kept_to_the_last_bit(value: float) -> None:
    made = rollups.of_stats({1000: of_values([value], EntryId(1000, 0))})
    back = rollups.unpack(rollups.pack(made))
    assert back.last.tobytes() == made.last.tobytes()
    assert back.low.tobytes() == made.low.tobytes()


def test_sequence_numbers_of_entry_ids_have_64_bits() -> None:
    made = rollups.of_stats({0: of_values([1.0], EntryId(5, 2**64 - 1))})
    assert rollups.unpack(rollups.pack(made)).last_seq.tolist() == [2**64 - 1]


def test_a_minute_of_readings_like_a_sensor_s_takes_less_than_ten_bytes_a_bucket() -> None:
    made = cells([(t * 1000, 0, round(20 + math.sin(t / 60), 2)) for t in range(300)])
    assert len(rollups.pack(made)) < 10 * 300


@pytest.mark.parametrize(
    "stored", [b"", b"\x02abc", b"\x01\x01\x00\x00\x00no zlib", rollups.pack(cells([(0, 0, 1.0)]))[:-3]]
)
def test_what_is_no_block_is_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        rollups.unpack(stored)


def test_a_spike_of_one_reading_survives_every_tier() -> None:
    readings = [(t * 1000, 0, 20.0) for t in range(7200)]
    readings[3601] = (3_601_000, 0, 95.0)
    found = rollups.rolled([cells(readings)], 900_000)
    assert found.high.max() == 95.0
    assert found.count.sum() == 7200


def test_series_on_one_grid_have_nothing_where_they_have_no_bucket() -> None:
    a, b = cells([(1000, 0, 1.0), (3000, 0, 3.0)]), cells([(2000, 0, 2.0)])
    columns = rollups.to_columns({("s", "a"): a, ("s", "b"): b, ("t", "a"): rollups.of_stats({})})
    assert columns["t"] == [1000, 2000, 3000]
    assert columns["series"] == {"s": {"a": alike([1, None, 3]), "b": alike([None, 2, None])}}


def alike(values: Sequence[float | None]) -> dict[str, Sequence[float | None]]:
    """The columns of buckets of one reading each."""
    count = [None if value is None else 1 for value in values]
    return {**dict.fromkeys(("mean", "min", "max", "last"), values), "count": count}


@pytest.mark.parametrize(
    ("span_ms", "points", "resolution_ms", "step_ms"),
    [(60_000, 600, 1000, 1000), (3_600_000, 900, 1000, 4000), (86_400_000, 1000, 60_000, 120_000), (1, 1, 1000, 1000)],
)
def test_a_point_is_a_multiple_of_a_bucket(span_ms: int, points: int, resolution_ms: int, step_ms: int) -> None:
    assert rollups.step_for(span_ms, points, resolution_ms) == step_ms
