"""DashboardSocket: one browser that follows one stream. (A consumer, in Channels' sense, not in Redis's.)"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from dashboard import messages
from dashboard.admission import Admission, Asked, admission_of, asked
from dashboard.feed import Feed, Follower
from dashboard.hub import hub
from dashboard.memory import Selection
from dashboard.messages import Message
from dashboard.seats import Full, TooMany
from dashboard.slots import Slot
from dashboard.wire import EXTENSION
from streams import access, conf, looking
from streams.errors import BadRequest, NoSuchStream, NotAllowed, StreamwatchError, WrongType
from streams.ids import EntryId

MOST_MESSAGES_PER_S = 20
LONGEST_MESSAGE = 64 * 1024
STALLED = 4408
TOLD_WITHIN_S = 5.0
EXPECTED = 'expected {"type": "select", "sensors": [names] or null} or {"type": "resume", "frames": ID}'


class DashboardSocket(AsyncWebsocketConsumer):
    """Who may look is decided on connect; everything after goes from the stream's feed through this socket's slot."""

    # The hub holds one channel for the whole process; a channel per socket would cost a subscription each.
    channel_layer_alias = "none"
    feed: Feed | None = None
    seat: Any = None
    has_seat = False
    admission: Admission | None = None

    async def connect(self) -> None:
        """Admit or refuse the browser and bring it up to date."""
        user, segment = self.scope["user"], self.scope["url_route"]["kwargs"]["stream"]
        found = await sync_to_async(asked)(user, segment)
        access.look_as(user)
        self.received: deque[float] = deque(maxlen=MOST_MESSAGES_PER_S)
        await self.accept()
        if found is None:  # told after the handshake: of one that failed, a browser learns no reason
            await self._refuse(*_NO_LOGIN)
            return
        query = parse_qs(self.scope["query_string"].decode("latin-1"))
        self.follower = Follower(Slot(_Way(self)), self._send_away, _selection(query), found.limit)
        try:
            self._sit_down(user)
            feed = hub().feed(await self._stream(found))
            frames = EntryId.parse(query["frames"][0]) if "frames" in query else None
        except _REFUSALS as error:
            await self._refuse_for(error)
            return
        self.feed = feed
        self._keep_asking(user, segment, found)
        await hub().follow(feed, self.follower, frames, query.get("epoch", [""])[0], self.send_message)

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 - Channels names it
        """Forget the browser."""
        if hasattr(self, "follower"):
            self.follower.slot.close()
        if self.feed:
            self.feed.leave(self.follower)
        if self.has_seat:
            self.has_seat = False
            hub().seats.leave(self.seat)
        if self.admission:
            hub().admissions.remove(self.admission, self._end)

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
            await self._act(json.loads(text))
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            await self._refuse(1007, "bad_message", EXPECTED)

    async def _act(self, message: Any) -> None:
        kind = message["type"]
        if self.feed is None:
            return
        if kind == "select":
            self.feed.select(self.follower, _names(message["sensors"]))
        elif kind == "resume":
            frames = EntryId.parse(message["frames"])
            self.feed.leave(self.follower)
            await hub().follow(self.feed, self.follower, frames, self.feed.epoch, self.send_message)
        else:
            raise ValueError(kind)

    async def _stream(self, found: Asked) -> bytes:
        """The stream in the path. Unknown ones are refused, but for the configured one, which may not exist yet."""
        if isinstance(found.stream, Exception):
            raise found.stream
        # What others follow already is there: a thousand that come back at once ask Redis nothing.
        if found.stream != conf.current().stream and not hub().is_followed(found.stream):
            try:
                await sync_to_async(looking.snapshot)(found.stream)
            except (NoSuchStream, WrongType, NotAllowed):
                raise
            except StreamwatchError as error:
                raise BadRequest(str(error)) from error
        return found.stream

    def _sit_down(self, user: Any) -> None:
        self.seat = user.pk if user.is_authenticated else None
        hub().seats.take(self.seat)
        self.has_seat = True

    def _keep_asking(self, user: Any, segment: str, found: Asked) -> None:
        session = self.scope.get("session")
        self.admission = admission_of(user, getattr(session, "session_key", None), segment, found)
        if self.admission:
            hub().admissions.add(self.admission, self._end)

    def _end(self) -> None:
        """The login that let this browser in holds no more."""
        self._leave_by(self._refuse(*_NO_LOGIN))

    def _send_away(self) -> None:
        """This browser takes nothing."""
        self._leave_by(self.close(STALLED, "nothing was read for too long: come back"))

    def _leave_by(self, way: Coroutine[Any, Any, None]) -> None:
        self.follower.slot.close()
        self._leaving = asyncio.get_running_loop().create_task(_unless_gone(way))

    async def _refuse_for(self, error: Exception) -> None:
        for kind, (close_code, code) in _REFUSED.items():
            if isinstance(error, kind):
                await self._refuse(close_code, code, str(error))
                return

    async def _refuse(self, close_code: int, code: str, text: str) -> None:
        with contextlib.suppress(TimeoutError):  # whoever takes nothing is not told why
            async with asyncio.timeout(TOLD_WITHIN_S):
                await self.send_message(messages.error(code, text))
        await self.close(close_code)

    async def send_message(self, message: Message) -> None:
        """Send, waiting as long as the browser takes nothing."""
        await self.base_send({"type": "websocket.send", "text": message.text})

    def _too_many(self) -> bool:
        now = time.monotonic()
        full = len(self.received) == MOST_MESSAGES_PER_S and now - self.received[0] < 1.0
        self.received.append(now)
        return full


_NO_LOGIN = (4401, "no_login", "you were logged out, or what your login lets you see has changed: reload this page")
# Close codes say whether it is worth coming back: 1013 a little later, 44xx not before something has changed.
_REFUSED: dict[type[Exception], tuple[int, str]] = {
    NoSuchStream: (4404, "unknown_stream"),
    WrongType: (4404, "unknown_stream"),
    NotAllowed: (4403, "not_allowed"),
    TooMany: (4429, "too_many_pages"),
    Full: (1013, "full"),
    BadRequest: (4400, "bad_request"),
    ValueError: (4400, "bad_request"),
}
_REFUSALS = tuple(_REFUSED)


class _Way:
    """A slot's way to one browser: past ASGI where the server has a quicker one."""

    def __init__(self, socket: DashboardSocket) -> None:
        self._socket = socket
        self._wire: dict[str, Callable[[bytes], Any]] | None = socket.scope.get("extensions", {}).get(EXTENSION)

    def write(self, message: Message) -> bool:
        return self._wire is not None and self._wire["write"](message.wire)

    async def send(self, message: Message) -> None:
        if self._wire is None:
            await self._socket.send_message(message)
        else:
            await self._wire["write_later"](message.wire)

    def catch_up(self, since: EntryId, skipped: int) -> tuple[Message, EntryId]:
        if self._socket.feed is None:
            raise RuntimeError("frames reach a socket only through its feed")
        return self._socket.feed.catch_up(self._socket.follower, since, skipped)


async def _unless_gone(way: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        await way


def _selection(query: dict[str, list[str]]) -> Selection:
    return frozenset(query["sensors"][0].split(",")) if "sensors" in query else None


def _names(sensors: Any) -> Selection:
    if sensors is None:
        return None
    if not isinstance(sensors, list) or not all(isinstance(name, str) for name in sensors):
        raise TypeError("sensors")
    return frozenset(sensors)
