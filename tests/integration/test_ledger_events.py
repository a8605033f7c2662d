"""What workers record by themselves, with a database and without one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import DataError, InterfaceError, OperationalError
from django.test import Client

from streams import ledger, notices
from streams.ids import EntryId
from streams.ledger import Deed
from streams.models import Action, LedgerEntry
from tests.processes import ROOT

IDS = [EntryId(5, 1), EntryId(5, 2)]
LOST = Deed(Action.LOST, b"s", b"g", b"c", "they were trimmed")


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The notices, which stay here."""
    found: list[tuple[str, ...]] = []
    monkeypatch.setattr(notices, "send", lambda *event: found.append(event))
    return found


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The ledger's lines, from a state in which it could be written."""
    ledger._faults.clear()
    yield caplog
    ledger._faults.clear()


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    assert not [record for record in caplog.records if record.exc_info]
    return [record.getMessage() for record in caplog.records if record.name == "streams.ledger"]


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def save(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(LedgerEntry, "save", save)


@pytest.mark.django_db
def test_an_event_is_one_finished_row_by_the_worker() -> None:
    ledger.event(b"host\xff-1", LOST, IDS)
    row = LedgerEntry.objects.get()
    assert (row.actor, row.source, row.user, row.outcome) == (r"worker host\xff-1", "worker", None, "done")
    assert (row.action, row.stream, row.group, row.consumer) == ("entries lost", "s", "g", "c")
    assert (row.ids, row.ids_total, row.asked, row.done, row.missed) == (["5-1", "5-2"], 2, 2, 2, 0)
    assert row.detail == "they were trimmed"


@pytest.mark.django_db
def test_an_event_without_entries_counts_none_of_them() -> None:
    ledger.event(b"w", Deed(Action.CONSUMER_REMOVED, b"s", b"g", b"c"))
    row = LedgerEntry.objects.get()
    assert (row.ids, row.asked, row.done, row.missed) == ([], None, None, None)


@pytest.mark.django_db
@pytest.mark.parametrize("action", [Action.LOST, Action.NEW_HISTORY, Action.GROUP_RECREATED])
def test_open_pages_are_told_of_what_they_should_know(sent: list[tuple[Any, ...]], action: Action) -> None:
    ledger.event(b"w", Deed(action, b"s", b"g", detail="so it is"))
    text = f"{action.label.capitalize()} on s: so it is."
    assert sent == [("warning", text, "worker w", "/streams/s/groups/g/pending/", b"s")]


@pytest.mark.django_db
def test_a_notice_without_detail_is_a_sentence_all_the_same(sent: list[tuple[Any, ...]]) -> None:
    ledger.event(b"w", Deed(Action.LOST, b"s", b""))
    assert sent[0][1] == "Entries lost on s."


@pytest.mark.django_db
@pytest.mark.parametrize("action", [Action.CONSUMER_REMOVED, Action.SETTLED])
def test_housekeeping_disturbs_nobody(sent: list[tuple[Any, ...]], action: Action) -> None:
    ledger.event(b"w", Deed(action, b"s", b"g", b"c"))
    assert (LedgerEntry.objects.count(), sent) == (1, [])


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error", [OperationalError("gone"), InterfaceError("connection closed"), DataError("too long")]
)
def test_a_database_that_is_away_is_said_once_and_pages_are_told_anyway(
    monkeypatch: pytest.MonkeyPatch,
    logged: pytest.LogCaptureFixture,
    sent: list[tuple[Any, ...]],
    error: Exception,
) -> None:
    fail_with(monkeypatch, error)
    for _ in range(100):
        ledger.event(b"w", LOST, IDS)
    (line,) = lines(logged)
    assert str(error) in line
    assert "work goes on" in line
    assert len(sent) == 100


@pytest.mark.django_db
def test_a_ledger_that_is_back_says_so_and_its_next_failure_is_said_again(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        with monkeypatch.context() as patched:
            fail_with(patched, OperationalError("gone"))
            ledger.event(b"w", LOST)
        ledger.event(b"w", LOST)
    assert ["back" if "again" in line else "away" for line in lines(logged)] == ["away", "back", "away", "back"]
    assert LedgerEntry.objects.count() == 2


EVENTS = """
import django; django.setup()
from streams import ledger, notices
from streams.models import Action
notices.send = lambda *_: None
for _ in range(3): ledger.event(b"w", ledger.Deed(Action.LOST, b"s", b"g"))
print("went on")
"""


@pytest.mark.parametrize("folder", ["", "missing/"])
def test_a_database_without_tables_or_one_that_cannot_be_opened_stops_nobody(tmp_path: Path, folder: str) -> None:
    url = f"sqlite:///{tmp_path}/{folder}db.sqlite3"
    environ = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    command = [sys.executable, "-c", EVENTS]
    ran = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "went on\n"
    assert len(ran.stderr.splitlines()) == 1, ran.stderr


@pytest.mark.django_db
def test_the_ledgers_page_filters_by_what_workers_record(admin_client: Client) -> None:
    for action in Action:
        ledger.event(b"w", Deed(action, b"s", b"g"))
    for action in Action:
        page = admin_client.get("/admin/streams/ledgerentry/", {"action__exact": action.value})
        assert [row.action for row in page.context["cl"].result_list] == [action.value]
