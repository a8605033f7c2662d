"""Dead letters on every server at hand: sent back once, whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streams.errors import StreamwatchError, WrongType
from streams.gateway import letters
from streams.gateway.client import Client
from streams.ids import EntryId
from streams.letters import DeadLetter, to_pairs
from tests.integration.contract.conftest import PLACE, G, S
from tests.stuck import Server

DEAD = PLACE.dead


def put(raw: Server, *pairs: bytes, stream: bytes = S) -> EntryId:
    values = to_pairs(DeadLetter(b"5-1", "bad", pairs), stream, G, b"c")
    return EntryId.from_reply(raw.execute_command("XADD", DEAD, "*", *values))


def lengths(raw: Server) -> tuple[int, int]:
    return raw.xlen(S), raw.xlen(DEAD)


def newest(raw: Server) -> bytes:
    ((entry_id, _),) = raw.xrevrange(S, count=1)
    return bytes(entry_id)


def replayed(client: Client, *ids: EntryId) -> list[tuple[bytes, list[bytes]]]:
    """The entries that a replay added, as the server tells them."""
    assert letters.replay(client, DEAD, S, ids).error is None
    return list(client.call("XRANGE", S, "-", "+"))


def succeeded(client: Client, letter_id: EntryId) -> bool:
    try:
        return letters.replay(client, DEAD, S, [letter_id]).error is None
    except StreamwatchError:
        return False


def test_an_entry_comes_back_byte_by_byte_with_repeated_fields_and_its_origin(client: Client, raw: Server) -> None:
    ((_, pairs),) = replayed(client, put(raw, b"a", b"\xff\x00", b"a", b"2"))
    assert pairs == [b"a", b"\xff\x00", b"a", b"2", b"replayed_from", b"5-1"]
    assert lengths(raw) == (1, 0)


def test_the_longest_letter_fits(client: Client, raw: Server) -> None:
    ((_, pairs),) = replayed(client, put(raw, *[b"x"] * 4000))
    assert len(pairs) == 4002


def test_a_letter_is_replayed_once_even_when_it_is_named_twice(client: Client, raw: Server) -> None:
    letter_id = put(raw, b"a", b"1")
    assert letters.replay(client, DEAD, S, [letter_id, letter_id]).results == [newest(raw), letters.GONE]
    assert lengths(raw) == (1, 0)


def test_what_cannot_be_replayed_stays_and_is_known_beforehand(client: Client, raw: Server) -> None:
    ids = [
        put(raw),
        put(raw, b"a", b"1", stream=b"other"),
        EntryId.from_reply(raw.xadd(DEAD, {"x": "1"})),
        EntryId(1, 1),
    ]
    expected = [letters.EMPTY, letters.FOREIGN, letters.FOREIGN, letters.GONE]
    assert letters.hindrances(client, DEAD, S, ids) == expected
    assert letters.replay(client, DEAD, S, ids).results == expected
    assert lengths(raw) == (0, 3)


def test_out_of_memory_the_letter_stays(client: Client, raw: Server) -> None:
    letter_id = put(raw, b"a", b"1")
    raw.config_set("maxmemory", 1)
    try:
        outcome = letters.replay(client, DEAD, S, [letter_id])
    finally:
        raw.config_set("maxmemory", 0)
    assert outcome.results == []
    assert "OOM" in str(outcome.error)
    assert lengths(raw) == (0, 1)


@pytest.mark.parametrize("forbidden", ["-xdel", "-xadd", "-xrange"])
def test_a_user_who_lacks_a_command_changes_nothing(client: Client, raw: Server, url: str, forbidden: str) -> None:
    letter_id = put(raw, b"a", b"1")
    raw.execute_command("ACL", "SETUSER", "half", "on", ">secret", "~*", "+@all", forbidden)
    half = Client(url.replace("redis://", "redis://half:secret@"))
    try:
        for _ in range(2):
            assert not succeeded(half, letter_id)
    finally:
        half.close()
        raw.execute_command("ACL", "DELUSER", "half")
    assert lengths(raw) == (0, 1)


def test_a_key_of_another_type_is_named_and_left_alone(client: Client, raw: Server) -> None:
    letter_id = put(raw, b"a", b"1")
    raw.set(S, "mine")
    with pytest.raises(WrongType, match="s holds a string"):
        letters.replay(client, DEAD, S, [letter_id])
    assert raw.xlen(DEAD) == 1
    raw.delete(S, DEAD)
    raw.set(DEAD, "mine")
    acts: list[Callable[[], object]] = [
        lambda: letters.replay(client, DEAD, S, [letter_id]),
        lambda: letters.purge(client, DEAD, [letter_id]),
        lambda: letters.page(client, DEAD, None, 10),
        lambda: letters.total(client, DEAD),
    ]
    for act in acts:
        with pytest.raises(WrongType, match=r"'\{s\}:dead' holds a string"):
            act()
    assert raw.get(DEAD) == b"mine"
