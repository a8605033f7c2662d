"""Incidents in the database, as rules are applied to looks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from streams import telling
from streams.alert_models import AlertChannel, AlertDelivery, AlertRule, Incident, Silence
from streams.alerting import Seen
from streams.incidents import Alerts
from tests.integration.alerting import T, look, observe, open_ones, rule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_set_up() -> None:
    AlertRule.objects.all().delete()
    AlertChannel.objects.all().delete()


@pytest.fixture
def channel() -> AlertChannel:
    return AlertChannel.objects.create(name="pages", kind="browser")


@pytest.fixture
def alerts() -> Alerts:
    return Alerts(reload_every_s=0)


def told() -> list[str]:
    return [delivery.event for delivery in AlertDelivery.objects.order_by("pk")]


def test_an_incident_opens_and_closes_once_with_reason_and_worst_value(alerts: Alerts, channel: AlertChannel) -> None:
    rule(channel)
    observe(alerts, look(3), look(50), look(90, t=T + 1000), look(20), look(4, t=T + 60_000))
    (incident,) = Incident.objects.all()
    assert (incident.reason, incident.close_reason) == ("the lag is 50 entries", "the lag is 4 entries")
    assert incident.worst == 90
    assert incident.closed_at is not None
    assert incident.closed_at - incident.opened_at == timedelta(seconds=60)
    assert told() == ["opened", "closed"]


def test_each_rule_and_subject_has_an_incident_of_its_own(alerts: Alerts) -> None:
    rule()
    rule(name="more lag", threshold=40, clear=40)
    observe(alerts, look(50) + look(20, stream="t"))
    assert sorted((i.rule_name, i.stream) for i in open_ones()) == [("lag", "s"), ("lag", "t"), ("more lag", "s")]


def test_an_open_incident_goes_on_after_a_restart(alerts: Alerts) -> None:
    rule()
    observe(alerts, look(50))
    after_restart = Alerts(reload_every_s=0)
    observe(after_restart, look(70))
    assert len(open_ones()) == 1
    observe(after_restart, look(0))
    assert (Incident.objects.get().worst, open_ones()) == (70, [])


def test_two_monitors_make_one_incident_of_it_and_either_closes_it(alerts: Alerts) -> None:
    rule()
    other = Alerts(reload_every_s=0)
    observe(other, look(0))
    observe(alerts, look(50))
    observe(other, look(60), look(0))
    assert Incident.objects.count() == 1
    assert open_ones() == []
    observe(alerts, look(50))
    assert Incident.objects.count() == 2


def test_a_database_that_is_away_delays_incidents_and_loses_none(
    alerts: Alerts, channel: AlertChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(channel)
    alerts.refresh()

    def away(*_: Any) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as during:
        during.setattr(telling, "open_incident", away)
        for figures in (look(50), look(0), look(60, t=T + 5000)):
            alerts.observe(figures)
            with pytest.raises(DatabaseError):
                alerts.flush()
    alerts.flush()
    assert told() == ["opened", "closed", "opened"]
    assert len(open_ones()) == 1


def test_the_close_is_told_when_a_rule_is_changed_switched_off_or_deleted(
    alerts: Alerts, channel: AlertChannel
) -> None:
    rows = [rule(channel, name=name) for name in ("changed", "off", "gone", "same")]
    observe(alerts, look(50))
    AlertRule.objects.filter(pk=rows[0].pk).update(group_pattern="else")
    AlertRule.objects.filter(pk=rows[1].pk).update(enabled=False)
    rows[2].delete()
    observe(alerts, look(50))
    assert [incident.rule_name for incident in open_ones()] == ["same"]
    assert told().count("closed") == 3
    assert set(Incident.objects.exclude(closed_at=None).values_list("close_reason", flat=True)) == {
        "the rule was changed, switched off or deleted"
    }


def test_a_new_threshold_does_not_end_an_incident_that_is_still_beyond_it(alerts: Alerts) -> None:
    made = rule()
    observe(alerts, look(50))
    AlertRule.objects.filter(pk=made.pk).update(threshold=20, clear=15)
    observe(alerts, look(50))
    assert len(open_ones()) == 1
    observe(alerts, look(12))
    assert open_ones() == []


@pytest.mark.parametrize(
    ("figures", "reason"),
    [(look(0, group="else"), "the group is gone"), (look(0, stream="else"), "the group is gone")],
)
def test_what_is_gone_closes_its_incident(alerts: Alerts, figures: list[dict[str, Any]], reason: str) -> None:
    rule(n=2)
    observe(alerts, look(50), figures)
    assert len(open_ones()) == 1
    observe(alerts, figures)
    assert (Incident.objects.get().close_reason, open_ones()) == (reason, [])


def test_what_cannot_be_seen_leaves_its_incident_open(alerts: Alerts) -> None:
    rule()
    unseen = look(0, stream="s", groups=[], problem="the server did not answer")
    unseen[0]["stream"] = None
    observe(alerts, look(50), look(None), unseen, unseen)
    assert len(open_ones()) == 1


def silence(**more: Any) -> Silence:
    return Silence.objects.create(**{"until": timezone.now() + timedelta(hours=1), **more})


def test_a_silence_holds_the_opening_back_and_its_end_tells_it(alerts: Alerts, channel: AlertChannel) -> None:
    rule(channel)
    quiet = silence(group_pattern="g*")
    observe(alerts, look(50))
    assert (len(open_ones()), told()) == (1, [])
    Silence.objects.filter(pk=quiet.pk).update(until=timezone.now())
    observe(alerts, look(50))
    assert told() == ["opened"]
    observe(alerts, look(50), look(0))
    assert told() == ["opened", "closed"]


def test_what_opens_and_closes_within_a_silence_is_recorded_and_not_told(alerts: Alerts, channel: AlertChannel) -> None:
    rule(channel)
    silence()
    observe(alerts, look(50), look(0))
    assert (Incident.objects.count(), told()) == (1, [])


def test_the_close_of_what_was_told_before_a_silence_is_told(alerts: Alerts, channel: AlertChannel) -> None:
    rule(channel)
    observe(alerts, look(50))
    silence()
    observe(alerts, look(0))
    assert told() == ["opened", "closed"]


def test_a_silence_covers_only_its_rule_and_its_names(alerts: Alerts, channel: AlertChannel) -> None:
    silence(rule=rule(channel, name="silenced"))
    silence(stream_pattern="other")
    rule(channel, name="told")
    observe(alerts, look(50))
    assert [delivery.incident.rule_name for delivery in AlertDelivery.objects.all() if delivery.incident] == ["told"]


def sensors(**seen: Seen) -> dict[str, dict[str, Seen]]:
    return {"s": seen}


def test_a_silent_sensor_and_one_beyond_its_limit_are_incidents(alerts: Alerts) -> None:
    rule(name="silent", watch="sensor_silent_s", threshold=60, clear=10)
    rule(name="hot", watch="sensor_above", field="temperature", threshold=30, clear=28)
    hot, quiet = Seen(T, {"temperature": (20, 31)}), Seen(T - 61_000)
    observe(alerts, look(0), sensors=sensors(a=hot, b=quiet))
    assert sorted((i.rule_name, i.sensor) for i in open_ones()) == [("hot", "a"), ("silent", "b")]
    observe(alerts, look(0), sensors={})
    observe(alerts, look(0), sensors=None)
    assert len(open_ones()) == 2
    observe(alerts, look(0), sensors=sensors(a=Seen(T, {"temperature": (20, 27)}), b=Seen(T - 1000)))
    assert open_ones() == []


def test_a_sensor_that_nobody_expects_any_longer_closes_its_incident(alerts: Alerts) -> None:
    rule(name="silent", watch="sensor_silent_s", threshold=60, clear=10)
    observe(alerts, look(0), sensors=sensors(b=Seen(T - 61_000)))
    for days, left in ((6, 1), (8, 0)):
        Incident.objects.update(opened_at=timezone.now() - timedelta(days=days))
        observe(alerts, look(0), look(0), sensors=sensors(a=Seen(T)))
        assert len(open_ones()) == left
    assert Incident.objects.get().close_reason == "the sensor was not heard for 7 days"


def test_incidents_are_kept_for_a_year_after_their_end() -> None:
    now = timezone.now()
    for days in (364, 366):
        ended = now - timedelta(days=days)
        Incident.objects.create(rule_name=str(days), severity="error", opened_at=ended, closed_at=ended, matching="")
    telling.forget_old(now)
    assert [incident.rule_name for incident in Incident.objects.all()] == ["364"]
