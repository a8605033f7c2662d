"""Hands the channel layer's notices to this process's sockets: one channel for all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from channels.layers import get_channel_layer

from dashboard.messages import Message, encode
from streams import notices

logger = logging.getLogger("dashboard.hub")


async def relay(tell: Callable[[Message, str], None]) -> None:
    """Hand on every notice for ever. One may be lost; nothing depends on one."""
    while True:
        try:
            layer = get_channel_layer()
            channel = await layer.new_channel()
            await layer.group_add(notices.TOPIC, channel)
            while True:
                event = await layer.receive(channel)
                shown = {k: v for k, v in event.items() if k not in {"type", "stream"}}
                tell(encode("notice", **shown), event.get("stream", ""))
        except Exception as error:  # noqa: BLE001 - the layer raises its driver's errors, which only the gateway may name
            logger.info("Notices are away for a moment: %s", type(error).__name__)
            await asyncio.sleep(2)
