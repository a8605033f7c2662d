from __future__ import annotations

import random
from dataclasses import replace

import pytest

from streams.errors import GroupExists, NoSuchGroup, WrongType
from streams.gateway import logs, takeover, upkeep, work
from streams.gateway.client import Client
from streams.gateway.leases import Lease
from streams.gateway.line import Line
from streams.gateway.work import Commit, Span
from streams.ids import ZERO, EntryId
from streams.letters import GONE, DeadLetter, from_pairs
from tests.integration.contract.conftest import PLACE, G, S, add, read
from tests.stuck import Server

FRAMES, DEAD = "{s}:frames", "{s}:dead"


@pytest.fixture(autouse=True)
def group(client: Client) -> None:
    work.ensure_group(client, S, G, ZERO)


def commit(client: Client, ids: list[bytes]) -> list[bytes]:
    return work.commit(client, PLACE, Commit(ids, b"frame", []), 10)


def commit_on(line: Line, ids: list[bytes], *in_hand: list[bytes]) -> list[bytes]:
    work.send_commit(line, PLACE, Commit(ids, b"frame", []), [Span.of(batch) for batch in in_hand], 10)
    return work.receive_commit(line)


def deliveries(raw: Server) -> dict[bytes, tuple[bytes, int]]:
    return {r["message_id"]: (r["consumer"], r["times_delivered"]) for r in raw.xpending_range(S, G, "-", "+", 1000)}


def test_making_a_group_twice_is_an_answer(client: Client) -> None:
    assert not work.ensure_group(client, S, G, ZERO)
    with pytest.raises(GroupExists):
        client.call("XGROUP", "CREATE", S, G, "0")


def test_a_commit_acknowledges_and_adds_a_frame(client: Client, line: Line, raw: Server) -> None:
    add(raw, 3)
    ids = read(line, 10)
    assert commit(client, ids) == []
    assert (raw.xlen(FRAMES), raw.xpending(S, G)["pending"]) == (1, 0)


def test_nothing_new_is_an_empty_answer_after_the_wait(line: Line) -> None:
    assert not read(line, 10)


def test_a_commit_with_one_entry_lost_writes_nothing_and_names_it(client: Client, line: Line, raw: Server) -> None:
    ids = add(raw, 3)
    read(line, 10)
    raw.xclaim(S, G, "thief", 0, [ids[1]])
    assert commit(client, ids) == [ids[1]]
    assert commit_on(line, ids, ids) == [ids[1]]
    assert (raw.xlen(FRAMES), raw.xpending(S, G)["pending"]) == (0, 3)


def test_a_commit_finds_its_entries_among_others_of_the_same_consumer(client: Client, line: Line, raw: Server) -> None:
    ids = add(raw, 30)
    read(line, 30)
    assert commit(client, [ids[0], ids[29]]) == []
    assert raw.xpending(S, G)["pending"] == 28


def test_a_commit_without_its_group_says_so(client: Client, line: Line, raw: Server) -> None:
    ids = add(raw, 1)
    raw.xgroup_destroy(S, G)
    with pytest.raises(NoSuchGroup):
        commit(client, ids)
    with pytest.raises(NoSuchGroup):
        commit_on(line, ids, ids)


@pytest.mark.parametrize("key", [FRAMES, DEAD])
def test_a_log_of_another_type_stops_the_commit_before_it_acknowledges(
    client: Client, line: Line, raw: Server, key: str
) -> None:
    ids = add(raw, 1)
    read(line, 1)
    raw.set(key, "mine")
    with pytest.raises(WrongType, match="holds a string"):
        commit(client, ids)
    assert raw.xpending(S, G)["pending"] == 1


def test_two_batches_in_hand_are_committed_one_after_the_other(line: Line, raw: Server) -> None:
    add(raw, 20)
    one, two = read(line, 10), read(line, 10)
    assert commit_on(line, one, one, two) == []
    assert commit_on(line, two, two) == []
    assert (raw.xlen(FRAMES), raw.xpending(S, G)["pending"]) == (2, 0)


def test_the_quick_fence_is_not_deceived_by_a_loss_that_a_gift_makes_up_for(line: Line, raw: Server) -> None:
    add(raw, 5)
    before = read(line, 5, replace(PLACE, consumer=b"other"))
    add(raw, 10)
    one = read(line, 10)
    add(raw, 5)
    between = read(line, 5, replace(PLACE, consumer=b"other"))
    add(raw, 10)
    two = read(line, 10)
    for gift in (before[0], between[2]):
        raw.xclaim(S, G, "other", 0, [one[4]])
        raw.xclaim(S, G, "c", 0, [gift])
        assert commit_on(line, one, one, two) == [one[4]]
        raw.xclaim(S, G, "c", 0, [one[4]])
        raw.xclaim(S, G, "other", 0, [gift])
    assert commit_on(line, one, one, two) == []


