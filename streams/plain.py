"""Rows as plain values for JSON and pages: text that is safe to show, cut where it is long, unknown as None."""

from __future__ import annotations

from typing import Any

from streams.letters import Letter
from streams.names import shown, to_path
from streams.snapshot import Entry, PendingEntry

# One value, and one row, may not make an answer of unbounded size; the whole entry is for redis-cli.
LONGEST_TEXT = 2048
MOST_FIELDS = 200
# Numbers beyond this are rounded by JavaScript.
LARGEST_NUMBER = 2**53 - 1


def pending_row(row: PendingEntry) -> dict[str, Any]:
    """A pending entry as plain values.

    `fields` are name-value pairs in their order (names may repeat), None when the entry is `gone`; `cut` says that a
    name or value was shortened to LONGEST_TEXT bytes, or fields beyond MOST_FIELDS left out. `idle_ms` is None when
    the server does not say (an entry that was given back has no owner and no idle time).
    """
    fields, cut = _fields(row.entry)
    return {
        "id": str(row.entry_id),
        "consumer": shown(row.consumer),
        "consumer_path": to_path(row.consumer),
        "idle_ms": row.idle_ms if row.idle_ms >= 0 else None,
        "deliveries": safe_number(row.deliveries),
        "gone": row.entry is None,
        "fields": fields,
        "cut": cut,
    }


def entry_row(entry: Entry) -> dict[str, Any]:
    """An entry as plain values; `fields` and `cut` as in `pending_row`."""
    fields, cut = _fields(entry)
    return {"id": str(entry.entry_id), "fields": fields, "cut": cut}


def letter_row(letter: Letter) -> dict[str, Any]:
    """A dead letter as plain values; `fields` and `cut` as in `pending_row`."""
    fields, cut = _fields(Entry(letter.letter_id, tuple(letter.pairs)))
    return {
        "id": str(letter.letter_id),
        "entry_id": letter.entry_id,
        "reason": letter.reason,
        "group": shown(letter.group),
        "consumer": shown(letter.consumer),
        "deliveries": letter.deliveries,
        "error": letter.error,
        "fields": fields,
        "cut": cut,
    }


def lag_in_words(group: dict[str, Any]) -> str:
    """The lag of a described group (`health.describe`): a number, `at most` or `at least` one, or `unknown` and why."""
    if group["lag"] is None:
        return f"unknown: {group['lag_reason']}"
    number = f"{group['lag']:,}"
    return number if group["lag_quality"] == "exact" else f"{group['lag_quality']} {number}"


def safe_number(number: int) -> int | str:
    """The number, as text when JSON readers in browsers would round it."""
    return number if abs(number) <= LARGEST_NUMBER else str(number)


def _fields(entry: Entry | None) -> tuple[list[list[str]] | None, bool]:
    if entry is None:
        return None, False
    pairs = entry.fields()
    kept = pairs[:MOST_FIELDS]
    cut = len(kept) < len(pairs) or any(len(part) > LONGEST_TEXT for pair in kept for part in pair)
    return [[_cut(name), _cut(value)] for name, value in kept], cut


def _cut(value: bytes) -> str:
    """The start of a value; a character that the cut went through is left out."""
    if len(value) <= LONGEST_TEXT:
        return shown(value)
    end = LONGEST_TEXT
    while end > LONGEST_TEXT - 3 and value[end] & 0xC0 == 0x80:
        end -= 1
    return shown(value[:end])
