"""Rules, channels and silences in the admin: who may, what is refused beside which field, what the ledger keeps."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from streams.alert_models import AlertChannel, AlertDelivery, AlertRule, Incident, Silence, make_secret
from streams.models import LedgerEntry, Outcome
from tests.receiver import Receiver

pytestmark = pytest.mark.django_db
RULES, CHANNELS, SILENCES = (f"/admin/streams/{name}/" for name in ("alertrule", "alertchannel", "silence"))


@pytest.fixture(autouse=True)
def new_installation() -> None:
    """The tables as the migrations leave them; tests that end without a rollback empty them."""
    AlertRule.objects.all().delete()
    AlertChannel.objects.all().delete()
    import_module("streams.migrations.0005_first_alert").make(apps, None)


@pytest.fixture
def hook(receiver: Receiver) -> AlertChannel:
    return AlertChannel.objects.create(name="hook", kind="webhook", url=receiver.url, secret=make_secret())


def staff(*codenames: str) -> Client:
    user = User.objects.create_user("eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def new_rule(**changes: Any) -> dict[str, Any]:
    fields = {"name": "new", "enabled": "on", "severity": "error", "stream_pattern": "*", "group_pattern": "*"}
    limits = {"watch": "lag", "threshold": "10", "clear": "", "m": "1", "n": "3", "sensor_pattern": "*", "field": ""}
    return {**fields, **limits, **changes}


def errors(client: Client, path: str, fields: dict[str, Any]) -> dict[str, list[str]]:
    answer = client.post(path, fields)
    assert answer.status_code == 200, "it was taken"
    found: dict[str, list[str]] = answer.context["adminform"].form.errors
    return found


def test_a_new_installation_has_a_rule_that_tells_the_chart_pages() -> None:
    rule = AlertRule.objects.get()
    assert set(rule.verdicts) == {"LOST", "STOPPED", "STUCK", "NOT_ACKING"}
    assert [channel.kind for channel in rule.channels.all()] == ["browser"]
    rule.full_clean()


def test_a_rule_is_made_changed_and_deleted_and_the_ledger_says_so(admin_client: Client) -> None:
    assert admin_client.post(f"{RULES}add/", new_rule()).status_code == 302
    rule = AlertRule.objects.get(name="new")
    assert (rule.threshold, rule.clear) == (10.0, 10.0)
    verdicts = new_rule(watch="verdict", verdicts=["STUCK", "LOST"])
    assert admin_client.post(f"{RULES}{rule.pk}/change/", verdicts).status_code == 302
    rule.refresh_from_db()
    assert (rule.verdicts, rule.threshold) == (["STUCK", "LOST"], None)
    assert "checked" in admin_client.get(f"{RULES}{rule.pk}/change/").content.decode()
    assert admin_client.post(f"{RULES}{rule.pk}/delete/", {"post": "yes"}).status_code == 302
    told = list(LedgerEntry.objects.order_by("pk").values_list("detail", flat=True))
    assert told == [f"{what} alert rule “new”" for what in ("added", "changed", "deleted")]


@pytest.mark.parametrize(
    ("changes", "field", "text"),
    [
        ({"threshold": ""}, "threshold", "needs a number"),
        ({"threshold": "nan"}, "threshold", "Enter a number"),
        ({"threshold": "-1"}, "threshold", "never below 0"),
        ({"clear": "11"}, "clear", "above the threshold"),
        ({"watch": "room_s", "clear": "9"}, "clear", "below the threshold"),
        ({"m": "4"}, "m", "Of 3 samples"),
        ({"m": "0"}, "m", "greater than or equal to 1"),
        ({"n": "3601"}, "n", "less than or equal to 3600"),
        ({"watch": "verdict"}, "verdicts", "at least one verdict"),
        ({"watch": "verdict", "verdicts": ["NICE"]}, "verdicts", "NICE is not one of the available choices"),
        ({"watch": "nothing"}, "watch", "not one of the available choices"),
        ({"stream_pattern": " "}, "stream_pattern", "required"),
        ({"watch": "sensor_above"}, "field", "Name its field"),
        ({"watch": "sensor_silent_s", "sensor_pattern": ""}, "sensor_pattern", "cannot be empty"),
        ({"name": "A group is unhealthy"}, "name", "already exists"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_beside_its_field(
    admin_client: Client, changes: dict[str, Any], field: str, text: str
) -> None:
    found = errors(admin_client, f"{RULES}add/", new_rule(**changes))
    assert next(iter(found)) == field
    assert text in found[field][0]
    assert AlertRule.objects.count() == 1


@pytest.mark.parametrize(
    ("channel", "field", "text"),
    [
        ({"kind": "webhook", "url": "ftp://example.org/"}, "url", "not a web address"),
        ({"kind": "webhook", "url": "http://"}, "url", "not a web address"),
        ({"kind": "webhook", "url": "http://example.org:99999/"}, "url", "not a web address"),
        ({"kind": "webhook", "url": "http://e.org/", "secret": "enigma"}, "secret", "whsec_"),
        ({"kind": "email", "addresses": ""}, "addresses", "at least one address"),
        ({"kind": "email", "addresses": "a@example.org nobody"}, "addresses", "nobody is not an e-mail address"),
    ],
)
def test_a_channel_that_cannot_be_used_is_refused_beside_its_field(
    admin_client: Client, channel: dict[str, str], field: str, text: str
) -> None:
    found = errors(admin_client, f"{CHANNELS}add/", {"name": "x", "url": "", "secret": "", "addresses": "", **channel})
    assert list(found) == [field]
    assert text in found[field][0]


def test_a_webhook_without_a_secret_gets_one_and_keeps_it(admin_client: Client) -> None:
    form = {"name": "x", "kind": "webhook", "url": "http://example.org/", "secret": "", "addresses": ""}
    admin_client.post(f"{CHANNELS}add/", form)
    made = AlertChannel.objects.get(name="x")
    assert made.secret.startswith("whsec_")
    admin_client.post(f"{CHANNELS}{made.pk}/change/", {**form, "name": "y"})
    assert AlertChannel.objects.get(name="y").secret == made.secret


def test_the_test_button_sends_and_says_how_it_went(
    admin_client: Client, hook: AlertChannel, receiver: Receiver
) -> None:
    assert "Send a test" in admin_client.get(f"{CHANNELS}{hook.pk}/change/").content.decode()
    answer = admin_client.post(f"{CHANNELS}{hook.pk}/test/", follow=True)
    assert "A test was sent over hook." in answer.content.decode()
    (told,) = receiver.verified(hook.secret)
    assert (told["event"], told["incident"]) == ("test", None)
    receiver.statuses = [418]
    answer = admin_client.post(f"{CHANNELS}{hook.pk}/test/", follow=True)
    assert "The test was not taken. 127.0.0.1 answered 418." in answer.content.decode()
    assert [row.state for row in AlertDelivery.objects.order_by("pk")] == ["sent", "given up"]
    outcomes = LedgerEntry.objects.filter(action="test alert channel").order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == [Outcome.DONE, Outcome.FAILED]


def test_the_test_needs_its_permission_and_a_post(hook: AlertChannel, receiver: Receiver) -> None:
    viewer = staff("view_alertchannel")
    page = viewer.get(f"{CHANNELS}{hook.pk}/change/").content.decode()
    assert "Sending a test takes the permission" in page
    assert hook.secret not in page
    assert receiver.url not in page
    assert viewer.get(f"{CHANNELS}{hook.pk}/test/").status_code == 405
    assert viewer.post(f"{CHANNELS}{hook.pk}/test/").status_code == 403
    assert Client().post(f"{CHANNELS}{hook.pk}/test/").status_code == 302
    assert receiver.requests == []
    assert LedgerEntry.objects.get().outcome == Outcome.REFUSED
    allowed = User.objects.create_user("tom", is_staff=True)
    allowed.user_permissions.set(Permission.objects.filter(codename__in=["view_alertchannel", "test_alertchannel"]))
    client = Client(enforce_csrf_checks=True)
    client.force_login(allowed)
    assert client.post(f"{CHANNELS}{hook.pk}/test/").status_code == 403
    assert receiver.requests == []


def test_whoever_may_only_view_changes_nothing() -> None:
    viewer = staff("view_alertrule", "view_alertchannel", "view_silence")
    rule = AlertRule.objects.get()
    assert viewer.get(RULES).status_code == 200
    assert viewer.post(f"{RULES}add/", new_rule()).status_code == 403
    assert viewer.post(f"{RULES}{rule.pk}/change/", new_rule()).status_code == 403
    assert viewer.post(f"{RULES}{rule.pk}/delete/", {"post": "yes"}).status_code == 403
    assert AlertRule.objects.get().name == rule.name


def test_a_silence_lies_ahead_and_remembers_who_made_it(admin_client: Client) -> None:
    past, ahead = (timezone.now() + timedelta(hours=hours) for hours in (-1, 1))

    def form(until: Any) -> dict[str, str]:
        when = {"until_0": f"{until:%Y-%m-%d}", "until_1": f"{until:%H:%M:%S}"}
        return {"stream_pattern": "s", "group_pattern": "*", "rule": "", "comment": "maintenance", **when}

    assert "over already" in errors(admin_client, f"{SILENCES}add/", form(past))["until"][0]
    assert admin_client.post(f"{SILENCES}add/", form(ahead)).status_code == 302
    made = Silence.objects.get()
    assert made.by == "admin"
    assert made.until > timezone.now()
    assert "added silence" in LedgerEntry.objects.get().detail


def test_incidents_and_deliveries_can_be_read_and_not_changed(admin_client: Client) -> None:
    incident = Incident.objects.create(
        rule_name="<b>r</b>", severity="error", stream="s", stream_path="s", opened_at=timezone.now(), reason="why"
    )
    listed = admin_client.get("/admin/streams/incident/").content.decode()
    assert "&lt;b&gt;r&lt;/b&gt;" in listed
    assert f"/incidents/{incident.pk}/" in listed
    assert admin_client.get(f"/admin/streams/incident/{incident.pk}/change/").status_code == 200
    for path in ("incident/add/", f"incident/{incident.pk}/delete/", "alertdelivery/add/"):
        assert admin_client.post(f"/admin/streams/{path}", {"post": "yes"}).status_code == 403
    assert Incident.objects.count() == 1
