"""Handlers that fail, entries that fail again and again, what outlives a server's data, and what is tidied up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from streams import letters
from streams.errors import Unreachable
from streams.gateway.client import Client
from streams.ids import EntryId
from streams.letters import Letter
from streams.models import Action, LedgerEntry
from streams.parsing import Retain
from streams.worker import Worker
from tests import handlers
from tests.integration.conftest import DEAD, GROUP, STREAM, add, counted, drain, pending
from tests.processes import eventually
from tests.stuck import Server

pytestmark = pytest.mark.django_db
MakeWorker = Callable[..., Worker]
JOBS = "tests.handlers.jobs"


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture(autouse=True)
def retries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits between tries is another's test."""
    for name in ("recovery.FIRST_RETRY_S", "recovery.OWN_PENDING_EVERY_S"):
        monkeypatch.setattr(f"streams.{name}", 0.0)
    handlers.calls.clear()


def dead_letters(redis_url: str) -> list[Letter]:
    rows = Client(redis_url).call("XRANGE", DEAD, "-", "+")
    return [letters.from_pairs(EntryId.from_reply(row[0]), row[1]) for row in rows]


def job(r: Server, to: str) -> str:
    return str(r.xadd(STREAM, {"to": to}).decode())


def recorded(action: Action) -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(action=action))


def test_a_handler_takes_entries_that_are_no_readings(r: Server, make_worker: MakeWorker) -> None:
    worker = make_worker("w", handler=JOBS)
    job(r, "ann")
    add(r, 2, to="bob")
    drain(worker)
    assert (counted(r), r.xlen(DEAD), pending(r)) == (2, 0, 0)
    assert [len(call) for call in handlers.calls] == [3]


def test_what_a_handler_rejects_becomes_a_dead_letter_with_its_reason(
    r: Server, redis_url: str, make_worker: MakeWorker
) -> None:
    worker = make_worker("w", handler=JOBS)
    (rejected,) = add(r, 1)
    job(r, "ann")
    drain(worker)
    (letter,) = dead_letters(redis_url)
    assert (letter.entry_id, letter.reason, letter.deliveries, letter.error) == (rejected, "no address", 1, "")
    assert pending(r) == 0


def test_an_entry_that_a_handler_always_fails_on_is_given_up_with_its_history_and_its_neighbours_are_not(
    r: Server, redis_url: str, make_worker: MakeWorker
) -> None:
    worker = make_worker("w", handler=JOBS, max_deliveries=3)
    good, broken, fine = job(r, "ann"), job(r, "broken"), job(r, "bob")
    for _ in range(20):
        drain(worker)
    (letter,) = dead_letters(redis_url)
    assert (letter.entry_id, letter.deliveries) == (broken, 3)
    assert letter.reason == "delivered 3 times and never acknowledged"
    assert (letter.error, letter.consumer) == ("ConnectionError: the mail server hung up", b"w")
    assert pending(r) == 0
    assert handlers.calls == [[good, broken, fine], [good], [broken], [fine], [broken], [broken]]


