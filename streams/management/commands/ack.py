"""`manage.py ack`: acknowledges pending entries."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from streams import operations, pel
from streams.management.printing import add_place, emit_json, entry_id, errors_as_sentences
from streams.operations import Actor


class Command(BaseCommand):
    """Acknowledges chosen IDs."""

    help = "Acknowledge pending entries, as if they had been processed: nobody is given them again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which."""
        add_place(parser, group=True)
        parser.add_argument("ids", nargs="+", metavar="ID", help="entry IDs to acknowledge")
        parser.add_argument("--dry-run", action="store_true", help="say which are pending, and acknowledge nothing")

    def handle(self, *_: Any, **options: Any) -> None:
        """Acknowledge, and say what was pending."""
        place, ids = (options["stream"], options["group"]), sorted({entry_id(text) for text in options["ids"]})
        with errors_as_sentences():
            if options["dry_run"]:
                result = operations.AckResult(len(ids), len(pel.rows_of(*place, ids)))
            else:
                result = operations.acknowledge(Actor.of_shell(), *place, ids)
        if options["json"]:
            plain = {"asked": result.asked, "acknowledged": result.done, "missed": result.missed}
            emit_json(self.stdout, {**plain, "dry_run": options["dry_run"]})
        else:
            would = "Nothing was done. It would be: " if options["dry_run"] else ""
            self.stdout.write(would + operations.acknowledge_sentence(result))
