"""DashboardSocket: one browser that follows one stream. (A consumer, in Channels' sense, not in Redis's.)"""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from dashboard import messages
from dashboard.feed import Feed, Follower, Selection
from dashboard.hub import hub
from dashboard.slots import Slot
from streams import access, conf, looking
from streams.errors import BadRequest, NoSuchStream, NotAllowed, StreamwatchError, WrongType
from streams.ids import EntryId

MOST_MESSAGES_PER_S = 20
LONGEST_MESSAGE = 64 * 1024


class DashboardSocket(AsyncWebsocketConsumer):
    """Who may look is decided on connect; everything after goes from the stream's feed through this socket's slot."""

    # The hub holds one channel for the whole process; a channel per socket would cost a subscription each.
    channel_layer_alias = "none"
    feed: Feed | None = None

    async def connect(self) -> None:
        """Admit or refuse the browser and bring it up to date."""
        user = self.scope["user"]
        if not await sync_to_async(access.may_look)(user):
            await self.close()
            return
        access.look_as(user)
        limit = await sync_to_async(access.viewers_reach)()
        await self.accept()
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        self.received: deque[float] = deque(maxlen=MOST_MESSAGES_PER_S)
        self.follower = Follower(Slot(self._send_text, self._catch_up), _selection(query), limit)
        try:
            stream = await self._stream(self.scope["url_route"]["kwargs"]["stream"])
            frames = EntryId.parse(query["frames"][0]) if "frames" in query else None
            self.feed = await hub().join(stream, self.follower, frames, query.get("epoch", [""])[0])
        except (NoSuchStream, WrongType) as error:
            await self._refuse(4404, "unknown_stream", str(error))
        except NotAllowed as error:
            await self._refuse(4403, "not_allowed", str(error))
        except (BadRequest, ValueError) as error:
            await self._refuse(4400, "bad_request", str(error))

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 - Channels names it
        """Forget the browser."""
        if hasattr(self, "follower"):
            self.follower.slot.close()
        if self.feed:
            self.feed.followers.discard(self.follower)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Take what the browser asks for: other sensors, or everything since an ID."""
        if self._too_many():
            await self._refuse(1008, "too_many", f"more than {MOST_MESSAGES_PER_S} messages a second")
        elif text_data is None or bytes_data:
            await self._refuse(1003, "not_text", "messages are JSON text")
        elif len(text_data) > LONGEST_MESSAGE:
            await self._refuse(1009, "too_long", f"a message is at most {LONGEST_MESSAGE} characters long")
        else:
            await self._obey(text_data)

    async def _obey(self, text: str) -> None:
        try:
            message = json.loads(text)
            self._act(message)
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            await self._refuse(1007, "bad_message", 'expected {"type": "select", "sensors": [names] or null}')

    def _act(self, message: Any) -> None:
        kind = message["type"]
        if self.feed is None:
            return
        if kind == "select":
            self.feed.select(self.follower, _names(message["sensors"]))
        elif kind == "resume":
            self.feed.fill(self.follower, EntryId.parse(message["frames"]))
        else:
            raise ValueError(kind)

    async def _stream(self, segment: str) -> bytes:
        """The stream in the path. Unknown ones are refused, but for the configured one, which may not exist yet."""
        try:
            stream = await sync_to_async(looking.stream_named)(segment)
            if stream != conf.current().stream:
                await sync_to_async(looking.snapshot)(stream)
        except (NoSuchStream, WrongType, NotAllowed):
            raise
        except StreamwatchError as error:
            raise BadRequest(str(error)) from error
        return stream

    async def _refuse(self, close_code: int, code: str, text: str) -> None:
        await self.send(text_data=messages.error(code, text))
        await self.close(close_code)

    async def _send_text(self, text: str) -> None:
        await self.base_send({"type": "websocket.send", "text": text})

    def _catch_up(self, since: EntryId, skipped: int) -> tuple[str, EntryId]:
        if self.feed is None:
            raise RuntimeError("frames reach a socket only through its feed")
        return self.feed.catch_up(self.follower, since, skipped)

    def _too_many(self) -> bool:
        now = time.monotonic()
        full = len(self.received) == MOST_MESSAGES_PER_S and now - self.received[0] < 1.0
        self.received.append(now)
        return full


def _selection(query: dict[str, list[str]]) -> Selection:
    return frozenset(query["sensors"][0].split(",")) if "sensors" in query else None


def _names(sensors: Any) -> Selection:
    if sensors is None:
        return None
    if not isinstance(sensors, list) or not all(isinstance(name, str) for name in sensors):
        raise TypeError("sensors")
    return frozenset(sensors)
