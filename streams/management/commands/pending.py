"""`manage.py pending`: a group's pending entries."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from streams import looking, pel
from streams.durations import spoken
from streams.management.printing import add_place, at_least_zero, emit_json, emit_table, entry_id, errors_as_sentences
from streams.plain import pending_row
from streams.snapshot import PendingFilter, PendingPage
from streams.wording import entries

_HEADINGS = ("ID", "CONSUMER", "IDLE", "DELIVERIES", "ENTRY")
_WIDEST_ENTRY = 80


class Command(BaseCommand):
    """Lists a page of the PEL with the entries themselves."""

    help = "List a group's pending entries: delivered to a consumer, never acknowledged."

    def add_arguments(self, parser: CommandParser) -> None:
        """Stream, group and filters."""
        add_place(parser, group=True)
        parser.add_argument("--consumer", type=os.fsencode, help="only this consumer's")
        parser.add_argument("--min-idle-ms", type=int, default=0, help="only those idle for at least this long")
        parser.add_argument("--min-deliveries", type=int, default=0, help="only those delivered at least this often")
        parser.add_argument("--limit", type=int, default=50, help="most rows, up to 1000 (default: %(default)s)")
        parser.add_argument("--after", metavar="ID", help="go on after this ID: the next_after of the page before")

    def handle(self, *_: Any, **options: Any) -> None:
        """Print one page."""
        at_least_zero("--min-idle-ms", options["min_idle_ms"])
        at_least_zero("--min-deliveries", options["min_deliveries"])
        wanted = PendingFilter(options["consumer"], options["min_idle_ms"], options["min_deliveries"])
        after = entry_id(options["after"]) if options["after"] else None
        place = options["stream"], options["group"]
        with errors_as_sentences(), pel.named(*place):
            page = looking.pending(*place, wanted, after=after, limit=options["limit"])
        if options["json"]:
            emit_json(self.stdout, _plain(page))
        else:
            self._print(page)

    def _print(self, page: PendingPage) -> None:
        rows = [pending_row(row) for row in page.rows]
        if rows:
            emit_table(self.stdout, _HEADINGS, [_line(row) for row in rows])
        self.stdout.write(f"{len(rows):,} of {entries(page.total, 'pending')}.")
        if page.next_after:
            self.stdout.write(f"More: --after {page.next_after}")


def _plain(page: PendingPage) -> dict[str, Any]:
    keys = ("id", "consumer", "idle_ms", "deliveries", "cut")
    rows = [pending_row(row) for row in page.rows]
    return {
        "rows": [{**{key: row[key] for key in keys}, "fields": _by_name(row["fields"])} for row in rows],
        "total": page.total,
        "next_after": page.next_after and str(page.next_after),
    }


def _by_name(fields: list[list[str]] | None) -> dict[str, str | list[str]] | None:
    """Values by field name; a field that repeats has a list of them; None when the entry is gone."""
    if fields is None:
        return None
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def _line(row: dict[str, Any]) -> tuple[object, ...]:
    return row["id"], row["consumer"], spoken(row["idle_ms"]), row["deliveries"], _entry(row["fields"])


def _entry(fields: list[list[str]] | None) -> str:
    if fields is None:
        return "gone from the stream"
    text = " ".join(f"{name}={value}" for name, value in fields)
    return text if len(text) <= _WIDEST_ENTRY else text[: _WIDEST_ENTRY - 1] + "…"
