"""Running a job: taking it, step after step, what a death left unknown, the end."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from streams.errors import StreamwatchError, Unreachable
from streams.ids import EntryId
from streams.job_models import Job, JobResult, JobState
from streams.jobs import records
from streams.jobs.works import END, Fate, LetterWork, PendingWork, Piece, Stopped, work_of
from streams.ledger import Actor, Deed
from streams.models import Action
from streams.names import plain_text
from streams.operations.door import authorize
from streams.snapshot import Seen

logger = logging.getLogger("streams.jobs")
LEASE = timedelta(seconds=15)
# What cannot be reached is tried again after so long.
_AGAIN_AFTER = timedelta(seconds=5)
KEEP_RESULTS = timedelta(days=30)
Progress = Callable[[Job], object]


class Lost(Exception):
    """Somebody else runs the job now."""


def a_name() -> str:
    """A name for a runner that no other has."""
    return f"{socket.gethostname()[:60]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def take_next(runner: str) -> Job | None:
    """Take a job that waits, or whose runner died; of two who try, one gets it."""
    now = datetime.now(UTC)
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    for job in Job.objects.filter(free, state__in=(JobState.WAITING, JobState.RUNNING)).order_by("pk")[:20]:
        if Job.objects.filter(free, pk=job.pk, state=job.state).update(runner=runner, lease_until=now + LEASE):
            return Job.objects.get(pk=job.pk)
    return None


def run_waiting(runner: str, stop: threading.Event | None = None) -> int:
    """Run what waits, one after the other; how many were begun. Errors end up in the job, never here."""
    begun = 0
    while (stop is None or not stop.is_set()) and (job := take_next(runner)):
        begun += 1
        try:
            Run(job, stop=stop).go()
        except Lost:
            logger.warning("Job %s was taken over by another runner.", job.pk)
        except StreamwatchError as error:
            logger.warning("Job %s: %s", job.pk, error)
    return begun


def tidy(now: datetime) -> None:
    """Forget results that are too old; what was done stays in the ledger."""
    JobResult.objects.filter(job__ended_at__lt=now - KEEP_RESULTS).delete()


class Run:
    """One runner's work on a job that it holds."""

    def __init__(self, job: Job, progress: Progress | None = None, stop: threading.Event | None = None) -> None:
        self.job, self._progress, self._stop = job, progress, stop
        self._work: PendingWork | LetterWork = work_of(job)

    def go(self) -> Job:
        """Run to the end, a cancellation, a stop, or an error, which is raised and in the job as well.

        Raises Lost when another runner has taken the job over.
        """
        try:
            authorize(_actor(self.job), _deed(self.job))
            self._begin()
            self._steps()
        except Stopped as stopped:
            told = {str(fate.entry_id) for fate in stopped.fates}
            rest = [EntryId.parse(one) for one, _ in self.job.in_hand if one not in told]
            fates = [*stopped.fates, *(Fate(one, False, "not done") for one in rest)]
            self._finish(JobState.FAILED, fates, str(stopped.error))
            raise stopped.error from None
        except Unreachable as error:
            self._unreachable(error)
            raise
        except Lost:
            raise
        except KeyboardInterrupt:
            self._finish(JobState.CANCELLED, [], "interrupted")
            raise
        except BaseException as error:
            self._finish(JobState.FAILED, [], str(error) or type(error).__name__)
            raise
        return self.job

    def _begin(self) -> None:
        job = self.job
        if job.started_at is None:
            job.started_at = job.beat_at = datetime.now(UTC)
            job.to_look_at, job.end = self._work.measure()
        job.state = JobState.RUNNING
        job.problem = ""
        again = [Seen(EntryId.parse(entry_id), idle_ms) for entry_id, idle_ms in job.in_hand]
        self._save("started_at", "to_look_at", "end", "state", "problem")
        if again:
            self._note(self._work.act(again, again=True))

    def _steps(self) -> None:
        while not self._must_stop():
            if self.job.cursor == END:
                self._finish(JobState.DONE, [], "")
                return
            piece = self._work.next()
            self._take_in_hand(piece)
            self._note(self._work.act(piece.seen, again=False) if piece.seen else [])

    def _must_stop(self) -> bool:
        """Whether somebody cancelled it, or this process ends: then another goes on."""
        self.job.refresh_from_db(fields=["cancelled_by"])
        if self.job.cancelled_by:
            self._finish(JobState.CANCELLED, [], f"cancelled by {self.job.cancelled_by}")
            return True
        if self._stop is not None and self._stop.is_set():
            self._leave()
            return True
        return False

    def _take_in_hand(self, piece: Piece) -> None:
        job = self.job
        job.in_hand = [[str(one.entry_id), one.idle_ms] for one in piece.seen]
        job.looked_at += piece.looked_at
        job.cursor = piece.next_cursor
        self._save("in_hand", "looked_at", "cursor")

    def _note(self, fates: Sequence[Fate]) -> None:
        """Store what became of a step's entries, and that none is in hand any more, in one transaction."""
        job = self.job
        records.count(job, fates)
        job.in_hand, job.beat_at = [], datetime.now(UTC)
        with transaction.atomic():
            records.store(job, fates)
            self._save("in_hand", "asked", "done", "missed", "unsure", "beat_at")
            records.tell_ledger(job, fates)
        if self._progress:
            self._progress(job)

    def _finish(self, state: JobState, fates: Sequence[Fate], problem: str) -> None:
        job = self.job
        fates = [*fates, *_left_in_hand(job, fates)]
        records.count(job, fates)
        job.state, job.ended_at, job.problem, job.in_hand = state, datetime.now(UTC), plain_text(problem), []
        with transaction.atomic():
            records.store(job, fates)
            self._save("state", "ended_at", "problem", "in_hand", "asked", "done", "missed", "unsure")
            records.tell_ledger(job, fates)
            records.close_ledger(job)

    def _unreachable(self, error: Unreachable) -> None:
        """Whoever waits for the answer is told that it failed; in the background it is tried again."""
        if self._stop is None:
            self._finish(JobState.FAILED, [], str(error))
            return
        self.job.problem = f"{plain_text(str(error))} It is tried again every {_AGAIN_AFTER.seconds} s."
        self._save("problem", lease=_AGAIN_AFTER)

    def _leave(self) -> None:
        self._save(lease=None)

    def _save(self, *fields: str, lease: timedelta | None = LEASE) -> None:
        """Write these fields and the lease, if it is still this runner's. Raises Lost."""
        job = self.job
        job.lease_until = datetime.now(UTC) + lease if lease is not None else None
        values: dict[str, Any] = {name: getattr(job, name) for name in (*fields, "lease_until")}
        if not Job.objects.filter(pk=job.pk, runner=job.runner).update(**values):
            raise Lost


def _actor(job: Job) -> Actor:
    return Actor(job.actor, job.user, job.source)


def _deed(job: Job) -> Deed:
    return Deed(Action(job.action), *job.place, bytes(job.consumer), job.detail)


def _left_in_hand(job: Job, fates: Sequence[Fate]) -> list[Fate]:
    """What a step that ended early has not told the fate of."""
    told = {str(fate.entry_id) for fate in fates}
    words = "not known: the step ended with an error"
    return [Fate(EntryId.parse(one), None, words) for one, _ in job.in_hand if one not in told]
