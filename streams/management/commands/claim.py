"""`manage.py claim`: moves pending entries to another consumer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from streams import conf, operations, pel
from streams.ids import EntryId
from streams.management.printing import add_place, at_least_zero, emit_json, entry_id, errors_as_sentences


class Command(BaseCommand):
    """Claims chosen IDs, or all that were idle long enough."""

    help = "Move pending entries to a consumer, so that it can process and acknowledge them."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """IDs may stand before or after the options, as in STREAM GROUP --to CONSUMER ID ID."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """What to claim, and for whom."""
        add_place(parser, group=True)
        parser.add_argument("ids", nargs="*", metavar="ID", help="entry IDs to claim")
        parser.add_argument(
            "--all", action="store_true", help="every pending entry that is not this consumer's already"
        )
        parser.add_argument("--to", required=True, type=os.fsencode, metavar="CONSUMER", help="who gets them")
        parser.add_argument(
            "--min-idle-ms",
            type=int,
            default=conf.current().claim_idle_ms,
            help="leave alone what was delivered more recently than this (default: %(default)s, CLAIM_IDLE_MS)",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be claimed, and claim nothing")

    def handle(self, *_: Any, **options: Any) -> None:
        """Claim, and say what moved and what did not."""
        if options["all"] == bool(options["ids"]):
            raise CommandError("Name entry IDs to claim, or --all of them; not both.")
        at_least_zero("--min-idle-ms", options["min_idle_ms"])
        ids = [entry_id(text) for text in options["ids"]]
        with errors_as_sentences():
            result = _preview(options, ids) if options["dry_run"] else _claim(options, ids)
        if options["json"]:
            emit_json(self.stdout, _plain(result, dry_run=options["dry_run"]))
        else:
            nothing_done = "Nothing was done. It would be: " if options["dry_run"] else ""
            self.stdout.write(nothing_done + operations.claim_sentence(options["to"], result))


def _claim(options: dict[str, Any], ids: list[EntryId]) -> operations.ClaimResult:
    actor = operations.Actor.of_shell()
    place = options["stream"], options["group"], options["to"]
    if ids:
        return operations.claim(actor, *place, ids, options["min_idle_ms"])
    with _progress(options) as bar:
        return operations.claim_all(actor, *place, options["min_idle_ms"], bar.update)


def _preview(options: dict[str, Any], ids: list[EntryId]) -> operations.ClaimResult:
    """What would move as things stand; whether an entry still exists is only found by claiming it."""
    stream, group, min_idle_ms = options["stream"], options["group"], options["min_idle_ms"]
    if ids:
        rows = [row for row in pel.rows_of(stream, group, ids) if row.idle_ms >= min_idle_ms]
        asked = set(ids)
    else:
        with _progress(options) as bar:
            rows = list(pel.claimable(stream, group, options["to"], min_idle_ms, bar.update))
        asked = {row.entry_id for row in rows}
    would = {row.entry_id for row in rows}
    return operations.ClaimResult(len(asked), sorted(would), sorted(asked - would))


@contextmanager
def _progress(options: dict[str, Any]) -> Iterator[Any]:
    """A bar on a terminal, from one second on."""
    total = pel.total(options["stream"], options["group"])
    with tqdm(total=total, unit=" entries", file=sys.stderr, disable=None, delay=1) as bar:
        yield bar


def _plain(result: operations.ClaimResult, *, dry_run: bool) -> dict[str, Any]:
    return {
        "asked": result.asked,
        "claimed": len(result.claimed),
        "missed": len(result.missed),
        "claimed_ids": [str(entry_id) for entry_id in result.claimed],
        "missed_ids": [str(entry_id) for entry_id in result.missed],
        "dry_run": dry_run,
    }
