"""Tables of what alerts lead to: incidents, what is to be delivered of them, and the silences that hold it back."""

from __future__ import annotations

from fnmatch import fnmatchcase

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from streams.alerting import Subject

PATTERN_HELP = "A shown name; * stands for any text, ? for one character."


class AlertSeverity(models.TextChoices):
    """How an alert is shown."""

    INFO = "info", "info"
    WARNING = "warning", "warning"
    ERROR = "error", "error"


class Silence(models.Model):
    """Incidents that match are not told while it lasts; those still open at its end are told then."""

    stream_pattern = models.CharField(max_length=500, default="*", help_text=PATTERN_HELP)
    group_pattern = models.CharField(max_length=500, default="*", help_text=PATTERN_HELP)
    rule = models.ForeignKey(
        "streams.AlertRule", null=True, blank=True, on_delete=models.CASCADE, help_text="Empty: all rules."
    )
    until = models.DateTimeField(help_text="Its end, UTC.")
    comment = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        """The one that ends last comes first."""

        ordering = ("-until",)

    def __str__(self) -> str:
        return f"{self.stream_pattern} {self.group_pattern} until {self.until:%Y-%m-%d %H:%M} UTC"

    def clean(self) -> None:
        """The end lies ahead."""
        if self.until and self.until <= timezone.now():
            raise ValidationError({"until": "This is over already: choose a time to come."})

    def covers(self, rule_id: int | None, subject: Subject) -> bool:
        """Whether it holds back what this rule says of this subject."""
        if self.rule_id is not None and self.rule_id != rule_id:
            return False
        return fnmatchcase(subject.stream, self.stream_pattern) and fnmatchcase(subject.group, self.group_pattern)


class Incident(models.Model):
    """One rule, one subject, from when it went bad until it was good again."""

    rule = models.ForeignKey("streams.AlertRule", null=True, on_delete=models.SET_NULL, related_name="incidents")
    rule_name = models.CharField(max_length=100)
    matching = models.TextField(editable=False)
    severity = models.CharField(max_length=20, choices=AlertSeverity.choices)
    stream = models.TextField()
    group = models.TextField(blank=True)
    sensor = models.TextField(blank=True)
    stream_path = models.TextField()
    group_path = models.TextField(blank=True)
    opened_at = models.DateTimeField(db_index=True)
    closed_at = models.DateTimeField(null=True, db_index=True)
    reason = models.TextField()
    evidence = models.JSONField(default=dict)
    worst = models.FloatField("worst value", null=True)
    close_reason = models.TextField(blank=True)
    told = models.BooleanField(default=False)

    class Meta:
        """Newest first; one open incident of a rule and a subject."""

        default_permissions = ("view",)
        ordering = ("-opened_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("rule", "stream_path", "group_path", "sensor"),
                condition=models.Q(closed_at__isnull=True),
                name="one_open_incident",
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule_name}: {self.subject()}"

    def subject(self) -> Subject:
        """What it is about."""
        return Subject(self.stream, self.group, self.sensor, self.stream_path, self.group_path)


class AlertDelivery(models.Model):
    """One thing to tell one channel; kept after it was sent or given up."""

    class Event(models.TextChoices):
        """What is told."""

        OPENED = "opened", "opened"
        CLOSED = "closed", "closed"
        TEST = "test", "test"

    class State(models.TextChoices):
        """Whether it was."""

        PENDING = "pending", "pending"
        SENT = "sent", "sent"
        GIVEN_UP = "given up", "given up"

    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey("streams.AlertChannel", null=True, on_delete=models.SET_NULL, related_name="deliveries")
    channel_name = models.CharField(max_length=100)
    event = models.CharField(max_length=20, choices=Event.choices)
    body = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField()
    next_at = models.DateTimeField()
    last_error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        """Newest first; found by state and time."""

        default_permissions = ("view",)
        ordering = ("-made_at", "-pk")
        verbose_name_plural = "alert deliveries"
        indexes = (models.Index(fields=("state", "next_at"), name="deliveries_due"),)

    def __str__(self) -> str:
        return f"{self.event} to {self.channel_name}"
