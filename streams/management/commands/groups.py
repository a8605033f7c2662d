"""`manage.py groups`: a stream's consumer groups."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from streams import looking
from streams.durations import spoken
from streams.health import described
from streams.management.printing import add_place, emit_json, emit_table, errors_as_sentences
from streams.plain import lag_in_words

_HEADINGS = ("GROUP", "LAG", "PENDING", "OLDEST PENDING", "CONSUMERS", "LAST DELIVERED")


class Command(BaseCommand):
    """Lists the groups as the pages do."""

    help = "List a stream's consumer groups: lag, pending entries, consumers."

    def add_arguments(self, parser: CommandParser) -> None:
        """The stream."""
        add_place(parser, group=False)

    def handle(self, *_: Any, **options: Any) -> None:
        """Print them."""
        with errors_as_sentences():
            plain = described([looking.snapshot(options["stream"])])
        if options["json"]:
            emit_json(self.stdout, {"stream": plain["name"], "groups": plain["groups"]})
        elif plain["groups"]:
            emit_table(self.stdout, _HEADINGS, [_row(group) for group in plain["groups"]])
        else:
            self.stdout.write(f"Stream {plain['name']!r} has no consumer groups.")


def _row(group: dict[str, Any]) -> tuple[object, ...]:
    oldest = spoken(group["oldest_pending_ms"]) if group["oldest_pending_id"] else "none"
    return (
        group["name"],
        lag_in_words(group),
        group["pending"],
        oldest,
        len(group["consumers"]),
        group["last_delivered_id"],
    )
