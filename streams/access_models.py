"""What narrows or carries permissions: limits of roles to some streams, and tokens for the API."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import models


def has_patterns(text: str) -> None:
    """Raise ValidationError for a text without any."""
    if not RoleLimit.split(text):
        raise ValidationError("Write at least one pattern, or take the limit away.")


class RoleLimit(models.Model):
    """The streams on which a role's permissions count; a role without one counts on all."""

    role = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="stream_limit")
    patterns = models.TextField(
        "only streams",
        validators=[has_patterns],
        help_text="Patterns of names, one a line, such as sensor_* or orders. Empty: all streams.",
    )

    class Meta:
        """Part of the role's page."""

        verbose_name = "limit to streams"
        verbose_name_plural = "limit to streams"

    def __str__(self) -> str:
        return ", ".join(self.split(self.patterns))

    @staticmethod
    def split(text: str) -> list[str]:
        """The patterns of a text."""
        return [line.strip() for line in text.splitlines() if line.strip()]


class ApiToken(models.Model):
    """Lets a program use the API as a user; only a digest of it is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What it is for; it stands in the ledger beside your name.")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    until = models.DateTimeField("valid until", null=True, blank=True, help_text="Empty: until it is deleted. UTC.")
    used_at = models.DateTimeField("last used", null=True, help_text="To the minute.")

    class Meta:
        """Made and deleted, never changed."""

        default_permissions = ("view", "add", "delete")
        verbose_name = "API token"
        ordering = ("user", "name")

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"
