from hypothesis import given
from hypothesis import strategies as st

from streams.batches import digest
from streams.frames import FieldStats, Frame, SensorStats
from streams.letters import GONE
from streams.readings import Shape

GOOD = (b"1000-0", [b"sensor_id", b"1", b"temperature", b"20", b"humidity", b"40"])
BAD = (b"1000-1", [b"sensor_id", b"1", b"temperature", b"nan", b"humidity", b"40"])
TRIMMED = (b"1000-2", None)


def test_every_entry_is_counted_or_a_dead_letter_and_acknowledged_either_way() -> None:
    batch = digest([GOOD, BAD, TRIMMED], Shape())
    assert batch.ids == [b"1000-0", b"1000-1", b"1000-2"]
    assert batch.frame.count == 1
    assert [letter.entry_id for letter in batch.dead] == [b"1000-1", b"1000-2"]


def test_a_dead_letter_keeps_the_entry_and_the_reason() -> None:
    (letter,) = digest([BAD], Shape()).dead
    assert letter.pairs == BAD[1]
    assert "'temperature' is not finite" in letter.reason


def test_an_entry_that_was_trimmed_while_pending_is_said_to_be_gone() -> None:
    assert digest([TRIMMED], Shape()).dead[0].reason == GONE


def test_entries_that_somebody_else_took_leave_no_trace() -> None:
    batch = digest([GOOD, BAD], Shape(), without={b"1000-0"})
    assert batch.ids == [b"1000-1"]
    assert batch.frame.count == 0


TEXTS = [b"20", b"20.5", b"-3e2", b"+.5", b"nan", b"1e999", b"1_0", b" 1", b"", b"warm", b"7" * 65, b"1e308"]
NAMES = [b"sensor_id", b"temperature", b"humidity", b"label", b"pressure", b"\xff"]
FIELDS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(TEXTS)), max_size=5)
USUAL = st.builds(
    lambda sensor, t, label: [(b"sensor_id", sensor), (b"temperature", t), (b"humidity", b"40"), (b"label", label)],
    st.sampled_from([b"1", b"2", b"", b"x" * 300]),
    st.sampled_from(TEXTS),
    st.sampled_from(TEXTS),
)
STEPS = st.integers(min_value=0, max_value=900)


@given(st.lists(st.tuples(STEPS, FIELDS | USUAL), max_size=30))
def test_taking_entries_together_says_the_same_as_one_by_one(rows: list[tuple[int, list[tuple[bytes, bytes]]]]) -> None:
    entries, now = [], 0
    for step, pairs in rows:
        now += step + 1
        entries.append((b"%d-0" % now, [part for pair in pairs for part in pair]))
    together, single = digest(entries, Shape()), [digest([entry], Shape()) for entry in entries]
    merged = Frame()
    for one in single:
        merged.merge(one.frame)
    assert [letter for one in single for letter in one.dead] == together.dead
    assert plain(together.frame) == plain(merged)


def plain(frame: Frame) -> list[tuple[object, ...]]:
    """The frame's figures; sums to nine digits, because their order of adding differs."""
    return sorted(
        (start, sensor, *stats_of(stats), name, *stats_of(field), field.low, field.high, field.last)
        for start, bucket in frame.buckets.items()
        for sensor, stats in bucket.items()
        for name, field in stats.fields.items()
    )


def stats_of(stats: SensorStats | FieldStats) -> tuple[object, ...]:
    if isinstance(stats, SensorStats):
        return stats.count, stats.first_id, stats.last_id
    return stats.count, stats.last_id, f"{stats.total:.9g}"


def test_words_beside_the_numbers_are_labels_and_not_a_reason_to_refuse() -> None:
    entry = (b"1000-0", [*GOOD[1], b"room", b"kitchen"])
    batch = digest([entry], Shape())
    assert (batch.frame.count, batch.dead) == (1, [])
