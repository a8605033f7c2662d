"""The ledger as CSV, row by row, so that its size does not matter."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

from streams.models import LedgerEntry

COLUMNS = (
    *("at", "actor", "source", "action", "outcome", "stream", "group", "consumer"),
    *("asked", "done", "missed", "duration_ms", "detail", "ids_total", "ids"),
)
# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Line:
    """What csv.writer writes to: hands the line on."""

    def write(self, line: str) -> str:
        """The line."""
        return line


def lines(rows: Iterable[LedgerEntry]) -> Iterator[str]:
    """The heading and a line per row; times in ISO 8601, UTC; IDs joined by blanks."""
    writer: Any = csv.writer(Line())
    yield writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow([_cell(row, name) for name in COLUMNS])


def _cell(row: LedgerEntry, name: str) -> str:
    value = getattr(row, name)
    if value is None:
        return ""
    if name == "at":
        return str(value.isoformat())
    text = " ".join(value) if name == "ids" else str(value)
    return safe_cell(text)


def safe_cell(text: str) -> str:
    """The text, so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
