"""`manage.py group`, `consumer` and `ack`: what they do, what they would do, and what they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from streams.models import LedgerEntry
from tests.stuck import GROUP, STREAM, Server, owners, stuck

pytestmark = pytest.mark.django_db
PLACE = (STREAM, GROUP)


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def ids(r: Server) -> list[str]:
    """Six entries of which four are pending, of a consumer that left long ago."""
    found = stuck(r, 4)
    return [*found, *(r.xadd(STREAM, {"n": n}).decode() for n in range(2))]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    call_command(*words)
    return capsys.readouterr().out


def plain(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(run(capsys, *words, "--json"))


def position(r: Server) -> str:
    return str(r.xinfo_groups(STREAM)[0]["last-delivered-id"].decode())


def test_a_group_is_created_where_another_stands(r: Server, ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert plain(capsys, "group", "create", STREAM, "twin", "--like", GROUP) == {"start": ids[3], "dry_run": False}
    lags = {row["name"]: row["lag"] for row in r.xinfo_groups(STREAM)}
    assert lags == {GROUP.encode(): 2, b"twin": 2}
    with pytest.raises(CommandError, match="no consumer group 'nobody'"):
        run(capsys, "group", "create", STREAM, "x", "--like", "nobody")


def test_a_move_says_before_and_after_what_it_means(
    r: Server, ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    would = plain(capsys, "group", "move", *PLACE, "--at", "beginning", "--dry-run")
    assert (would["before"], would["after"], would["again"]) == (ids[3], "0-0", {"entries": 4, "exact": True})
    assert position(r) == ids[3]
    said = run(capsys, "group", "move", *PLACE, "--at", "now")
    assert said.startswith(f"From {ids[3]} to {ids[5]}: 2 entries are skipped; the lag is 0.")
    assert position(r) == ids[5]
    assert LedgerEntry.objects.get().action == "move group"


def test_a_group_is_destroyed_only_with_its_name_repeated(
    r: Server, ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    r.xinfo_consumers(STREAM, GROUP)
    with pytest.raises(CommandError, match="4 pending entries would be forgotten"):
        run(capsys, "group", "destroy", *PLACE)
    with pytest.raises(CommandError, match="Repeat"):
        run(capsys, "group", "destroy", *PLACE, "--yes", "other")
    with pytest.raises(CommandError, match="Consumers were active within the last minute"):
        run(capsys, "group", "destroy", *PLACE, "--yes", GROUP)
    assert plain(capsys, "group", "destroy", *PLACE, "--dry-run")["pending"] == 4
    assert len(r.xinfo_groups(STREAM)) == 1
    assert plain(capsys, "group", "destroy", *PLACE, "--yes", GROUP, "--force")["forgotten"] == 4
    assert r.xinfo_groups(STREAM) == []


def test_a_consumer_is_made_and_deleted_with_its_entries_moved(
    r: Server, ids: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert plain(capsys, "consumer", "create", *PLACE, "heir", "--dry-run")["created"] is True
    assert plain(capsys, "consumer", "create", *PLACE, "heir")["created"] is True
    assert "was there already" in run(capsys, "consumer", "create", *PLACE, "heir")
    assert plain(capsys, "consumer", "delete", *PLACE, "worker-1", "--dry-run")["pending"] == 4
    with pytest.raises(CommandError, match="owns 4 pending entries"):
        run(capsys, "consumer", "delete", *PLACE, "worker-1")
    moved = plain(capsys, "consumer", "delete", *PLACE, "worker-1", "--move-to", "heir")
    assert moved == {"moved": 4, "forgotten": 0, "dry_run": False}
    assert set(owners(r).values()) == {"heir"}
    said = run(capsys, "consumer", "delete", *PLACE, "heir", "--forget", "4")
    assert said == "Consumer heir was deleted; 0 pending entries were moved, 4 forgotten.\n"
    with pytest.raises(CommandError, match="There is no consumer 'heir'"):
        run(capsys, "consumer", "delete", *PLACE, "heir", "--dry-run")


def test_entries_are_acknowledged(r: Server, ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    would = plain(capsys, "ack", *PLACE, ids[0], ids[5], "--dry-run")
    assert (would["asked"], would["acknowledged"], would["missed_ids"], would["dry_run"]) == (2, 1, [ids[5]], True)
    assert len(owners(r)) == 4
    assert run(capsys, "ack", *PLACE, ids[0], ids[5]).startswith("Acknowledged 1 of 2; 1 moved meanwhile")
    assert set(owners(r)) == set(ids[1:4])
    with pytest.raises(CommandError, match="entry ID"):
        run(capsys, "ack", *PLACE, "x")


def test_entries_are_made_dead_letters(r: Server, ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    would = plain(capsys, "dead", "add", *PLACE, ids[0], ids[5], "--reason", "x", "--dry-run")
    assert would == {"asked": 2, "given_up": 1, "missed": 1, "dry_run": True}
    assert not r.exists("{sensor_stream}:dead")
    said = run(capsys, "dead", "add", *PLACE, ids[0], ids[5], "--reason", "no address")
    assert said.startswith("1 of 2 made dead letters; 1 moved meanwhile")
    listed = plain(capsys, "dead", "list", STREAM)
    assert [letter["reason"].split(" (")[0] for letter in listed["letters"]] == ["no address"]
    with pytest.raises(CommandError, match="reason"):
        run(capsys, "dead", "add", *PLACE, ids[1])
