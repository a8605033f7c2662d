"""Handlers: what is to be done with the entries of a group, as a plain Python function.

A handler is named in HANDLER as `package.module.function`. It is called with a batch of entries and returns None, or a
mapping of the IDs it rejects to reasons, which go to the dead letters. When it raises, it is called again with each
entry alone; one that it raises on alone stays pending and is tried again, MAX_DELIVERIES times in all. Effects are
therefore at least once: `Entry.key` is the same each time. A batch is as large as it can do in about two seconds; an
entry that takes longer than CLAIM_IDLE_MS is handled by another worker as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module

from streams.batches import RawEntry
from streams.errors import BadRequest
from streams.ids import EntryId
from streams.readings import BadReading, Reading, Shape, parse


@dataclass(frozen=True)
class Entry:
    """One entry of the stream as a handler gets it: `fields` maps names to values, both as bytes.

    Of a name that occurs twice, `fields` has the last value. `deliveries` counts this one.
    """

    id: str
    fields: Mapping[bytes, bytes]
    deliveries: int
    epoch: str
    pairs: Sequence[bytes] = field(repr=False)
    shape: Shape = field(repr=False)

    @property
    def key(self) -> str:
        """What makes the effect of this entry recognisable when it is handled again."""
        return f"{self.epoch}/{self.id}"

    @cached_property
    def reading(self) -> Reading | None:
        """The entry as a reading; None when it is none."""
        try:
            return parse(EntryId.parse(self.id), self.pairs, self.shape)
        except BadReading:
            return None


Handler = Callable[[Sequence[Entry]], Mapping[str, str] | None]


@dataclass
class Handled:
    """What a handler made of a batch: entry IDs it rejected and those it raised on alone, with the reasons."""

    rejected: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def load(path: str) -> Handler:
    """The function behind a dotted path. Raises BadRequest when there is none."""
    module, _, name = path.rpartition(".")
    try:
        handler = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadRequest(f"HANDLER {path!r} cannot be loaded: {error}.") from error
    if not callable(handler):
        raise BadRequest(f"HANDLER {path!r} is not a function.")
    return handler  # type: ignore[no-any-return]  # what it really takes shows when it is called


def entry(raw: RawEntry, deliveries: int, epoch: str, shape: Shape) -> Entry:
    """The entry behind a raw one that is not gone."""
    raw_id, pairs = raw[0], raw[1] or ()
    return Entry(raw_id.decode(), dict(zip(pairs[::2], pairs[1::2], strict=True)), deliveries, epoch, pairs, shape)


def handle(handler: Handler, entries: Sequence[Entry]) -> Handled:
    """Call the handler, with all entries or, if that fails, with each alone. Raises nothing that the handler raises."""
    try:
        return Handled(rejected=_rejected(handler(entries), entries))
    except Exception as error:  # noqa: BLE001 - a handler may raise anything; it is kept as the reason
        if len(entries) == 1:
            return Handled(failed={entries[0].id: _described(error)})
    return _joined(handle(handler, [entry]) for entry in entries)


def _rejected(answer: Mapping[str, str] | None, entries: Sequence[Entry]) -> dict[str, str]:
    if answer is None:
        return {}
    if not isinstance(answer, Mapping):
        raise TypeError(f"a handler returns None or a mapping of entry IDs to reasons, not {type(answer).__name__}")
    unknown = answer.keys() - {entry.id for entry in entries}
    if unknown:
        raise ValueError(f"the handler rejected {sorted(map(str, unknown))[0]}, which it was not given")
    return {entry_id: str(reason) for entry_id, reason in answer.items()}


def _joined(parts: Iterable[Handled]) -> Handled:
    whole = Handled()
    for part in parts:
        whole.rejected |= part.rejected
        whole.failed |= part.failed
    return whole


def _described(error: Exception) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text}"[:500] if text else type(error).__name__
