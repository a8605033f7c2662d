"""What the monitor takes over from its last look is what it would be told if it asked."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from streams.gateway import snapshots
from streams.gateway.client import Client
from streams.snapshot import Snapshot
from tests.integration.contract.conftest import S
from tests.stuck import Server

GROUPS = ("a", "b")


def change(raw: Server, draw: random.Random) -> None:
    """One thing that happens to streams, mostly what happens often."""
    group, ids = draw.choice(GROUPS), [row[0] for row in raw.xrange(S)]
    kinds = ["add"] * 6 + ["read"] * 3 + ["nothing"] * 3 + ["delete", "trim", "move", "anew"]
    match draw.choice(kinds):
        case "add":
            for _ in range(draw.randint(1, 5)):
                raw.xadd(S, {"n": 1})
        case "read":
            raw.xreadgroup(group, "c", {S: ">"}, count=draw.randint(1, 4))
        case "delete" if ids:
            raw.xdel(S, draw.choice(ids))
        case "trim":
            raw.xtrim(S, maxlen=draw.randint(1, 10), approximate=False)
        case "move" if ids:
            raw.xgroup_setid(S, group, draw.choice([b"0", *ids, b"$"]))
        case "anew":
            raw.delete(S)
            begin(raw)


def begin(raw: Server) -> None:
    for group in GROUPS:
        raw.xgroup_create(S, group, id="0", mkstream=True)
    raw.xadd(S, {"n": 1})


def comparable(snapshot: Snapshot) -> list[object]:
    return [replace(group, consumers=()) for group in snapshot.groups]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_taken_over_is_what_the_server_would_say(client: Client, raw: Server, seed: int) -> None:
    draw = random.Random(seed)
    begin(raw)
    before = snapshots.snapshot(client, S)
    for _ in range(100):
        change(raw, draw)
        (told,) = snapshots.snapshots(client, [S], before={S: before})
        assert comparable(told) == comparable(snapshots.snapshot(client, S))
        before = told


def test_a_group_that_did_not_move_is_not_asked_about_again(
    client: Client, raw: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_ASK_AGAIN_MS", 10**15)
    begin(raw)
    if "entries-added" not in raw.xinfo_stream(S):
        pytest.skip("a server that does not count what is added is asked every time")
    before = snapshots.snapshot(client, S)
    raw.xadd(S, {"n": 2})
    raw.config_resetstat()
    (told,) = snapshots.snapshots(client, [S], before={S: before})
    assert "cmdstat_xrange" not in raw.info("commandstats")
    assert [group.lag.entries for group in told.groups] == [2, 2]
    raw.xreadgroup("a", "c", {S: ">"}, count=1)
    snapshots.snapshots(client, [S], before={S: told})
    assert raw.info("commandstats")["cmdstat_xrange"]["calls"] == 1
