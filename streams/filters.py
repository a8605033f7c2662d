"""Filters for pending entries: as people type them, as JSON keeps them, as a sentence says them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from streams.durations import parse_ms, spoken
from streams.ids import EntryId
from streams.names import from_path, meant, shown, to_path
from streams.snapshot import PendingFilter
from streams.wording import counted

# What a query may hold; `consumer` is a path segment or what somebody typed.
NAMES = ("consumer", "min_idle", "min_deliveries", "min_age", "field", "value")
_LARGEST_DIGITS = 15


@dataclass
class Asked:
    """A filter as it was asked for: the texts, what they mean, and by field what is wrong with them."""

    texts: dict[str, str]
    wanted: PendingFilter = field(default_factory=PendingFilter)
    after: EntryId | None = None
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def is_filtered(self) -> bool:
        """Whether something may be hidden."""
        return any(self.texts.values())

    def query(self, **more: str) -> str:
        """The query string that asks for the same, and more; an empty text takes a part away."""
        texts = {**self.texts, **more}
        return urlencode({name: text for name, text in texts.items() if text})


def parse(query: Mapping[str, str], consumers: Iterable[bytes], now_ms: int) -> Asked:
    """Read a query; ages count from `now_ms`. What is wrong stands in `errors`, and filters nothing."""
    asked = Asked({name: query.get(name, "").strip() for name in NAMES})
    texts, errors = asked.texts, asked.errors

    def duration(name: str) -> int:
        try:
            return parse_ms(texts[name] or "0")
        except ValueError as error:
            errors[name] = str(error)
            return 0

    age_ms = duration("min_age")
    if texts["value"] and not texts["field"]:
        errors["field"] = "Which field must have this value?"
    asked.wanted = PendingFilter(
        consumer=named(texts["consumer"], consumers) if texts["consumer"] else None,
        min_idle_ms=duration("min_idle"),
        min_deliveries=_number(texts["min_deliveries"], errors),
        upto=EntryId(max(0, now_ms - age_ms), 0).previous() if age_ms else None,
        having=(texts["field"].encode(), query.get("value", "").encode()) if texts["field"] else None,
    )
    try:
        asked.after = EntryId.parse(query["after"]) if query.get("after") else None
    except ValueError as error:
        errors["after"] = str(error)
    return asked


def named(text: str, existing: Iterable[bytes]) -> bytes:
    """The name that a path segment or a typed text stands for: an existing one that reads like this, else the text."""
    known = list(existing)
    for name in known:
        if to_path(name) == text:
            return name
    found = meant(text, known)
    if found in known or not text.startswith("~"):
        return found
    try:
        return from_path(text)
    except ValueError:
        return found


def _number(text: str, errors: dict[str, str]) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) <= _LARGEST_DIGITS):
        errors["min_deliveries"] = f"{text[:40]!r} is not a whole number."
        return 0
    return int(text or "0")


def to_plain(wanted: PendingFilter) -> dict[str, Any]:
    """A filter as JSON keeps it."""
    return {
        "consumer": None if wanted.consumer is None else wanted.consumer.hex(),
        "min_idle_ms": wanted.min_idle_ms,
        "min_deliveries": wanted.min_deliveries,
        "upto": wanted.upto and str(wanted.upto),
        "having": wanted.having and [part.hex() for part in wanted.having],
    }


def from_plain(plain: Mapping[str, Any]) -> PendingFilter:
    """The filter that `to_plain` wrote."""
    having = plain["having"]
    return PendingFilter(
        consumer=None if plain["consumer"] is None else bytes.fromhex(plain["consumer"]),
        min_idle_ms=plain["min_idle_ms"],
        min_deliveries=plain["min_deliveries"],
        upto=EntryId.parse(plain["upto"]) if plain["upto"] else None,
        having=(bytes.fromhex(having[0]), bytes.fromhex(having[1])) if having else None,
    )


def in_words(wanted: PendingFilter) -> str:
    """What passes, such as `of worker-1, idle for at least 5 min`; `all` for an empty filter."""
    parts = []
    if wanted.consumer is not None:
        parts.append(f"of {shown(wanted.consumer) or '(empty name)'}")
    if wanted.min_idle_ms:
        parts.append(f"idle for at least {spoken(wanted.min_idle_ms)}")
    if wanted.min_deliveries:
        parts.append(f"delivered at least {counted(wanted.min_deliveries, 'time')}")
    if wanted.upto:
        parts.append(f"added up to {wanted.upto}")
    if wanted.having:
        parts.append(f"with {shown(wanted.having[0])} = {shown(wanted.having[1])}")
    return ", ".join(parts) or "all"


def at_least_idle(wanted: PendingFilter, min_idle_ms: int) -> PendingFilter:
    """The filter, for entries that are idle for at least so long as well."""
    return replace(wanted, min_idle_ms=max(wanted.min_idle_ms, min_idle_ms))
