from dashboard.totals import Totals, describe, natural
from streams import frames
from streams.ids import EntryId
from streams.readings import Reading

MINUTE = 60_000


def take(totals: Totals, log_ms: int, *readings: tuple[int, str, float]) -> None:
    frame = frames.of_readings(Reading(EntryId(ms, 0), sensor, {"t": value}) for ms, sensor, value in readings)
    totals.merge(frame, EntryId(log_ms, 0))


def test_totals_add_up_over_frames_and_minutes() -> None:
    totals = Totals()
    take(totals, 0, (1, "1", 10.0), (2, "1", 30.0))
    take(totals, MINUTE, (3, "1", 20.0))
    (row,) = describe(totals.by_sensor())
    assert (row["count"], row["first_id"], row["last_id"]) == (3, "1-0", "3-0")
    assert row["fields"]["t"] == {"count": 3, "last": 20.0, "min": 10.0, "max": 30.0, "mean": 20.0}


def test_the_oldest_minutes_can_be_forgotten() -> None:
    totals = Totals()
    for minute in range(5):
        take(totals, minute * MINUTE, (minute * MINUTE, "1", float(minute)))
    totals.drop_before(2 * MINUTE)
    assert totals.by_sensor()["1"].count == 3
    assert totals.since_ms == 2 * MINUTE


def test_asking_does_not_change_what_is_counted() -> None:
    totals = Totals()
    take(totals, 0, (1, "1", 1.0))
    take(totals, MINUTE, (2, "1", 1.0))
    assert totals.by_sensor()["1"].count == totals.by_sensor()["1"].count == 2


def test_nothing_counted_begins_nowhere() -> None:
    assert Totals().since_ms is None


def test_sensor_nine_comes_before_sensor_ten() -> None:
    names = ["10", "9", "room-10", "room-9", "b", "1"]
    assert sorted(names, key=natural) == ["1", "9", "10", "b", "room-9", "room-10"]
