"""Charts of streams that no worker feeds: their own entries are followed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.test import AsyncClient

from dashboard import following
from streams.chart_models import ChartedField, ChartedStream, NamedSensor
from tests.stuck import Server
from tests.web.conftest import Socket, receive, server_ms

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[..., Awaitable[Socket]]
JOBS = "job_timings"


def add(r: Server, ago_ms: int = 0, **fields: Any) -> str:
    return str(r.xadd(JOBS, fields, id=f"{server_ms(r) - ago_ms}-*" if ago_ms else "*").decode())


async def test_the_last_minutes_of_any_stream_are_charted_and_what_comes_after(r: Server, connect: Connect) -> None:
    add(r, 20 * 60_000, took_ms="1")
    add(r, 60_000, took_ms="12", kind="mail")
    last = add(r, took_ms="20", rows="3")
    socket = await connect(stream=JOBS)
    hello, history = await receive(socket, "hello"), await receive(socket, "history")
    assert [field["name"] for field in hello["fields"]] == ["rows", "took_ms"]
    assert history["series"]["all entries"]["took_ms"]["mean"] == [12.0, 20.0]
    assert history["id"] == last
    newest = add(r, took_ms="30")
    frame = await receive(socket, "frame")
    assert frame["id"] == newest
    assert frame["readings"]["all entries"]["took_ms"][-1] == 30.0


async def test_it_is_charted_as_the_admin_says(r: Server, connect: Connect) -> None:
    row = await ChartedStream.objects.acreate(stream=JOBS, sensor_field="queue", charts_others=False)
    await ChartedField.objects.acreate(stream=row, name="took_ms", label="Took", unit="ms", decimals=1, high_bad=500)
    await NamedSensor.objects.acreate(stream=row, sensor="mail", label="Mail to customers")
    add(r, queue="mail", took_ms="12", rows="3")
    socket = await connect(stream=JOBS)
    hello, history = await receive(socket, "hello"), await receive(socket, "history")
    assert [(f["name"], f["label"], f["unit"], f["decimals"]) for f in hello["fields"]] == [
        ("took_ms", "Took", "ms", 1)
    ]
    assert hello["fields"][0]["bounds"] == {"low_bad": None, "low_warn": None, "high_warn": None, "high_bad": 500.0}
    assert hello["sensors"] == {"mail": "Mail to customers"}
    assert list(history["series"]) == ["mail"]


async def test_other_settings_reach_an_open_page_and_readings_are_named_anew(r: Server, connect: Connect) -> None:
    add(r, queue="mail", took_ms="12")
    socket = await connect(stream=JOBS)
    assert list((await receive(socket, "history"))["series"]) == ["all entries"]
    await ChartedStream.objects.acreate(stream=JOBS, sensor_field="queue")
    assert (await receive(socket, "hello", within_s=8))["fields"]
    frame = await receive(socket, "frame")
    assert list(frame["readings"]) == ["mail"]


async def test_when_a_worker_begins_its_log_is_followed_instead(r: Server, connect: Connect) -> None:
    add(r, took_ms="12")
    socket = await connect(stream=JOBS)
    await receive(socket, "hello")
    r.hset(f"{{{JOBS}}}:feed", mapping={"group": "g", "epoch": "fed"})
    while (await receive(socket, "hello", within_s=8))["epoch"] != "fed":
        pass


async def test_a_stream_made_anew_begins_a_new_history(r: Server, connect: Connect) -> None:
    add(r, took_ms="12")
    socket = await connect(stream=JOBS)
    await receive(socket, "history")
    await asyncio.sleep(following.CHECK_EVERY_S + 0.5)
    r.delete(JOBS)
    r.xadd(JOBS, {"took_ms": "5"}, id="1-1")
    assert (await receive(socket, "hello", within_s=8))["epoch"].startswith("anew+")


async def test_a_stream_too_fast_to_be_read_is_charted_from_now_on_and_says_so(
    r: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_BEHIND", 2000)
    pipe = r.pipeline()
    start = server_ms(r) - 600_000
    for n in range(5000):
        pipe.xadd(JOBS, {"took_ms": "1"}, id=f"{start + n}-0")
    pipe.execute()
    last = add(r, took_ms="2")
    socket = await connect(stream=JOBS)
    hello, notice, history = [await receive(socket, kind) for kind in ("hello", "notice", "history")]
    assert hello["epoch"].startswith("skip+")
    assert (history["id"], len(history["t"])) == (last, 1)
    assert "what came before" in notice["text"]
    minute = history["complete_from"]
    assert (minute % 60_000, minute > start + 5000) == (0, True)
    path = f"/api/streams/{JOBS}/readings/"
    assert "was not read" in (await AsyncClient().get(path)).json()["gap"]
    assert (await AsyncClient().get(f"{path}?from={minute}")).json()["gap"] == ""
