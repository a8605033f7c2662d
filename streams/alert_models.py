"""Tables of alerts: the rules, and the channels that are told; all other tables of alerts come along."""

from __future__ import annotations

import base64
import binascii
import math
import re
import secrets
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, validate_email
from django.db import models

from streams.alerting import Rule, Watch
from streams.incident_models import PATTERN_HELP, AlertDelivery, AlertSeverity, Incident, Silence
from streams.verdicts import Verdict

__all__ = ["AlertChannel", "AlertDelivery", "AlertRule", "Incident", "Silence"]

MOST_SAMPLES = 3600
_SECRET = "whsec_"  # noqa: S105 - the form of a secret, not one
_WATCHED = {
    Watch.VERDICT: "verdict",
    Watch.LAG: "lag (entries), above",
    Watch.BEHIND_S: "behind (seconds), above",
    Watch.OLDEST_PENDING_S: "oldest pending entry (seconds), above",
    Watch.ROOM_ENTRIES: "room before trimming (entries), below",
    Watch.ROOM_S: "room before trimming (seconds), below",
    Watch.SENSOR_ABOVE: "a sensor's value, above",
    Watch.SENSOR_BELOW: "a sensor's value, below",
    Watch.SENSOR_SILENT_S: "a sensor's silence (seconds), above",
}