def test_the_quick_fence_says_what_the_slow_one_says_whatever_others_did(
    client: Client, line: Line, raw: Server
) -> None:
    chance = random.Random(3)
    other = replace(PLACE, consumer=b"other")
    for _ in range(40):
        raw.delete(S)
        work.ensure_group(client, S, G, ZERO)
        add(raw, 12)
        theirs, one, others, two = read(line, 2, other), read(line, 4), read(line, 2, other), read(line, 4)
        for entry_id in chance.sample([*theirs, *one, *others, *two], chance.randrange(5)):
            act = chance.choice(["take", "give", "ack"])
            if act == "ack":
                raw.xack(S, G, entry_id)
            else:
                raw.xclaim(S, G, "c" if act == "give" else "other", 0, [entry_id])
        lost = [entry_id for entry_id in one if deliveries(raw).get(entry_id, (b"",))[0] != b"c"]
        assert commit_on(line, one, one, two) == lost


def test_answers_come_in_the_order_of_the_commands(line: Line) -> None:
    line.send("ECHO", "one")
    line.send("ECHO", "two")
    assert (line.receive(), line.receive()) == (b"one", b"two")


def test_taking_up_own_entries_counts_a_delivery_or_not(client: Client, line: Line, raw: Server) -> None:
    ids = add(raw, 2)
    read(line, 2)
    assert [row.entry_id for row in takeover.own_pending(client, PLACE, b"", 10)] == ids
    assert [row.entry_id for row in takeover.own_pending(client, PLACE, ids[0], 10)] == ids[1:]
    once = takeover.take_up(client, PLACE, ids, count_delivery=False, dead_max=10)
    again = takeover.take_up(client, PLACE, ids, count_delivery=True, dead_max=10)
    assert (list(once.deliveries.values()), list(again.deliveries.values())) == ([1, 1], [2, 2])
    assert [entry_id for entry_id, _ in again.entries] == ids
    assert deliveries(raw)[ids[0]] == (b"c", 2)


def test_what_somebody_else_has_is_not_taken_up(client: Client, line: Line, raw: Server) -> None:
    ids = add(raw, 2)
    read(line, 2)
    raw.xclaim(S, G, "other", 0, [ids[0]])
    taken = takeover.take_up(client, PLACE, ids, count_delivery=True, dead_max=10)
    assert list(taken.deliveries) == [ids[1]]
    assert deliveries(raw)[ids[0]][0] == b"other"


def test_what_is_gone_becomes_a_dead_letter_and_leaves_the_pel(client: Client, line: Line, raw: Server) -> None:
    ids = add(raw, 2)
    read(line, 2)
    raw.xdel(S, ids[0])
    taken = takeover.take_up(client, PLACE, ids, count_delivery=True, dead_max=10)
    assert (taken.gone, list(taken.deliveries)) == ([ids[0]], [ids[1]])
    ((letter_id, pairs),) = client.call("XRANGE", DEAD, "-", "+")
    letter = from_pairs(EntryId.from_reply(letter_id), pairs)
    assert (letter.entry_id, letter.reason, letter.deliveries) == (ids[0].decode(), GONE, None)
    assert list(deliveries(raw)) == [ids[1]]


def test_another_consumers_entries_are_inherited_as_they_are(client: Client, line: Line, raw: Server) -> None:
    ids = add(raw, 3)
    read(line, 3, replace(PLACE, consumer=b"dead"))
    taken = takeover.take_up(client, PLACE, ids, count_delivery=False, dead_max=10, owner=b"dead")
    assert list(taken.deliveries) == ids
    assert deliveries(raw) == dict.fromkeys(ids, (b"c", 1))


def test_claiming_walks_the_whole_pel_and_what_is_gone_ends_as_a_dead_letter(client: Client, raw: Server) -> None:
    ids = add(raw, 25)
    raw.xreadgroup(G, "dead", {S: ">"})
    raw.xdel(S, ids[3])
    step = takeover.Step((), (), b"0-0")
    while True:
        step = takeover.xautoclaim(client, PLACE, 0, step.cursor, 10, 10)
        if step.is_last:
            break
    mine = [row.entry_id for row in takeover.own_pending(client, PLACE, b"", 100)]
    takeover.take_up(client, PLACE, mine, count_delivery=False, dead_max=10)  # 6.2 finds out here
    assert deliveries(raw) == dict.fromkeys([entry_id for entry_id in ids if entry_id != ids[3]], (b"c", 1))
    assert raw.xlen(DEAD) == 1


