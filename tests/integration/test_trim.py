"""Trimming a stream: what groups need stays unless somebody says otherwise, and it is said beforehand what goes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from streams import operations, previews
from streams.errors import BadRequest, NoSuchStream
from streams.ids import EntryId
from streams.models import LedgerEntry
from streams.operations import Actor
from streams.parsing import Retain
from tests.stuck import GROUP, STREAM, Server

pytestmark = pytest.mark.django_db
SHELL = Actor("ann", None, "shell")
KEY = STREAM.encode()


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def fill(r: Server, count: int, first_ms: int = 1) -> list[EntryId]:
    with r.pipeline(transaction=False) as pipe:
        for n in range(count):
            pipe.xadd(STREAM, {"n": n}, id=f"{first_ms + n}-0")
        return [EntryId.from_reply(reply) for reply in pipe.execute()]


def left(r: Server) -> list[str]:
    return [row[0].decode() for row in r.xrange(STREAM)]


def test_a_stream_is_trimmed_to_a_number_of_entries_in_steps(r: Server) -> None:
    fill(r, 5000)
    preview = previews.trim(KEY, Retain(entries=700))
    assert (str(preview.removed), str(preview.bound), preview.losses) == ("4,300", "4301-0", ())
    assert operations.trim(SHELL, KEY, Retain(entries=700)) == operations.Trimmed(4300, None)
    assert (r.xlen(STREAM), left(r)[0]) == (700, "4301-0")
    row = LedgerEntry.objects.get()
    assert (row.done, row.detail) == (4300, "keep 700 entries; before 4301-0")


def test_a_stream_is_trimmed_to_an_age(r: Server) -> None:
    seconds, _ = r.time()
    fill(r, 10, first_ms=(seconds - 3600) * 1000)
    r.xadd(STREAM, {"n": "young"})
    assert operations.trim(SHELL, KEY, Retain(age_ms=60_000)).removed == 10
    assert r.xlen(STREAM) == 1


@pytest.mark.parametrize("keep", [Retain(entries=100), Retain(age_ms=10**12)])
def test_a_stream_that_is_small_and_young_enough_stays_as_it_is(r: Server, keep: Retain) -> None:
    r.xadd(STREAM, {"n": 1})
    assert previews.trim(KEY, keep).removed == previews.Count(0)
    assert operations.trim(SHELL, KEY, keep).removed == 0
    assert r.xlen(STREAM) == 1


def test_what_a_group_has_not_finished_with_is_named_and_stays(r: Server) -> None:
    fill(r, 20)
    r.xgroup_create(STREAM, GROUP, "0")
    r.xgroup_create(STREAM, "done", "20-0")
    r.xreadgroup(GROUP, "c", {STREAM: ">"}, count=8)
    r.xack(STREAM, GROUP, *(f"{n}-0" for n in range(1, 4)))
    (loss,) = previews.trim(KEY, Retain(entries=5)).losses
    assert str(loss) == "my_group would lose 7 unread and 5 pending entries"
    with pytest.raises(BadRequest, match="my_group would lose 7 unread and 5 pending entries"):
        operations.trim(SHELL, KEY, Retain(entries=5))
    assert r.xlen(STREAM) == 20
    assert operations.trim(SHELL, KEY, Retain(entries=17)).removed == 3
    assert operations.trim(SHELL, KEY, Retain(entries=5), lose=True).removed == 12
    assert left(r)[0] == "16-0"
    assert "would lose" in LedgerEntry.objects.latest("pk").detail


def test_many_entries_are_lost_in_steps_when_that_is_wanted(r: Server) -> None:
    fill(r, 3500)
    r.xgroup_create(STREAM, GROUP, "0")
    r.config_resetstat()
    assert operations.trim(SHELL, KEY, Retain(entries=1), lose=True).removed == 3499
    assert r.info("commandstats")["cmdstat_xtrim"]["calls"] == 4
    assert left(r) == ["3500-0"]


def test_a_stream_that_is_missing_is_named(r: Server) -> None:
    with pytest.raises(NoSuchStream):
        operations.trim(SHELL, b"gone", Retain(entries=1))


def test_as_a_command(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    fill(r, 20)
    r.xgroup_create(STREAM, GROUP, "5-0")

    def said(*words: str) -> str:
        capsys.readouterr()
        call_command("trim", STREAM, *words)
        return capsys.readouterr().out

    assert said("--keep", "10", "--dry-run") == (
        "Nothing was done. 10 of 20 entries would go. my_group would lose 5 unread and 0 pending entries.\n"
    )
    with pytest.raises(CommandError, match="Let them finish first"):
        said("--keep", "10")
    assert json.loads(said("--keep", "16", "--json")) == {"removed": 4, "held_by": None, "dry_run": False}
    assert said("--keep", "10", "--lose") == "6 entries were trimmed.\n"
    with pytest.raises(CommandError, match="neither a number of entries nor an age"):
        said("--keep", "much")