def test_an_entry_that_fails_waits_longer_every_time(
    r: Server, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.recovery.FIRST_RETRY_S", 0.2)
    worker = make_worker("w", handler=JOBS, max_deliveries=3)
    job(r, "broken")
    began = time.monotonic()
    while not r.exists(DEAD):
        worker.consume_once()
    assert 0.6 <= time.monotonic() - began < 3


def test_an_entry_that_brought_workers_down_is_given_up_and_taken_alone_before_that(
    r: Server, redis_url: str, make_worker: MakeWorker
) -> None:
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    ids = add(r, 3)
    r.xreadgroup(GROUP, "w", {STREAM: ">"})
    r.xclaim(STREAM, GROUP, "w", 0, [ids[1]], retrycount=5)
    r.xclaim(STREAM, GROUP, "w", 0, [ids[2]], retrycount=4)
    drain(make_worker("w"))
    (letter,) = dead_letters(redis_url)
    assert (letter.entry_id, letter.deliveries) == (ids[1], 5)
    assert letter.error.startswith("unknown: the worker that had it died")
    assert (counted(r), pending(r)) == (2, 0)


def test_a_cut_connection_counts_against_no_entry(
    r: Server, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make_worker("w", max_deliveries=2)
    drain(worker)
    commit = worker._committer.commit

    def cut(*_: Any) -> None:
        raise Unreachable("cut")

    add(r, 5)
    for _ in range(6):
        monkeypatch.setattr(worker._committer, "commit", cut)
        with pytest.raises(Unreachable):
            worker.consume_once()
    monkeypatch.setattr(worker._committer, "commit", commit)
    drain(worker)
    assert (counted(r), r.xlen(DEAD), pending(r)) == (5, 0, 0)


def test_what_an_operator_gives_to_a_worker_is_tried_however_often_it_was_delivered(
    r: Server, make_worker: MakeWorker
) -> None:
    worker = make_worker("w")
    drain(worker)
    ids = add(r, 1)
    r.xreadgroup(GROUP, "stuck", {STREAM: ">"})
    r.xclaim(STREAM, GROUP, "w", 0, ids, retrycount=9)
    drain(worker)
    assert (counted(r), r.xlen(DEAD), pending(r)) == (1, 0, 0)


def test_a_backlog_is_counted_once_and_to_its_end(r: Server, make_worker: MakeWorker) -> None:
    for n in range(1234):
        r.xadd(STREAM, {"sensor_id": n % 3, "temperature": "x" if n % 100 == 7 else "20", "humidity": "1"})
    worker = make_worker("w")
    drain(worker)
    assert (counted(r), r.xlen(DEAD), pending(r)) == (1221, 13, 0)
    assert (worker.readings, worker.dead_letters) == (1221, 13)


def test_a_worker_told_to_stop_in_a_backlog_finishes_what_it_has_in_hand(r: Server, make_worker: MakeWorker) -> None:
    add(r, 1000)
    worker = make_worker("w")
    while not worker.readings:
        worker.consume_once()
    worker.leave()
    assert pending(r) == 0
    assert 100 <= counted(r) < 1000


def test_entries_stolen_from_a_backlog_are_left_to_the_thief(r: Server, make_worker: MakeWorker) -> None:
    ids = add(r, 1000)
    worker = make_worker("w")
    while not worker.readings:
        worker.consume_once()
    stolen = [row["message_id"] for row in r.xpending_range(STREAM, GROUP, "-", "+", 1000)][::7]
    r.xclaim(STREAM, GROUP, "thief", 0, stolen)
    drain(worker)
    assert counted(r) == len(ids) - len(stolen)
    assert pending(r) == len(stolen) > 0


def test_lost_entries_are_named_in_the_ledger(r: Server, make_worker: MakeWorker) -> None:
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    ids = add(r, 3)
    r.xreadgroup(GROUP, "w", {STREAM: ">"})
    r.xtrim(STREAM, maxlen=1, approximate=False)
    drain(make_worker("w"))
    (row,) = recorded(Action.LOST)
    assert (row.ids, row.actor, row.outcome) == (ids[:2], "worker w", "done")
    assert (counted(r), r.xlen(DEAD), pending(r)) == (1, 2, 0)


def test_a_group_that_was_destroyed_is_recorded_as_created_again(r: Server, worker: Worker) -> None:
    ids = add(r, 3)
    drain(worker)
    r.xgroup_destroy(STREAM, GROUP)
    drain(worker)
    (row,) = recorded(Action.GROUP_RECREATED)
    assert ids[-1] in row.detail


def test_a_history_that_went_back_is_a_new_epoch_and_recorded_once(r: Server, make_worker: MakeWorker) -> None:
    one, two = make_worker("one"), make_worker("two")
    add(r, 5)
    drain(one)
    drain(two)
    before = r.hget("{sensor_stream}:feed", "epoch")
    r.delete(STREAM)
    r.xadd(STREAM, {"sensor_id": "1", "temperature": "1", "humidity": "1"}, id="5-1")
    drain(one)
    drain(two)
    assert r.hget("{sensor_stream}:feed", "epoch") != before
    (row,) = recorded(Action.NEW_HISTORY)
    assert "its newest entry is" in row.detail or "the stream is gone" in row.detail
    assert counted(r) == 6


def test_a_worker_goes_on_when_the_ledger_cannot_be_written(
    r: Server, worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(LedgerEntry._meta, "db_table", "nowhere")
    add(r, 3)
    drain(worker)
    r.xgroup_destroy(STREAM, GROUP)
    add(r, 2)
    drain(worker)
    assert counted(r) == 5


@pytest.mark.parametrize("retain", [Retain(entries=40), Retain(age_ms=60_000)])
def test_the_stream_is_kept_to_its_size_and_unread_entries_are_kept_beyond_it(
    r: Server, make_worker: MakeWorker, retain: Retain
) -> None:
    for n in range(60):
        r.xadd(STREAM, {"sensor_id": "1", "temperature": "1", "humidity": "1"}, id=f"{n + 1}-0")
    add(r, 40)
    r.xgroup_create(STREAM, "slow", "10-0")
    worker = make_worker("w", retain=retain)
    drain(worker)
    worker._tidying._trim_due._due = 0.0  # once a second
    drain(worker)
    assert r.xlen(STREAM) == 90
    r.xgroup_setid(STREAM, "slow", "$")
    worker._tidying._trim_due._due = 0.0
    drain(worker)
    assert r.xlen(STREAM) == 40
    assert counted(r) == 100


def test_a_held_back_trim_is_said_with_the_groups_name(
    r: Server, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    add(r, 20)
    r.xgroup_create(STREAM, "slow", "0")
    worker = make_worker("w", retain=Retain(entries=5))
    drain(worker)
    worker._tidying._trim_due._due = 0.0  # once a second
    drain(worker)
    assert caplog.text.count("held back by group slow") == 1
    assert r.xlen(STREAM) == 20


def test_consumers_that_did_nothing_for_long_are_removed_and_recorded(r: Server, make_worker: MakeWorker) -> None:
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    r.xgroup_createconsumer(STREAM, GROUP, "forgotten")
    time.sleep(0.05)
    drain(make_worker("w", consumer_keep_ms=20))
    assert [consumer["name"] for consumer in r.xinfo_consumers(STREAM, GROUP)] == [b"w"]
    (row,) = recorded(Action.CONSUMER_REMOVED)
    assert row.consumer == "forgotten"


def test_a_worker_that_is_busy_for_longer_than_its_lease_is_not_taken_for_dead(
    r: Server, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.gateway.leases.TTL_MS", 1000)
    monkeypatch.setattr("streams.consumer_names._KEEP_EVERY_S", 0.05)
    monkeypatch.setattr("streams.recovery.ADOPT_EVERY_S", 0.05)
    monkeypatch.setattr("tests.handlers.SLOW_S", 2.5)
    busy = make_worker("busy", handler="tests.handlers.slow")
    other = make_worker("other")
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    add(r, 3)
    thread = threading.Thread(target=lambda: [busy.consume_once() for _ in range(2)])
    thread.start()
    assert eventually(lambda: pending(r) == 3)
    while thread.is_alive():
        drain(other)
    thread.join()
    assert (busy.readings, other.readings) == (3, 0)
    assert pending(r) == 0
