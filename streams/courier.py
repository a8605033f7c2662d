"""The courier: takes deliveries that are due, sends them, and tries again later what was not taken."""

from __future__ import annotations

import logging
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import DatabaseError, close_old_connections
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from streams.alert_channels import NotDelivered, send
from streams.alert_models import AlertChannel, AlertDelivery
from streams.outages import Outage
from streams.wording import counted

logger = logging.getLogger("streams.alerts")

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 600.0
JITTER = 0.2
GIVE_UP_AFTER = timedelta(days=3)
# A delivery whose process died while sending is taken again after this.
CLAIM = timedelta(seconds=60)
EVERY_S = 1.0
# Of each channel, so that one that hangs holds up the others for a single timeout.
MOST_OF_A_CHANNEL = 4
_MOST_AT_ONCE = 16
_PENDING = AlertDelivery.State.PENDING


def wait_s(attempts: int, draw: float) -> float:
    """Seconds until the next try after so many; doubles from 5 s to 10 min, `draw` in [0, 1) spreads it."""
    spread = 1 + JITTER * draw
    return min(LONGEST_WAIT_S / spread, FIRST_WAIT_S * 2.0 ** min(max(attempts - 1, 0), 20)) * spread


def deliver_due(now: datetime) -> int:
    """Send what is due; how many were tried. Raises django.db.DatabaseError; what was sent then may be sent again.

    Of several processes one sends each. A close waits until its opening was sent or given up on that channel.
    """
    _give_up_orphans()
    claimed = [delivery for delivery in _due(now) if _claim(delivery, now)]
    if not claimed:
        return 0
    with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
        errors = list(pool.map(_try, claimed))
    for delivery, error in zip(claimed, errors, strict=True):
        _settle(delivery, error, now)
    return len(claimed)


def deliver_test(delivery: AlertDelivery) -> str:
    """Send a test now, whatever is due; why it was not taken, empty when it was."""
    delivery.attempts = 1
    error = _try(delivery)
    _settle(delivery, error, timezone.now())
    return error


def _give_up_orphans() -> None:
    orphans = AlertDelivery.objects.filter(state=_PENDING, channel=None)
    orphans.update(state=AlertDelivery.State.GIVEN_UP, last_error="The channel was deleted.")


def _due(now: datetime) -> list[AlertDelivery]:
    due = _ready(now)
    channels = AlertChannel.objects.filter(pk__in=due.values("channel")).order_by("pk")
    return [row for channel in channels for row in due.filter(channel=channel)[:MOST_OF_A_CHANNEL]]


def _ready(now: datetime) -> QuerySet[AlertDelivery]:
    opening = AlertDelivery.objects.filter(
        incident=OuterRef("incident"), channel=OuterRef("channel"), event=AlertDelivery.Event.OPENED, state=_PENDING
    )
    due = AlertDelivery.objects.filter(state=_PENDING, next_at__lte=now).select_related("channel")
    return due.exclude(Q(event=AlertDelivery.Event.CLOSED) & Exists(opening)).order_by("next_at", "pk")


def _claim(delivery: AlertDelivery, now: datetime) -> bool:
    """Take the row, unless another process just did."""
    same = AlertDelivery.objects.filter(
        pk=delivery.pk, state=_PENDING, attempts=delivery.attempts, next_at=delivery.next_at
    )
    delivery.attempts += 1
    delivery.next_at = now + CLAIM
    return same.update(attempts=delivery.attempts, next_at=delivery.next_at) == 1


def _try(delivery: AlertDelivery) -> str:
    """Send; why it was not taken, empty when it was. Runs beside others, so it must not touch the database."""
    try:
        assert delivery.channel is not None  # noqa: S101 - those without one were given up
        send(delivery.channel, delivery)
    except NotDelivered as error:
        return str(error)
    return ""


def _settle(delivery: AlertDelivery, error: str, now: datetime) -> None:
    delivery.last_error = error
    if not error:
        delivery.state, delivery.sent_at = AlertDelivery.State.SENT, now
    elif delivery.event == AlertDelivery.Event.TEST or now - delivery.made_at >= GIVE_UP_AFTER:
        delivery.state = AlertDelivery.State.GIVEN_UP
        logger.error("Given up: %s, after %s: %s", delivery, counted(delivery.attempts, "attempt"), error)
    else:
        delivery.next_at = now + timedelta(seconds=wait_s(delivery.attempts, random.random()))  # noqa: S311 - no secret
        logger.warning("%s is tried again: %s", delivery, error)
    delivery.save(update_fields=["state", "attempts", "sent_at", "next_at", "last_error"])


class Courier(threading.Thread):
    """Delivers once a second until stopped; waits out a database that is away."""

    def __init__(self) -> None:
        super().__init__(name="courier", daemon=True)
        self._stopped = threading.Event()

    def run(self) -> None:
        """Deliver until told to stop."""
        outage = Outage(logger, what="The database")
        while not self._stopped.is_set():
            rest = EVERY_S
            try:
                close_old_connections()
                deliver_due(timezone.now())
                outage.over()
            except DatabaseError as error:
                rest = max(EVERY_S, outage.failed(DatabaseError(f"Alerts cannot be delivered: {error}")))
            except Exception:
                logger.exception("The courier met a fault of its own, and goes on.")
            self._stopped.wait(rest)
        close_old_connections()

    def stop(self, within_s: float = 2 * EVERY_S) -> None:
        """End, after what is being sent; waits at most so long for it."""
        self._stopped.set()
        if self.is_alive():
            self.join(within_s)
