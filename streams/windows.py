"""The last minutes of one stream as looks: what verdicts, rates and forecasts are made from. Pure, and never longer."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from streams.ids import EntryId
from streams.snapshot import ConsumerGroup, Snapshot, Stream
from streams.thresholds import Thresholds

# Rates are taken over this time: short enough to be now, long enough not to flicker.
RATE_WINDOW_MS = 5000


@dataclass(frozen=True, slots=True)
class Look:
    """A group and its stream at one moment (server clock, ms)."""

    at: int
    stream: Stream
    group: ConsumerGroup


@dataclass(frozen=True, slots=True)
class GroupWindow:
    """Looks at one group of the stream of that name, oldest first; the last one is now.

    `peak` is the highest last-delivered ID seen, `lost` how many entries at least were trimmed or deleted unread within
    the window (0: none that is known of).
    """

    name: bytes
    limits: Thresholds
    looks: Sequence[Look]
    peak: EntryId
    lost: int

    @property
    def first(self) -> Look:
        """The oldest look."""
        return self.looks[0]

    @property
    def now(self) -> Look:
        """The newest look."""
        return self.looks[-1]

    @property
    def span_ms(self) -> int:
        """The time between the oldest and the newest look."""
        return self.now.at - self.first.at

    @property
    def is_full(self) -> bool:
        """Whether the looks cover the time that most verdicts take."""
        return self.span_ms >= self.limits.span_ms

    @property
    def moved(self) -> bool:
        """Whether the position changed within the window."""
        return any(look.group.last_delivered != self.first.group.last_delivered for look in self.looks)


class StreamWindow:
    """Takes snapshots of one stream; keeps one per step for the verdicts and the newest few for the rates."""

    def __init__(self, limits: Thresholds) -> None:
        self._limits = limits
        self._forget()

    def _forget(self) -> None:
        self._steps: deque[Snapshot] = deque(maxlen=self._limits.samples)
        self._recent: deque[Snapshot] = deque()
        self._peaks: dict[bytes, EntryId] = {}
        self._losses: dict[bytes, deque[tuple[int, int]]] = {}

    @property
    def newest(self) -> Snapshot | None:
        """The last snapshot taken."""
        return self._recent[-1] if self._recent else None

    @property
    def recent(self) -> Sequence[Snapshot]:
        """The snapshots that rates are taken from, oldest first."""
        return self._recent

    def is_step(self, at: int) -> bool:
        """Whether a snapshot taken then would be one that verdicts are judged by."""
        return not self._steps or at - self._steps[-1].taken_at >= self._limits.step_ms

    def take(self, snapshot: Snapshot) -> bool:
        """Remember a snapshot; whether the stream started anew, which forgets everything before."""
        anew = started_anew(self.newest, snapshot)
        if anew:
            self._forget()
        self._note_losses(snapshot)
        self._peaks = {
            group.name: max(group.last_delivered, self._peaks.get(group.name, group.last_delivered))
            for group in snapshot.groups
        }
        if self.is_step(snapshot.taken_at):
            self._steps.append(snapshot)
        self._recent.append(snapshot)
        while len(self._recent) > 2 and snapshot.taken_at - self._recent[1].taken_at >= RATE_WINDOW_MS:
            self._recent.popleft()
        return anew

    def stream_looks(self) -> list[Snapshot]:
        """The snapshots verdicts are judged by; the newest is always the last."""
        newest = self.newest
        steps = list(self._steps)
        return steps if newest is None or (steps and steps[-1] is newest) else [*steps, newest]

    def group(self, name: bytes) -> GroupWindow:
        """The window of a group that the newest snapshot has; it begins where the group was last missing."""
        looks: list[Look] = []
        for snapshot in self.stream_looks():
            found = snapshot.group(name)
            if found is None or snapshot.stream is None:
                looks.clear()
            else:
                looks.append(Look(snapshot.taken_at, snapshot.stream, found))
        lost = max((count for _, count in self._losses.get(name, ())), default=0)
        return GroupWindow(self._steps[-1].name, self._limits, looks, self._peaks[name], lost)

    def _note_losses(self, snapshot: Snapshot) -> None:
        for group in snapshot.groups:
            if snapshot.stream and (count := lost(self._before(group.name), snapshot.stream, group)):
                self._losses.setdefault(group.name, deque()).append((snapshot.taken_at, count))
        for losses in self._losses.values():
            while losses and snapshot.taken_at - losses[0][0] > self._limits.span_ms:
                losses.popleft()

    def _before(self, name: bytes) -> ConsumerGroup | None:
        return self.newest.group(name) if self.newest else None


def lost(before: ConsumerGroup | None, stream: Stream, group: ConsumerGroup) -> int:
    """How many entries at least went from the stream before the group was given them; 0 when none is known of.

    Only while the position lies before the first entry there is: all that is left is unread then, so what was added
    less what was read less what is there is gone. Without the server's counts, an entry that was seen unread and is
    gone now proves one.
    """
    if group.last_delivered >= stream.last_id or (stream.first_id and stream.first_id <= group.last_delivered):
        return 0
    counted = 0
    if stream.entries_added is not None and group.entries_read is not None:
        counted = max(0, stream.entries_added - group.entries_read - stream.length)
    witness = before.first_unread if before else None
    vanished = witness and group.last_delivered < witness and (stream.first_id is None or stream.first_id > witness)
    return max(counted, int(bool(vanished)))


def started_anew(earlier: Snapshot | None, later: Snapshot) -> bool:
    """Whether the stream lost what it once had: its newest ID or its count of entries went down, or it is gone."""
    if earlier is None or earlier.stream is None:
        return False
    if later.stream is None:
        return not later.problem
    added = (earlier.stream.entries_added, later.stream.entries_added)
    fewer = added[0] is not None and added[1] is not None and added[1] < added[0]
    return fewer or later.stream.last_id < earlier.stream.last_id
