"""Rules, looks and incidents for tests of alerts."""

from __future__ import annotations

from typing import Any

from streams.alert_models import AlertChannel, AlertRule, Incident
from streams.incidents import Alerts

T = 1_700_000_000_000


def rule(*channels: AlertChannel, **more: Any) -> AlertRule:
    """Lag above 10, good again at 5."""
    made = AlertRule(**{"name": "lag", "watch": "lag", "threshold": 10, "clear": 5, **more})
    made.full_clean()
    made.save()
    made.channels.set(channels)
    return made


def look(lag: int | None = 0, *, stream: str = "s", group: str = "g", t: int = T, **more: Any) -> list[dict[str, Any]]:
    """Figures of one stream with one group."""
    judged = {"verdict": "OK", "reason": "it reads on", "evidence": {}}
    of_group = {"name": group, "path": group, "lag": lag, "lag_quality": "exact", **judged}
    return [
        {"name": stream, "path": stream, "t": t, "stream": {}, "groups": [of_group], "problem": "", **judged, **more}
    ]


def observe(alerts: Alerts, *looks: list[dict[str, Any]], sensors: Any = None) -> None:
    for figures in looks:
        alerts.refresh()
        alerts.observe(figures, sensors)
        alerts.flush()


def open_ones() -> list[Incident]:
    return list(Incident.objects.filter(closed_at=None))
