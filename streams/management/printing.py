"""What the operators' commands share: arguments, one JSON value or an aligned table, and errors as one sentence."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError, CommandParser

from streams.errors import AccessDenied, StreamwatchError, Unreachable
from streams.ids import EntryId


def add_place(parser: CommandParser, *, group: bool) -> None:
    """STREAM, GROUP if wanted, and --json."""
    parser.add_argument("stream", type=os.fsencode, metavar="STREAM", help="the stream's key")
    if group:
        parser.add_argument("group", type=os.fsencode, metavar="GROUP", help="the consumer group's name")
    parser.add_argument("--json", action="store_true", help="one JSON value on standard output")


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Turn our errors into CommandError: one sentence on standard error, exit status 1."""
    try:
        yield
    except (Unreachable, AccessDenied) as error:
        hint = "" if "REDIS_URL" in str(error) else " Check REDIS_URL."
        raise CommandError(_sentence(error) + hint) from error
    except StreamwatchError as error:
        raise CommandError(_sentence(error)) from error


def entry_id(text: str) -> EntryId:
    """An ID argument. Raises CommandError."""
    try:
        return EntryId.parse(text)
    except ValueError as error:
        raise CommandError(f"{error}.") from None


def at_least_zero(name: str, number: int | None) -> int | None:
    """The number. Raises CommandError, naming the option, when it is below 0."""
    if number is not None and number < 0:
        raise CommandError(f"{name} must be 0 or more.")
    return number


def emit_json(out: Any, value: Any) -> None:
    """One JSON value and a line end."""
    out.write(json.dumps(value, ensure_ascii=False))


def emit_table(out: Any, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their widest cell; numbers to the right; None as `unknown`."""
    cells = [list(headings), *([cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [
        bool(rows) and all(isinstance(value, int | None) for value in column) for column in zip(*rows, strict=True)
    ]
    for line in cells:
        parts = (
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right or [False] * len(widths), strict=True)
        )
        out.write("  ".join(parts).rstrip())


def cell(value: object) -> str:
    """A value in a table."""
    if value is None:
        return "unknown"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _sentence(error: StreamwatchError) -> str:
    text = str(error).strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
