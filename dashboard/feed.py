"""One stream's readings and figures inside this process, and the sockets that follow them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from dashboard.messages import PROTOCOL, encode
from dashboard.slots import Slot
from dashboard.totals import Totals, describe, natural
from dashboard.window import Touched, Window
from streams import access, names
from streams.frames import BUCKET_MS, Frame
from streams.ids import ZERO, EntryId

# A lone frame goes out at once; of many, everything within this time goes out together.
COALESCE_S = 0.05
MOST_SENSORS = 100
HEALTH_SAMPLES = 900

Selection = frozenset[str] | None


@dataclass(eq=False)
class Follower:
    """A socket that follows a feed: its way out, and the sensors it wants (None for all, up to MOST_SENSORS).

    `limit` are patterns of the streams that it may hear of.
    """

    slot: Slot
    selection: Selection = None
    limit: access.Reach = None


@dataclass
class Health:
    """The newest figures of a stream and a short history of the ones that are drawn."""

    newest: dict[str, Any] | None = None
    newest_id: EntryId = ZERO
    samples: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=HEALTH_SAMPLES))

    def take(self, entry_id: EntryId, figures: dict[str, Any]) -> str:
        """Remember figures; the message that carries them."""
        self.newest, self.newest_id = figures, entry_id
        groups = {g["name"]: {"lag": g["lag"], "pending": g["pending"]} for g in figures["groups"]}
        length = figures["stream"] and figures["stream"]["length"]
        self.samples.append({"t": figures["t"], "length": length, "groups": groups})
        return self.message()

    def message(self) -> str:
        """The newest figures as a metrics message."""
        return encode("metrics", id=str(self.newest_id), **(self.newest or {}))

    def history(self) -> str:
        """Lag and pending of each group over the samples kept, on one time grid."""
        found = sorted({name for sample in self.samples for name in sample["groups"]})
        groups = {
            name: {
                figure: [s["groups"].get(name, {}).get(figure) for s in self.samples] for figure in ("lag", "pending")
            }
            for name in found
        }
        times, lengths = [s["t"] for s in self.samples], [s["length"] for s in self.samples]
        return encode("metrics_history", id=str(self.newest_id), t=times, length=lengths, groups=groups)


class Feed:
    """Takes frames and figures as they come and hands them to every follower, each text encoded once."""

    def __init__(self, stream: bytes, units: dict[str, str]) -> None:
        self.stream, self._units = stream, units
        self.epoch = ""
        self.health = Health()
        self.followers: set[Follower] = set()
        self.filled = asyncio.Event()
        self._flush_at: asyncio.TimerHandle | None = None
        self._flushed_s = 0.0
        self._forget()

    def _forget(self) -> None:
        self.cursor = ZERO
        self.window, self.totals = Window(), Totals()
        self._touched: Touched = {}

    def restart(self, epoch: str) -> None:
        """A new history: what was known is gone, and every follower is told so."""
        self._forget()
        self.epoch = epoch
        for follower in self.followers:
            self._greet(follower)

    def take(self, log_id: EntryId, frame: Frame) -> None:
        """Count one frame of the log; followers get it now or with the next few."""
        self.cursor = log_id
        self.totals.merge(frame, log_id)
        for start, sensors in self.window.merge(frame, log_id).items():
            self._touched.setdefault(start, set()).update(sensors)
        if self.followers and self._flush_at is None:
            loop = asyncio.get_running_loop()
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
        return self._history(follower.selection, since, skipped), self.cursor

    def _greet(self, follower: Follower, since: EntryId | None = None) -> None:
        seen = {name for fields in self.window.series.values() for name in fields}
        fields = sorted(seen | self._units.keys(), key=self._field_order)
        hello = encode(
            "hello",
            protocol=PROTOCOL,
            epoch=self.epoch,
            stream=names.shown(self.stream),
            now=self._now(),
            fields=[{"name": name, "unit": self._units.get(name, "")} for name in fields],
            window_ms=self.window.span_ms,
            bucket_ms=BUCKET_MS,
            tick_ms=int(COALESCE_S * 1000),
            sensors_total=len(self.window.series),
            sensors_limit=MOST_SENSORS,
        )
        follower.slot.notice(hello)
        self.fill(follower, since)

    def complete_from(self, now_ms: int, margin_ms: int, recorded_ms: int | None) -> int:
        """From when on memory has everything, but for a margin that is just going; all by the server's clock.

        A log that is kept for less than the window has less, and what was recorded up to `recorded_ms` has the rest.
        """
        oldest, since = now_ms - self.window.span_ms + margin_ms, self.totals.since_ms
        return max(oldest, since) if since is not None and recorded_ms and recorded_ms >= since else oldest

    def _now(self) -> int:
        """The server's clock as of the newest thing it told us, in ms."""
        return max(self.cursor.ms, self.health.newest_id.ms)

    def _field_order(self, name: str) -> tuple[int, str]:
        known = list(self._units)
        return (known.index(name) if name in known else len(known), name)

    def fill(self, follower: Follower, since: EntryId | None) -> None:
        """Send a follower everything, or what changed since a frame."""
        follower.slot.notice(self._history(follower.selection, since, 0))
        follower.slot.cursor = self.cursor

    def _history(self, selection: Selection, since: EntryId | None, skipped: int) -> str:
        sensors = self._chosen(selection)
        columns = self.window.columns(sensors, self._now() - self.window.span_ms, since.ms if since else 0)
        totals = self.totals.by_sensor()
        latest = {s: {"last_id": str(totals[s].last_id), "count": totals[s].count} for s in sensors if s in totals}
        since_text = str(since) if since else None
        extra = {"skipped": skipped} if skipped else {}
        return encode(
            "history",
            id=str(self.cursor),
            since=since_text,
            sensors=latest,
            span_from=columns["t"][0] if columns["t"] else None,
            **columns,
            **extra,
        )

    def _chosen(self, selection: Selection) -> Sequence[str]:
        known = self.window.series
        wanted = sorted(known if selection is None else selection & known.keys(), key=natural)
        return wanted[:MOST_SENSORS]

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

    def _frame(self, touched: Touched, selection: Selection) -> str:
        """One bucket goes as a frame, several (as at the turn of a second) as columns; empty when none is wanted."""
        chosen = set(self._chosen(selection))
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

    async def sensors(self) -> dict[str, Any]:
        """What the log retains per sensor, as plain values."""
        return {"sensors": describe(self.totals.by_sensor()), "since_ms": self.totals.since_ms, "epoch": self.epoch}
