"""A reading: what one entry of a sensor stream says, or why it says nothing that can be used."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from streams.ids import EntryId
from streams.names import shown

# float() would take nan, 1_000, Arabic digits and blanks; sensors send plain decimal numbers.
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_NOT_FINITE = re.compile(rb"[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE)
LONGEST_NUMBER = 64
LONGEST_NAME = 200
# The name under which entries that name no sensor are charted.
WHOLE = "all entries"


class BadReading(ValueError):
    """The entry cannot be counted; the text is the reason that goes to the dead-letter stream."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Which fields make a reading: the one that names the sensor (None: all are of one), and the required numbers."""

    sensor_field: bytes | None = b"sensor_id"
    required: tuple[bytes, ...] = (b"temperature", b"humidity")


class Reading:
    """One sensor's numbers from one entry: `values` maps field names to finite floats."""

    __slots__ = ("entry_id", "sensor", "values")

    def __init__(self, entry_id: EntryId, sensor: str, values: dict[str, float]) -> None:
        self.entry_id = entry_id
        self.sensor = sensor
        self.values = values


def parse(entry_id: EntryId, pairs: Sequence[bytes], shape: Shape) -> Reading:
    """A reading from an entry's flat field-value list.

    Required fields must be finite numbers. Other fields become series of their own when they are numbers and are
    left alone when they are words (a label is not a reading). Raises BadReading with the reason otherwise.
    """
    sensor = None
    values: dict[str, float] = {}
    missing = len(shape.required)
    for at in range(0, len(pairs) - 1, 2):
        name, text = pairs[at], pairs[at + 1]
        if name == shape.sensor_field:
            sensor = text
            continue
        required = name in shape.required
        number = _number(name, text, required=required)
        if number is None:
            continue
        label = _label(name)
        missing -= required and label not in values
        values[label] = number
    return Reading(entry_id, _sensor(sensor, shape), _complete(values, missing, shape))


def chartable(entry_id: EntryId, pairs: Sequence[bytes], shape: Shape) -> Reading | None:
    """The numbers of an entry that nobody promised to be a reading; None when it holds none.

    What is no finite number is passed over, and an entry that names no sensor counts as one of WHOLE.
    """
    sensor, values = b"", {}
    for at in range(0, len(pairs) - 1, 2):
        name, text = pairs[at], pairs[at + 1]
        if name == shape.sensor_field:
            sensor = text
        elif len(text) <= LONGEST_NUMBER and len(name) <= LONGEST_NAME and _NUMBER.fullmatch(text):
            value = float(text)
            if math.isfinite(value):
                values[shown(name)] = value
    if not values or len(sensor) > LONGEST_NAME:
        return None
    return Reading(entry_id, shown(sensor) if sensor else WHOLE, values)


def _sensor(name: bytes | None, shape: Shape) -> str:
    if shape.sensor_field is None:
        return WHOLE
    if not name:
        raise BadReading(f"no sensor: field {shown(shape.sensor_field)!r} is missing or empty")
    if len(name) > LONGEST_NAME:
        raise BadReading(f"no sensor: its name is {len(name)} bytes long, at most {LONGEST_NAME} are taken")
    return shown(name)


def _complete(values: dict[str, float], missing: int, shape: Shape) -> dict[str, float]:
    if missing:
        absent = [shown(name) for name in shape.required if shown(name) not in values]
        raise BadReading("missing field: " + ", ".join(repr(name) for name in absent))
    if not values:
        raise BadReading("no field holds a number")
    return values


def _label(name: bytes) -> str:
    if len(name) > LONGEST_NAME:
        raise BadReading(f"a field name is {len(name)} bytes long, at most {LONGEST_NAME} are taken")
    return shown(name)


def _number(name: bytes, text: bytes, *, required: bool) -> float | None:
    if len(text) <= LONGEST_NUMBER and _NUMBER.fullmatch(text):
        value = float(text)
        if math.isfinite(value):
            return value
        raise BadReading(f"field {shown(name)!r} is too large for a number: {_quoted(text)}")
    if _NOT_FINITE.fullmatch(text):
        raise BadReading(f"field {shown(name)!r} is not finite: {_quoted(text)}")
    if required:
        raise BadReading(f"field {shown(name)!r} is not a number: {_quoted(text)}")
    return None


def looks_like_number(text: bytes) -> bool:
    """Whether this is a number or one that is not finite, so that it is no mere label."""
    return bool(_NUMBER.fullmatch(text) or _NOT_FINITE.fullmatch(text))


def _quoted(text: bytes) -> str:
    return repr(shown(text[:60])) + ("…" if len(text) > 60 else "")
