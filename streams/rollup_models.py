"""Tables of recorded readings: how far each stream's log was read, its series, and blocks of their buckets."""

from __future__ import annotations

from django.db import models


class RecordedStream(models.Model):
    """A stream whose readings are recorded, and how far its log was read.

    `version` changes with every write: whoever writes on the strength of an older one is refused. `rolled` says per
    resolution (s) up to where (ms) finer blocks have been rolled up.
    """

    path = models.TextField(unique=True)
    source = models.CharField(max_length=10, blank=True)
    position = models.CharField(max_length=50, default="0-0")
    entries_read = models.BigIntegerField(null=True)
    version = models.BigIntegerField(default=0)
    rolled = models.JSONField(default=dict)
    left_out = models.BigIntegerField(default=0)
    gap = models.TextField(blank=True)

    class Meta:
        """Nobody edits it."""

        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.path} up to {self.position}"


class RecordedSeries(models.Model):
    """A field of a sensor of a stream; `digest` is made from the two names."""

    stream = models.ForeignKey(RecordedStream, on_delete=models.CASCADE, related_name="series")
    digest = models.CharField(max_length=64)
    sensor = models.TextField()
    field = models.TextField()

    class Meta:
        """Nobody edits it."""

        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("stream", "digest"), name="one_series_of_a_field"),)
        verbose_name_plural = "recorded series"

    def __str__(self) -> str:
        return f"{self.sensor} {self.field}"


class ReadingBlock(models.Model):
    """Buckets of one length from `start_ms` on, as `rollups.pack` writes them. Several may hold parts of one time."""

    series = models.ForeignKey(RecordedSeries, on_delete=models.CASCADE, related_name="+")
    resolution_s = models.PositiveSmallIntegerField()
    start_ms = models.BigIntegerField()
    cells = models.BinaryField()

    class Meta:
        """Found by series and time, deleted by time."""

        default_permissions = ()
        indexes = (
            models.Index(fields=("series", "resolution_s", "start_ms"), name="readings_by_series"),
            models.Index(fields=("resolution_s", "start_ms"), name="readings_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.series_id} {self.resolution_s} s from {self.start_ms}"
