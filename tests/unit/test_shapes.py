import pytest

from streams import readings
from streams.ids import EntryId
from streams.readings import WHOLE, Shape
from streams.shapes import KINDS

NAMED = {"sensors": b"sensor_id", "jobs": b"queue", "orders": None, "scores": b"player"}
NUMBERS = {
    "sensors": {"temperature", "humidity"},
    "jobs": {"took_ms", "rows"},
    "orders": {"total", "items"},
    "scores": {"score"},
}


@pytest.mark.parametrize("name", KINDS)
def test_entries_of_every_shape_can_be_charted(name: str) -> None:
    made = KINDS[name].make(3, 1)
    for second in range(200):
        reading = readings.chartable(EntryId(1000, second), made.reading(second), Shape(NAMED[name], ()))
        assert reading
        assert set(reading.values) == NUMBERS[name]
        assert (reading.sensor == WHOLE) == (NAMED[name] is None)


@pytest.mark.parametrize("name", KINDS)
def test_the_same_seed_gives_the_same_entries(name: str) -> None:
    one, other = KINDS[name].make(3, 7), KINDS[name].make(3, 7)
    assert [one.reading(n) for n in range(50)] == [other.reading(n) for n in range(50)]


def test_a_round_of_scores_begins_anew_when_somebody_won() -> None:
    scores = KINDS["scores"].make(1, 1)
    seen = [int(scores.reading(0)[3]) for _ in range(2000)]
    assert max(seen) >= 1000
    assert seen[-1] < 1000 + 25
    assert min(seen[1000:]) < 100
