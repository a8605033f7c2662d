"""`manage.py entries list|add`: entries of a stream, newest first or searched for a value; and one added by hand."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from streams import entry_filters, looking, operations, plain, wording
from streams.entry_filters import Asked
from streams.ids import EntryId
from streams.management.acting import pair
from streams.management.printing import add_place, emit_json, emit_table, entry_id, errors_as_sentences
from streams.operations import Actor
from streams.snapshot import Entry

_STEP_S = 0.5
_MOST_ROWS = 200


class Command(BaseCommand):
    """One of two actions on the entries of one stream."""

    help = "Entries of a stream: list them newest first, search them for a value, or add one."

    def add_arguments(self, parser: CommandParser) -> None:
        """The action, the stream, and what it takes."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|add")
        listing = actions.add_parser("list", help="entries, newest first")
        add_place(listing, group=False)
        listing.add_argument("--until", default="", metavar="WHEN", help="the last one: an ID, or 2026-01-31T12:00Z")
        listing.add_argument("--from", default="", metavar="WHEN", help="how far back a search goes: an ID or a time")
        listing.add_argument("--field", metavar="NAME=VALUE", help="search for entries in which this field is so")
        listing.add_argument("--limit", type=int, default=50, help="most rows, up to 200 (default: %(default)s)")
        adding = actions.add_parser("add", help="add an entry")
        add_place(adding, group=False)
        adding.add_argument("fields", nargs="+", metavar="NAME=VALUE", help="the entry's fields, in their order")
        adding.add_argument("--id", metavar="ID", help="instead of one that the server makes")
        adding.add_argument("--create-stream", action="store_true", help="make the stream if it is missing")
        adding.add_argument("--dry-run", action="store_true", help="check the fields, and add nothing")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it."""
        with errors_as_sentences():
            getattr(self, f"_{options['action']}")(options)

    def _add(self, options: dict[str, Any]) -> None:
        pairs = [part for text in options["fields"] for part in pair(text)]
        wanted = entry_id(options["id"]) if options["id"] else None
        added = None
        if not options["dry_run"]:
            mkstream = options["create_stream"]
            added = operations.add_entry(Actor.of_shell(), options["stream"], pairs, wanted, mkstream=mkstream)
        if options["json"]:
            emit_json(self.stdout, {"id": added and str(added), "dry_run": options["dry_run"]})
        else:
            would = f"Nothing was done. It has {wording.counted(len(pairs) // 2, 'field')}."
            self.stdout.write(f"Added as {added}." if added else would)

    def _list(self, options: dict[str, Any]) -> None:
        if not 1 <= options["limit"] <= _MOST_ROWS:
            raise CommandError(f"--limit must be from 1 to {_MOST_ROWS}.")
        name, value = pair(options["field"]) if options["field"] else (b"", b"")
        asked = entry_filters.parse({"until": options["until"], "from": options["from"]})
        for field, text in asked.errors.items():
            raise CommandError(f"--{field}: {text}")
        if name:
            rows, looked_at, rest = _searched(options["stream"], asked, (name, value), options["limit"])
        else:
            page = looking.entries(options["stream"], asked.upper, options["limit"])
            rows, looked_at = list(page.rows), len(page.rows)
            rest = page.rows[-1].entry_id.previous() if page.has_more else None
        self._show(options, [plain.entry_row(row) for row in rows], looked_at, rest)

    def _show(self, options: dict[str, Any], rows: list[dict[str, Any]], looked_at: int, rest: EntryId | None) -> None:
        if options["json"]:
            next_until = rest and str(rest)
            emit_json(self.stdout, {"entries": rows, "looked_at": looked_at, "next_until": next_until})
            return
        cells = [(row["id"], " ".join(f"{name}={value}" for name, value in row["fields"])) for row in rows]
        emit_table(self.stdout, ("ID", "FIELDS"), cells)
        more = f"; go on with --until {rest}" if rest else ""
        self.stdout.write(f"{wording.counted(len(rows), 'row')} of {wording.entries(looked_at)} looked at{more}")


def _searched(
    stream: bytes, asked: Asked, having: tuple[bytes, bytes], limit: int
) -> tuple[list[Entry], int, EntryId | None]:
    """What was found, with a bar on a terminal from one second on: by the share of the span that lies behind."""
    span = looking.span_of(looking.snapshot(stream), asked.lower, asked.upper)
    rows: list[Entry] = []
    looked_at, reached = 0, span[1]
    with tqdm(total=1.0, file=sys.stderr, disable=None, delay=1, bar_format="{l_bar}{bar}| {elapsed}") as bar:
        while True:
            step = looking.search(stream, (span[0], reached), having, limit - len(rows), within_s=_STEP_S)
            rows, looked_at = rows + list(step.rows), looked_at + step.looked_at
            bar.update((entry_filters.share(span, step.next_upper) or bar.n) - bar.n)
            if step.next_upper is None or len(rows) >= limit:
                return rows, looked_at, step.next_upper
            reached = step.next_upper