def test_a_consumer_leaves_only_when_nothing_is_pending_for_it(client: Client, line: Line, raw: Server) -> None:
    ids = add(raw, 1)
    read(line, 1)
    assert not upkeep.leave(client, PLACE)
    raw.xack(S, G, *ids)
    assert upkeep.leave(client, PLACE)
    assert upkeep.leave(client, PLACE)
    assert raw.xinfo_consumers(S, G) == []


def test_only_consumers_that_own_nothing_and_do_nothing_are_removed(client: Client, line: Line, raw: Server) -> None:
    add(raw, 2)
    for name in (b"holds", b"did"):
        read(line, 1, replace(PLACE, consumer=name))
    raw.xack(S, G, *[entry_id for entry_id, owner in deliveries(raw).items() if owner[0] == b"did"])
    assert not upkeep.remove_inactive(client, S, G, 60_000)
    removed = upkeep.remove_inactive(client, S, G, 0)
    assert removed in ([b"did"], [])  # before 7.2 nobody can tell who waits from who is dead
    assert b"holds" in [consumer["name"] for consumer in raw.xinfo_consumers(S, G)]


def test_trimming_keeps_what_a_group_has_not_finished_with_and_names_the_group(
    client: Client, line: Line, raw: Server
) -> None:
    ids = add(raw, 30)
    read(line, 30)
    raw.xack(S, G, *ids[:10])
    assert upkeep.trim_to_entries(client, S, 5, 1000) == upkeep.Trimmed(10, G)
    raw.xack(S, G, *ids)
    raw.xgroup_create(S, "unread", id=ids[11])
    assert upkeep.trim_to_entries(client, S, 5, 1000) == upkeep.Trimmed(2, b"unread")
    raw.xgroup_destroy(S, "unread")
    assert upkeep.trim_to_entries(client, S, 5, 4) == upkeep.Trimmed(4, None)
    assert upkeep.trim_to_entries(client, S, 5, 1000) == upkeep.Trimmed(9, None)
    assert upkeep.trim_to_entries(client, S, 5, 1000) == upkeep.Trimmed(0, None)
    assert [entry_id for entry_id, _ in raw.xrange(S)] == ids[25:]


def test_trimming_by_age_compares_ids_as_numbers(client: Client, raw: Server) -> None:
    raw.xgroup_destroy(S, G)
    for entry_id in ("5-2", "5-10", "99-1", "100-0"):
        raw.xadd(S, {"n": 1}, id=entry_id)
    assert upkeep.trim_to_id(client, S, EntryId(5, 9), 1000).entries == 1
    assert upkeep.trim_to_id(client, S, EntryId(100, 0), 1).entries == 1
    assert upkeep.trim_to_id(client, S, EntryId(100, 0), 1000).entries == 1
    assert upkeep.trim_to_id(client, S, EntryId(100, 0), 1000).entries == 0
    assert raw.xlen(S) == 1


def test_a_dead_letter_is_kept_as_long_as_there_is_room(client: Client, line: Line, raw: Server) -> None:
    ids = add(raw, 1)
    read(line, 1)
    work.commit(client, PLACE, Commit(ids, b"", [DeadLetter(ids[0], "bad", (b"n", b"0"))]), 10)
    assert (raw.xlen(DEAD), raw.xlen(FRAMES)) == (1, 0)


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
    first = logs.feed(client, b"{s}:feed", S, G)
    assert (first.owner, first.is_new) == (G, True)
    assert logs.feed(client, b"{s}:feed", S, b"other") == logs.Feed(G, first.epoch, is_new=False)
    raw.xgroup_destroy(S, G)
    assert logs.feed(client, b"{s}:feed", S, b"other") == logs.Feed(b"other", first.epoch, is_new=False)


def test_of_several_that_renew_an_epoch_one_does(client: Client) -> None:
    known = logs.feed(client, b"{s}:feed", S, G).epoch
    epoch, is_ours = logs.renew_epoch(client, b"{s}:feed", known)
    assert is_ours
    assert epoch != known
    assert logs.renew_epoch(client, b"{s}:feed", known) == (epoch, False)
