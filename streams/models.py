"""The ledger of operations, and the things in Redis as far as Django needs them: names and permissions."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class Stream(models.Model):
    """A Redis stream; lives in Redis, stands here for the permission to look at streams."""

    class Meta:
        """No table."""

        managed = False
        default_permissions = ("view",)
        permissions = (("trim_stream", "Can trim streams"), ("add_entry", "Can add entries to streams"))

    def __str__(self) -> str:
        return f"stream {self.pk}"


class ConsumerGroup(models.Model):
    """A consumer group; lives in Redis."""

    class Meta:
        """No table."""

        managed = False
        default_permissions = ("view", "add", "delete")
        permissions = (("move_consumergroup", "Can move consumer groups"),)
        verbose_name = "consumer group"

    def __str__(self) -> str:
        return f"consumer group {self.pk}"


class Consumer(models.Model):
    """A named reader in a consumer group; lives in Redis."""

    class Meta:
        """No table."""

        managed = False
        default_permissions = ("add", "delete")
        verbose_name = "consumer"

    def __str__(self) -> str:
        return f"consumer {self.pk}"


class PendingEntry(models.Model):
    """A delivered and never acknowledged entry; lives in Redis."""

    class Meta:
        """No table."""

        managed = False
        default_permissions = ("view",)
        permissions = (
            ("claim_pendingentry", "Can claim pending entries"),
            ("acknowledge_pendingentry", "Can acknowledge pending entries"),
            ("deadletter_pendingentry", "Can make dead letters of pending entries"),
            ("reprocess_pendingentry", "Can have pending entries processed again"),
            ("release_pendingentry", "Can release pending entries"),
        )
        verbose_name = "pending entry"
        verbose_name_plural = "pending entries"

    def __str__(self) -> str:
        return f"pending entry {self.pk}"


class DeadLetter(models.Model):
    """An entry that was given up; lives in Redis."""

    class Meta:
        """No table."""

        managed = False
        default_permissions = ("view",)
        permissions = (
            ("replay_deadletter", "Can replay dead letters"),
            ("purge_deadletter", "Can delete dead letters"),
        )
        verbose_name = "dead letter"

    def __str__(self) -> str:
        return f"dead letter {self.pk}"


class Action(models.TextChoices):
    """What people do through `operations`, and what workers do or find by themselves."""

    CREATE_GROUP = "create group", "create group"
    MOVE_GROUP = "move group", "move group"
    DESTROY_GROUP = "destroy group", "destroy group"
    CREATE_CONSUMER = "create consumer", "create consumer"
    DELETE_CONSUMER = "delete consumer", "delete consumer"
    CLAIM = "claim", "claim"
    ACKNOWLEDGE = "acknowledge", "acknowledge"
    GIVE_UP = "dead-letter", "dead-letter"
    REPROCESS = "process again", "process again"
    RELEASE = "release", "release"
    ADD_ENTRY = "add entry", "add entry"
    TRIM = "trim", "trim"
    REPLAY_DEAD = "replay dead letters", "replay dead letters"
    PURGE_DEAD = "delete dead letters", "delete dead letters"
    LOST = "entries lost", "entries lost"
    SETTLED = "dead worker settled", "dead worker settled"
    GROUP_RECREATED = "group created again", "group created again"
    NEW_HISTORY = "new history", "new history"
    CONSUMER_REMOVED = "consumer removed", "consumer removed"
    CHANGE_ALERTS = "change alerts", "change alerts"
    CHANGE_TOKENS = "change API tokens", "change API tokens"
    CHANGE_CHARTS = "change charts", "change charts"
    TEST_CHANNEL = "test alert channel", "test alert channel"


class Outcome(models.TextChoices):
    """How an operation ended; one that stays STARTED died on the way, and its effect is unknown."""

    STARTED = "started", "started, outcome unknown"
    DONE = "done", "done"
    REFUSED = "refused", "refused"
    FAILED = "failed", "failed"


class LedgerEntry(models.Model):
    """One operation: who did what to which entries, and how it ended. Written once and completed once."""

    at = models.DateTimeField(db_index=True, help_text="When it began, UTC.")
    actor = models.CharField(max_length=200, help_text="The user's name, or the shell's user.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    source = models.CharField(max_length=100, help_text="The address it came from, or “shell”.")
    action = models.CharField(max_length=40, choices=Action.choices)
    stream = models.TextField()
    group = models.TextField()
    consumer = models.TextField(blank=True)
    ids = models.JSONField("IDs", default=list, help_text="The entries asked for, at most the first 1,000.")
    ids_total = models.PositiveIntegerField("number of IDs", default=0)
    asked = models.PositiveIntegerField(null=True)
    done = models.PositiveIntegerField(null=True)
    missed = models.PositiveIntegerField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, default=Outcome.STARTED)
    detail = models.TextField(blank=True)
    duration_ms = models.PositiveIntegerField("duration (ms)", null=True)

    class Meta:
        """Nobody adds, changes or deletes through the admin."""

        default_permissions = ("view",)
        ordering = ("-at", "-pk")
        verbose_name = "ledger entry"
        verbose_name_plural = "ledger entries"

    def __str__(self) -> str:
        return f"{self.action} by {self.actor} on {self.stream}"


from streams.access_models import ApiToken, RoleLimit  # noqa: E402 - Django looks for models in this module
from streams.alert_models import (  # noqa: E402 - Django looks for models in this module
    AlertChannel,
    AlertDelivery,
    AlertRule,
    Incident,
    Silence,
)
from streams.chart_models import (  # noqa: E402 - Django looks for models in this module
    ChartedField,
    ChartedStream,
    NamedSensor,
)
from streams.history_models import HealthBlock, HealthSeries  # noqa: E402 - Django looks for models in this module
from streams.job_models import Job, JobResult  # noqa: E402 - Django looks for models in this module
from streams.rollup_models import (  # noqa: E402 - Django looks for models in this module
    ReadingBlock,
    RecordedSeries,
    RecordedStream,
)

__all__ = [
    "Action",
    "AlertChannel",
    "AlertDelivery",
    "AlertRule",
    "ApiToken",
    "ChartedField",
    "ChartedStream",
    "Consumer",
    "ConsumerGroup",
    "DeadLetter",
    "HealthBlock",
    "HealthSeries",
    "Incident",
    "Job",
    "JobResult",
    "LedgerEntry",
    "NamedSensor",
    "Outcome",
    "PendingEntry",
    "ReadingBlock",
    "RecordedSeries",
    "RecordedStream",
    "RoleLimit",
    "Silence",
    "Stream",
]
