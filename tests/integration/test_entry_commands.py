"""`manage.py entries`, `dead edit` and `consumer clean-up`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from streams import operations
from streams.errors import BadRequest
from streams.models import LedgerEntry
from streams.operations import Actor
from tests.stuck import GROUP, STREAM, Server, stuck

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def plain(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    call_command(*words, "--json")
    return json.loads(capsys.readouterr().out)


def test_an_entry_is_added_by_hand_and_recorded(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="Allow it to be created"):
        call_command("entries", "add", "s", "a=1")
    assert plain(capsys, "entries", "add", "s", "a=1", "--create-stream", "--dry-run")["id"] is None
    assert not r.exists("s")
    added = plain(capsys, "entries", "add", "s", "a=1", "b=x=y", "--create-stream")["id"]
    assert r.xrange("s") == [(added.encode(), {b"a": b"1", b"b": b"x=y"})]
    row = LedgerEntry.objects.get(outcome="done")
    assert (row.action, row.stream, row.ids, row.done, row.asked) == ("add entry", "s", [added], 1, 1)


def test_an_id_that_is_not_larger_and_a_key_of_ours_are_refused(r: Server) -> None:
    r.xadd("s", {"n": 1}, id="5-5")
    with pytest.raises(CommandError, match="this ID or a larger one"):
        call_command("entries", "add", "s", "a=1", "--id", "5-5")
    for stream in (b"{s}:frames", b"{s}:dead", b"streamwatch:health"):
        with pytest.raises(BadRequest, match="belongs to Streamwatch itself"):
            operations.add_entry(Actor.of_shell(), stream, [b"a", b"1"], mkstream=True)
        assert not r.exists(stream)
    r.set("text", "x")
    with pytest.raises(CommandError, match="holds a string"):
        call_command("entries", "add", "text", "a=1")


def test_a_search_goes_through_the_span_and_says_how_much_it_looked_at(
    r: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(5000):
        r.xadd("s", {"kind": "odd" if n % 1000 == 1 else "even", "n": n}, id=f"{n + 1}-0")
    found = plain(capsys, "entries", "list", "s", "--field", "kind=odd")
    assert [row["id"] for row in found["entries"]] == ["4002-0", "3002-0", "2002-0", "1002-0", "2-0"]
    assert (found["looked_at"], found["next_until"]) == (5000, None)
    part = plain(capsys, "entries", "list", "s", "--field", "kind=odd", "--limit", "2", "--until", "3500-0")
    assert [row["id"] for row in part["entries"]] == ["3002-0", "2002-0"]
    assert part["next_until"] == f"2001-{2**64 - 1}"
    few = plain(capsys, "entries", "list", "s", "--field", "kind=odd", "--from", "1000-0", "--until", "1002-0")
    assert ([row["id"] for row in few["entries"]], few["looked_at"]) == (["1002-0"], 3)
    assert len(plain(capsys, "entries", "list", "s", "--limit", "7")["entries"]) == 7


def test_a_dead_letter_is_replayed_with_other_fields(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    ids = stuck(r, 1)
    call_command("dead", "add", STREAM, GROUP, ids[0], "--reason", "wrong unit")
    [letter] = plain(capsys, "dead", "list", STREAM)["letters"]
    words = ("dead", "edit", STREAM, letter["id"], "--set", "unit=K", "--without", "sensor_id")
    assert ["unit", "K"] in plain(capsys, *words, "--dry-run")["fields"]
    added = plain(capsys, *words)["id"]
    fields = dict(r.xrange(STREAM, added, added)[0][1])
    assert (fields[b"unit"], fields[b"replayed_from"], b"sensor_id" in fields) == (b"K", ids[0].encode(), False)
    assert plain(capsys, "dead", "list", STREAM)["total"] == 0


def test_dead_consumers_are_cleaned_up_together(r: Server, capsys: pytest.CaptureFixture[str], settings: Any) -> None:
    stuck(r, 2)
    for name in ("a", "b"):
        r.xgroup_createconsumer(STREAM, GROUP, name)
    thresholds = replace(settings.STREAMWATCH.thresholds, dead_consumer_ms=-1)
    settings.STREAMWATCH = replace(settings.STREAMWATCH, thresholds=thresholds)
    assert plain(capsys, "consumer", "clean-up", STREAM, GROUP, "--dry-run")["deleted"] == ["a", "b"]
    assert plain(capsys, "consumer", "clean-up", STREAM, GROUP)["deleted"] == ["a", "b"]
    assert len(r.xinfo_consumers(STREAM, GROUP)) == 1
