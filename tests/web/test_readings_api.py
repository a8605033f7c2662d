"""Readings over time: what was recorded and what is in memory, joined without counting anything twice."""

from __future__ import annotations

import csv
import io
import threading
from dataclasses import replace
from typing import Any

import pytest
from django.test import AsyncClient

from streams import chart_settings, conf, rollups
from streams.frames import of_readings
from streams.gateway.client import Client
from streams.ids import EntryId
from streams.readings import Reading, Shape
from streams.rollup_tail import Tail
from streams.rollup_writer import Position, Writer
from tests.stuck import Server
from tests.web.conftest import STREAM, commit, server_ms

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("anonymous_may_look", "close_hub"),
]
URL = f"/api/streams/{STREAM}/readings/"
HOUR, DAY = 3_600_000, 86_400_000
KEEP = rollups.kept_ms((HOUR, DAY, 90 * DAY))


async def get(**query: Any) -> Any:
    return await AsyncClient().get(URL, query)


async def answer(**query: Any) -> dict[str, Any]:
    response = await get(**query)
    assert response.status_code == 200, response.content
    found: dict[str, Any] = response.json()
    return found


def counted(found: dict[str, Any]) -> int:
    fields = list(found["series"].values())
    return sum(sum(filter(None, columns["count"])) for by in fields for columns in by.values())


def record(r: Server) -> None:
    chart_settings.forget()
    client = Client(conf.current().server_url())
    Tail(client, STREAM.encode(), KEEP, Shape, is_fed=True).step(server_ms(r))


def write(*readings: tuple[int, float], sensor: str = "a") -> None:
    made = [Reading(EntryId(ms, n), sensor, {"temperature": value}) for n, (ms, value) in enumerate(readings)]
    Writer(STREAM, KEEP).write(of_readings(made), Position("frames", made[-1].entry_id))


@pytest.fixture
def past(r: Server) -> int:
    """Two hours of readings in the database up to half an hour ago, with one spike; the server's time."""
    now = server_ms(r)
    start = now - 2 * HOUR
    write(*[(start + n * 10_000, 20.0 if n != 77 else 99.0) for n in range(540)])
    return now


async def test_recorded_and_live_readings_are_joined_and_each_counts_once(r: Server, past: int) -> None:
    commit(r, *[(past - n * 1000, "a", 21.0) for n in range(1200)])  # twenty minutes: more than is in memory
    record_in_thread(r)
    found = await answer(**{"from": past - 3 * HOUR, "points": 700})
    assert counted(found) == 540 + 1200
    assert max(filter(None, found["series"]["a"]["temperature"]["max"])) == 99.0
    assert found["recorded_until"] <= server_ms(r)


def record_in_thread(r: Server) -> None:
    """The database is asked from a thread of its own, as the monitor does."""
    thread = threading.Thread(target=record, args=(r,))
    thread.start()
    thread.join()


@pytest.mark.parametrize("points", [1, 7, 100, 5000])
async def test_a_spike_of_one_reading_shows_in_however_few_points(r: Server, past: int, points: int) -> None:
    found = await answer(**{"from": past - 3 * HOUR, "to": past, "points": points})
    assert max(filter(None, found["series"]["a"]["temperature"]["max"])) == 99.0
    assert counted(found) == 540
    assert len(found["t"]) <= max(points + 1, 2)


async def test_sensors_and_fields_can_be_chosen(r: Server) -> None:
    now = server_ms(r)
    commit(r, (now, "a", 1.0), (now, "b", 2.0), (now, "c", 3.0))
    assert set((await answer())["series"]) == {"a", "b", "c"}
    assert set((await answer(sensor=["a", "c"]))["series"]) == {"a", "c"}
    assert (await answer(field="humidity"))["series"] == {}


async def test_csv_has_a_line_per_bucket_and_no_formulas(r: Server) -> None:
    now = server_ms(r) - 5000
    now -= now % 1000
    commit(r, (now, "=1+1", 1.0), (now + 1, "=1+1", 2.0))
    response = await get(format="csv")
    assert response["Content-Disposition"] == 'attachment; filename="sensor_stream-readings.csv"'
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert [row["sensor"] for row in rows] == ["'=1+1"]
    assert (rows[0]["count"], rows[0]["min"], rows[0]["max"], rows[0]["mean"]) == ("2", "1.0", "2.0", "1.5")
    assert rows[0]["time"].endswith("Z")
    assert "T" in rows[0]["time"]


async def test_what_was_recorded_is_there_while_redis_is_away(past: int, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url="redis://127.0.0.1:1/0")
    found = await answer(**{"from": past - 3 * HOUR, "to": past})
    assert counted(found) == 540


async def test_a_cut_list_says_of_how_many(r: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    now = server_ms(r)
    commit(r, *[(now, f"s{n}", 1.0) for n in range(250)])
    found = await answer()
    assert (len(found["series"]), found["series_total"]) == (200, 250)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": 5, "to": 5}, "from"),
        ({"from": 9, "to": 5}, "from"),
        ({"points": 0}, "points"),
        ({"points": 5001}, "points"),
        ({"from": "x"}, "from"),
        ({"from": -1}, "from"),
        ({"format": "xml"}, "format"),
    ],
)
async def test_what_makes_no_sense_is_refused_beside_its_field(r: Server, query: dict[str, Any], field: str) -> None:
    commit(r, (server_ms(r), "a", 1.0))
    response = await get(**query)
    assert response.status_code == 400
    assert response.json()["error"]["field"] == field


async def test_a_span_from_the_beginning_of_time_is_no_span_left_out(r: Server, past: int) -> None:
    assert counted(await answer(**{"from": 0})) == 540
    assert counted(await answer(**{"from": 0, "to": 1})) == counted(await answer()) == 0


async def test_a_refusal_names_what_was_sent(r: Server) -> None:
    response = await get(**{"from": "yesterday"})
    assert response.json()["error"]["text"] == "from must be a whole number, not 'yesterday'"


async def test_a_stream_that_never_was_is_not_found(r: Server) -> None:
    response = await AsyncClient().get("/api/streams/never/readings/")
    assert response.status_code == 404
