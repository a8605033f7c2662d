"""The hub: one per web process. Follows the logs and keeps a feed per stream for the sockets and the API.

It never polls: each log is followed by one blocking read. It knows by itself when the server is away and says so to
every socket, because a log that cannot be read carries no bad news.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import weakref
from collections.abc import Callable
from typing import Any

from dashboard.admission import Admissions
from dashboard.board import Board
from dashboard.catching_up import CatchingUp, Send, log_of
from dashboard.feed import Feed, Follower
from dashboard.following import BLOCK_MS, STEP, Following
from dashboard.messages import Message
from dashboard.relay import relay
from dashboard.seats import Seats
from dashboard.server_state import ServerState
from streams import conf, looking
from streams.errors import BadRequest, StreamwatchError
from streams.ids import ZERO, EntryId
from streams.outages import Outage

logger = logging.getLogger(__name__)

# Browsers take five silent seconds for a dead connection; with nothing else to say, this is said.
HEARTBEAT_S = 2.0
MOST_FEEDS = 50
UNUSED_FOR_S = 600.0


class Hub:
    """Feeds by stream; made on first use in a running event loop."""

    def __init__(self) -> None:
        self._config = conf.current()
        self._feeds: dict[bytes, Feed] = {}
        self._used_s: dict[bytes, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.server, self.board = ServerState(_now_ms()), Board()
        self.seats = Seats(self._config.sockets, self._config.sockets_per_user)
        self.admissions = Admissions()
        self._catching_up = CatchingUp()
        self._ahead_ms = 0
        self._spawn(self._follow_health)
        self._spawn(lambda: relay(self._tell))
        self._spawn(self._beat)
        self._spawn(self.admissions.keep_asking)

    def feed(self, stream: bytes) -> Feed:
        """The stream's feed, followed from now on. Raises BadRequest beyond MOST_FEEDS."""
        self._used_s[stream] = time.monotonic()
        if stream not in self._feeds:
            if len(self._feeds) >= MOST_FEEDS:
                raise BadRequest(f"{MOST_FEEDS} streams are already being watched by this process")
            feed = self._feeds[stream] = Feed(stream)
            self._spawn(lambda: self._follow(feed))
        return self._feeds[stream]

    def is_followed(self, stream: bytes) -> bool:
        """Whether somebody follows the stream here, so that it is known to be there."""
        return stream in self._feeds and bool(self._feeds[stream].followers)

    async def filled(self, stream: bytes, within_s: float = 5.0) -> Feed:
        """The stream's feed once its log was read. Raises TimeoutError while still reading, BadRequest as `feed`."""
        feed = self.feed(stream)
        async with asyncio.timeout(within_s):
            await feed.filled.wait()
        return feed

    async def at_head(self, stream: bytes, within_s: float = 5.0) -> Feed:
        """The stream's feed, with everything that was there when this was asked. Raises TimeoutError as `filled`."""
        async with asyncio.timeout(within_s):
            feed = await self.filled(stream, within_s)
            await self._reach_head(feed)
        return feed

    async def sensors(self, stream: bytes) -> dict[str, Any]:
        """What the frames log retains per sensor, up to its newest frame. Raises TimeoutError while still reading."""
        return await (await self.at_head(stream)).sensors()

    async def follow(self, feed: Feed, follower: Follower, frames: EntryId | None, epoch: str, send: Send) -> None:
        """Let a socket follow a feed, once its log has been read; from a frame on, if it had that of this epoch.

        What came after that frame and has left memory goes out by `send` first.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if self.server.is_down else 10):
                await feed.filled.wait()
        since = None
        if frames and epoch == feed.epoch:
            since = await self._catching_up.caught_up(feed, frames, follower.selection, self.server_now_ms(), send)
        follower.slot.notice(self.server.message(_now_ms()))
        feed.join(follower, since if epoch == feed.epoch else None)

    def figures(self, stream: bytes) -> dict[str, Any] | None:
        """What the monitor last said of the stream, None while it does not watch it or is late."""
        return None if self.monitor_is_late() else self.board.figures(stream)

    def monitor_is_late(self) -> bool:
        """Whether the monitor has not been heard for too long."""
        return self.board.is_late(self.server_now_ms())

    def server_now_ms(self) -> int:
        """The server's clock, from this machine's and how far the two were apart when last compared."""
        return _now_ms() + self._ahead_ms

    def known(self, stream: bytes) -> Feed | None:
        """What was read of the stream so far, however old; None when nothing was."""
        return self._feeds.get(stream)

    def health_age_ms(self) -> int | None:
        """Age of the newest figures in the health log, None before the first."""
        return self.board.age_ms(self.server_now_ms())

    async def _follow(self, feed: Feed) -> None:
        following = Following(feed, lambda: not self._is_unused(feed), self._up)
        await self._keep(lambda: looking.frames_log(feed.stream), following.read, while_used=feed)
        del self._feeds[feed.stream]

    async def _reach_head(self, feed: Feed) -> None:
        async with contextlib.aclosing(log_of(feed)) as log:
            _, newest = await log.bounds()
        while feed.memory.cursor < newest:
            await asyncio.sleep(0.01)

    async def _follow_health(self) -> None:
        async def read(log: looking.Log) -> None:
            cursor = ZERO
            while True:
                entries = await log.after(cursor, STEP, BLOCK_MS)
                self._up()
                for entry in entries:
                    cursor = entry.entry_id
                    self._take_health(entry)
                if not entries and cursor > (await log.bounds())[1]:
                    cursor = ZERO
                    self.board.restart()

        await self._keep(looking.health_log, read)

    def _take_health(self, entry: looking.LogEntry) -> None:
        try:
            told = self.board.take(entry)
        except (ValueError, KeyError) as error:
            logger.warning("%s is no entry of this program's health log: %s. Left out.", entry.entry_id, error)
            return
        if told is None:
            return
        stream, figures = told
        if stream == self._config.stream:
            self.feed(stream)
        if stream in self._feeds:
            self._feeds[stream].take_health(entry.entry_id, figures)

    async def _keep(
        self,
        open_log: Callable[[], looking.Log],
        read: Callable[[looking.Log], Any],
        while_used: Feed | None = None,
    ) -> None:
        """Read a log for ever; wait out a server that is away."""
        outage = Outage(logger)
        while while_used is None or not self._is_unused(while_used):
            try:
                async with contextlib.aclosing(open_log()) as log:
                    self._ahead_ms = await log.server_ms() - _now_ms()
                    outage.over()
                    await read(log)
            except StreamwatchError as error:
                self._down(error)
                await asyncio.sleep(outage.failed(error))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self._tell(self.server.message(_now_ms()))
            for feed in self._feeds.values():
                feed.tell_behind()
                feed.send_away_stalled(asyncio.get_running_loop().time(), self._config.stalled_ms / 1000)

    def _up(self) -> None:
        if self.server.up(_now_ms()):
            self._tell(self.server.message(_now_ms()))

    def _down(self, error: StreamwatchError) -> None:
        if self.server.down(str(error), _now_ms()):
            self._tell(self.server.message(_now_ms()))

    def _tell(self, message: Message, about: str = "") -> None:
        for feed in self._feeds.values():
            feed.tell(message, about)

    def _is_unused(self, feed: Feed) -> bool:
        if feed.followers or feed.stream == self._config.stream:
            self._used_s[feed.stream] = time.monotonic()
        return time.monotonic() - self._used_s[feed.stream] > UNUSED_FOR_S

    def _spawn(self, run: Callable[[], Any]) -> None:
        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A part of the hub ended by mistake.", exc_info=error)

    async def aclose(self) -> None:
        """Stop following everything."""
        while self._tasks:  # a driver that is just giving up on a read may swallow a cancellation: ask again
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=0.5)


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def hub() -> Hub:
    """This event loop's hub."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
