"""Dead letters: listed, sent back once, deleted; checked and recorded."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command

from streams import dead_letters, looking, operations
from streams.errors import AccessDenied, NotAllowed, ServerRefused, WrongType
from streams.gateway import letters as gateway
from streams.gateway.client import Client
from streams.ids import EntryId
from streams.job_models import Job
from streams.jobs import works
from streams.ledger import Actor
from streams.models import Action, LedgerEntry
from streams.worker import Worker
from tests.integration.conftest import DEAD, STREAM, add, counted, drain
from tests.stuck import Server

pytestmark = pytest.mark.django_db
SHELL = Actor.of_shell()
S = STREAM.encode()


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def broken(r: Server, worker: Worker) -> list[str]:
    """IDs of three entries that became dead letters: no number, not finite, gone."""
    ids = [*add(r, 1, temperature="warm", **{"replayed": "x"}), *add(r, 1, temperature="nan")]
    worker.consume_once()
    drain(worker)
    ids += add(r, 1)
    r.xreadgroup("my_group", "w1", {STREAM: ">"})
    r.xdel(STREAM, ids[2])
    worker._recovery._own_due._due = 0.0  # it looks once a second
    drain(worker)
    return ids


def replay(wanted: list[EntryId] | str) -> dead_letters.Result:
    return dead_letters.result_of(operations.run(dead_letters.replay(SHELL, S, wanted)))


def purge(wanted: list[EntryId] | str) -> dead_letters.Result:
    return dead_letters.result_of(operations.run(dead_letters.purge(SHELL, S, wanted)))


def letter_ids() -> list[EntryId]:
    return [letter.letter_id for letter in looking.letters(S).rows]


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    call_command("dead", *words, "--json")
    return json.loads(capsys.readouterr().out)


def test_a_page_of_letters_says_where_they_came_from_and_how_many_there_are(broken: list[str]) -> None:
    page = looking.letters(S, limit=2)
    assert [letter.entry_id for letter in page.rows] == broken[:2]
    assert (page.total, page.next_after) == (3, page.rows[1].letter_id)
    rest = looking.letters(S, after=page.next_after)
    assert ([letter.entry_id for letter in rest.rows], rest.next_after) == (broken[2:], None)
    assert [letter.entry_id for letter in looking.letters(S, reason="NOT FINITE").rows] == [broken[1]]


def test_a_replayed_entry_is_as_it_was_and_names_its_origin(r: Server, broken: list[str]) -> None:
    first = letter_ids()[0]
    result = replay([first])
    ((_, fields),) = r.xrevrange(STREAM, count=1)
    assert fields == {
        b"sensor_id": b"1",
        b"temperature": b"warm",
        b"humidity": b"40",
        b"replayed": b"x",
        b"replayed_from": broken[0].encode(),
    }
    assert (result.asked, list(result.done)) == (1, [first])
    assert r.xlen(DEAD) == 2


def test_an_entry_that_fails_again_keeps_its_first_origin(r: Server, worker: Worker, broken: list[str]) -> None:
    replay(letter_ids()[:1])
    drain(worker)
    replay(letter_ids()[-1:])
    ((_, fields),) = r.xrevrange(STREAM, count=1)
    assert fields[b"replayed_from"] == broken[0].encode()


def test_two_clicks_replay_a_letter_once(r: Server, broken: list[str], redis_url: str) -> None:
    before, ids = r.xlen(STREAM), letter_ids()[:2]
    outcomes: list[bytes] = []

    def click() -> None:
        replayed = gateway.replay(Client(redis_url), DEAD.encode(), S, ids)
        outcomes.extend(replayed.results)

    clicks = [threading.Thread(target=click) for _ in range(8)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert r.xlen(STREAM) == before + 2
    assert len([outcome for outcome in outcomes if outcome != gateway.GONE]) == 2


def test_a_letter_without_an_entry_stays_and_is_reported(r: Server, broken: list[str]) -> None:
    result = replay(letter_ids())
    assert (result.asked, len(result.done), result.missed.total()) == (3, 2, 1)
    assert "1 without an entry" in dead_letters.sentence(result, "Replayed")
    assert looking.letters(S).rows[0].entry_id == broken[2]


def test_out_of_memory_nothing_is_replayed_and_no_letter_is_lost(r: Server, broken: list[str]) -> None:
    r.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(ServerRefused):
            replay(letter_ids())
    finally:
        r.config_set("maxmemory", "0")
    assert r.xlen(DEAD) == 3
    assert LedgerEntry.objects.get(action=Action.REPLAY_DEAD).outcome == "failed"


def test_who_may_add_but_not_delete_is_refused_before_anything_is_added(
    r: Server, broken: list[str], redis_url: str, settings: Any
) -> None:
    before = r.xlen(STREAM)
    r.execute_command("ACL", "SETUSER", "half", "on", ">secret", "~*", "+@all", "-xdel")
    url = redis_url.replace("redis://", "redis://half:secret@")
    settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url=url)
    try:
        for _ in range(2):
            with pytest.raises(AccessDenied):
                replay(letter_ids())
    finally:
        r.execute_command("ACL", "DELUSER", "half")
    assert (r.xlen(STREAM), r.xlen(DEAD)) == (before, 3)


def test_a_replay_that_stops_in_the_middle_says_how_far_it_came(
    r: Server, broken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(works, "STEP", 1)
    job = dead_letters.replay(SHELL, S, letter_ids())
    try:
        with pytest.raises(ServerRefused, match="OOM"):
            operations.run(job, lambda _: r.config_set("maxmemory", "1mb"))
    finally:
        r.config_set("maxmemory", "0")
    assert dead_letters.sentence(dead_letters.result_of(Job.objects.get()), "Replayed").startswith(
        "Replayed 1 of 2 dead letters; 1 not done"
    )
    row = LedgerEntry.objects.get(action=Action.REPLAY_DEAD)
    assert (row.outcome, row.asked, row.done, row.missed) == ("failed", 2, 1, 1)
    assert "→" in row.detail
    assert r.xlen(DEAD) == 2


def test_a_key_of_another_type_is_never_touched(r: Server, broken: list[str]) -> None:
    ids = letter_ids()
    r.delete(DEAD)
    r.set(DEAD, "mine")
    for act in (replay, purge):
        with pytest.raises(WrongType, match=r"'\{sensor_stream\}:dead' holds a string"):
            act(ids)
    with pytest.raises(WrongType, match=r"'\{sensor_stream\}:dead' holds a string"):
        looking.letters(S)
    assert r.get(DEAD) == b"mine"


def test_an_origin_of_another_type_is_never_touched(r: Server, broken: list[str]) -> None:
    ids = letter_ids()
    r.delete(STREAM)
    r.set(STREAM, "mine")
    with pytest.raises(WrongType, match="sensor_stream holds a string"):
        replay(ids)
    assert (r.get(STREAM), r.xlen(DEAD)) == (b"mine", 3)


def test_a_stream_that_is_gone_is_made_again_by_a_replay(r: Server, broken: list[str]) -> None:
    ids = letter_ids()
    r.delete(STREAM)
    assert len(replay(ids).done) == 2
    assert r.xlen(STREAM) == 2


def test_nothing_to_do_is_recorded_as_nothing(r: Server) -> None:
    assert purge("").asked == 0
    row = LedgerEntry.objects.get()
    assert (row.asked, row.done, row.missed, row.outcome) == (0, 0, 0, "done")


def test_deleting_says_what_was_there_and_what_was_not(r: Server, broken: list[str]) -> None:
    result = purge([*letter_ids()[:2], EntryId(1, 1)])
    assert (result.asked, len(result.done), result.missed.total()) == (3, 2, 1)
    assert r.xlen(DEAD) == 1


def test_what_was_done_is_in_the_ledger_with_old_and_new_ids(r: Server, broken: list[str]) -> None:
    result = replay(letter_ids()[:1])
    row = LedgerEntry.objects.get(action=Action.REPLAY_DEAD)
    ((old, new),) = result.done.items()
    assert (row.ids, row.asked, row.done, row.missed, row.outcome) == ([str(old)], 1, 1, 0, "done")
    assert row.detail == f"{old} → {new}"


@pytest.mark.parametrize(
    ("act", "codename"), [(dead_letters.replay, "replay_deadletter"), (dead_letters.purge, "purge_deadletter")]
)
def test_each_takes_a_permission_of_its_own(r: Server, broken: list[str], act: Any, codename: str) -> None:
    user = User.objects.create_user("ann")
    with pytest.raises(NotAllowed):
        act(Actor("ann", user, "10.0.0.1"), S, letter_ids())
    assert r.xlen(DEAD) == 3
    assert LedgerEntry.objects.get(actor="ann").outcome == "refused"
    user.user_permissions.add(Permission.objects.get(codename=codename))
    operations.run(act(Actor("ann", User.objects.get(pk=user.pk), "10.0.0.1"), S, letter_ids()[:1]))
    assert r.xlen(DEAD) == 2


def test_letters_that_come_back_during_a_replay_of_all_are_not_replayed_again(
    r: Server, worker: Worker, broken: list[str]
) -> None:
    result = replay("")
    assert result.asked == 3
    drain(worker)
    assert r.xlen(DEAD) == 3


def test_the_command_lists_replays_and_deletes(
    r: Server, worker: Worker, broken: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    listed = answer(capsys, "list", STREAM, "--limit", "1")
    assert (listed["letters"][0]["entry_id"], listed["total"]) == (broken[0], 3)
    assert listed["letters"][0]["fields"][1] == ["temperature", "warm"]
    assert answer(capsys, "replay", STREAM, "--all", "--dry-run")["replayed"] == 2
    assert r.xlen(DEAD) == 3
    assert answer(capsys, "replay", STREAM, listed["letters"][0]["id"])["replayed"] == 1
    assert answer(capsys, "purge", STREAM, "--all", "--reason", "finite")["deleted"] == 1
    assert r.xlen(DEAD) == 1
    call_command("dead", "list", STREAM)
    assert "1 of 1 dead letter." in capsys.readouterr().out
    assert counted(r) == 0


def test_the_command_says_what_it_cannot_do(r: Server) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        call_command("dead", "list", "nowhere")
    with pytest.raises(CommandError, match="not both"):
        call_command("dead", "purge", "nowhere")
    with pytest.raises(CommandError, match="--reason chooses among --all"):
        call_command("dead", "purge", "nowhere", "1-1", "--reason", "warm")


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(
    r: Server, broken: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = r.xrange(STREAM), r.xrange(DEAD)
    replayed = answer(capsys, "replay", STREAM, "--all", "--dry-run")
    assert (replayed["asked"], replayed["replayed"], replayed["missed"], replayed["dry_run"]) == (3, 2, 1, True)
    deleted = answer(capsys, "purge", STREAM, "--dry-run", "1-1", *map(str, letter_ids()))
    assert (deleted["asked"], deleted["deleted"], deleted["missed"]) == (4, 3, 1)
    assert (r.xrange(STREAM), r.xrange(DEAD)) == before
    assert not LedgerEntry.objects.filter(action__in=[Action.REPLAY_DEAD, Action.PURGE_DEAD])
    done = answer(capsys, "replay", STREAM, "--all")
    assert {**done, "dry_run": True, "ids": None} == {**replayed, "ids": None}


def test_ids_may_stand_before_and_after_the_options(
    r: Server, broken: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = map(str, letter_ids())
    assert answer(capsys, "purge", STREAM, "--dry-run", first, second, third)["deleted"] == 3
    assert answer(capsys, "purge", "--dry-run", STREAM, first)["deleted"] == 1
    assert answer(capsys, "purge", STREAM, first, "--dry-run", second)["deleted"] == 2


def test_a_list_that_is_cut_says_how_many_there_are(broken: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("dead", "list", STREAM, "--limit", "2")
    out = capsys.readouterr().out
    assert "2 of 3 dead letters." in out
    call_command("dead", "list", STREAM, "--after", out.split("--after ")[1].strip())
    out = capsys.readouterr().out
    assert broken[2] in out
    assert "More" not in out
