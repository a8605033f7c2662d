"""Which entries of a stream are asked for, as people type it: up to where, from where on, with which value. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from streams.ids import LARGEST, ZERO, EntryId
from streams.positions import parse_from, parse_until

NAMES = ("until", "from", "field", "value")


@dataclass
class Asked:
    """The texts, what they mean (None: not asked for), and by name what is wrong; `at` is how far a search has come."""

    texts: dict[str, str]
    upper: EntryId | None = None
    lower: EntryId = ZERO
    having: tuple[bytes, bytes] | None = None
    at: EntryId | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def query(self, **more: str) -> str:
        """The query string that asks for the same, and more."""
        texts = {**self.texts, **more}
        return urlencode({name: text for name, text in texts.items() if text})


def parse(query: Mapping[str, str]) -> Asked:
    """Read a query; what is wrong stands in `errors`, and asks for nothing."""
    asked = Asked({name: query.get(name, "").strip() for name in NAMES})
    texts, errors = asked.texts, asked.errors

    def read(name: str, reader: Callable[[str], EntryId]) -> EntryId | None:
        text = query.get(name, "").strip()
        try:
            return reader(text) if text else None
        except ValueError as error:
            errors[name] = str(error)
            return None

    asked.upper, asked.lower = read("until", parse_until), read("from", parse_from) or ZERO
    asked.at = read("at", EntryId.parse)
    if texts["value"] and not texts["field"]:
        errors["field"] = "Which field must have this value?"
    if asked.lower > (asked.upper or LARGEST):
        errors["from"] = "This is later than the end."
    if texts["field"]:
        asked.having = (texts["field"].encode(), query.get("value", "").encode())
    return asked


def share(span: tuple[EntryId, EntryId], reached: EntryId | None) -> float | None:
    """How much of a span (first, last), from its end, lies behind: 0 to 1, by the milliseconds in the IDs.

    None when that cannot be said, because the span lies within a millisecond.
    """
    first, last = span
    if reached is None:
        return 1.0
    width = last.ms - first.ms
    return min(1.0, max(0.0, (last.ms - reached.ms) / width)) if width > 0 else None
