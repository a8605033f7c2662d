"""`manage.py health`: what the monitor says of every stream and group; the exit status says whether anything is bad."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from streams import names
from streams.errors import StreamwatchError
from streams.management.hearing import hear
from streams.overview import worst_first
from streams.plain import lag_in_words

BAD, CANNOT_SAY = 1, 2


class Command(BaseCommand):
    """Tells verdicts; never looks at streams itself, so that it says what the pages say."""

    help = "Verdicts of all groups. Exit status: 0 all is well, 1 something is bad, 2 the monitor is not heard."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which stream, how to print, and what counts as bad."""
        parser.add_argument("stream", nargs="?", type=str.encode, help="only this stream")
        parser.add_argument("--json", action="store_true", help="one JSON value on standard output")
        parser.add_argument(
            "--fail-on", choices=("warning", "bad"), default="warning", help="what exits with 1 (default: %(default)s)"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Print, and exit with the status."""
        try:
            heard = hear()
        except StreamwatchError as error:
            raise CommandError(str(error), returncode=CANNOT_SAY) from error
        figures = heard.figures
        if wanted := options["stream"]:
            figures = [plain for plain in figures if plain["path"] == names.to_path(wanted)]
            if not figures:
                raise CommandError(f"The monitor watches no stream {names.shown(wanted)!r}.", returncode=CANNOT_SAY)
        figures.sort(key=lambda plain: plain["name"])
        if options["json"]:
            self.stdout.write(json.dumps({"age_ms": heard.age_ms, "monitor": heard.own, "streams": figures}))
        else:
            self._write(figures)
        if heard.problem:
            raise CommandError(heard.problem[0].upper() + heard.problem[1:], returncode=CANNOT_SAY)
        if _is_bad(figures, options["fail_on"]):
            sys.exit(BAD)

    def _write(self, figures: list[dict[str, Any]]) -> None:
        for plain in figures:
            if not plain["groups"]:
                self.stdout.write(f"{plain['verdict']:<15} {plain['name']}: {plain['reason']}")
            for group in worst_first(plain["groups"]):
                place = f"{plain['name']} / {group['name']}"
                said = f"lag {lag_in_words(group)}, {group['pending']:,} pending. {group['reason']}"
                self.stdout.write(f"{group['verdict']:<15} {place}: {said}")
                if group["remedy"]["text"]:
                    self.stdout.write(
                        f"{'':<15} → {group['remedy']['text']} {group['remedy']['command'] or ''}".rstrip()
                    )


def _is_bad(figures: list[dict[str, Any]], fail_on: str) -> bool:
    wanted = {"bad"} if fail_on == "bad" else {"bad", "warning"}
    return any(plain["severity"] in wanted for plain in figures)
