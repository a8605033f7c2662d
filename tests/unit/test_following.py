from dashboard.following import frames_of
from streams.ids import EntryId
from streams.looking import LogEntry
from streams.readings import WHOLE, Shape

START = 1_700_000_040_000
SHAPE = Shape(b"player", ())


def entry(ms: int, **fields: str) -> LogEntry:
    return LogEntry(EntryId(ms, 0), {name.encode(): text.encode() for name, text in fields.items()})


def test_numbers_of_entries_are_counted_by_the_named_sensor() -> None:
    ((reached, frame),) = frames_of([entry(START, player="ada", score="7"), entry(START + 1, score="3")], SHAPE)
    assert reached == EntryId(START + 1, 0)
    assert {s: b.fields["score"].last for s, b in frame.buckets[START].items()} == {"ada": 7.0, WHOLE: 3.0}


def test_entries_without_numbers_move_on_and_chart_nothing() -> None:
    ((reached, frame),) = frames_of([entry(START, player="ada", mood="good")], SHAPE)
    assert (reached, frame.buckets) == (EntryId(START, 0), {})


def test_every_minute_has_a_frame_of_its_own() -> None:
    entries = [entry(START + 30_000 * n, score="1") for n in range(4)]
    reached = [entry_id.ms - START for entry_id, _ in frames_of(entries, SHAPE)]
    assert reached == [30_000, 90_000]


def test_nothing_makes_no_frame() -> None:
    assert list(frames_of([], SHAPE)) == []
