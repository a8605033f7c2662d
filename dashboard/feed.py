"""One stream's feed in this web process: takes frames and figures as they come and hands them to every follower."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dashboard.histories import Histories
from dashboard.memory import MOST_SENSORS, Memory, Selection
from dashboard.messages import PROTOCOL, Message, encode
from dashboard.pace import WIDEST_S, Pace
from dashboard.samples import Health
from dashboard.slots import Slot
from dashboard.totals import describe
from dashboard.window import Touched
from streams import access, names
from streams.chart_settings import ChartSettings
from streams.frames import BUCKET_MS, Frame
from streams.ids import EntryId

# The overview of so many sensors goes out every second; of more, as much less often.
OVERVIEW_A_SECOND = 2000


@dataclass(eq=False)
class Follower:
    """A socket that follows a feed: its way out, the sensors it wants, and how it is sent away.

    `limit` are patterns of the streams that it may hear of; `version` and `named` say what it has of the overview.
    """

    slot: Slot
    send_away: Callable[[], None]
    selection: Selection = None
    limit: access.Reach = None
    version: int = 0
    named: int = 0


class Feed:
    """Followers of one stream, and what is told to them, each message encoded once."""

    def __init__(self, stream: bytes) -> None:
        self.stream, self.settings = stream, ChartSettings(None, charts_others=True, keeps_history=False)
        self.epoch, self.is_raw = "", False
        # How far what was read is behind what there is; what pages then show is as of that time.
        self.behind_ms = 0
        self._was_behind = False
        self.health, self.pace = Health(), Pace()
        self.followers: set[Follower] = set()
        self.filled = asyncio.Event()
        self._flush_at: asyncio.TimerHandle | None = None
        self._view_at: asyncio.TimerHandle | None = None
        self._viewed_s = 0.0
        self._forget()

    def _forget(self) -> None:
        self.memory = Memory()
        self._histories = Histories(self.memory)
        self._touched: Touched = {}
        self._flushed = self.memory.cursor

    def learn(self, settings: ChartSettings) -> None:
        """How the stream is charted from now on; every follower is told."""
        self.settings = settings
        hello = self._hello()
        for follower in self.followers:
            follower.slot.notice(hello)

    def restart(self, epoch: str, known_from_ms: int = 0) -> None:
        """A new history: what was known is gone, or (from a time on) not to be known; every follower is told so."""
        self._forget()
        self.epoch, self.memory.known_from_ms = epoch, known_from_ms
        self.memory.cursor = EntryId(known_from_ms, 0)
        for follower in self.followers:
            follower.version = follower.named = 0
            self._greet(follower)

    def take(self, log_id: EntryId, frame: Frame) -> None:
        """Count one frame of the log; followers get it now or with the next few."""
        touched = self.memory.take(log_id, frame)
        if not self.followers:
            self._flushed = log_id
            return
        loop = asyncio.get_running_loop()
        self.pace.note(frame.count, loop.time())
        for start, sensors in touched.items():
            self._touched.setdefault(start, set()).update(sensors)
        if self._view_at is None:
            every_s = max(1.0, len(self.memory.latest.rows) / OVERVIEW_A_SECOND)
            self._view_at = loop.call_at(max(loop.time(), self._viewed_s + every_s), self._overview)
        if self._flush_at is None:
            self._flush_at = loop.call_at(self.pace.next_s(loop.time()), self._flush)

    def take_health(self, entry_id: EntryId, figures: dict[str, Any]) -> None:
        """Hand on the newest figures."""
        message = self.health.take(entry_id, figures)
        for follower in self.followers:
            follower.slot.metrics(message)

    def tell(self, message: Message, about: str = "") -> None:
        """Hand on a notice about a stream, to those who may hear of it, or a state that is everybody's."""
        for follower in self.followers:
            if not about or access.in_reach(about, follower.limit):
                follower.slot.notice(message)

    def tell_behind(self) -> None:
        """Say how far all this is behind, while it is, and once when it is not any more."""
        if self.behind_ms or self._was_behind:
            self.tell(encode("behind", ms=self.behind_ms))
        self._was_behind = self.behind_ms > 0

    def join(self, follower: Follower, since: EntryId | None) -> None:
        """Bring a new follower up to date, from where it was if it was here before, and keep it so."""
        self._greet(follower, since)
        follower.slot.notice(self.health.history())
        if self.health.newest:
            follower.slot.metrics(self.health.message())
        self.followers.add(follower)

    def leave(self, follower: Follower) -> None:
        """Send a follower nothing more."""
        self.followers.discard(follower)

    def send_away_stalled(self, now_s: float, after_s: float) -> None:
        """Part with followers that took nothing for so long; a page that thaws comes back and is filled anew."""
        for follower in [known for known in self.followers if known.slot.stalled_s(now_s) > after_s]:
            self.leave(follower)
            follower.send_away()

    def select(self, follower: Follower, selection: Selection) -> None:
        """Send a follower other sensors from now on."""
        follower.selection = selection
        self.fill(follower, None)

    def catch_up(self, follower: Follower, since: EntryId, skipped: int) -> tuple[Message, EntryId]:
        """The history that replaces the frames a follower missed, and the ID it then stands at."""
        memory = self.memory
        chosen = memory.chosen(follower.selection)
        return memory.history(chosen, since, memory.cursor, self.now_ms(), skipped=skipped), memory.cursor

    def _greet(self, follower: Follower, since: EntryId | None = None) -> None:
        follower.slot.notice(self._hello())
        if self.behind_ms:
            follower.slot.notice(encode("behind", ms=self.behind_ms))
        if gap := self.memory.gap(self.now_ms() - self.memory.window.span_ms):
            follower.slot.notice(encode("notice", level="warning", text=f"{gap}.", actor="", at=self.now_ms(), link=""))
        self.fill(follower, since)

    def _hello(self) -> Message:
        return encode(
            "hello",
            protocol=PROTOCOL,
            epoch=self.epoch,
            stream=names.shown(self.stream),
            now=self.now_ms(),
            **self.settings.plain(self.memory.window.fields),
            window_ms=self.memory.window.span_ms,
            bucket_ms=BUCKET_MS,
            tick_ms=int(WIDEST_S * 1000),
            sensors_total=len(self.memory.latest.rows),
            sensors_limit=MOST_SENSORS,
        )

    def complete_from(self, now_ms: int, margin_ms: int, recorded_ms: int | None) -> int:
        """From when on memory has everything, but for a margin that is just going; all by the server's clock.

        Memory began at the log's oldest frame: what was recorded before that the database has.
        """
        oldest, since = now_ms - self.memory.window.span_ms + margin_ms, self.memory.totals.since_ms
        return oldest if since is None or recorded_ms is None else max(oldest, min(since, recorded_ms))

    def now_ms(self) -> int:
        """The server's clock as of the newest thing it told us, in ms."""
        return max(self.memory.cursor.ms, self.health.newest_id.ms)

    def fill(self, follower: Follower, since: EntryId | None) -> None:
        """Send a follower everything, or what changed since a frame; then what came while that was being sent."""
        now_s = asyncio.get_running_loop().time()
        histories, selection = self._histories, follower.selection
        messages, began = histories.of(selection, since, self.now_ms(), now_s)

        def end() -> tuple[Message | None, EntryId]:
            return histories.end(selection, began, self.now_ms()), self.memory.cursor

        follower.slot.fill(messages, end)
        self._view(follower, {})

    def _flush(self) -> None:
        self._flush_at, loop = None, asyncio.get_running_loop()
        began_s, worked_s = loop.time(), time.thread_time()
        touched, self._touched = self._touched, {}
        before, self._flushed = self._flushed, self.memory.cursor
        messages: dict[Selection, Message | None] = {}
        for follower in list(self.followers):
            selection = follower.selection
            if selection not in messages:
                messages[selection] = self.memory.update(touched, selection, before)
            if message := messages[selection]:
                follower.slot.frame(message, self._flushed)
        # The loop does the writing itself when all is handed over: what it took is known in its next turn.
        loop.call_soon(lambda: self.pace.sent(began_s, time.thread_time() - worked_s))

    def _overview(self) -> None:
        """What is newest of all sensors; a follower that is stuck gets it with the next."""
        self._view_at, self._viewed_s = None, asyncio.get_running_loop().time()
        messages: dict[tuple[int, int], Message] = {}
        for follower in list(self.followers):
            self._view(follower, messages)

    def _view(self, follower: Follower, messages: dict[tuple[int, int], Message]) -> None:
        latest = self.memory.latest
        if len(latest.rows) <= MOST_SENSORS or follower.version == latest.version:
            return
        has = (follower.version, follower.named)
        if has not in messages:
            messages[has] = encode("overview", **latest.since(*has))
        if follower.slot.offer(messages[has]):
            follower.version, follower.named = latest.version, len(latest.rows)

    async def sensors(self) -> dict[str, Any]:
        """What the log retains per sensor, as plain values."""
        totals = self.memory.totals
        return {"sensors": describe(totals.by_sensor()), "since_ms": totals.since_ms, "epoch": self.epoch}
