"""`manage.py serve`: the web server, with this program's limits."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from streams import conf
from streams.jobs.runner import Runner
from streams.listening import LISTENING, NotFree, listener, url_of
from streams.running import settle

LARGEST_MESSAGE_BYTES = 64 * 1024


class Command(BaseCommand):
    """Runs uvicorn after the system checks; any number may run side by side, each on a port of its own."""

    help = "Serve the pages, the API and the websocket."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to listen."""
        config = conf.current()
        parser.add_argument("--host", default=config.host, help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=config.port, help="0: any free one (default: %(default)s)")

    def handle(self, *_: Any, **options: Any) -> None:
        """Serve until told to stop."""
        if not 0 <= options["port"] <= 65_535:
            raise CommandError("--port must be from 0 to 65535.")
        try:
            door = listener(options["host"], options["port"])
        except NotFree as error:
            raise CommandError(str(error)) from error
        # uvicorn raises the signal again after it has shut down in good order: that is not a failure.
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: None)
        # ServeStatic warns of a folder that is not there; `collectstatic` may fill it, but nothing needs it.
        with contextlib.suppress(OSError):
            settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        _Server(_config()).run(sockets=[door])


class _Server(uvicorn.Server):
    """uvicorn that says on standard output when it takes connections, with the runner of jobs beside it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._runner = Runner()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        settle()
        self._runner.start()
        for door in sockets or []:
            print(f"{LISTENING}{url_of(door)}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Leave a job that runs to other processes, and end."""
        await asyncio.to_thread(self._runner.stop)
        await super().shutdown(sockets)
        await end_tasks()


async def end_tasks(tries: int = 20) -> None:
    """End whatever else runs in this loop.

    A driver that is just giving up on a read may swallow a cancellation, and the loop's own end, which asks only once,
    would wait for it for ever.
    """
    for _ in range(tries):
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if not others:
            return
        for task in others:
            task.cancel()
        await asyncio.wait(others, timeout=0.5)


def _config() -> uvicorn.Config:
    module, _, name = settings.ASGI_APPLICATION.rpartition(".")
    return uvicorn.Config(
        f"{module}:{name}",
        http=settings.HTTP_PROTOCOL,
        ws=settings.WEBSOCKET_PROTOCOL,
        ws_max_size=LARGEST_MESSAGE_BYTES,
        # Small frames to many browsers: it costs far more CPU than it saves, but for slow links.
        ws_per_message_deflate=conf.current().websocket_deflate,
        lifespan="off",
        log_config=None,  # the settings' own logging
        access_log=False,
        timeout_graceful_shutdown=3,
    )
