"""A recording of readings: the lines of a CSV file, and what is wrong with those that cannot be used."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from streams.ids import ZERO
from streams.names import shown
from streams.readings import BadReading, Shape, parse

TIME_COLUMN = "timestamp_ms"


class BadHeader(ValueError):
    """The first line is neither a usable header nor a reading; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One reading: its line's number from 1, its time (ms since 1970) and its fields, names and values in turn."""

    line: int
    at_ms: int
    fields: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is skipped: its number from 1, and why."""

    line: int
    reason: str


def read(lines: Iterable[str], shape: Shape) -> Iterator[Recorded | BadLine]:
    """What is in the lines, in their order; empty ones are passed over. Raises BadHeader.

    A header names the columns, in any order; without one they are the time, the sensor and the required fields.
    Values keep their very text (bytes that are no UTF-8 come in and go out by `surrogateescape`).
    """
    columns: Sequence[str] = ()
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if not text.strip():
            continue
        if not columns:
            columns, is_header = _columns(text, shape)
            if is_header:
                continue
        yield _recorded(number, text, columns, shape)


def _columns(first: str, shape: Shape) -> tuple[Sequence[str], bool]:
    """The columns' names, and whether they stood in the first line."""
    sensor = [] if shape.sensor_field is None else [shown(shape.sensor_field)]
    expected = [TIME_COLUMN, *sensor, *map(shown, shape.required)]
    cells = [cell.strip() for cell in _cells(first)]
    if cells and cells[0].isdigit():
        return expected, False
    missing = [name for name in expected if name not in cells]
    if missing or len(set(cells)) < len(cells):
        fault = f"lacks {', '.join(missing)}" if missing else "names a column twice"
        raise BadHeader(f"its first line {fault}; expected is {','.join(expected)}, found was {_quoted(first)}")
    return cells, True


def _recorded(number: int, text: str, columns: Sequence[str], shape: Shape) -> Recorded | BadLine:
    cells = _cells(text)
    if len(cells) != len(columns):
        return BadLine(number, f"{len(cells)} columns where {len(columns)} are expected: {_quoted(text)}")
    row = dict(zip(columns, cells, strict=True))
    time = row.pop(TIME_COLUMN)
    if not (time.isascii() and time.isdigit()):
        return BadLine(number, f"{TIME_COLUMN} is not a whole number of milliseconds: {_quoted(time)}")
    fields = tuple(part.encode("utf-8", "surrogateescape") for pair in row.items() for part in pair)
    try:
        parse(ZERO, fields, shape)
    except BadReading as error:
        return BadLine(number, str(error))
    return Recorded(number, int(time), fields)


def _cells(text: str) -> list[str]:
    """The line's cells. One line at a time: an open quote must not swallow the lines after it."""
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text]))
    except csv.Error:
        return [text]


def _quoted(text: str) -> str:
    visible = shown(text[:60].encode("utf-8", "surrogateescape"))
    return repr(visible) + ("…" if len(text) > 60 else "")
