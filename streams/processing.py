"""From entries to what is committed of them: by aggregation alone, or by a handler first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from streams import handlers
from streams.batches import RawEntry, digest
from streams.frames import Frame
from streams.handlers import Entry, Handled, Handler
from streams.letters import GONE, DeadLetter
from streams.readings import Shape
from streams.wording import counted

# Before anything is known of a handler.
FIRST_COUNT = 16


@dataclass
class Processed:
    """The effect of a batch: `ids` to acknowledge in ID order, readings, dead letters; IDs of what failed and why.

    What failed is not among `ids`: it stays pending.
    """

    ids: Sequence[bytes]
    frame: Frame
    dead: Sequence[DeadLetter]
    failed: Mapping[bytes, str] = field(default_factory=dict)


class Pace:
    """How many entries to take at once, so that handling them takes about `budget_s` and never more than `most`.

    Who holds entries for longer than that cannot stop in time, and others believe they were left behind.
    """

    def __init__(self, most: int, budget_s: float) -> None:
        self._most, self._budget_s = most, budget_s
        self.count = min(most, FIRST_COUNT)

    def took(self, entries: int, seconds: float) -> None:
        """Learn from a batch; a larger one is tried in steps of two, a smaller one at once."""
        fitting = int(self._budget_s / max(seconds / entries, 1e-9))
        self.count = max(1, min(self._most, fitting, 2 * self.count))


class Processor:
    """Knows how entries of one stream are processed. Without a handler, what is no reading is a dead letter."""

    def __init__(
        self,
        shape: Shape,
        handler: Handler | None,
        max_deliveries: int,
        pace: Pace | None = None,
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.shape, self._handler, self._max_deliveries = shape, handler, max_deliveries
        self._pace, self._clock = pace, clock

    @property
    def is_quick(self) -> bool:
        """Whether processing takes no longer than reading: then entries may be read ahead."""
        return self._handler is None

    def at_once(self, most: int) -> int:
        """How many entries to take at once, at most so many."""
        return min(most, self._pace.count) if self._pace else most

    def process(self, entries: Sequence[RawEntry], deliveries: Mapping[bytes, int], epoch: str) -> Processed:
        """Handle and count a batch; `deliveries` knows the entries that are not delivered for the first time."""
        if self._handler is None:
            return self.count(entries, deliveries)
        given = [handlers.entry(raw, deliveries.get(raw[0], 1), epoch, self.shape) for raw in entries if raw[1]]
        return self._of_handled(entries, deliveries, self._handled(self._handler, given) if given else Handled())

    def count(
        self, entries: Sequence[RawEntry], deliveries: Mapping[bytes, int], without: Collection[bytes] = ()
    ) -> Processed:
        """Count readings only; what is none is a dead letter."""
        batch = digest(entries, self.shape, without)
        dead = [_delivered(letter, deliveries) for letter in batch.dead] if deliveries else batch.dead
        return Processed(batch.ids, batch.frame, dead)

    def without(
        self, entries: Sequence[RawEntry], deliveries: Mapping[bytes, int], earlier: Processed, lost: Collection[bytes]
    ) -> Processed:
        """The same effect but for entries that were lost meanwhile; the handler is not called again."""
        if self._handler is None:
            return self.count(entries, deliveries, lost)
        kept = [raw for raw in entries if raw[0] in set(earlier.ids).difference(lost)]
        dead = [letter for letter in earlier.dead if letter.entry_id not in lost]
        return Processed([raw[0] for raw in kept], self._frame(kept, dead), dead, earlier.failed)

    def _handled(self, handler: Handler, given: Sequence[Entry]) -> Handled:
        began = self._clock()
        handled = handlers.handle(handler, given)
        if self._pace:
            self._pace.took(len(given), self._clock() - began)
        return handled

    def _of_handled(self, entries: Sequence[RawEntry], deliveries: Mapping[bytes, int], handled: Handled) -> Processed:
        dead: list[DeadLetter] = []
        failed: dict[bytes, str] = {}
        for raw_id, pairs in entries:
            times, name = deliveries.get(raw_id, 1), raw_id.decode()
            if pairs is None:
                dead.append(DeadLetter(raw_id, GONE, (), times))
            elif name in handled.rejected:
                dead.append(DeadLetter(raw_id, handled.rejected[name], pairs, times))
            elif name in handled.failed and times >= self._max_deliveries:
                dead.append(DeadLetter(raw_id, given_up(times), pairs, times, handled.failed[name]))
            elif name in handled.failed:
                failed[raw_id] = handled.failed[name]
        kept = [raw for raw in entries if raw[0] not in failed]
        return Processed([raw[0] for raw in kept], self._frame(kept, dead), dead, failed)

    def _frame(self, entries: Sequence[RawEntry], dead: Sequence[DeadLetter]) -> Frame:
        """Entries that a handler took care of are counted where they are readings, and need not be any."""
        return digest(entries, self.shape, {letter.entry_id for letter in dead}).frame


def given_up(deliveries: int) -> str:
    """Why an entry is a dead letter that was delivered so often."""
    return f"delivered {counted(deliveries, 'time')} and never acknowledged"


def _delivered(letter: DeadLetter, deliveries: Mapping[bytes, int]) -> DeadLetter:
    times = deliveries.get(letter.entry_id, letter.deliveries)
    return DeadLetter(letter.entry_id, letter.reason, letter.pairs, times, letter.error)