class AlertChannel(models.Model):
    """Where alerts are told."""

    class Kind(models.TextChoices):
        """How."""

        BROWSER = "browser", "notice on the chart pages"
        WEBHOOK = "webhook", "webhook"
        EMAIL = "email", "e-mail"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    url = models.CharField("URL", max_length=2000, blank=True, help_text="For a webhook: where to POST to.")
    secret = models.CharField(
        max_length=200,
        blank=True,
        help_text="For a webhook: signs what is sent (whsec_ and base64). Left empty, it stays, or one is made up.",
    )
    addresses = models.TextField(blank=True, help_text="For e-mail: addresses, one per line or comma-separated.")

    class Meta:
        """By name."""

        ordering = ("name",)
        permissions = (("test_alertchannel", "Can send a test over an alert channel"),)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a URL, secret or address that cannot be used; make up a secret where there is none."""
        if self.kind == self.Kind.WEBHOOK:
            _check_url(self.url)
            stored = AlertChannel.objects.filter(pk=self.pk).values_list("secret", flat=True).first()
            self.secret = self.secret or stored or make_secret()
            _check_secret(self.secret)
        if self.kind == self.Kind.EMAIL:
            _check_addresses(self.address_list())

    def address_list(self) -> list[str]:
        """The addresses, one by one."""
        return [address for address in re.split(r"[,\s]+", self.addresses) if address]

    @property
    def place(self) -> str:
        """Where it leads, without what may be secret in a URL."""
        if self.kind == self.Kind.WEBHOOK:
            return urlsplit(self.url).hostname or ""
        return ", ".join(self.address_list()) if self.kind == self.Kind.EMAIL else ""


class AlertRule(models.Model):
    """When an incident opens, and whom to tell."""

    name = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    stream_pattern = models.CharField(max_length=500, default="*", help_text=PATTERN_HELP)
    group_pattern = models.CharField(max_length=500, default="*", help_text=PATTERN_HELP)
    watch = models.CharField(
        max_length=30, choices=[(str(k), v) for k, v in _WATCHED.items()], default=str(Watch.VERDICT)
    )
    verdicts = models.JSONField(default=list, blank=True, help_text="For a verdict: those that are bad.")
    threshold = models.FloatField(null=True, blank=True, help_text="Values beyond it are bad.")
    clear = models.FloatField(
        null=True, blank=True, help_text="Values at it or better are good. Left empty, the threshold."
    )
    m = models.PositiveSmallIntegerField(
        "bad samples", default=1, validators=[MinValueValidator(1)], help_text="Opens when so many samples are bad …"
    )
    n = models.PositiveSmallIntegerField(
        "of the last",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_SAMPLES)],
        help_text="… of the last so many; closes when so many in a row are good. One sample a second.",
    )
    severity = models.CharField(max_length=20, choices=AlertSeverity.choices, default=AlertSeverity.ERROR)
    sensor_pattern = models.CharField(max_length=500, default="*", blank=True, help_text=f"For sensors. {PATTERN_HELP}")
    field = models.CharField(max_length=200, blank=True, help_text="For a sensor's value: which, such as temperature.")
    channels = models.ManyToManyField(AlertChannel, blank=True, related_name="rules")

    class Meta:
        """By name."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Errors beside the fields they belong to."""
        errors: dict[str, str] = {}
        for name in ("stream_pattern", "group_pattern"):
            if not getattr(self, name).strip():
                errors[name] = "A pattern cannot be empty: * matches everything."
        if self.m and self.n and self.m > self.n:
            errors["m"] = f"Of {self.n} samples, {self.m} cannot be bad."
        errors |= self._limit_errors() if self.watch != Watch.VERDICT else self._verdict_errors()
        errors |= self._sensor_errors()
        if errors:
            raise ValidationError(errors)

    def _verdict_errors(self) -> dict[str, str]:
        self.threshold = self.clear = None
        if not isinstance(self.verdicts, list) or not self.verdicts:
            return {"verdicts": "Choose at least one verdict."}
        unknown = [str(verdict) for verdict in self.verdicts if verdict not in set(Verdict)]
        return {"verdicts": f"There is no verdict {', '.join(unknown)}."} if unknown else {}

    def _limit_errors(self) -> dict[str, str]:
        self.verdicts = []
        if self.threshold is None or not math.isfinite(self.threshold):
            return {"threshold": "This needs a number."}
        if self.threshold < 0 and self.watch not in {Watch.SENSOR_ABOVE, Watch.SENSOR_BELOW}:
            return {"threshold": "This figure is never below 0."}
        if self.clear is None:
            self.clear = self.threshold
        below = Watch(self.watch).is_below if self.watch in set(Watch) else False
        if not math.isfinite(self.clear) or (self.clear < self.threshold if below else self.clear > self.threshold):
            side = "below" if below else "above"
            return {"clear": f"This is {side} the threshold, where values are bad."}
        return {}

    def _sensor_errors(self) -> dict[str, str]:
        errors = {}
        if self.watch in {Watch.SENSOR_ABOVE, Watch.SENSOR_BELOW} and not self.field.strip():
            errors["field"] = "Which value of the sensor? Name its field."
        if self.watch in set(Watch) and Watch(self.watch).is_sensor and not self.sensor_pattern.strip():
            errors["sensor_pattern"] = "A pattern cannot be empty: * matches everything."
        return errors

    def as_rule(self) -> Rule:
        """The rule as the evaluation knows it."""
        threshold = self.threshold or 0.0
        return Rule(
            id=self.pk,
            name=self.name,
            stream_pattern=self.stream_pattern,
            group_pattern=self.group_pattern,
            watch=Watch(self.watch),
            threshold=threshold,
            clear=threshold if self.clear is None else self.clear,
            m=self.m,
            n=self.n,
            severity=self.severity,
            verdicts=frozenset(self.verdicts),
            sensor_pattern=self.sensor_pattern,
            field=self.field,
        )


def make_secret() -> str:
    """A new signing secret."""
    return _SECRET + base64.b64encode(secrets.token_bytes(24)).decode()


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s\x00-\x1f]", url):
        raise ValidationError({"url": "This is not a web address: http:// or https://, and a host."})


def _check_secret(secret: str) -> None:
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_SECRET) or not 24 <= len(key) <= 64:
        raise ValidationError({"secret": "This takes whsec_ and 24 to 64 bytes in base64; left empty, one is made up."})


def _check_addresses(addresses: list[str]) -> None:
    if not addresses:
        raise ValidationError({"addresses": "This needs at least one address."})
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError:
            raise ValidationError({"addresses": f"{address} is not an e-mail address."}) from None
