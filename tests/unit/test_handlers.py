from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest

from streams import handlers
from streams.errors import BadRequest
from streams.handlers import Entry, entry, handle, load
from streams.readings import Shape

READING = [b"sensor_id", b"1", b"temperature", b"20.5", b"humidity", b"40"]


def given(*ids: str, pairs: Sequence[bytes] = (b"to", b"ann@example.org")) -> list[Entry]:
    return [entry((name.encode(), pairs), 2, "e1", Shape()) for name in ids]


def broken_by(bad: str, seen: list[list[str]]) -> Callable[[Sequence[Entry]], None]:
    def handler(entries: Sequence[Entry]) -> None:
        seen.append([each.id for each in entries])
        if bad in seen[-1]:
            raise RuntimeError("no such address")

    return handler


def test_an_entry_has_its_fields_as_bytes_and_a_key_of_its_own() -> None:
    (one,) = given("5-1")
    assert (one.fields, one.deliveries, one.key) == ({b"to": b"ann@example.org"}, 2, "e1/5-1")
    assert one.reading is None


def test_an_entry_that_is_a_reading_is_given_as_one() -> None:
    (one,) = given("5-1", pairs=READING)
    assert one.reading is not None
    assert (one.reading.sensor, one.reading.values["temperature"]) == ("1", 20.5)


def test_a_handler_that_returns_nothing_has_handled_everything() -> None:
    handled = handle(lambda _: None, given("5-1", "5-2"))
    assert (handled.rejected, handled.failed) == ({}, {})


def test_a_handler_rejects_single_entries_with_reasons() -> None:
    assert handle(lambda _: {"5-1": "no address"}, given("5-1", "5-2")).rejected == {"5-1": "no address"}


def test_a_batch_that_raises_is_tried_entry_by_entry_so_that_its_neighbours_are_handled() -> None:
    seen: list[list[str]] = []
    handled = handle(broken_by("5-2", seen), given("5-1", "5-2", "5-3"))
    assert seen == [["5-1", "5-2", "5-3"], ["5-1"], ["5-2"], ["5-3"]]
    assert handled.failed == {"5-2": "RuntimeError: no such address"}


@pytest.mark.parametrize("answer", ["5-1", ["5-1"], {"9-9": "not given"}])
def test_an_answer_that_makes_no_sense_counts_as_a_failure(answer: Mapping[str, str]) -> None:
    assert list(handle(lambda _: answer, given("5-1")).failed) == ["5-1"]


def test_a_handler_is_found_by_its_dotted_path() -> None:
    found: object = load("streams.handlers.load")
    assert found is handlers.load


@pytest.mark.parametrize("path", ["streams.handlers.nothing", "no.such.module", "load", "streams.handlers.__doc__"])
def test_a_path_that_leads_to_no_function_is_refused(path: str) -> None:
    with pytest.raises(BadRequest, match="HANDLER"):
        load(path)
