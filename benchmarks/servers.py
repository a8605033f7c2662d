"""Other ways to push frames to browsers, as servers to measure against: `python -m benchmarks.servers NAME REDIS_URL`.

Each follows the stream `texts`, whose entries hold a finished message, and prints the port it listens on. uvicorn is
set as `manage.py serve` sets it.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import redis.asyncio
import uvloop

TEXTS = "texts"


async def texts(url: str) -> AsyncIterator[str]:
    """What is added to the stream from now on."""
    client = redis.asyncio.Redis.from_url(url, socket_timeout=None)
    at: Any = "$"
    while True:
        for _, entries in await client.xread({TEXTS: at}, count=200, block=2000) or []:
            at = entries[-1][0]
            for _, fields in entries:
                yield fields[b"t"].decode()


def _door() -> socket.socket:
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind(("127.0.0.1", 0))
    return door


async def broadcast(url: str) -> None:
    """The websockets library's own server and broadcast()."""
    from websockets.asyncio.server import ServerConnection, broadcast, serve  # noqa: PLC0415 - each loads its own

    there: set[ServerConnection] = set()

    async def follow(connection: ServerConnection) -> None:
        there.add(connection)
        try:
            await connection.wait_closed()
        finally:
            there.discard(connection)

    door = _door()
    async with serve(follow, sock=door, compression=None):
        print(door.getsockname()[1], flush=True)
        async for text in texts(url):
            broadcast(there, text)


async def group(url: str, layer: str) -> None:
    """Channels as its tutorial has it: every socket a member of one group, a group_send for each message."""
    from django.conf import settings  # noqa: PLC0415

    whole = {"address": url, "socket_timeout": 15, "max_connections": 10_000}
    hosts = [whole if layer.endswith("core.RedisChannelLayer") else url]
    settings.configure(CHANNEL_LAYERS={"default": {"BACKEND": layer, "CONFIG": {"hosts": hosts}}})
    from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: PLC0415
    from channels.layers import get_channel_layer  # noqa: PLC0415

    class Follower(AsyncWebsocketConsumer):  # type: ignore[misc]
        async def connect(self) -> None:
            await self.channel_layer.group_add("frames", self.channel_name)
            await self.accept()

        async def frame(self, event: dict[str, Any]) -> None:
            await self.send(text_data=event["text"])

    async def publish() -> None:
        async for text in texts(url):
            await get_channel_layer().group_send("frames", {"type": "frame", "text": text})

    await _uvicorn(Follower.as_asgi(), publish)


async def each(url: str) -> None:
    """No Channels layer, one message for every reading, sent to each socket in turn."""
    there: set[Callable[[dict[str, Any]], Awaitable[None]]] = set()

    async def app(_: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        there.add(send)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        there.discard(send)

    async def publish() -> None:
        async for text in texts(url):
            for send in list(there):
                await send({"type": "websocket.send", "text": text})

    await _uvicorn(app, publish)


async def _uvicorn(app: Any, publish: Callable[[], Awaitable[None]]) -> None:
    import uvicorn  # noqa: PLC0415

    options: dict[str, Any] = {"ws": "websockets-sansio", "ws_per_message_deflate": False, "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(app, **options, log_config=None, access_log=False))
    door = _door()
    door.listen(2048)
    print(door.getsockname()[1], flush=True)
    publishing = asyncio.ensure_future(publish())
    await server.serve([door])
    publishing.cancel()


SERVERS: dict[str, Callable[[str], Awaitable[None]]] = {
    "broadcast": broadcast,
    "group": lambda url: group(url, "channels_redis.core.RedisChannelLayer"),
    "group-pubsub": lambda url: group(url, "channels_redis.pubsub.RedisPubSubChannelLayer"),
    "each": each,
}


async def _main(name: str, url: str) -> None:
    await SERVERS[name](url)


if __name__ == "__main__":
    uvloop.run(_main(*sys.argv[1:]))
