"""When alert rules open and close, and what they read from figures."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.alert_readings import readings_of
from streams.alerting import Closed, Opened, Rule, Seen, Subject, Track, Watch

BAD, BETWEEN, GOOD, UNKNOWN = 100.0, 7.0, 1.0, None


def lag_rule(**more: Any) -> Rule:
    return Rule(**{"id": 1, "name": "r", "watch": Watch.LAG, "threshold": 10.0, "clear": 5.0, "m": 1, "n": 1, **more})


def changes(rule: Rule, values: list[float | None]) -> list[tuple[int, str]]:
    """At which samples what happened."""
    track = Track(rule)
    found = [(at, track.step(value)) for at, value in enumerate(values)]
    return [(at, type(change).__name__) for at, change in found if change]


@pytest.mark.parametrize(
    ("m", "n", "values", "expected"),
    [
        (1, 1, [GOOD, BAD, GOOD], [(1, "Opened"), (2, "Closed")]),
        (2, 3, [BAD, GOOD, BAD], [(2, "Opened")]),
        (2, 3, [BAD, GOOD, GOOD, BAD, GOOD, GOOD, BAD], []),
        (3, 3, [BAD, BAD, GOOD, BAD, BAD, BAD], [(5, "Opened")]),
        (1, 3, [BAD, GOOD, GOOD, BAD, GOOD, GOOD, GOOD], [(0, "Opened"), (6, "Closed")]),
        (1, 2, [BAD, GOOD, BETWEEN, GOOD, BETWEEN, GOOD], [(0, "Opened")]),
        (1, 2, [BAD, GOOD, UNKNOWN, GOOD], [(0, "Opened"), (3, "Closed")]),
        (2, 2, [BAD, UNKNOWN, UNKNOWN, BAD], [(3, "Opened")]),
        (1, 1, [BETWEEN, BETWEEN], []),
    ],
)
def test_opens_after_m_of_n_and_closes_after_n_good_in_a_row(
    m: int, n: int, values: list[float | None], expected: list[tuple[int, str]]
) -> None:
    assert changes(lag_rule(m=m, n=n), values) == expected


SAMPLES = st.lists(st.sampled_from([BAD, BETWEEN, GOOD, UNKNOWN]), max_size=60)


@given(SAMPLES, st.integers(1, 5).flatmap(lambda n: st.tuples(st.integers(1, n), st.just(n))))
def test_openings_and_closings_take_turns_and_each_has_its_cause(
    values: list[float | None], limits: tuple[int, int]
) -> None:
    m, n = limits
    known: list[float] = []
    track, is_open = Track(lag_rule(m=m, n=n)), False
    for value in values:
        change = track.step(value)
        known += [] if value is None else [value]
        if isinstance(change, Opened):
            assert not is_open
            assert sum(sample == BAD for sample in known[-n:]) >= m
        elif isinstance(change, Closed):
            assert is_open
            assert known[-n:] == [GOOD] * n
        elif not is_open:
            assert sum(sample == BAD for sample in known[-n:]) < m or value != BAD
        is_open = (is_open or isinstance(change, Opened)) and not isinstance(change, Closed)
        assert track.is_open == is_open


@given(SAMPLES)
def test_unknown_samples_change_nothing(values: list[float | None]) -> None:
    known: list[float | None] = [value for value in values if value is not UNKNOWN]
    kinds = [kind for _, kind in changes(lag_rule(m=2, n=3), values)]
    assert kinds == [kind for _, kind in changes(lag_rule(m=2, n=3), known)]


def test_the_worst_value_is_remembered_on_the_side_where_values_are_bad() -> None:
    high, low = Track(lag_rule()), Track(lag_rule(watch=Watch.ROOM_S, threshold=10.0, clear=20.0))
    for value in (50.0, 90.0, 60.0):
        high.step(value)
    for value in (9.0, 2.0, 5.0):
        low.step(value)
    assert (high.worst, low.worst) == (90.0, 2.0)


def test_a_rule_whose_limits_change_judges_only_by_the_new_ones() -> None:
    track = Track(lag_rule(m=2, n=3))
    track.step(BAD)
    track.follow(lag_rule(m=2, n=3, threshold=200.0))
    assert [track.step(value) for value in (BAD, 300.0)] == [None, None]
    assert isinstance(track.step(300.0), Opened)


def test_a_subject_is_gone_after_n_looks_without_it() -> None:
    track = Track(lag_rule(n=3))
    assert [track.miss(), track.miss()] == [False, False]
    track.step(GOOD)
    assert [track.miss(), track.miss(), track.miss()] == [False, False, True]


def group(name: str = "g", **more: Any) -> dict[str, Any]:
    figures = {
        **{"name": name, "path": name, "lag": 3, "lag_quality": "exact", "behind_ms": 1500, "pending": 2},
        **{"oldest_pending_ms": 4000, "room_entries": 50, "room_ms": 9000, "room_reason": None, "room_at_risk": True},
        **{"verdict": "OK", "reason": "it reads on", "evidence": {"lag": [3]}},
    }
    return {**figures, **more}


def stream(*groups: dict[str, Any], **more: Any) -> dict[str, Any]:
    judged = {"verdict": "OK", "reason": "all is well", "evidence": {}}
    return {"name": "s", "path": "s", "t": 60_000, "stream": {}, "groups": list(groups), **judged, **more}


def read(watch: Watch, figures: dict[str, Any], **more: Any) -> list[float | None]:
    return [reading.value for reading in readings_of(lag_rule(watch=watch, **more), figures)]


@pytest.mark.parametrize(
    ("watch", "figures", "value"),
    [
        (Watch.LAG, {}, 3),
        (Watch.LAG, {"lag": None}, None),
        (Watch.LAG, {"lag": 11, "lag_quality": "at least"}, 11),
        (Watch.LAG, {"lag": 9, "lag_quality": "at least"}, None),
        (Watch.BEHIND_S, {}, 1.5),
        (Watch.BEHIND_S, {"behind_ms": None}, None),
        (Watch.OLDEST_PENDING_S, {}, 4.0),
        (Watch.OLDEST_PENDING_S, {"pending": 0, "oldest_pending_ms": None}, 0.0),
        (Watch.OLDEST_PENDING_S, {"oldest_pending_ms": None}, None),
        (Watch.ROOM_ENTRIES, {}, 50),
        (Watch.ROOM_S, {}, 9.0),
        (Watch.ROOM_S, {"room_ms": None, "room_reason": "nothing was trimmed", "room_at_risk": False}, math.inf),
        (Watch.ROOM_S, {"room_ms": None, "room_reason": "the rate is unknown", "room_at_risk": None}, None),
    ],
)
def test_figures_are_read_in_seconds_and_unknown_stays_unknown(
    watch: Watch, figures: dict[str, Any], value: float | None
) -> None:
    assert read(watch, stream(group(**figures))) == [value]


def test_a_verdict_is_bad_when_the_rule_names_it_and_unknown_when_nobody_knows() -> None:
    figures = stream(group("a", verdict="STUCK"), group("b"), group("c", verdict="UNKNOWN"))
    rule = lag_rule(watch=Watch.VERDICT, verdicts=frozenset({"STUCK"}), threshold=0.0, clear=0.0)
    found = readings_of(rule, figures)
    assert [reading.value for reading in found] == [1.0, 0.0, None]
    assert found[0].sentence == "STUCK: it reads on"
    assert found[0].evidence == {"lag": [3]}


def test_a_stream_without_a_group_is_a_subject_of_its_own() -> None:
    rule = lag_rule(watch=Watch.VERDICT, verdicts=frozenset({"NO_GROUP"}))
    (reading,) = readings_of(rule, stream(verdict="NO_GROUP", reason="nobody reads it"))
    assert (reading.subject, reading.value, reading.sentence) == (
        Subject("s", stream_path="s"),
        1.0,
        "nobody reads it",
    )


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ({"stream_pattern": "x*"}, []),
        ({"group_pattern": "b*"}, ["billing"]),
        ({"group_pattern": "B*"}, []),
        ({}, ["billing", "mail"]),
    ],
)
def test_patterns_choose_streams_and_groups_by_shown_name(patterns: dict[str, str], names: list[str]) -> None:
    found = readings_of(lag_rule(**patterns), stream(group("billing"), group("mail")))
    assert [reading.subject.group for reading in found] == names


def test_a_stream_that_could_not_be_looked_at_says_nothing() -> None:
    assert readings_of(lag_rule(), stream(group(), stream=None)) == []


SENSORS = {"a": Seen(58_000, {"temperature": (19.0, 31.0)}), "b": Seen(50_000)}


@pytest.mark.parametrize(
    ("watch", "values"),
    [(Watch.SENSOR_ABOVE, [31.0, None]), (Watch.SENSOR_BELOW, [19.0, None]), (Watch.SENSOR_SILENT_S, [2.0, 10.0])],
)
def test_sensors_are_read_by_their_extremes_and_their_silence(watch: Watch, values: list[float | None]) -> None:
    found = readings_of(lag_rule(watch=watch, field="temperature"), stream(), SENSORS)
    assert [reading.value for reading in found] == values
    assert [reading.subject.sensor for reading in found] == ["a", "b"]
    assert readings_of(lag_rule(watch=watch, field="temperature"), stream(), None) == []


def test_sentences_name_the_value_and_its_unit() -> None:
    (reading,) = readings_of(lag_rule(), stream(group(lag=12345)))
    assert reading.sentence == "the lag is 12,345 entries"
    (one,) = readings_of(lag_rule(), stream(group(lag=1)))
    assert one.sentence == "the lag is 1 entry"
    assert str(reading.subject) == "g on s"
    (silent,) = readings_of(lag_rule(watch=Watch.SENSOR_SILENT_S, sensor_pattern="b"), stream(), SENSORS)
    assert silent.sentence == "sensor b was last heard 10 s ago"
