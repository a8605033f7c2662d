"""Sends one alert over one channel: a signed webhook, an e-mail, or a notice on the chart pages."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from standardwebhooks import Webhook

from streams import notices
from streams.alert_models import AlertChannel, AlertDelivery
from streams.errors import StreamwatchError
from streams.names import plain_text

TIMEOUT_S = 5.0
ACTOR, LINK = "alerts", "/incidents/"
_LONGEST_SUBJECT = 150
_USER_AGENT = "streamwatch"


class NotDelivered(StreamwatchError):
    """The channel did not take it; the text says why, and holds nothing secret."""


def send(channel: AlertChannel, delivery: AlertDelivery) -> None:
    """Send now, without asking the database; raises NotDelivered. A webhook has 5 s in all."""
    try:
        _SENDERS[AlertChannel.Kind(channel.kind)](channel, delivery)
    except NotDelivered:
        raise
    except Exception as error:
        raise NotDelivered(f"{channel.name} could not be told: {_reason(error)}") from error


def _webhook(channel: AlertChannel, delivery: AlertDelivery) -> None:
    data = json.dumps(delivery.body, separators=(",", ":"))
    status = async_to_sync(_post)(channel, data, _signed(channel.secret, f"alert-{delivery.pk}", data))
    if 300 <= status < 400:
        raise NotDelivered(f"{channel.place} answered {status}, a redirect, which is not followed.")
    if not 200 <= status < 300:
        raise NotDelivered(f"{channel.place} answered {status}.")


def _signed(secret: str, message_id: str, data: str) -> dict[str, str]:
    """Headers of https://www.standardwebhooks.com; the ID is the same each time a delivery is tried."""
    now = datetime.now(UTC)
    return {
        "content-type": "application/json",
        "user-agent": _USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, data),
    }


async def _post(channel: AlertChannel, data: str, headers: dict[str, str]) -> int:
    """The status of the answer, whose body is not read. Its own clock: a receiver that drips bytes is late, too."""
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client,
            client.stream("POST", channel.url, content=data.encode(), headers=headers) as answer,
        ):
            return answer.status_code
    except (TimeoutError, httpx.TimeoutException):
        raise NotDelivered(f"{channel.place} did not answer within {TIMEOUT_S:g} s.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotDelivered(f"{channel.place} could not be reached: {_reason(error)}.") from None


def _email(channel: AlertChannel, delivery: AlertDelivery) -> None:
    if settings.EMAIL_BACKEND.endswith(".dummy.EmailBackend"):
        raise NotDelivered("Mail is not set up: set EMAIL_URL.")
    body = delivery.body
    subject = _one_line(f"[{body['severity']}] {body['event']}: {_about(body)} ({body['rule']})")
    lines = [f"{key}: {_line_of(body[key])}" for key in body if body[key] not in (None, "", {})]
    # A mail server gets no more time than a webhook, where its backend knows of time.
    connection = get_connection(timeout=int(TIMEOUT_S))
    text = f"{body['reason']}\n\n" + "\n".join(lines) + "\n"
    EmailMessage(subject[:_LONGEST_SUBJECT], text, to=channel.address_list(), connection=connection).send()


def _browser(_: AlertChannel, delivery: AlertDelivery) -> None:
    body = delivery.body
    level = body["severity"] if body["event"] == AlertDelivery.Event.OPENED else "info"
    link = f"{LINK}{body['incident']}/" if body["incident"] else LINK
    text = f"{body['rule']} {body['event']}: {_about(body)}: {body['reason']}"
    notices.send(level, text, ACTOR, link, body["stream"] or "")


_SENDERS = {
    AlertChannel.Kind.WEBHOOK: _webhook,
    AlertChannel.Kind.EMAIL: _email,
    AlertChannel.Kind.BROWSER: _browser,
}


def _about(body: dict[str, Any]) -> str:
    return " / ".join(part for part in (body["stream"], body["group"], body["sensor"]) if part)


def _line_of(value: Any) -> str:
    return _one_line(value if isinstance(value, str) else json.dumps(value))


def _reason(error: Exception) -> str:
    return plain_text(_one_line(str(error))) or type(error).__name__


def _one_line(text: str) -> str:
    """Without line breaks, which would end a header."""
    return " ".join(text.split())
