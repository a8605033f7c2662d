"""`manage.py groups`: a stream's consumer groups."""

from __future__ import annotations

import shlex
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from streams import looking
from streams.durations import spoken
from streams.health import described
from streams.management.hearing import judged
from streams.management.printing import add_place, emit_json, emit_table, errors_as_sentences
from streams.plain import lag_in_words
from streams.wording import letters

_HEADINGS = ("GROUP", "LAG", "PENDING", "OLDEST PENDING", "CONSUMERS", "LAST DELIVERED", "VERDICT")


class Command(BaseCommand):
    """Lists the groups as the pages do."""

    help = "List a stream's consumer groups: lag, pending entries, consumers, the monitor's verdict."

    def add_arguments(self, parser: CommandParser) -> None:
        """The stream."""
        add_place(parser, group=False)

    def handle(self, *_: Any, **options: Any) -> None:
        """Print them."""
        with errors_as_sentences():
            plain = judged(described([looking.snapshot(options["stream"])]))
        if options["json"]:
            figures = {key: plain[key] for key in ("dead_letters", "groups")}
            emit_json(self.stdout, {"stream": plain["name"], **figures})
        else:
            self._print(plain)

    def _print(self, plain: dict[str, Any]) -> None:
        if plain["groups"]:
            emit_table(self.stdout, _HEADINGS, [_row(group) for group in plain["groups"]])
        else:
            self.stdout.write(f"Stream {plain['name']!r} has no consumer groups.")
        if dead := plain["dead_letters"]:
            self.stdout.write(f"{letters(dead)}: manage.py dead list {shlex.quote(plain['name'])}")
        elif dead is None:
            self.stdout.write("Dead letters: unknown.")


def _row(group: dict[str, Any]) -> tuple[object, ...]:
    oldest = spoken(group["oldest_pending_ms"]) if group["oldest_pending_id"] else "none"
    return (
        group["name"],
        lag_in_words(group),
        group["pending"],
        oldest,
        len(group["consumers"]),
        group["last_delivered_id"],
        f"{group['verdict']}: {group['reason']}",
    )
