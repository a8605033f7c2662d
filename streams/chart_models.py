"""Tables of what is charted: streams, the fields of their entries, and names that people gave to sensors."""

from __future__ import annotations

import math

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models

from streams.names import from_path, is_digest, shown, to_path

# A name of readings.LONGEST_NAME bytes is at most four times as long when all of it is shown as escapes.
LONGEST_SHOWN = 800
MOST_DECIMALS = 6
BOUNDS = ("low_bad", "low_warn", "high_warn", "high_bad")


def is_path(segment: str) -> None:
    """Raise ValidationError for what names.to_path makes of no name, or of one too long for a path."""
    if is_digest(segment):
        raise ValidationError("A name this long cannot be kept: at most 1,024 bytes.")
    try:
        made = to_path(from_path(segment))
    except ValueError:
        made = ""
    if made != segment:
        raise ValidationError("This is no path segment of a stream.")


class ChartedStream(models.Model):
    """How a stream is charted; one without a row is charted as READING and UNITS say."""

    stream = models.TextField(unique=True, validators=[is_path])
    sensor_field = models.CharField(
        max_length=200,
        blank=True,
        default="sensor_id",
        help_text="Names the sensor. Empty: there are none, and fields are charted as they are.",
    )
    charts_others = models.BooleanField("Chart every field that holds numbers, not only those below", default=True)
    keeps_history = models.BooleanField(
        "Record readings in the database, so that the charts can look back", default=True
    )

    class Meta:
        """By name."""

        ordering = ("stream",)
        verbose_name = "charted stream"

    def __str__(self) -> str:
        return shown(self.key)

    @property
    def key(self) -> bytes:
        """The stream's name; of a row that was written past its validation, what it says."""
        try:
            return from_path(self.stream)
        except ValueError:
            return self.stream.encode()


class ChartedField(models.Model):
    """What is known of a field of a stream's entries: how it is shown, and which values are good."""

    stream = models.ForeignKey(ChartedStream, on_delete=models.CASCADE, related_name="fields")
    name = models.CharField(max_length=LONGEST_SHOWN, help_text="As it is in the entries.")
    label = models.CharField(max_length=200, blank=True, help_text="Empty: its name.")
    unit = models.CharField(max_length=40, blank=True)
    decimals = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(MOST_DECIMALS)], help_text="Empty: as many as it takes."
    )
    is_required = models.BooleanField(
        "required", default=False, help_text="An entry without this number becomes a dead letter."
    )
    low_bad = models.FloatField("bad below", null=True, blank=True)
    low_warn = models.FloatField("a warning below", null=True, blank=True)
    high_warn = models.FloatField("a warning above", null=True, blank=True)
    high_bad = models.FloatField("bad above", null=True, blank=True)
    order = models.PositiveSmallIntegerField(default=0, help_text="Small ones come first.")

    class Meta:
        """As people ordered them."""

        ordering = ("order", "pk")
        constraints = (models.UniqueConstraint(fields=("stream", "name"), name="one_charted_field_of_a_name"),)
        verbose_name = "charted field"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Errors beside the fields they belong to."""
        errors = self._bound_errors()
        # What is shown as an escape may be other bytes, and then every entry would lack the field.
        if self.is_required and "\\" in self.name:
            errors["is_required"] = "A name with a backslash may stand for other bytes: it cannot be required."
        if errors:
            raise ValidationError(errors)

    def _bound_errors(self) -> dict[str, str]:
        errors: dict[str, str] = {}
        below: float | None = None
        for name in BOUNDS:
            value = getattr(self, name)
            if value is None:
                continue
            if not math.isfinite(value):
                errors[name] = "This needs a number."
            elif below is not None and value <= below:
                errors[name] = f"This must be above {below:g}, the bound before it."
            else:
                below = value
        return errors


class NamedSensor(models.Model):
    """What a sensor of a stream is called on the charts."""

    stream = models.ForeignKey(ChartedStream, on_delete=models.CASCADE, related_name="sensors")
    sensor = models.CharField(max_length=LONGEST_SHOWN, help_text="As it is in the entries.")
    label = models.CharField(max_length=200)

    class Meta:
        """By what the entries say."""

        ordering = ("sensor",)
        constraints = (models.UniqueConstraint(fields=("stream", "sensor"), name="one_label_of_a_sensor"),)
        verbose_name = "named sensor"

    def __str__(self) -> str:
        return f"{self.sensor}: {self.label}"
