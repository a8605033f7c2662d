import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.contrib.auth.models import AnonymousUser

from dashboard.hub import hub
from dashboard.messages import Message, encode
from streams import notices
from streams.frames import of_readings
from streams.gateway import logs
from streams.gateway.logs import encode_frame
from streams.ids import EntryId
from streams.readings import Reading
from tests.stuck import Server
from tests.web.conftest import FEED, FRAMES, HEALTH, STREAM, Socket, commit, receive, server_ms

# Channels looks after the thread's database connection at every message, also where nothing is read from it.
pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[..., Awaitable[Socket]]


def health(r: Server, **figures: Any) -> None:
    plain = {"t": server_ms(r), "name": STREAM, "problem": None, "stream": {"length": 1}, "groups": [], **figures}
    r.xadd(HEALTH, {"s": STREAM, "m": logs.encode_health(plain)})


async def test_a_browser_is_greeted_and_filled_from_the_log(r: Server, connect: Connect) -> None:
    now = server_ms(r)
    last = commit(r, (now - 60_000, "1", 20.0), (now, "1", 21.0))
    socket = await connect()
    hello, history = await receive(socket, "hello"), await receive(socket, "history")
    assert (hello["protocol"], hello["epoch"], hello["stream"]) == (1, "e1", STREAM)
    plain = {"name": "temperature", "label": "temperature", "unit": "°C", "decimals": None, "bounds": None}
    assert plain in hello["fields"]
    assert history["series"]["1"]["temperature"]["mean"] == [20.0, 21.0]
    assert (history["id"], history["since"], history["sensors"]["1"]["count"]) == (last, None, 2)


async def test_a_commit_reaches_the_browser_as_a_frame(r: Server, connect: Connect) -> None:
    socket = await connect()
    await receive(socket, "history")
    now = server_ms(r)
    last = commit(r, (now, "7", 20.0), (now, "7", 22.0))
    frame = await receive(socket, "frame")
    assert (frame["id"], frame["t"]) == (last, now - now % 1000)
    assert frame["readings"] == {"7": {"temperature": [2, 20.0, 22.0, 21.0, 22.0]}}


async def test_a_backlog_arrives_as_columns_at_its_own_times(r: Server, connect: Connect) -> None:
    socket = await connect()
    await receive(socket, "history")
    start = server_ms(r) // 1000 * 1000 - 10_000
    commit(r, *((start + n * 1000, "1", float(n)) for n in range(5)))
    columns = await receive(socket, "history")
    assert columns["t"] == [start + n * 1000 for n in range(5)]
    assert columns["series"]["1"]["temperature"]["mean"] == [0.0, 1.0, 2.0, 3.0, 4.0]


async def test_a_browser_that_comes_back_gets_only_what_it_missed(r: Server, connect: Connect) -> None:
    now = server_ms(r)
    seen = commit(r, (now - 30_000, "1", 20.0))
    await asyncio.sleep(0.01)
    commit(r, (now, "1", 21.0))
    socket = await connect(f"frames={seen}&epoch=e1")
    history = await receive(socket, "history")
    assert history["since"] == seen
    assert history["series"]["1"]["temperature"]["mean"][-1] == 21.0


async def test_a_browser_of_another_epoch_gets_everything(r: Server, connect: Connect) -> None:
    seen = commit(r, (server_ms(r), "1", 20.0))
    socket = await connect(f"frames={seen}&epoch=older")
    assert (await receive(socket, "history"))["since"] is None


async def test_figures_follow_the_health_log(r: Server, connect: Connect) -> None:
    socket = await connect()
    await receive(socket, "hello")
    groups = [{"name": "my_group", "lag": 5, "pending": 2}]
    health(r, groups=groups)
    assert (await receive(socket, "metrics"))["groups"] == groups


async def test_a_new_browser_gets_the_last_figures_and_their_history(r: Server, connect: Connect) -> None:
    for lag in (3, None, 1):
        health(r, groups=[{"name": "g", "lag": lag, "pending": 0}])
    await connect()
    await asyncio.sleep(0.2)
    socket = await connect()
    history = await receive(socket, "metrics_history")
    assert history["groups"]["g"]["lag"] == [3, None, 1]
    assert (await receive(socket, "metrics"))["groups"][0]["lag"] == 1


async def test_a_browser_may_choose_its_sensors(r: Server, connect: Connect) -> None:
    now = server_ms(r)
    commit(r, (now, "1", 1.0), (now, "2", 2.0))
    socket = await connect("sensors=2")
    assert (await receive(socket, "history"))["series"].keys() == {"2"}
    await socket.send_to(json.dumps({"type": "select", "sensors": ["1"]}))
    assert (await receive(socket, "history"))["series"].keys() == {"1"}
    await socket.send_to(json.dumps({"type": "select", "sensors": None}))
    assert (await receive(socket, "history"))["series"].keys() == {"1", "2"}


