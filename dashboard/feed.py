"""One stream's readings and figures inside this process, and the sockets that follow them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.latest import Latest
from dashboard.messages import PROTOCOL, encode
from dashboard.samples import Health
from dashboard.slots import Slot
from dashboard.totals import Totals, describe, natural
from dashboard.window import Touched, Window
from streams import access, names
from streams.chart_settings import ChartSettings
from streams.frames import BUCKET_MS, Frame
from streams.ids import ZERO, EntryId

# A lone frame goes out at once; of many, everything within this time goes out together.
COALESCE_S = 0.05
# So many sensors are sent unasked; of more, those that are asked for, and an overview of them all.
MOST_SENSORS = 100
MOST_SELECTED = 1000
# A history of more sensors goes out in parts, so that one browser's many sensors hold up nobody else.
SENSORS_TOGETHER = 50
OVERVIEW_EVERY_S = 1.0

Selection = frozenset[str] | None


@dataclass(eq=False)
class Follower:
    """A socket that follows a feed: its way out, and the sensors it wants (None for all, up to MOST_SENSORS).

    `limit` are patterns of the streams that it may hear of; `version` and `named` say what it has of the overview.
    """

    slot: Slot
    selection: Selection = None
    limit: access.Reach = None
    version: int = 0
    named: int = 0


class Feed:
    """Takes frames and figures as they come and hands them to every follower, each text encoded once."""

    def __init__(self, stream: bytes) -> None:
        self.stream, self.settings = stream, ChartSettings(None, charts_others=True, keeps_history=False)
        self.epoch, self.is_raw = "", False
        self.health = Health()
        self.followers: set[Follower] = set()
        self.filled = asyncio.Event()
        self._flush_at: asyncio.TimerHandle | None = None
        self._view_at: asyncio.TimerHandle | None = None
        self._flushed_s = self._viewed_s = 0.0
        self._forget()

    def _forget(self) -> None:
        self.cursor = ZERO
        self.window, self.totals, self.latest = Window(), Totals(), Latest()
        self._usual: list[str] = []
        self._touched: Touched = {}

    def learn(self, settings: ChartSettings) -> None:
        """How the stream is charted from now on; every follower is told."""
        self.settings = settings
        for follower in self.followers:
            follower.slot.notice(self._hello())

    def restart(self, epoch: str) -> None:
        """A new history: what was known is gone, and every follower is told so."""
        self._forget()
        self.epoch = epoch
        for follower in self.followers:
            follower.version = follower.named = 0
            self._greet(follower)

    def take(self, log_id: EntryId, frame: Frame) -> None:
        """Count one frame of the log; followers get it now or with the next few."""
        self.cursor = log_id
        self.totals.merge(frame, log_id)
        self.latest.merge(frame)
        touched = self.window.merge(frame, log_id)
        if not self.followers:
            return
        for start, sensors in touched.items():
            self._touched.setdefault(start, set()).update(sensors)
        loop = asyncio.get_running_loop()
        if self._view_at is None:
            self._view_at = loop.call_at(max(loop.time(), self._viewed_s + OVERVIEW_EVERY_S), self._overview)
        if self._flush_at is None:
            self._flush_at = loop.call_at(max(loop.time(), self._flushed_s + COALESCE_S), self._flush)

    def take_health(self, entry_id: EntryId, figures: dict[str, Any]) -> None:
        """Hand on the newest figures."""
        text = self.health.take(entry_id, figures)
        for follower in self.followers:
            follower.slot.metrics(text)

    def tell(self, text: str, about: str = "") -> None:
        """Hand on a notice about a stream, to those who may hear of it, or a state that is everybody's."""
        for follower in self.followers:
            if not about or access.in_reach(about, follower.limit):
                follower.slot.notice(text)

    def join(self, follower: Follower, *, frames: EntryId | None, epoch: str) -> None:
        """Bring a new follower up to date, from where it was if it was here before, and keep it so."""
        resumed = frames if frames and epoch == self.epoch else None
        self._greet(follower, resumed)
        follower.slot.notice(self.health.history())
        if self.health.newest:
            follower.slot.metrics(self.health.message())
        self.followers.add(follower)

    def select(self, follower: Follower, selection: Selection) -> None:
        """Send a follower other sensors from now on."""
        follower.selection = selection
        self.fill(follower, None)

    def catch_up(self, follower: Follower, since: EntryId, skipped: int) -> tuple[str, EntryId]:
        """The history that replaces the frames a follower missed, and the ID it then stands at."""
        return self._history(self._chosen(follower.selection), since, self.cursor, skipped), self.cursor

    def _greet(self, follower: Follower, since: EntryId | None = None) -> None:
        follower.slot.notice(self._hello())
        self.fill(follower, since)

    def _hello(self) -> str:
        return encode(
            "hello",
            protocol=PROTOCOL,
            epoch=self.epoch,
            stream=names.shown(self.stream),
            now=self._now(),
            **self.settings.plain(self._fields_seen()),
            window_ms=self.window.span_ms,
            bucket_ms=BUCKET_MS,
            tick_ms=int(COALESCE_S * 1000),
            sensors_total=len(self.latest.rows),
            sensors_limit=MOST_SENSORS,
        )

    def _fields_seen(self) -> set[str]:
        return {name for fields in self.window.series.values() for name in fields}

    def complete_from(self, now_ms: int, margin_ms: int, recorded_ms: int | None) -> int:
        """From when on memory has everything, but for a margin that is just going; all by the server's clock.

        A log that is kept for less than the window has less, and what was recorded up to `recorded_ms` has the rest.
        """
        oldest, since = now_ms - self.window.span_ms + margin_ms, self.totals.since_ms
        return max(oldest, since) if since is not None and recorded_ms and recorded_ms >= since else oldest

    def _now(self) -> int:
        """The server's clock as of the newest thing it told us, in ms."""
        return max(self.cursor.ms, self.health.newest_id.ms)

    def fill(self, follower: Follower, since: EntryId | None) -> None:
        """Send a follower everything, or what changed since a frame."""
        follower.slot.fill(self._histories(follower.selection, since))
        follower.slot.cursor = self.cursor
        self._view(follower, {})

    def _histories(self, selection: Selection, since: EntryId | None) -> Iterator[str]:
        """In parts; only the last says that everything up to now is there."""
        sensors = self._chosen(selection)
        for start in range(0, max(len(sensors), 1), SENSORS_TOGETHER):
            is_last = start + SENSORS_TOGETHER >= len(sensors)
            part = sensors[start : start + SENSORS_TOGETHER]
            yield self._history(part, since, self.cursor if is_last else since or ZERO)

    def _history(self, sensors: Sequence[str], since: EntryId | None, reached: EntryId, skipped: int = 0) -> str:
        columns = self.window.columns(sensors, self._now() - self.window.span_ms, since.ms if since else 0)
        rows, counts = self.latest.rows, self.totals.counts
        known = {s: {"last_id": str(rows[s].last_id), "count": counts[s]} for s in sensors if s in rows}
        extra = {"skipped": skipped} if skipped else {}
        return encode(
            "history",
            id=str(reached),
            since=str(since) if since else None,
            sensors=known,
            span_from=columns["t"][0] if columns["t"] else None,
            **columns,
            **extra,
        )

    def _chosen(self, selection: Selection) -> list[str]:
        known = self.window.series
        if selection is not None:
            return sorted(selection & known.keys(), key=natural)[:MOST_SELECTED]
        if len(self._usual) < min(len(known), MOST_SENSORS):
            self._usual = sorted(known, key=natural)[:MOST_SENSORS]
        return self._usual

    def _flush(self) -> None:
        self._flush_at = None
        self._flushed_s = asyncio.get_running_loop().time()
        touched, self._touched = self._touched, {}
        texts: dict[Selection, str] = {}
        for follower in list(self.followers):
            selection = follower.selection
            if selection not in texts:
                texts[selection] = self._frame(touched, selection)
            if texts[selection]:
                follower.slot.frame(texts[selection], self.cursor)

    def _overview(self) -> None:
        """What is newest of all sensors; a follower that is stuck gets it with the next."""
        self._view_at, self._viewed_s = None, asyncio.get_running_loop().time()
        texts: dict[tuple[int, int], str] = {}
        for follower in list(self.followers):
            self._view(follower, texts)

    def _view(self, follower: Follower, texts: dict[tuple[int, int], str]) -> None:
        if len(self.latest.rows) <= MOST_SENSORS or follower.version == self.latest.version:
            return
        has = (follower.version, follower.named)
        if has not in texts:
            texts[has] = encode("overview", **self.latest.since(*has))
        if follower.slot.offer(texts[has]):
            follower.version, follower.named = self.latest.version, len(self.latest.rows)

    def _frame(self, touched: Touched, selection: Selection) -> str:
        """One bucket goes as a frame, several (as at the turn of a second) as columns; empty when none is wanted."""
        chosen = set(self._chosen(None) if selection is None else selection)
        wanted = {start: sensors & chosen for start, sensors in touched.items() if sensors & chosen}
        if len(wanted) > 1:
            everyone: set[str] = set().union(*wanted.values())
            return self._columns_of(min(wanted), everyone)
        if not wanted:
            return ""
        ((start, sensors),) = wanted.items()
        return encode("frame", id=str(self.cursor), t=start, readings=self.window.cells(start, sensors))

    def _columns_of(self, oldest: int, sensors: Collection[str]) -> str:
        columns = self.window.columns(sorted(sensors, key=natural), oldest)
        return encode("history", id=str(self.cursor), since=str(self.cursor), sensors={}, span_from=oldest, **columns)

    def rows(self, most: int) -> list[dict[str, Any]]:
        """The first sensors as plain values: newest entry, readings, newest value of each field."""
        return self.latest.described(self.totals.counts, most)

    async def sensors(self) -> dict[str, Any]:
        """What the log retains per sensor, as plain values."""
        return {"sensors": describe(self.totals.by_sensor()), "since_ms": self.totals.since_ms, "epoch": self.epoch}
