"""Recordings: what is read, what is skipped, and why."""

from __future__ import annotations

import re

import pytest

from streams.readings import Shape
from streams.recording import BadHeader, BadLine, Recorded, read

HEADER = "timestamp_ms,sensor_id,temperature,humidity\n"


def parse(*lines: str) -> list[Recorded | BadLine]:
    return list(read(lines, Shape()))


def reason(line: str) -> str:
    (bad,) = parse(HEADER, line)
    assert isinstance(bad, BadLine)
    assert bad.line == 2
    return bad.reason


def test_values_keep_their_very_text() -> None:
    (reading,) = parse(HEADER, "1458031648545,1,20.480,042\r\n")
    fields = (b"sensor_id", b"1", b"temperature", b"20.480", b"humidity", b"042")
    assert reading == Recorded(2, 1458031648545, fields)


def test_a_header_is_not_needed() -> None:
    assert [line.line for line in parse("1,1,20,40\n", "2,1,20,40\n")] == [1, 2]


def test_a_header_may_name_columns_in_another_order_and_more_of_them() -> None:
    (reading,) = parse("sensor_id,humidity,pressure,temperature,timestamp_ms\n", "a b,40,1013,20,5\n")
    assert isinstance(reading, Recorded)
    assert reading.at_ms == 5
    assert reading.fields[::2] == (b"sensor_id", b"humidity", b"pressure", b"temperature")


def test_a_header_that_lacks_a_column_is_refused() -> None:
    with pytest.raises(BadHeader, match="lacks sensor_id, humidity"):
        parse("timestamp_ms,sensor,temperature\n")
    with pytest.raises(BadHeader, match="names a column twice"):
        parse("timestamp_ms,sensor_id,temperature,humidity,humidity\n")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1,2,3", "3 columns where 4 are expected: '1,2,3'"),
        ("1,2,3,4,5", "5 columns where 4 are expected"),
        ("soon,1,20,40", "timestamp_ms is not a whole number of milliseconds: 'soon'"),
        ("1,1,warm,40", "field 'temperature' is not a number: 'warm'"),
        ("1,1,20,nan", "field 'humidity' is not finite"),
        ("1,,20,40", "no sensor"),
        ('1,1,"20,40', "2 columns|3 columns"),
    ],
)
def test_a_bad_line_says_why(line: str, why: str) -> None:
    assert re.search(why, reason(line))


def test_an_open_quote_does_not_swallow_the_next_line() -> None:
    bad, good = parse(HEADER, '1,"1,20,40\n', "2,1,20,40\n")
    assert isinstance(bad, BadLine)
    assert isinstance(good, Recorded)


def test_quoted_cells_are_read() -> None:
    (reading,) = parse(HEADER, '"1","room, left","20","40"\n')
    assert isinstance(reading, Recorded)
    assert reading.fields[1] == b"room, left"


def test_bytes_that_are_no_text_pass_through() -> None:
    (reading,) = parse(HEADER, b"1,\xff,20,40".decode("utf-8", "surrogateescape"))
    assert isinstance(reading, Recorded)
    assert reading.fields[1] == b"\xff"


def test_empty_lines_are_passed_over_but_counted() -> None:
    assert [line.line for line in parse("\n", HEADER, "\n", "1,1,20,40\n", "\n")] == [4]


def test_an_empty_file_has_no_readings() -> None:
    assert parse() == []
