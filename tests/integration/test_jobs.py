"""Jobs: everything that matches, in steps, gone on with after a death, cancelled, and what each entry's fate was."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from streams import conf, dead_letters, names, operations, previews
from streams.consumer_names import Names
from streams.errors import BadRequest, Unreachable
from streams.gateway import groups
from streams.gateway.client import Client
from streams.ids import EntryId
from streams.job_models import Job, JobResult, results_of
from streams.jobs import running, works
from streams.jobs.works import Fate
from streams.models import LedgerEntry
from streams.operations import Actor, Deliveries
from streams.snapshot import PendingFilter, Seen
from tests.integration.conftest import DEAD
from tests.stuck import GROUP, STREAM, Server, owners, stuck

pytestmark = pytest.mark.django_db
SHELL = Actor("ann", None, "shell")
PLACE = (STREAM.encode(), GROUP.encode())
EVERYTHING = PendingFilter()


class Died(BaseException):
    """What kills a runner in a test, where no handler of errors sees it."""


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def fates(job: Job) -> dict[str, tuple[bool | None, str]]:
    return {entry_id: (done, words) for entry_id, done, words in results_of(job)}


def counts(job: Job) -> tuple[int, int, int, int]:
    job.refresh_from_db()
    return job.asked, job.done, job.missed, job.unsure


def deliveries(r: Server, entry_id: str) -> int:
    return int(r.xpending_range(STREAM, GROUP, entry_id, entry_id, 1)[0]["times_delivered"])


# What is chosen


def test_everything_that_matches_is_found_and_nothing_else(r: Server) -> None:
    old, young = stuck(r, 700), stuck(r, 5, idle_ms=1000)
    stuck(r, 3, consumer="worker-2")
    job = operations.run(operations.acknowledge(SHELL, *PLACE, PendingFilter(b"worker-1", min_idle_ms=30_000)))
    assert counts(job) == (700, 700, 0, 0)
    assert (job.state, job.percent, job.looked_at) == ("done", 100, 705)
    assert set(owners(r)) == {*young, *(entry_id for entry_id, who in owners(r).items() if who == "worker-2")}
    assert set(fates(job)) == set(old)


def test_a_field_and_an_age_choose_too(r: Server) -> None:
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    ids = [r.xadd(STREAM, {"kind": kind}, id=f"{ms}-0").decode() for ms, kind in enumerate(("a", "b", "a", "a"), 1)]
    r.xreadgroup(GROUP, "c", {STREAM: ">"})
    wanted = PendingFilter(upto=EntryId(3, 0), having=(b"kind", b"a"))
    job = operations.run(operations.acknowledge(SHELL, *PLACE, wanted))
    assert set(owners(r)) == {ids[1], ids[3]}
    assert counts(job) == (2, 2, 0, 0)


def test_what_comes_after_the_job_began_is_left_alone(r: Server) -> None:
    stuck(r, 600)
    late: list[str] = []
    job = operations.acknowledge(SHELL, *PLACE, EVERYTHING)
    operations.run(job, lambda _: late.extend(stuck(r, 2)) if not late else None)
    assert sorted(owners(r)) == sorted(late)


# What is done


def test_a_claim_leaves_alone_what_its_owner_works_on_again(r: Server) -> None:
    slow, fast = stuck(r, 1, idle_ms=3_600_000), stuck(r, 1, idle_ms=60_000)
    seen = [Seen(EntryId.parse(slow[0]), 3_600_000), Seen(EntryId.parse(fast[0]), 60_000)]
    r.xclaim(STREAM, GROUP, "worker-1", 0, slow, idle=120_000)  # its owner was at it two minutes ago
    job = operations.run(operations.claim(SHELL, *PLACE, b"worker-2", seen))
    assert owners(r) == {slow[0]: "worker-1", fast[0]: "worker-2"}
    assert fates(job)[slow[0]] == (False, "left with worker-1, idle for 2 min")


@pytest.mark.parametrize(("choice", "after"), [(Deliveries.COUNT, 6), (Deliveries.KEEP, 5), (Deliveries.RESET, 0)])
def test_a_claim_counts_keeps_or_resets_deliveries(r: Server, choice: Deliveries, after: int) -> None:
    ids = stuck(r, 1)
    r.xclaim(STREAM, GROUP, "worker-1", 0, ids, retrycount=5, justid=True)
    operations.run(operations.claim(SHELL, *PLACE, b"worker-2", operations.chosen(map(EntryId.parse, ids)), choice))
    assert (owners(r), deliveries(r, ids[0])) == ({ids[0]: "worker-2"}, after)


def test_entries_handed_to_the_workers_are_owned_by_a_name_that_live_workers_settle(r: Server, redis_url: str) -> None:
    ids = stuck(r, 3)
    r.xclaim(STREAM, GROUP, "worker-1", 0, ids, retrycount=5, justid=True, idle=60_000)
    job = operations.run(operations.reprocess(SHELL, *PLACE, EVERYTHING))
    assert counts(job) == (3, 3, 0, 0)
    assert set(owners(r).values()) == {names.NOBODY.decode()}
    assert previews.active_consumers(previews.group_of(STREAM.encode(), GROUP.encode())) == ["worker-1"]
    assert deliveries(r, ids[0]) == 0
    assert names.NOBODY in [name for name, _ in Names(Client(redis_url), conf.current()).abandoned()]


def test_big_entries_become_dead_letters_a_few_at_a_time(r: Server) -> None:
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    ids = [r.xadd(STREAM, {"blob": b"\xff" * 400_000}).decode() for _ in range(7)]
    r.xreadgroup(GROUP, "c", {STREAM: ">"})
    job = operations.run(operations.give_up(SHELL, *PLACE, EVERYTHING, "too big"))
    assert counts(job) == (7, 7, 0, 0)
    assert [fields[b"id"].decode() for _, fields in r.xrange(DEAD)] == ids


def test_releasing_is_refused_with_the_reason_where_the_server_cannot(r: Server) -> None:
    stuck(r, 1)
    with pytest.raises(BadRequest, match=r"no XNACK \(Redis 8\.8\)"):
        operations.release(SHELL, *PLACE, EVERYTHING)
    assert not Job.objects.exists()


def test_letters_that_match_are_replayed_and_each_new_id_is_told(r: Server) -> None:
    ids = stuck(r, 6)
    for some, reason in ((ids[:4], "no Address"), (ids[4:], "other")):
        operations.run(operations.give_up(SHELL, *PLACE, operations.chosen(map(EntryId.parse, some)), reason))
    job = operations.run(dead_letters.replay(SHELL, PLACE[0], "address"))
    assert counts(job) == (4, 4, 0, 0)
    new = [words.removeprefix("replayed as ") for done, words in fates(job).values() if done]
    assert new == [entry_id.decode() for entry_id, _ in r.xrange(STREAM)[-4:]]
    assert r.xlen(DEAD) == 2


# Deaths


def die_in(monkeypatch: pytest.MonkeyPatch, step: int, *, before: bool) -> None:
    """The runner dies in its n-th step, before or after the entries were acted on."""
    act, calls = works.PendingWork.act, iter(range(1, 100))

    def dying(self: works.PendingWork, seen: Sequence[Seen], *, again: bool) -> list[Fate]:
        if next(calls) != step:
            return act(self, seen, again=again)
        if not before:
            act(self, seen, again=again)
        raise Died

    monkeypatch.setattr(works.PendingWork, "act", dying)
    monkeypatch.setattr(running.Run, "_finish", lambda *_: None)


def run_until_death(job: Job, monkeypatch: pytest.MonkeyPatch, step: int, *, before: bool) -> None:
    with monkeypatch.context() as patched:
        die_in(patched, step, before=before)
        with pytest.raises(Died):
            operations.run(job)
    Job.objects.filter(pk=job.pk).update(lease_until=datetime.now(UTC) - timedelta(seconds=1))


@pytest.mark.parametrize("before", [True, False])
def test_a_claim_killed_in_the_middle_goes_on_and_reports_every_entry_once(
    r: Server, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    ids = stuck(r, 1600)
    job = operations.claim(SHELL, *PLACE, b"worker-2", EVERYTHING)
    run_until_death(job, monkeypatch, 2, before=before)
    assert running.run_waiting("another") == 1
    assert counts(job) == (1600, 1600, 0, 0)
    assert (job.state, len(fates(job)), set(owners(r).values())) == ("done", 1600, {"worker-2"})
    assert {deliveries(r, one) for one in ids[::100]} == {2}  # none was claimed twice


@pytest.mark.parametrize("by_id", [True, False])
def test_an_acknowledgement_killed_after_its_effect_says_what_it_does_not_know(
    r: Server, monkeypatch: pytest.MonkeyPatch, by_id: bool
) -> None:
    ids = stuck(r, 1100)
    chosen = operations.chosen(map(EntryId.parse, ids))
    job = operations.acknowledge(SHELL, *PLACE, chosen if by_id else EVERYTHING)
    run_until_death(job, monkeypatch, 2, before=False)
    running.run_waiting("another")
    assert counts(job) == (1100, 600, 0, 500)
    assert owners(r) == {}
    assert fates(job)[ids[700]] == (None, "not pending any more: by this job, or by somebody else meanwhile")
    row = LedgerEntry.objects.get()
    assert (row.outcome, row.asked, row.done, row.missed) == ("done", 1100, 600, 500)
    assert "500 of the missed may have been done" in row.detail
    assert "of 500 it is not known" in operations.sentence(job)


def test_a_job_is_run_by_one_runner_at_a_time(r: Server) -> None:
    stuck(r, 10)
    job = operations.acknowledge(SHELL, *PLACE, EVERYTHING)
    assert running.take_next("one") is not None
    assert running.take_next("two") is None
    Job.objects.filter(pk=job.pk).update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    again = running.take_next("two")
    assert again
    first = running.Run(Job.objects.get(pk=job.pk))
    first.job.runner = "one"
    with pytest.raises(running.Lost):
        first.go()
    assert len(owners(r)) == 10


def test_a_server_that_is_away_is_tried_again_later_and_the_page_says_so(
    r: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck(r, 10)
    job = operations.acknowledge(SHELL, *PLACE, EVERYTHING)
    with monkeypatch.context() as patched:
        patched.setattr(groups, "xack", lambda *_: (_ for _ in ()).throw(Unreachable("cut off.")))
        assert running.run_waiting("one", threading.Event()) == 1
    job.refresh_from_db()
    assert (job.state, job.problem) == ("running", "cut off. It is tried again every 5 s.")
    assert running.take_next("one") is None  # not before its time
    Job.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    running.run_waiting("two", threading.Event())
    assert counts(job) == (10, 10, 0, 0)
    assert (job.state, job.problem) == ("done", "")


def test_a_runner_that_is_told_to_stop_leaves_the_job_to_the_next_at_once(r: Server) -> None:
    stuck(r, 1200)
    job, stop = operations.acknowledge(SHELL, *PLACE, EVERYTHING), threading.Event()
    taken = running.take_next("one")
    assert taken
    running.Run(taken, lambda _: stop.set(), stop).go()
    assert counts(job)[0] == 500
    assert job.state == "running"
    assert running.run_waiting("two") == 1
    assert counts(job) == (1200, 1200, 0, 0)


# Ends


def test_a_cancelled_job_ends_after_its_step_and_says_how_far_it_came(r: Server) -> None:
    stuck(r, 1200)
    job = operations.acknowledge(SHELL, *PLACE, EVERYTHING)
    operations.run(job, lambda now: operations.cancel(Actor("bob", None, "shell"), now))
    assert counts(job) == (500, 500, 0, 0)
    assert (job.state, job.problem, len(owners(r))) == ("cancelled", "cancelled by bob", 700)
    assert "cancelled by bob" in LedgerEntry.objects.get().detail


def test_a_group_that_vanishes_on_the_way_is_a_failure_with_its_reason(r: Server) -> None:
    stuck(r, 1200)
    job = operations.acknowledge(SHELL, *PLACE, EVERYTHING)
    taken = running.take_next("one")
    assert taken
    with pytest.raises(Exception, match="no consumer group"):
        running.Run(taken, lambda _: r.xgroup_destroy(STREAM, GROUP)).go()
    job.refresh_from_db()
    assert (job.state, job.done) == ("failed", 500)
    assert LedgerEntry.objects.get().outcome == "failed"


def test_results_are_forgotten_after_their_time_and_jobs_are_not(r: Server) -> None:
    stuck(r, 1)
    operations.run(operations.acknowledge(SHELL, *PLACE, EVERYTHING))
    running.tidy(datetime.now(UTC) + timedelta(days=29))
    assert JobResult.objects.count() == 1
    running.tidy(datetime.now(UTC) + timedelta(days=31))
    assert (JobResult.objects.count(), Job.objects.count()) == (0, 1)
