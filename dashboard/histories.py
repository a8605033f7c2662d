"""Filling browsers: what many ask for at the same time, as after a restart, is encoded once for all of them."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.memory import Memory, Selection
from dashboard.messages import Message
from streams.ids import ZERO, EntryId

# A history of more sensors is made in parts, so that one browser's many sensors hold up nobody else.
SENSORS_TOGETHER = 50
# What is added to a history after it was made goes in one more message: for a while that is little.
KEPT_S = 5.0
MOST_KEPT = 32


class _Shared:
    """Messages that are made when the first reader comes to them, and kept for the others."""

    def __init__(self, messages: Iterator[Message], began: EntryId, at_s: float) -> None:
        self.began, self.at_s = began, at_s
        self._made: list[Message] = []
        self._rest = messages

    def read(self) -> Iterator[Message]:
        at = 0
        while at < len(self._made) or self._make():
            yield self._made[at]
            at += 1

    def _make(self) -> bool:
        following = next(self._rest, None)
        if following is not None:
            self._made.append(following)
        return following is not None


class Histories:
    """Histories of one stream's memory. Times are the server's clock in ms, or any steady clock in s."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._kept: dict[tuple[Selection, EntryId | None], _Shared] = {}
        self._ends: dict[tuple[Selection, EntryId], Message] = {}
        self._ends_at = ZERO

    def of(
        self, selection: Selection, since: EntryId | None, now_ms: int, now_s: float
    ) -> tuple[Iterator[Message], EntryId]:
        """The window for a selection, of what came after `since` if given; and the ID from which `end` goes on."""
        shared = self._kept.get((selection, since))
        if shared is None or now_s - shared.at_s > KEPT_S:
            shared = _Shared(self._parts(selection, since, now_ms), self._memory.cursor, now_s)
            self._keep((selection, since), shared, now_s)
        return shared.read(), shared.began

    def end(self, selection: Selection, began: EntryId, now_ms: int) -> Message | None:
        """What came since a history was begun; None when nothing did."""
        memory, key = self._memory, (selection, began)
        if memory.cursor == began:
            return None
        if self._ends_at != memory.cursor:
            self._ends_at, self._ends = memory.cursor, {}
        if key not in self._ends:
            self._ends[key] = memory.history(memory.chosen(selection), began, memory.cursor, now_ms)
        return self._ends[key]

    def _parts(self, selection: Selection, since: EntryId | None, now_ms: int) -> Iterator[Message]:
        """Only the last says that everything up to where it began is there."""
        memory, sensors = self._memory, self._memory.chosen(selection)
        began = memory.cursor
        for start in range(0, max(len(sensors), 1), SENSORS_TOGETHER):
            is_last = start + SENSORS_TOGETHER >= len(sensors)
            part = sensors[start : start + SENSORS_TOGETHER]
            yield memory.history(part, since, began if is_last else since or ZERO, now_ms)

    def _keep(self, key: tuple[Selection, EntryId | None], shared: _Shared, now_s: float) -> None:
        self._kept = {k: known for k, known in self._kept.items() if now_s - known.at_s <= KEPT_S}
        if len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = shared
