"""The verbs that operate groups and consumers, on every server at hand."""

from __future__ import annotations

import pytest

from streams.errors import NoSuchGroup, NoSuchStream, ServerRefused, WrongType
from streams.gateway import groups, letters, looks, snapshots, upkeep
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
    assert groups.xack(client, S, G, ids) == ids[:2]
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


def test_pending_entries_become_dead_letters_with_their_fields_and_owner(client: Client, raw: Server) -> None:
    first, second, third = ids_of(add(raw, 3))
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"}, count=2)
    raw.xdel(S, str(second))
    done = letters.give_up(client, (S, b"{s}:dead", G), [first, second, third], "no use", 1000)
    assert done == [first, second]
    kept, gone = letters.page(client, b"{s}:dead", None, 10)
    assert (kept.entry_id, kept.reason, kept.stream, kept.group, kept.consumer) == (str(first), "no use", S, G, b"c")
    assert (kept.deliveries, bool(kept.pairs)) == (1, True)
    assert (gone.reason, gone.pairs) == ("no use; the entry was trimmed or deleted before it was processed", [])
    assert raw.xpending(S, G)["pending"] == 0
    assert letters.give_up(client, (S, b"{s}:dead", G), [first], "again", 1000) == []


def test_where_letters_cannot_be_written_the_entries_stay_pending(client: Client, raw: Server) -> None:
    ids = ids_of(add(raw, 2))
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"})
    raw.set("taken", "x")
    with pytest.raises(WrongType):
        letters.give_up(client, (S, b"taken", G), ids, "r", 10)
    raw.config_set("maxmemory", 1)
    try:
        with pytest.raises(ServerRefused):
            letters.give_up(client, (S, b"{s}:dead", G), ids, "r", 10)
    finally:
        raw.config_set("maxmemory", 0)
    assert raw.xpending(S, G)["pending"] == 2
    assert not raw.exists("{s}:dead")


def test_an_entry_of_very_many_fields_is_cut_and_says_so(client: Client, raw: Server) -> None:
    entry_id = EntryId.from_reply(raw.execute_command("XADD", S, "*", *(f"f{n}" for n in range(6000))))
    raw.xgroup_create(S, G, id="0")
    raw.xreadgroup(G, "c", {S: ">"})
    assert letters.give_up(client, (S, b"{s}:dead", G), [entry_id], "big", 10) == [entry_id]
    (letter,) = letters.page(client, b"{s}:dead", None, 10)
    assert letter.reason == "big (only the first 2000 of 3000 fields are kept here)"
    assert len(letter.pairs) == 4000


def test_an_entry_is_found_by_its_place_and_what_is_before_it_dropped(client: Client, raw: Server) -> None:
    ids = ids_of(add(raw, 25))
    assert looks.id_at(client, S, 0) == ids[0]
    assert looks.id_at(client, S, 7) == ids[7]
    assert looks.id_at(client, S, 25) is None
    assert [upkeep.trim_anyway(client, S, ids[7], 5) for _ in range(3)] == [5, 2, 0]
    assert raw.xlen(S) == 18
