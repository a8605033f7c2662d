"""Jobs: operations on more entries than a request should wait for, with how far each has come."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import models

from streams.names import shown, to_path


class JobState(models.TextChoices):
    """Where a job is; one that runs without a live runner is taken up by the next that looks."""

    WAITING = "waiting", "waiting"
    RUNNING = "running", "running"
    DONE = "done", "done"
    CANCELLED = "cancelled", "cancelled"
    FAILED = "failed", "failed"


OVER = (JobState.DONE, JobState.CANCELLED, JobState.FAILED)


class Job(models.Model):
    """One operation over many entries, done in steps.

    Before a step acts, its entries stand in `in_hand`; after it, `cursor` and the counts have moved on and their
    results are stored, in one transaction with the next step's entries. So a process that dies leaves at most one step
    of which it is not known what was done; whoever takes the job up looks, and goes on.
    """

    made_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True, help_text="When its last step ended.")
    actor = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    source = models.CharField(max_length=100)
    action = models.CharField(max_length=40)
    stream = models.BinaryField()
    group = models.BinaryField(default=b"")
    consumer = models.BinaryField(default=b"")
    detail = models.TextField(blank=True)
    wanted = models.JSONField(help_text="IDs with the idle time that was seen, or a filter.")
    terms = models.JSONField(default=dict, help_text="What else the action needs to know.")
    state = models.CharField(max_length=20, choices=JobState.choices, default=JobState.WAITING, db_index=True)
    end = models.CharField(max_length=50, blank=True, help_text="The largest ID when it began: later ones are left.")
    cursor = models.CharField(max_length=50, blank=True)
    in_hand = models.JSONField(default=list)
    to_look_at = models.PositiveBigIntegerField(null=True)
    looked_at = models.PositiveBigIntegerField(default=0)
    asked = models.PositiveBigIntegerField(default=0)
    done = models.PositiveBigIntegerField(default=0)
    missed = models.PositiveBigIntegerField(default=0)
    unsure = models.PositiveBigIntegerField(default=0)
    runner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    cancelled_by = models.CharField(max_length=200, blank=True)
    ledger = models.ForeignKey("LedgerEntry", on_delete=models.PROTECT, related_name="+")

    class Meta:
        """Nobody adds, changes or deletes through the admin."""

        default_permissions = ("view",)
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.action} of {self.count_text} on {shown(bytes(self.stream))}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens."""
        return self.state in OVER

    @property
    def place(self) -> tuple[bytes, bytes]:
        """Stream and group."""
        return bytes(self.stream), bytes(self.group)

    @property
    def paths(self) -> dict[str, str]:
        """Stream and group as people and as paths name them."""
        stream, group = self.place
        return {
            "stream": shown(stream),
            "group": shown(group),
            "stream_path": to_path(stream),
            "group_path": to_path(group),
        }

    @property
    def count_text(self) -> str:
        """How many entries it is about: those chosen, or how many were found so far."""
        if "ids" in self.wanted:
            return f"{len(self.wanted['ids']):,} chosen"
        return f"{self.asked:,} found{'' if self.is_over else ' so far'}"

    @property
    def percent(self) -> int | None:
        """How far it has come; None while that is not known."""
        if self.state == JobState.DONE:
            return 100
        if self.to_look_at is None:
            return None
        return min(99, 100 * self.looked_at // max(1, self.to_look_at))

    @property
    def rate(self) -> float | None:
        """Entries looked at a second, over its whole time; None before there is one."""
        if self.started_at is None or self.lease_until is None:
            return None
        until = self.ended_at or self.beat_at
        seconds = (until - self.started_at).total_seconds() if until else 0
        return self.looked_at / seconds if seconds > 0 else None

    def as_plain(self) -> dict[str, Any]:
        """For pages and JSON; `percent` and `per_s` are None while unknown."""
        counts = ("looked_at", "to_look_at", "asked", "done", "missed", "unsure")
        return {
            "job": self.pk,
            "action": self.action,
            "state": self.state,
            "over": self.is_over,
            "percent": self.percent,
            "per_s": None if self.rate is None else round(self.rate),
            **{name: getattr(self, name) for name in counts},
            "problem": self.problem,
            "cancelling": bool(self.cancelled_by) and not self.is_over,
            **self.paths,
            "consumer": shown(bytes(self.consumer)),
            "actor": self.actor,
            "detail": self.detail,
        }


class JobResult(models.Model):
    """What became of the entries of one step."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="results")
    number = models.PositiveIntegerField()
    rows = models.BinaryField(help_text="JSON, compressed: [ID, true, false or null for unknown, words].")

    class Meta:
        """Seen through the job's page alone."""

        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("job", "number"), name="one_result_per_step"),)

    def __str__(self) -> str:
        return f"step {self.number} of job {self.job_id}"


def pack(rows: Iterable[tuple[str, bool | None, str]]) -> bytes:
    """Results as they are kept."""
    return zlib.compress(json.dumps(list(rows), separators=(",", ":")).encode(), 1)


def results_of(job: Job) -> Iterator[tuple[str, bool | None, str]]:
    """Each entry's ID, whether the deed was done to it (None: unknown), and what became of it; step by step."""
    for packed in JobResult.objects.filter(job=job).order_by("number").values_list("rows", flat=True).iterator(20):
        rows: list[Any] = json.loads(zlib.decompress(bytes(packed)))
        yield from rows