async def test_what_people_do_is_told_to_every_browser(r: Server, connect: Connect, settings: Any) -> None:
    settings.CHANNEL_LAYERS = {
        "default": {**settings.CHANNEL_LAYERS["default"], "CONFIG": {"hosts": [settings.STREAMWATCH.redis_url]}}
    }
    socket = await connect()
    await receive(socket, "hello")
    await asyncio.sleep(0.3)
    event = {"type": "notice", "level": "info", "text": "500 entries claimed", "actor": "alice", "at": 1, "link": ""}
    await get_channel_layer().group_send(notices.TOPIC, event)
    assert await receive(socket, "notice") == {**event, "type": "notice"}


async def test_a_new_epoch_clears_the_window_and_greets_again(r: Server, connect: Connect) -> None:
    commit(r, (server_ms(r), "1", 20.0))
    socket = await connect()
    await receive(socket, "history")
    r.delete(FRAMES)
    r.hset(FEED, "epoch", "e2")
    hello = await receive(socket, "hello")
    assert hello["epoch"] == "e2"
    assert (await receive(socket, "history"))["series"] == {}


async def test_frames_that_went_back_in_time_are_a_new_history(r: Server, connect: Connect) -> None:
    commit(r, (server_ms(r), "1", 20.0))
    socket = await connect()
    await receive(socket, "history")
    r.delete(FRAMES)
    assert (await receive(socket, "hello"))["epoch"].startswith("e1+")


async def test_something_strange_in_the_log_is_left_out(r: Server, connect: Connect) -> None:
    r.xadd(FRAMES, {"f": "not json"})
    r.xadd(FRAMES, {"other": "field"})
    commit(r, (server_ms(r), "1", 20.0))
    socket = await connect()
    await receive(socket, "hello")
    assert (await receive(socket, "history"))["series"].keys() == {"1"}


async def test_an_unknown_stream_is_named_and_the_socket_closed(connect: Connect) -> None:
    socket = await connect(stream="nowhere")
    error = await receive(socket, "error")
    assert (error["code"], error["text"]) == ("unknown_stream", "there is no stream 'nowhere'")
    assert (await socket.receive_output())["code"] == 4404


async def test_the_configured_stream_may_be_watched_before_it_exists(connect: Connect) -> None:
    socket = await connect()
    assert (await receive(socket, "hello"))["epoch"] == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("no json", 1007),
        ("null", 1007),
        ("[]", 1007),
        ('{"type": "dance"}', 1007),
        ('{"type": "select", "sensors": 5}', 1007),
        ("[" * 60_000, 1007),
        ('"' + "x" * 70_000 + '"', 1009),
    ],
    ids=["text", "null", "list", "unknown", "wrong", "nested", "long"],
)
async def test_a_message_that_makes_no_sense_closes_the_socket_with_its_code(
    connect: Connect, text: str, code: int
) -> None:
    socket = await connect()
    await receive(socket, "hello")
    await socket.send_to(text)
    await receive(socket, "error")
    assert (await socket.receive_output())["code"] == code


async def test_a_binary_message_closes_the_socket(connect: Connect) -> None:
    socket = await connect()
    await socket.send_to(data=b"\x00")
    await receive(socket, "error")
    assert (await socket.receive_output())["code"] == 1003


async def test_a_flood_of_messages_closes_the_socket(connect: Connect) -> None:
    socket = await connect()
    for _ in range(40):
        await socket.send_to(json.dumps({"type": "select", "sensors": []}))
    await receive(socket, "error")
    assert (await socket.receive_output())["code"] == 1008


async def test_who_may_not_look_is_told_so_and_gets_nothing(r: Server, connect: Connect, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, anonymous_view=False)
    socket = await connect(user=AnonymousUser())
    assert json.loads((await socket.receive_output())["text"])["code"] == "no_login"
    assert (await socket.receive_output())["code"] == 4401
    assert not hub().feed(STREAM.encode()).followers


async def test_a_socket_that_closed_is_forgotten(r: Server, connect: Connect) -> None:
    socket = await connect()
    await receive(socket, "history")
    feed = hub().feed(STREAM.encode())
    assert len(feed.followers) == 1
    await socket.disconnect()
    assert not feed.followers


def commit_at(r: Server, log_ms: int, *readings: tuple[int, str, float]) -> str:
    """A commit of an earlier time; times go up from call to call."""
    made = [Reading(EntryId(ms, n), sensor, {"temperature": value}) for n, (ms, sensor, value) in enumerate(readings)]
    r.hset(FEED, mapping={"group": "my_group", "epoch": "e1"})
    return str(r.xadd(FRAMES, {"f": encode_frame(of_readings(made))}, id=f"{log_ms}-0").decode())


async def until_end(socket: Socket, reached: str) -> list[dict[str, Any]]:
    """Histories up to the one that says it has everything up to this frame."""
    found: list[dict[str, Any]] = []
    while not found or found[-1]["id"] != reached:
        found.append(await receive(socket, "history"))
    return found


