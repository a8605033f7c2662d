"""Writes incidents and what is to be told of them: each in one transaction with its deliveries."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from streams.alert_models import AlertChannel, AlertDelivery, AlertRule, Incident, Silence
from streams.alerting import Rule, Subject

logger = logging.getLogger("streams.alerts")

KEPT = timedelta(days=365)
_SAME = ("stream_path", "group_path", "sensor")


def open_incident(
    rule: Rule, subject: Subject, reason: str, evidence: dict[str, Any], value: float, at: datetime
) -> None:
    """Begin an incident, unless this rule has one of this subject; tell it, unless it is silenced."""
    same = {name: getattr(subject, name) for name in _SAME}
    with transaction.atomic():
        if Incident.objects.filter(rule_id=rule.id, closed_at=None, **same).exists():
            return
        row = AlertRule.objects.filter(pk=rule.id).first()
        incident = Incident.objects.create(
            **same,
            rule=row,
            rule_name=rule.name,
            matching=rule.matching(),
            severity=rule.severity,
            stream=subject.stream,
            group=subject.group,
            opened_at=at,
            reason=reason,
            evidence=json.loads(json.dumps(evidence, default=str)),
            worst=value,
        )
        logger.warning("Incident %d opened: %s: %s: %s", incident.pk, rule.name, subject, reason)
        tell_opening(incident)


def close_incident(incident: Incident, reason: str, worst: float | None, at: datetime) -> None:
    """End an incident; told wherever its opening was."""
    with transaction.atomic():
        incident.closed_at, incident.close_reason = max(at, incident.opened_at), reason
        incident.worst = incident.worst if worst is None else worst
        incident.save(update_fields=["closed_at", "close_reason", "worst"])
        opened = incident.deliveries.filter(event=AlertDelivery.Event.OPENED).exclude(channel=None)
        for delivery in opened.select_related("channel"):
            _deliver(incident, delivery.channel, AlertDelivery.Event.CLOSED)
    logger.warning("Incident %d closed: %s: %s: %s", incident.pk, incident.rule_name, incident.subject(), reason)


def tell_opening(incident: Incident) -> None:
    """Queue the opening for the rule's channels, unless a silence covers it; then it waits for the silence's end."""
    silences = Silence.objects.filter(until__gt=timezone.now())
    if incident.rule is None or any(silence.covers(incident.rule_id, incident.subject()) for silence in silences):
        return
    with transaction.atomic():
        incident.told = True
        incident.save(update_fields=["told"])
        for channel in incident.rule.channels.all():
            _deliver(incident, channel, AlertDelivery.Event.OPENED)


def tell_what_was_silenced() -> None:
    """Tell the openings of open incidents that no silence covers any longer."""
    for incident in Incident.objects.filter(closed_at=None, told=False, rule__isnull=False).select_related("rule"):
        tell_opening(incident)


def forget_old(now: datetime) -> None:
    """Delete incidents that ended longer than a year ago."""
    Incident.objects.filter(closed_at__lt=now - KEPT).delete()


def test_delivery(channel: AlertChannel, by: str) -> AlertDelivery:
    """A test for one channel, stored; the courier leaves it alone for as long as sending may take."""
    now = timezone.now()
    text = f"This is a test, sent by {by}. Alerts of Streamwatch will arrive here."
    body = _body(AlertDelivery.Event.TEST, "test", "info", Subject(""), text)
    return AlertDelivery.objects.create(
        channel=channel,
        channel_name=channel.name,
        event=AlertDelivery.Event.TEST,
        body=body,
        made_at=now,
        next_at=now + timedelta(seconds=60),
    )


def _deliver(incident: Incident, channel: AlertChannel | None, event: AlertDelivery.Event) -> None:
    if channel is None:
        return
    now = timezone.now()
    AlertDelivery.objects.create(
        incident=incident, channel=channel, channel_name=channel.name, event=event, body=_told(incident, event),
        made_at=now, next_at=now,
    )  # fmt: skip


def _told(incident: Incident, event: AlertDelivery.Event) -> dict[str, Any]:
    reason = incident.close_reason if event == AlertDelivery.Event.CLOSED else incident.reason
    body = _body(event, incident.rule_name, incident.severity, incident.subject(), reason)
    closed_at = incident.closed_at and incident.closed_at.isoformat()
    times = {"opened_at": incident.opened_at.isoformat(), "closed_at": closed_at}
    return {**body, "incident": incident.pk, "evidence": incident.evidence, **times, "link": link(incident.pk)}


def _body(event: str, rule: str, severity: str, subject: Subject, reason: str) -> dict[str, Any]:
    """What a webhook posts; the same keys for every event."""
    names = {"stream": subject.stream, "group": subject.group, "sensor": subject.sensor}
    later: dict[str, Any] = {"evidence": {}, "opened_at": None, "closed_at": None, "link": link()}
    head = {"event": str(event), "incident": None, "rule": rule, "severity": str(severity)}
    return {**head, **names, "reason": reason, **later}


def link(incident: int | None = None) -> str:
    """Where incidents are shown; a path while PUBLIC_URL is not set."""
    base: str = settings.STREAMWATCH.public_url.rstrip("/")
    return f"{base}/incidents/{incident}/" if incident else f"{base}/incidents/"
