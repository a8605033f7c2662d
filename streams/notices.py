"""Notices: one message per event to every open chart page, over the channel layer. Nothing depends on any of them."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from streams.names import shown

logger = logging.getLogger("streams.notices")
TOPIC = "streamwatch-notices"
# The operation is done; its answer must not wait for a layer that hangs.
_WAIT_S = 2.0


def send(level: str, text: str, actor: str, link: str, stream: bytes | str) -> None:
    """Tell every open chart page what happened. `level` is info, warning or error; `link` a path on this site.

    It reaches whoever may see the stream.

    Never raises for a layer that is away: that is logged as a warning. For synchronous code only.
    """
    at = int(time.time() * 1000)
    about = stream if isinstance(stream, str) else shown(stream)
    event = {"type": "notice", "level": level, "text": text, "actor": actor, "at": at, "link": link, "stream": about}
    try:
        async_to_sync(_send)(event)
    except Exception as error:  # noqa: BLE001 - layers raise their driver's errors; none may undo a finished operation
        logger.warning("A notice was lost: %s (%s)", text, error or type(error).__name__)


async def _send(event: dict[str, Any]) -> None:
    layer = get_channel_layer()
    if layer is not None:
        await asyncio.wait_for(layer.group_send(TOPIC, event), _WAIT_S)
