import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ids import EntryId
from streams.readings import BadReading, Reading, Shape, parse

ID = EntryId(1_700_000_000_000, 0)


def read(**fields: str | bytes) -> Reading:
    pairs = [part if isinstance(part, bytes) else part.encode() for pair in fields.items() for part in pair]
    return parse(ID, pairs, Shape())


def test_a_sensors_entry_becomes_numbers() -> None:
    reading = read(sensor_id="7", temperature="21.5", humidity="-40")
    assert (reading.sensor, reading.values) == ("7", {"temperature": 21.5, "humidity": -40.0})


def test_extra_numbers_become_series_and_words_are_left_alone() -> None:
    reading = read(sensor_id="7", temperature="21.5", humidity="40", pressure="1013.2", room="kitchen")
    assert reading.values["pressure"] == 1013.2
    assert "room" not in reading.values


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["temperature", "pressure"])
def test_a_number_that_is_not_finite_is_refused_in_any_field(field: str, text: str) -> None:
    with pytest.raises(BadReading, match=f"'{field}' is (not finite|too large)"):
        read(**{"sensor_id": "1", "temperature": "20", "humidity": "40", field: text})


@pytest.mark.parametrize("text", ["", " 21", "21 ", "1_000", "٣", "0x10", "21,5", "--1", "1e", ".", b"\xff", "9" * 400])
def test_what_float_would_take_or_a_person_would_guess_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadReading, match="field 'temperature' is not a number"):
        read(sensor_id="1", temperature=text, humidity="40")


@pytest.mark.parametrize("text", ["21", "21.", ".5", "+1.5", "-2e-3", "1E6"])
def test_every_plain_decimal_form_is_read(text: str) -> None:
    assert read(sensor_id="1", temperature=text, humidity="1").values["temperature"] == float(text)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(BadReading, match="missing field: 'humidity'"):
        read(sensor_id="1", temperature="20")


@pytest.mark.parametrize("fields", [{}, {"sensor_id": ""}, {"sensor_id": "x" * 201}])
def test_without_a_usable_sensor_there_is_no_reading(fields: dict[str, str]) -> None:
    with pytest.raises(BadReading, match="no sensor"):
        read(temperature="20", humidity="40", **fields)


def test_without_any_number_there_is_no_reading() -> None:
    with pytest.raises(BadReading, match="no field holds a number"):
        parse(ID, [b"sensor", b"1", b"room", b"kitchen"], Shape(b"sensor", ()))


def test_of_a_repeated_field_the_last_counts() -> None:
    pairs = [b"sensor_id", b"1", b"temperature", b"1", b"temperature", b"2", b"humidity", b"3"]
    assert parse(ID, pairs, Shape()).values == {"temperature": 2.0, "humidity": 3.0}


@given(st.lists(st.binary(max_size=20), max_size=12))
def test_any_entry_is_a_reading_or_has_a_reason(pairs: list[bytes]) -> None:
    try:
        reading = parse(ID, pairs, Shape())
    except BadReading as bad:
        reason = str(bad)
    else:
        reason = str(reading.values)
    assert reason
