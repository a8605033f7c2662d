"""Streams of more sensors than a browser is sent unasked."""

import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from dashboard import following
from dashboard.feed import Feed
from dashboard.hub import hub
from streams import looking
from streams.frames import of_readings
from streams.gateway.logs import encode_frame
from streams.ids import EntryId
from streams.readings import Reading
from tests.stuck import Server
from tests.web.conftest import FEED, FRAMES, STREAM, Socket, commit, receive, server_ms

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[..., Awaitable[Socket]]


async def collect(socket: Socket, **wanted: int) -> dict[str, list[Any]]:
    """So many messages of each type, in whatever order they come."""
    found: dict[str, list[Any]] = {kind: [] for kind in wanted}
    while any(len(found[kind]) < count for kind, count in wanted.items()):
        message = json.loads((await socket.receive_output(5))["text"])
        if message["type"] in found:
            found[message["type"]].append(message)
    return found


async def test_all_are_in_the_overview_and_the_first_hundred_are_sent(r: Server, connect: Connect) -> None:
    now = server_ms(r)
    commit(r, *((now, f"s{n}", float(n)) for n in range(150)))
    socket = await connect()
    hello = await receive(socket, "hello")
    found = await collect(socket, history=2, overview=1)
    history, (overview,) = found["history"], found["overview"]
    assert (hello["sensors_total"], sum(len(part["series"]) for part in history)) == (150, 100)
    assert (len(overview["names"]), overview["fields"]) == (150, ["temperature"])
    assert [overview["names"].index("s149"), now, 149.0] in overview["rows"]


async def test_what_is_asked_for_is_sent_and_of_the_others_only_the_newest(r: Server, connect: Connect) -> None:
    now = server_ms(r)
    commit(r, *((now, f"s{n}", 1.0) for n in range(150)))
    socket = await connect()
    await collect(socket, history=2, overview=1)
    await socket.send_to('{"type": "select", "sensors": ["s149"]}')
    assert list((await receive(socket, "history"))["series"]) == ["s149"]
    now = server_ms(r)
    commit(r, (now, "s149", 2.0), (now, "s3", 3.0))
    found = await collect(socket, frame=1, overview=1)
    assert list(found["frame"][0]["readings"]) == ["s149"]
    (told,) = found["overview"]
    assert (told["first"], told["names"]) == (150, [])
    assert sorted(row[2] for row in told["rows"]) == [2.0, 3.0]


async def test_a_thousand_come_in_parts_of_which_only_the_last_says_that_all_is_there(
    r: Server, connect: Connect
) -> None:
    now = server_ms(r)
    last = commit(r, *((now, f"s{n}", 1.0) for n in range(1100)))
    socket = await connect()
    await collect(socket, history=2, overview=1)
    names = ", ".join(f'"s{n}"' for n in range(1100))
    await socket.send_to(f'{{"type": "select", "sensors": [{names}]}}')
    parts = [await receive(socket, "history") for _ in range(20)]
    assert sum(len(part["series"]) for part in parts) == 1000
    assert [part["id"] for part in parts] == ["0-0"] * 19 + [last]


async def test_few_sensors_need_no_overview(r: Server, connect: Connect) -> None:
    commit(r, (server_ms(r), "1", 20.0))
    socket = await connect()
    await receive(socket, "history")
    commit(r, (server_ms(r), "1", 21.0))
    await receive(socket, "frame")
    with pytest.raises(TimeoutError):
        await receive(socket, "overview", within_s=1.5)


async def test_a_page_is_told_how_far_what_it_sees_is_behind_and_when_it_is_not_any_more(
    r: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.hub.HEARTBEAT_S", 0.1)
    now = server_ms(r)
    commit(r, (now, "1", 1.0))
    feed = hub().feed(STREAM.encode())
    await feed.filled.wait()
    feed.behind_ms = 30_000
    socket = await connect()
    assert (await receive(socket, "behind"))["ms"] == 30_000
    assert (await receive(socket, "history"))["series"].keys() == {"1"}
    assert (await receive(socket, "behind"))["ms"] == 30_000
    feed.behind_ms = 0
    assert (await receive(socket, "behind"))["ms"] == 0


async def test_a_log_that_grows_faster_than_it_is_read_is_behind(r: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "STEP", 1)
    monkeypatch.setattr(following, "CHECK_EVERY_S", 0.0)
    for age in (60_000, 40_000, 20_000, 0):
        ms = server_ms(r) - age
        stored = encode_frame(of_readings([Reading(EntryId(ms, 0), "1", {"temperature": 1.0})]))
        r.xadd(FRAMES, {"f": stored}, id=f"{ms}-0")
    r.hset(FEED, "epoch", "e1")
    feed, seen = Feed(STREAM.encode()), []
    monkeypatch.setattr(Feed, "behind_ms", property(lambda _: 0, lambda _, ms: seen.append(ms)), raising=False)
    reading = following.Following(feed, lambda: not feed.filled.is_set(), lambda: None)
    async with contextlib.aclosing(looking.frames_log(STREAM.encode())) as log:
        await reading.read(log)
    assert [round(ms, -4) for ms in seen if ms] == [60_000, 40_000, 20_000]
    assert seen[-1] == 0


async def test_of_an_hour_of_frames_the_old_ones_are_counted_and_not_charted(r: Server, connect: Connect) -> None:
    for age in (50 * 60_000, 0):
        ms = server_ms(r) - age
        stored = encode_frame(of_readings([Reading(EntryId(ms, 0), "1", {"temperature": 1.0})]))
        r.xadd(FRAMES, {"f": stored}, id=f"{ms}-0")
    r.hset(FEED, "epoch", "e1")
    history = await receive(await connect(), "history")
    assert (len(history["t"]), history["sensors"]["1"]["count"]) == (1, 2)
    assert hub().feed(STREAM.encode()).memory.window.cell_count == 1
