"""The verbs that operate groups and consumers, on every server at hand."""

from __future__ import annotations

import pytest

from streams.errors import NoSuchGroup, NoSuchStream
from streams.gateway import groups, looks, snapshots
from streams.gateway.client import Client
from streams.ids import ZERO, EntryId
from tests.integration.contract.conftest import G, S, add
from tests.stuck import Server


def ids_of(replies: list[bytes]) -> list[EntryId]:
    return [EntryId.from_reply(reply) for reply in replies]


def test_entries_between_two_ids_are_counted_up_to_a_bound(client: Client, raw: Server) -> None:
    ids = ids_of(add(raw, 25))
    assert looks.count_between(client, S, ZERO, None, 100) == 25
    assert looks.count_between(client, S, ids[4], ids[9], 100) == 5
    assert looks.count_between(client, S, ids[-1], None, 100) == 0
    assert looks.count_between(client, S, ZERO, None, 10) == 10


def test_big_entries_are_counted_a_few_at_a_time(client: Client, raw: Server) -> None:
    for _ in range(12):
        raw.xadd(S, {"big": "x" * 100_000})
    assert looks.count_between(client, S, ZERO, None, 100) == 12


def test_a_group_is_moved_and_says_where_it_stood(client: Client, raw: Server) -> None:
    ids = ids_of(add(raw, 10))
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"}, count=4)
    told = 7 if "entries-added" in raw.xinfo_stream(S) else None
    assert groups.xgroup_setid(client, S, G, ids[6], told) == ids[3]
    (group,) = snapshots.snapshot(client, S).groups
    assert (group.last_delivered, group.lag.entries, group.pending) == (ids[6], 3, 4)
    if told:
        assert raw.xinfo_groups(S)[0]["lag"] == 3


def test_a_group_with_more_pending_than_agreed_to_stays(client: Client, raw: Server) -> None:
    add(raw, 5)
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"}, count=3)
    assert groups.xgroup_destroy(client, S, G, 2) == groups.Removal(refused=True, pending=3)
    assert len(raw.xinfo_groups(S)) == 1
    assert groups.xgroup_destroy(client, S, G, 3) == groups.Removal(refused=False, pending=3)
    assert raw.xinfo_groups(S) == []


def test_a_consumer_with_more_pending_than_agreed_to_stays(client: Client, raw: Server) -> None:
    add(raw, 5)
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"}, count=3)
    assert groups.xgroup_delconsumer(client, S, G, b"c", 0) == groups.Removal(refused=True, pending=3)
    assert groups.xgroup_delconsumer(client, S, G, b"nobody", 0) is None
    assert groups.xgroup_delconsumer(client, S, G, b"c", 3) == groups.Removal(refused=False, pending=3)
    assert raw.xinfo_consumers(S, G) == []


def test_a_consumer_is_made_once(client: Client, raw: Server) -> None:
    raw.xgroup_create(S, G, id="0", mkstream=True)
    assert [groups.xgroup_createconsumer(client, S, G, b"c") for _ in range(2)] == [True, False]


def test_entries_move_without_a_delivery_being_counted(client: Client, raw: Server) -> None:
    ids = ids_of(add(raw, 3))
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"}, count=3)
    assert groups.xclaim_justid(client, S, G, b"d", ids) == ids
    rows = raw.xpending_range(S, G, "-", "+", 10)
    assert {(row["consumer"], row["times_delivered"]) for row in rows} == {(b"d", 1)}


def test_acknowledged_is_what_was_pending(client: Client, raw: Server) -> None:
    ids = ids_of(add(raw, 3))
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"}, count=2)
    assert groups.xack(client, S, G, ids) == 2
    assert raw.xpending(S, G)["pending"] == 0


def test_what_is_missing_is_named(client: Client, raw: Server) -> None:
    with pytest.raises((NoSuchStream, NoSuchGroup)):
        groups.xgroup_destroy(client, S, G, 0)
    raw.xadd(S, {"a": 1})
    for act in (
        lambda: groups.xgroup_destroy(client, S, G, 0),
        lambda: groups.xgroup_delconsumer(client, S, G, b"c", 0),
        lambda: groups.xgroup_setid(client, S, G, ZERO, None),
        lambda: groups.xgroup_createconsumer(client, S, G, b"c"),
    ):
        with pytest.raises(NoSuchGroup):
            act()
