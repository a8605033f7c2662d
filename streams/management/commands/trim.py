"""`manage.py trim`: drops the oldest entries of a stream."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from streams import operations, parsing, previews
from streams.management.printing import add_place, emit_json, errors_as_sentences
from streams.names import shown
from streams.operations import Actor
from streams.wording import entries, were


class Command(BaseCommand):
    """Trims, unless a group would lose something."""

    help = "Drop the oldest entries of a stream; refused while a group has not finished with them."

    def add_arguments(self, parser: CommandParser) -> None:
        """The stream, and how much of it stays."""
        add_place(parser, group=False)
        parser.add_argument("--keep", required=True, metavar="HOW-MUCH", help="entries (1000000) or an age (7d, 12h)")
        parser.add_argument("--lose", action="store_true", help="also what groups have not finished with")
        parser.add_argument("--dry-run", action="store_true", help="say what would go, and trim nothing")

    def handle(self, *_: Any, **options: Any) -> None:
        """Trim, and say how many went."""
        try:
            keep = parsing.retain(options["keep"])
        except ValueError as error:
            raise CommandError(f"--keep {error}.") from None
        with errors_as_sentences():
            plain, text = _preview(options["stream"], keep) if options["dry_run"] else _trim(options, keep)
        if options["json"]:
            emit_json(self.stdout, {**plain, "dry_run": options["dry_run"]})
        else:
            self.stdout.write(text)


def _preview(stream: bytes, keep: parsing.Retain) -> tuple[dict[str, Any], str]:
    preview = previews.trim(stream, keep)
    losses = "".join(f" {loss}." for loss in preview.losses)
    return preview.as_plain(), f"Nothing was done. {preview.removed} of {entries(preview.length)} would go.{losses}"


def _trim(options: dict[str, Any], keep: parsing.Retain) -> tuple[dict[str, Any], str]:
    done = operations.trim(Actor.of_shell(), options["stream"], keep, lose=options["lose"])
    held = f" Group {shown(done.held_by)} needs the rest." if done.held_by else ""
    plain = {"removed": done.removed, "held_by": done.held_by and shown(done.held_by)}
    return plain, f"{entries(done.removed)} {were(done.removed)} trimmed.{held}"