async def test_a_browser_that_was_away_for_longer_than_memory_reaches_gets_the_rest_from_the_log(
    r: Server, connect: Connect
) -> None:
    now = server_ms(r) // 1000 * 1000
    ages = range(40 * 60_000, 0, -5_000)
    ids = [commit_at(r, now - age, (now - age, "1", age / 1000)) for age in ages]
    seen = ids[100]
    socket = await connect(f"frames={seen}&epoch=e1")
    cells: Counter[int] = Counter()
    for history in await until_end(socket, ids[-1]):
        for t, value in zip(
            history["t"], history["series"].get("1", {}).get("temperature", {}).get("mean", ()), strict=False
        ):
            assert value == (now - t) / 1000
            cells[t] += 1
    assert sorted(cells) == [int(entry_id.split("-")[0]) for entry_id in ids[101:]]
    assert set(cells.values()) == {1}


async def test_readings_of_one_bucket_on_both_sides_of_the_break_add_up(r: Server, connect: Connect) -> None:
    now = server_ms(r) // 1000 * 1000
    old = now - 20 * 60_000
    seen = commit_at(r, old + 100, (old, "1", 1.0))
    commit_at(r, old + 200, (old, "1", 5.0), (old, "1", 7.0))
    last = commit_at(r, now, (now, "1", 2.0))
    socket = await connect(f"frames={seen}&epoch=e1")
    added = (await until_end(socket, last))[0]
    assert (added["adds"], added["since"]) == (True, seen)
    series = added["series"]["1"]["temperature"]
    assert [series[name][0] for name in ("count", "min", "max", "mean", "last")] == [2, 5.0, 7.0, 6.0, 7.0]


async def test_what_has_left_the_log_too_is_said_and_the_window_sent(r: Server, connect: Connect) -> None:
    now = server_ms(r) // 1000 * 1000
    seen = commit_at(r, now - 50 * 60_000, (now - 50 * 60_000, "1", 1.0))
    kept = commit_at(r, now - 25 * 60_000, (now - 25 * 60_000, "1", 2.0))
    last = commit_at(r, now, (now, "1", 3.0))
    r.xtrim(FRAMES, minid=kept, approximate=False)
    socket = await connect(f"frames={seen}&epoch=e1")
    notice = await receive(socket, "notice")
    assert (notice["missing_from"], notice["missing_to"]) == (now - 50 * 60_000, now - 25 * 60_000)
    assert "have left the log" in notice["text"]
    (history,) = await until_end(socket, last)
    assert (history["since"], history["t"]) == (None, [now])


async def test_an_open_socket_may_resume_as_well(r: Server, connect: Connect) -> None:
    now = server_ms(r) // 1000 * 1000
    seen = commit_at(r, now - 20 * 60_000, (now - 20 * 60_000, "1", 1.0))
    commit_at(r, now - 19 * 60_000, (now - 19 * 60_000, "1", 2.0))
    last = commit_at(r, now, (now, "1", 3.0))
    socket = await connect()
    await receive(socket, "history")
    await socket.send_to(json.dumps({"type": "resume", "frames": seen}))
    assert [t for history in await until_end(socket, last) for t in history["t"]] == [now - 19 * 60_000, now]
    assert (await receive(socket, "history"))["since"] == last
    again = commit(r, (server_ms(r), "1", 4.0))
    assert (await receive(socket, "frame"))["id"] == again


async def test_a_process_that_is_full_says_come_back_later(r: Server, connect: Connect, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, sockets=1)
    first = await connect()
    second = await connect()
    assert (await receive(second, "error"))["code"] == "full"
    assert (await second.receive_output())["code"] == 1013
    await first.disconnect()
    third = await connect()
    await receive(third, "hello")


async def test_one_user_has_only_so_many_pages_and_others_are_served(
    r: Server, connect: Connect, settings: Any, django_user_model: Any
) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, sockets_per_user=1)
    alice = await django_user_model.objects.acreate(username="alice")
    await receive(await connect(user=alice), "hello")
    refused = await connect(user=alice)
    assert (await receive(refused, "error"))["code"] == "too_many_pages"
    assert (await refused.receive_output())["code"] == 4429
    for _ in range(2):
        await receive(await connect(), "hello")


async def test_a_frame_is_encoded_once_for_each_selection(
    r: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    selections = [""] * 3 + ["sensors=1"] * 3 + ["sensors=2"]
    sockets = [await connect(query) for query in selections]
    for socket in sockets:
        await receive(socket, "history")
    made: list[str] = []

    def counted(kind: str, **values: Any) -> Message:
        made.append(kind)
        return encode(kind, **values)

    monkeypatch.setattr("dashboard.memory.encode", counted)
    now = server_ms(r)
    commit(r, (now, "1", 1.0), (now, "2", 2.0))
    frames = [await receive(socket, "frame") for socket in sockets]
    assert [sorted(frame["readings"]) for frame in frames] == [["1", "2"]] * 3 + [["1"]] * 3 + [["2"]]
    assert made == ["frame"] * 3
