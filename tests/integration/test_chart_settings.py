"""How streams are charted: defaults, rows, what is remembered and for how long, and a database that is away."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection

from streams import chart_settings
from streams.chart_models import ChartedField, ChartedStream, NamedSensor
from streams.chart_settings import Bounds, FieldSettings
from streams.ids import EntryId
from streams.names import to_path
from streams.parsing import shape
from streams.readings import Shape, parse

pytestmark = pytest.mark.django_db
HOSTILE = b"\xff\x00 {orders}\xe2\x80\xae"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(chart_settings, "time", clock)
    chart_settings.forget()
    yield clock
    chart_settings.forget()


@contextmanager
def database_away() -> Iterator[None]:
    def fail(*_: Any) -> None:
        raise DatabaseError("away")

    with connection.execute_wrapper(fail):
        yield


def row(stream: bytes, **changes: Any) -> ChartedStream:
    return ChartedStream.objects.create(stream=to_path(stream), **changes)


def configure(settings: Any, **changes: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, **changes)


def test_the_watched_stream_is_charted_as_the_settings_say(settings: Any) -> None:
    configure(settings, shape=shape("box:b,a"), units={"a": "V", "c": "A"})
    found = chart_settings.of(b"sensor_stream")
    assert found.fields == (
        FieldSettings("a", "a", "V", is_required=True),
        FieldSettings("c", "c", "A"),
        FieldSettings("b", "b", is_required=True),
    )
    assert found.shape() == Shape(b"box", (b"b", b"a"))
    assert (found.sensor_field, found.charts_others, found.keeps_history) == ("box", True, True)


def test_names_of_the_settings_reach_the_shape_as_the_bytes_they_are(settings: Any) -> None:
    configure(settings, shape=shape("bo\u200bx:te\u200bmp"))
    assert chart_settings.of(b"sensor_stream").shape() == Shape("bo\u200bx".encode(), ("te\u200bmp".encode(),))
    assert chart_settings.of(b"other").shape() == Shape("bo\u200bx".encode(), ())
    assert "te\\u200bmp" in [known.name for known in chart_settings.of(b"sensor_stream").fields]


def test_another_stream_has_sensors_and_no_field_it_must_have(settings: Any) -> None:
    configure(settings, shape=shape("box:a"))
    found = chart_settings.of(b"other")
    assert (found.fields, found.keeps_history, found.charts_others) == ((), False, True)
    assert found.shape() == Shape(b"box", ())


def test_a_row_takes_the_place_of_the_settings() -> None:
    made = row(b"sensor_stream", sensor_field="box", charts_others=False, keeps_history=False)
    ChartedField.objects.create(stream=made, name="late", order=2, is_required=True)
    ChartedField.objects.create(stream=made, name="early", label="Early", unit="V", decimals=1, low_bad=0.0, order=1)
    NamedSensor.objects.create(stream=made, sensor="7", label="Boiler")
    found = chart_settings.of(b"sensor_stream")
    assert found.fields == (
        FieldSettings("early", "Early", "V", 1, bounds=Bounds(low_bad=0.0)),
        FieldSettings("late", "late", is_required=True),
    )
    assert found.shape() == Shape(b"box", (b"late",))
    assert found.sensor_labels == {"7": "Boiler"}
    assert (found.charts_others, found.keeps_history) == (False, False)


def test_a_row_without_a_sensor_field_says_that_there_are_no_sensors() -> None:
    row(b"other", sensor_field="")
    found = chart_settings.of(b"other")
    assert (found.sensor_field, found.shape().sensor_field) == (None, None)


def test_fields_beside_the_known_ones_are_charted_only_when_the_row_says_so() -> None:
    for name, charts_others in ((b"some", False), (b"all", True)):
        ChartedField.objects.create(stream=row(name, charts_others=charts_others), name="known")
    assert [chart_settings.of(b"some").charts(name) for name in ("known", "new")] == [True, False]
    assert [chart_settings.of(b"all").charts(name) for name in ("known", "new")] == [True, True]


def test_the_browser_gets_plain_values() -> None:
    made = row(b"other")
    ChartedField.objects.create(stream=made, name="a", unit="V", decimals=0, high_warn=1.5, high_bad=2.0)
    ChartedField.objects.create(stream=made, name="b", label="B")
    NamedSensor.objects.create(stream=made, sensor="7", label="Boiler")
    bounds = {"low_bad": None, "low_warn": None, "high_warn": 1.5, "high_bad": 2.0}
    plain = chart_settings.of(b"other").plain()
    assert json.loads(json.dumps(plain)) == {
        "fields": [
            {"name": "a", "label": "a", "unit": "V", "decimals": 0, "bounds": bounds},
            {"name": "b", "label": "B", "unit": "", "decimals": None, "bounds": None},
        ],
        "sensors": {"7": "Boiler"},
        "others": True,
    }


def test_names_of_any_bytes_find_their_row_and_their_labels() -> None:
    made = row(HOSTILE)
    pairs = [b"sensor_id", b"\xff1", "\u202ea".encode(), b"1"]
    reading = parse(EntryId(1, 0), pairs, Shape(b"sensor_id", ()))
    NamedSensor.objects.create(stream=made, sensor=reading.sensor, label="Seven")
    ChartedField.objects.create(stream=made, name=next(iter(reading.values)), label="A")
    found = chart_settings.of(HOSTILE)
    assert found.sensor_labels[reading.sensor] == "Seven"
    assert [known.label for known in found.fields if known.name in reading.values] == ["A"]
    assert chart_settings.of(HOSTILE[:-1]).fields == ()
    assert HOSTILE in chart_settings.kept()
    assert chart_settings.of(b"x" * 5000).fields == ()


def test_an_answer_is_remembered_for_two_seconds(clock: Clock, django_assert_num_queries: Any) -> None:
    assert chart_settings.of(b"other").sensor_field == "sensor_id"
    ChartedStream.objects.bulk_create([ChartedStream(stream="other", sensor_field="box")])  # tells nobody
    clock.now += 1.9
    with django_assert_num_queries(0):
        assert chart_settings.of(b"other").sensor_field == "sensor_id"
    clock.now += 0.2
    assert chart_settings.of(b"other").sensor_field == "box"


def test_what_is_saved_or_deleted_here_counts_at_once() -> None:
    made = row(b"other", sensor_field="box")
    assert chart_settings.of(b"other").sensor_labels == {}
    named = NamedSensor.objects.create(stream=made, sensor="7", label="Boiler")
    assert chart_settings.of(b"other").sensor_labels == {"7": "Boiler"}
    named.delete()
    assert chart_settings.of(b"other").sensor_labels == {}
    made.delete()
    assert chart_settings.of(b"other").sensor_field == "sensor_id"
    assert chart_settings.kept() == [b"sensor_stream"]


def test_what_was_forgotten_is_asked_for_again() -> None:
    chart_settings.of(b"other")
    ChartedStream.objects.bulk_create([ChartedStream(stream="other", sensor_field="box")])
    chart_settings.forget()
    assert chart_settings.of(b"other").sensor_field == "box"


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_what_was_known_last_goes_on(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    row(b"known", sensor_field="box")
    chart_settings.of(b"known")
    chart_settings.kept()
    clock.now += 60
    with database_away(), caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert chart_settings.of(b"known").sensor_field == "box"
            assert chart_settings.of(b"new").sensor_field == "sensor_id"
            assert set(chart_settings.kept()) == {b"sensor_stream", b"known"}
            clock.now += 60
    assert [record.message for record in caplog.records] == [
        "Chart settings cannot be read, and those known last go on: away"
    ] * 2  # once for rows, once for the list of what is kept
    assert chart_settings.of(b"known").sensor_field == "box"


def test_without_any_answer_the_settings_count() -> None:
    with database_away():
        assert chart_settings.of(b"sensor_stream").shape() == Shape()
        assert chart_settings.kept() == [b"sensor_stream"]


def test_names_asked_for_long_ago_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chart_settings, "MOST_KNOWN", 3)
    for number in range(5):
        chart_settings.of(b"s%d" % number)
    assert list(chart_settings._rows._known) == [b"s2", b"s3", b"s4"]


def test_kept_are_the_watched_stream_and_those_whose_row_says_so() -> None:
    assert chart_settings.kept() == [b"sensor_stream"]
    row(b"yes")
    row(b"no", keeps_history=False)
    assert set(chart_settings.kept()) == {b"sensor_stream", b"yes"}
    row(b"sensor_stream", keeps_history=False)
    assert chart_settings.kept() == [b"yes"]


@pytest.mark.parametrize("path", ["~~" + "0" * 64, "~%", "~c2Vuc29y", "a b", "~\u00e9", ""])
def test_a_row_is_about_a_path_that_a_name_makes(path: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ChartedStream(stream=path).full_clean()
    assert list(refused.value.message_dict) == ["stream"]


def test_a_row_written_past_its_validation_harms_no_other() -> None:
    ChartedStream.objects.create(stream="~~nothing")
    row(b"yes")
    assert {b"sensor_stream", b"yes"} <= set(chart_settings.kept())


@pytest.mark.parametrize(
    ("bounds", "wrong"),
    [
        ({"low_bad": 1, "low_warn": 2, "high_warn": 3, "high_bad": 4}, []),
        ({"low_bad": -1.5, "high_bad": 0}, []),
        ({"high_warn": 3}, []),
        ({"low_bad": 2, "low_warn": 1}, ["low_warn"]),
        ({"low_bad": 2, "high_bad": 2}, ["high_bad"]),
        ({"low_warn": 9, "high_warn": 3, "high_bad": 4}, ["high_warn", "high_bad"]),
        ({"low_bad": float("nan")}, ["low_bad"]),
        ({"high_bad": float("inf")}, ["high_bad"]),
    ],
)
def test_bounds_are_finite_and_ascend(bounds: dict[str, float], wrong: list[str]) -> None:
    field = SimpleNamespace(errors={})
    try:
        ChartedField(stream=row(b"s"), name="a", **bounds).full_clean()
    except ValidationError as error:
        field.errors = error.message_dict
    assert list(field.errors) == wrong


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"decimals": 6}, []),
        ({"decimals": 7}, ["decimals"]),
        ({"decimals": -1}, ["decimals"]),
        ({"name": "a\\xff"}, []),
        ({"name": "a\\xff", "is_required": True}, ["is_required"]),
        ({"name": ""}, ["name"]),
    ],
)
def test_a_field_is_refused_beside_what_is_wrong(changes: dict[str, Any], wrong: list[str]) -> None:
    found: list[str] = []
    try:
        ChartedField(**{"stream": row(b"s"), "name": "a", **changes}).full_clean()
    except ValidationError as error:
        found = list(error.message_dict)
    assert found == wrong


def test_fields_of_the_watched_stream_that_are_not_listed_keep_the_units_of_the_settings() -> None:
    row(b"sensor_stream", sensor_field="sensor_id")
    row(b"orders", sensor_field="shop")
    watched, other = (chart_settings.of(name).plain(["humidity"]) for name in (b"sensor_stream", b"orders"))
    assert [plain["fields"][0]["unit"] for plain in (watched, other)] == ["%", ""]


def test_what_reading_requires_stays_required_unless_it_is_listed_or_other_readings_are_meant() -> None:
    made = row(b"sensor_stream", sensor_field="sensor_id")
    ChartedField.objects.create(stream=made, name="temperature", unit="K")
    assert chart_settings.of(b"sensor_stream").shape().required == (b"humidity",)
    row(b"orders", sensor_field="sensor_id")
    assert chart_settings.of(b"orders").shape().required == ()
