"""Deliveries over real channels: a receiver of webhooks, a mail box, the channel layer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import DatabaseError
from django.utils import timezone
from standardwebhooks.webhooks import WebhookVerificationError

from streams import alert_channels, courier, notices
from streams.alert_models import AlertChannel, AlertDelivery, AlertRule, make_secret
from streams.courier import Courier, deliver_due, wait_s
from streams.incidents import Alerts
from tests.integration.alerting import look, observe, rule
from tests.processes import eventually
from tests.receiver import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_set_up() -> None:
    AlertRule.objects.all().delete()
    AlertChannel.objects.all().delete()


@pytest.fixture
def webhook(receiver: Receiver) -> AlertChannel:
    return AlertChannel.objects.create(name="hook", kind="webhook", url=receiver.url, secret=make_secret())


def alert(*channels: AlertChannel, closed: bool = False) -> None:
    rule(*channels)
    observe(Alerts(), look(50), *([look(0)] if closed else []))


def later(**more: Any) -> Any:
    return timezone.now() + timedelta(**more)


def state() -> list[tuple[str, str, int]]:
    return [(row.event, row.state, row.attempts) for row in AlertDelivery.objects.order_by("pk")]


def test_a_webhook_is_signed_and_says_what_happened(receiver: Receiver, webhook: AlertChannel, settings: Any) -> None:
    alert(webhook, closed=True)
    deliver_due(later())
    deliver_due(later())
    opened, closed = receiver.verified(webhook.secret)
    assert (opened["event"], opened["rule"], opened["stream"], opened["group"]) == ("opened", "lag", "s", "g")
    assert opened["reason"] == "the lag is 50 entries"
    assert opened["evidence"] == {"value": 50, "threshold": 10.0}
    assert opened["link"] == f"/incidents/{opened['incident']}/"
    assert (closed["event"], closed["incident"]) == ("closed", opened["incident"])
    with pytest.raises(WebhookVerificationError):
        receiver.verified(make_secret())


def test_what_was_not_taken_is_tried_again_later_with_the_same_id(receiver: Receiver, webhook: AlertChannel) -> None:
    receiver.statuses = [500, 503]
    alert(webhook)
    deliver_due(later())
    assert AlertDelivery.objects.get().last_error == "127.0.0.1 answered 500."
    assert deliver_due(later(seconds=1)) == 0
    deliver_due(later(seconds=10))
    deliver_due(later(minutes=1))
    assert state() == [("opened", "sent", 3)]
    assert len({headers["webhook-id"] for headers, _ in receiver.requests}) == 1


def test_the_close_waits_for_its_opening_and_is_always_sent(receiver: Receiver, webhook: AlertChannel) -> None:
    receiver.statuses = [500]
    alert(webhook, closed=True)
    for minutes in range(4):
        deliver_due(later(minutes=minutes))
    assert receiver.events == ["opened", "opened", "closed"]
    assert [row[1] for row in state()] == ["sent", "sent"]


@pytest.mark.parametrize("fault", ["hangs", "drips"])
def test_a_receiver_that_hangs_delays_nobody_beyond_the_timeout(
    receiver: Receiver, webhook: AlertChannel, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(alert_channels, "TIMEOUT_S", 0.5)
    setattr(receiver, fault, True)
    healthy = Receiver()
    other = AlertChannel.objects.create(name="other", kind="webhook", url=healthy.url, secret=make_secret())
    alert(webhook, other)
    began = time.monotonic()
    deliver_due(later())
    assert time.monotonic() - began < 5
    assert healthy.events == ["opened"]
    assert AlertDelivery.objects.get(channel=webhook).last_error == "127.0.0.1 did not answer within 0.5 s."
    healthy.close()


def test_a_redirect_is_not_followed_and_nobody_at_home_is_said(receiver: Receiver, webhook: AlertChannel) -> None:
    receiver.statuses = [302]
    alert(webhook)
    deliver_due(later())
    assert "answered 302, a redirect" in AlertDelivery.objects.get().last_error
    receiver.close()
    deliver_due(later(minutes=1))
    assert "could not be reached" in AlertDelivery.objects.get().last_error


def test_after_three_days_it_is_given_up_and_so_is_what_has_no_channel(
    receiver: Receiver, webhook: AlertChannel
) -> None:
    receiver.statuses = [500, 500]
    alert(webhook)
    deliver_due(later(days=2))
    deliver_due(later(days=4))
    assert state() == [("opened", "given up", 2)]
    AlertDelivery.objects.update(state="pending")
    webhook.delete()
    deliver_due(later())
    assert AlertDelivery.objects.get().last_error == "The channel was deleted."


def test_of_two_couriers_one_sends(receiver: Receiver, webhook: AlertChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    alert(webhook)
    due = courier._due

    def both_look_first(now: Any) -> Any:
        found = due(now)
        monkeypatch.setattr(courier, "_due", lambda _: due(now) or found)
        deliver_due(now)
        return found

    monkeypatch.setattr(courier, "_due", both_look_first)
    deliver_due(later())
    assert receiver.events == ["opened"]


def test_mail_has_the_story_in_it_and_no_line_break_in_its_subject(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    people = AlertChannel.objects.create(name="ops", kind="email", addresses="a@example.org, b@example.org")
    rule(people)
    observe(Alerts(), look(50, group="g\r\nBcc: x@example.org"))
    deliver_due(later())
    (message,) = mail.outbox
    assert message.to == ["a@example.org", "b@example.org"]
    assert message.subject == "[error] opened: s / g Bcc: x@example.org (lag)"
    assert "the lag is 50 entries" in message.body


def test_mail_that_is_not_set_up_is_said_and_stays_due(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    alert(AlertChannel.objects.create(name="ops", kind="email", addresses="a@example.org"))
    deliver_due(later())
    assert AlertDelivery.objects.get().last_error == "Mail is not set up: set EMAIL_URL."
    assert state() == [("opened", "pending", 1)]


def test_an_open_page_is_told_with_a_link_to_the_incident(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr(notices, "send", lambda *words: sent.append(words))
    alert(AlertChannel.objects.create(name="pages", kind="browser"))
    deliver_due(later())
    ((level, text, actor, link, _),) = sent
    assert (level, actor) == ("error", "alerts")
    assert text == "lag opened: s / g: the lag is 50 entries"
    assert link.startswith("/incidents/")
    assert link != "/incidents/"


def test_waits_double_from_seconds_to_minutes_and_are_spread() -> None:
    assert [round(wait_s(attempts, 0.0)) for attempts in (1, 2, 3, 8, 9, 500)] == [5, 10, 20, 600, 600, 600]
    assert wait_s(1, 0.99) > wait_s(1, 0.0)


def test_a_secret_is_never_in_what_is_sent_or_said(receiver: Receiver, webhook: AlertChannel) -> None:
    receiver.statuses = [500]
    AlertChannel.objects.update(url=f"{receiver.url}?token=enigma")
    alert(webhook)
    deliver_due(later())
    assert "enigma" not in AlertDelivery.objects.get().last_error
    assert webhook.secret not in json.dumps(AlertDelivery.objects.get().body)


@pytest.mark.django_db(transaction=True)
def test_the_couriers_thread_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    moods: Iterator[Exception | None] = iter([DatabaseError("away"), RuntimeError("a fault"), None])
    calls: list[object] = []

    def deliver(_: Any) -> int:
        calls.append(mood := next(moods, None))
        if mood:
            raise mood
        return 0

    monkeypatch.setattr(courier, "deliver_due", deliver)
    monkeypatch.setattr(courier, "EVERY_S", 0.01)
    thread = Courier()
    thread.start()
    assert eventually(lambda: len(calls) > 3)
    thread.stop()
    assert not thread.is_alive()
