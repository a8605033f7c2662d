"""The test of an alert channel."""

from __future__ import annotations

from streams import courier, ledger, telling
from streams.alert_channels import NotDelivered
from streams.alert_models import AlertChannel
from streams.ledger import Actor, Deed
from streams.models import Action
from streams.operations.door import authorize


def test_channel(actor: Actor, channel: AlertChannel) -> None:
    """Send a test alert over a channel, now. Raises NotAllowed, NotDelivered or NotRecorded."""
    deed = Deed(Action.TEST_CHANNEL, b"", b"", detail=f"channel {channel.name}")
    authorize(actor, deed)
    with ledger.recorded(actor, deed):
        if error := courier.deliver_test(telling.test_delivery(channel, actor.name)):
            raise NotDelivered(error)
