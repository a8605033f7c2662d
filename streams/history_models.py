"""Tables of the history of health figures: a row is a block of buckets of one stream or group."""

from __future__ import annotations

from django.db import models


class HealthSeries(models.Model):
    """A stream (without a group) or one of its groups, by path segments; `digest` is made from both."""

    digest = models.CharField(max_length=64, unique=True)
    stream = models.TextField()
    group = models.TextField(blank=True)

    class Meta:
        """Nobody edits it."""

        default_permissions = ()
        verbose_name_plural = "health series"

    def __str__(self) -> str:
        return f"{self.stream} {self.group}".rstrip()


class HealthBlock(models.Model):
    """Buckets of one length from `start_ms` on, as `history.pack` writes them. Written once, never changed."""

    series = models.ForeignKey(HealthSeries, on_delete=models.CASCADE, related_name="+")
    resolution_s = models.PositiveSmallIntegerField()
    start_ms = models.BigIntegerField()
    columns = models.BinaryField()

    class Meta:
        """Found by series and time, deleted by time."""

        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("series", "resolution_s", "start_ms"), name="one_block_of_a_time"),
        )
        indexes = (models.Index(fields=("resolution_s", "start_ms"), name="blocks_by_time"),)

    def __str__(self) -> str:
        return f"{self.series_id} {self.resolution_s} s from {self.start_ms}"
