"""The operators' commands: one JSON value for scripts, a table for people, one sentence when it cannot be done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from streams.job_models import Job
from streams.models import LedgerEntry
from tests.stuck import GROUP, STREAM, Server, owners, stuck

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """The one JSON value that a command prints."""
    capsys.readouterr()
    call_command(*words, "--json")
    return json.loads(capsys.readouterr().out)


def text(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    call_command(*words)
    return capsys.readouterr().out


def test_groups_as_json_are_the_figures_of_the_pages(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    stuck(r, 3)
    r.xadd(STREAM, {"a": 1})
    plain = answer(capsys, "groups", STREAM)
    assert plain["stream"] == STREAM
    (group,) = plain["groups"]
    assert (group["name"], group["lag"], group["lag_quality"], group["pending"]) == (GROUP, 1, "exact", 3)
    assert [consumer["name"] for consumer in group["consumers"]] == ["worker-1"]


def test_groups_for_people_are_an_aligned_table(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    stuck(r, 3)
    heading, row = text(capsys, "groups", STREAM).splitlines()
    assert heading.index("PENDING") + len("PENDING") == row.index("3") + 1
    assert row.split()[:3] == [GROUP, "0", "3"]


def test_a_stream_without_groups_says_so(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    r.xadd(STREAM, {"a": 1})
    assert text(capsys, "groups", STREAM) == "Stream 'sensor_stream' has no consumer groups.\n"
    assert answer(capsys, "groups", STREAM)["groups"] == []


def test_pending_lists_entries_with_their_fields(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    ids = stuck(r, 2)
    r.xdel(STREAM, ids[1])
    plain = answer(capsys, "pending", STREAM, GROUP)
    assert (plain["total"], plain["next_after"]) == (2, None)
    first, second = plain["rows"]
    assert first["fields"] == {"sensor_id": "1", "temperature": "0"}
    assert (first["id"], first["consumer"], first["deliveries"]) == (ids[0], "worker-1", 1)
    assert first["idle_ms"] >= 60_000
    assert second["fields"] is None


def test_a_repeated_field_has_all_its_values(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    stuck(r, 1)
    r.execute_command("XADD", STREAM, "*", "a", "1", "a", "2")
    r.xreadgroup(GROUP, "worker-1", {STREAM: ">"})
    assert answer(capsys, "pending", STREAM, GROUP)["rows"][1]["fields"] == {"a": ["1", "2"]}


def test_pages_of_pending_entries_follow_each_other(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    ids = stuck(r, 5)
    seen: list[str] = []
    after: list[str] = []
    while True:
        page = answer(capsys, "pending", STREAM, GROUP, "--limit=2", *after)
        seen += [row["id"] for row in page["rows"]]
        if page["next_after"] is None:
            break
        after = [f"--after={page['next_after']}"]
    assert seen == ids


def test_pending_entries_are_filtered(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    old, young = stuck(r, 1), stuck(r, 1, consumer="worker-2", idle_ms=0)
    r.xclaim(STREAM, GROUP, "worker-2", 0, young)

    def found(*options: str) -> list[str]:
        return [row["id"] for row in answer(capsys, "pending", STREAM, GROUP, *options)["rows"]]

    assert found("--consumer=worker-2") == young
    assert found("--min-idle-ms=30000") == old
    assert found("--min-deliveries=2") == young


def test_pending_for_people_shows_the_count_and_where_to_go_on(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    ids = stuck(r, 3)
    lines = text(capsys, "pending", STREAM, GROUP, "--limit=2").splitlines()
    assert "sensor_id=1 temperature=0" in lines[1]
    assert lines[-2:] == ["2 of 3 pending entries.", f"More: --after {ids[1]}"]


def test_claiming_ids_says_what_moved_and_what_did_not(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    ids = stuck(r, 3)
    r.xack(STREAM, GROUP, ids[2])
    plain = answer(capsys, "claim", STREAM, GROUP, "--to", "worker-2", ids[0], ids[2])
    assert plain == {
        "asked": 2,
        "claimed": 1,
        "missed": 1,
        "unsure": 0,
        "job": Job.objects.get().pk,
        "claimed_ids": [ids[0]],
        "missed_ids": [ids[2]],
        "dry_run": False,
    }
    assert owners(r)[ids[0]] == "worker-2"
    row = LedgerEntry.objects.get()
    assert (row.source, row.action, row.outcome) == ("shell", "claim", "done")
    assert row.actor


def test_ids_may_stand_before_the_options(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    ids = stuck(r, 1)
    assert answer(capsys, "claim", STREAM, GROUP, ids[0], "--to", "worker-2")["claimed"] == 1


def test_claiming_all_takes_what_was_idle_long_enough(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    old, young = stuck(r, 3), stuck(r, 1, idle_ms=1000)
    plain = answer(capsys, "claim", STREAM, GROUP, "--to", "worker-2", "--all")
    assert plain["claimed_ids"] == old
    assert owners(r)[young[0]] == "worker-1"
    assert "Claimed 1 of 1 for worker-2." in text(
        capsys, "claim", STREAM, GROUP, "--to", "worker-2", "--all", "--min-idle-ms=0"
    )


@pytest.mark.parametrize("by_id", [True, False])
def test_a_dry_run_says_what_would_move_and_does_nothing(
    r: Server, capsys: pytest.CaptureFixture[str], by_id: bool
) -> None:
    old, young = stuck(r, 2), stuck(r, 1, idle_ms=0)
    chosen = [*old, *young] if by_id else ["--all"]
    plain = answer(capsys, "claim", STREAM, GROUP, "--to", "worker-2", *chosen, "--dry-run")
    assert (plain["dry_run"], plain["claimed_ids"], plain["missed_ids"]) == (True, old, young if by_id else [])
    assert set(owners(r).values()) == {"worker-1"}
    assert [row["name"] for row in r.xinfo_consumers(STREAM, GROUP)] == [b"worker-1"]
    assert not LedgerEntry.objects.exists()
    assert text(capsys, "claim", STREAM, GROUP, "--to", "w", "--all", "--dry-run").startswith("Nothing was done.")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["groups", "gone"], "There is no stream 'gone'."),
        (["pending", "gone", GROUP], "There is no stream 'gone'."),
        (["pending", STREAM, "other"], "Stream 'sensor_stream' has no consumer group 'other'."),
        (["pending", "text", "g"], "The key 'text' holds a string, not a stream; it was not touched."),
        (["groups", "text"], "'text': the key holds a string, not a stream."),
        (["pending", STREAM, GROUP, "--after=x"], "is not an entry ID"),
        (["pending", STREAM, GROUP, "--limit=0"], "Limit must be from 1 to 1000."),
        (["pending", STREAM, GROUP, "--min-idle-ms=-1"], "--min-idle-ms must be 0 or more."),
        (["claim", STREAM, "other", "--to=c", "1-1"], "Stream 'sensor_stream' has no consumer group 'other'."),
        (["claim", "gone", "other", "--to=c", "--all"], "There is no stream 'gone'."),
        (["claim", "text", "other", "--to=c", "--all"], "The key 'text' holds a string, not a stream"),
        (["claim", STREAM, GROUP, "--to=", "1-1"], "The consumer needs a name."),
        (["claim", STREAM, GROUP, "--to=c"], "Name entry IDs, or --all of them; not both."),
        (["claim", STREAM, GROUP, "--to=c", "--all", "1-1"], "not both."),
        (["claim", STREAM, GROUP, "--to=c", "one"], "'one' is not an entry ID"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(r: Server, words: list[str], says: str) -> None:
    stuck(r, 1)
    r.set("text", "x")
    with pytest.raises(CommandError) as caught:
        call_command(*words)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_away_is_said_with_a_hint(r: Server, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url="redis://:secret@127.0.0.1:1/0")
    for words in (["groups", STREAM], ["pending", STREAM, GROUP], ["claim", STREAM, GROUP, "--to=c", "1-1"]):
        with pytest.raises(
            CommandError, match=r"Redis at 127\.0\.0\.1:1 cannot be reached.*Check REDIS_URL\."
        ) as caught:
            call_command(*words)
        assert "secret" not in str(caught.value)


def test_in_a_shell_errors_have_exit_status_1_and_no_traceback(r: Server, redis_url: str) -> None:
    environment = {**os.environ, "REDIS_URL": redis_url}
    command = [sys.executable, "manage.py", "pending", "gone", "g", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "CommandError: There is no stream 'gone'.\n"


def test_names_that_are_no_text_are_taken_as_the_shell_passes_them(r: Server, redis_url: str) -> None:
    r.xgroup_create(b"s\xff", "g", mkstream=True)
    command: list[str | bytes] = [sys.executable, "manage.py", "groups", b"s\xff", "--json"]
    environment = {**os.environ, "REDIS_URL": redis_url}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout)["stream"] == "s\\xff"
