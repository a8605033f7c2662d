"""What the commands on pending entries share: which entries, dry runs, a job run with a bar, its result."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from streams import filters, operations, pel
from streams.ids import EntryId
from streams.job_models import Job, results_of
from streams.management.printing import add_place, at_least_zero, emit_json, entry_id, errors_as_sentences
from streams.operations import Actor, Selection
from streams.snapshot import PendingEntry, PendingFilter


def add_selection(parser: CommandParser, min_idle_ms: int) -> None:
    """IDs, or --all that match a filter."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="entry IDs")
    parser.add_argument("--all", action="store_true", help="every pending entry that the options below let pass")
    parser.add_argument(
        "--min-idle-ms",
        type=int,
        default=min_idle_ms,
        help="leave alone what was delivered more recently than this (default: %(default)s)",
    )
    parser.add_argument("--of", type=os.fsencode, metavar="CONSUMER", help="with --all: only what this consumer has")
    parser.add_argument("--min-deliveries", type=int, default=0, help="with --all: only what was delivered so often")
    parser.add_argument("--upto", metavar="ID", help="with --all: only entries up to and with this ID")
    parser.add_argument("--field", metavar="NAME=VALUE", help="with --all: only entries in which this field is so")
    parser.add_argument("--dry-run", action="store_true", help="say which it would be, and do nothing")


def selection(options: dict[str, Any]) -> Selection:
    """What the options choose. Raises CommandError."""
    at_least_zero("--min-idle-ms", options["min_idle_ms"])
    at_least_zero("--min-deliveries", options["min_deliveries"])
    if options["all"] == bool(options["ids"]):
        raise CommandError("Name entry IDs, or --all of them; not both.")
    if options["ids"]:
        for name in ("of", "min_deliveries", "upto", "field"):
            if options[name]:
                raise CommandError(f"--{name.replace('_', '-')} chooses among --all; entries named by ID need none.")
        return operations.chosen([entry_id(text) for text in options["ids"]], options["min_idle_ms"])
    return PendingFilter(
        consumer=options["of"],
        min_idle_ms=options["min_idle_ms"],
        min_deliveries=options["min_deliveries"],
        upto=entry_id(options["upto"]) if options["upto"] else None,
        having=pair(options["field"]) if options["field"] else None,
    )


def pair(text: str) -> tuple[bytes, bytes]:
    """A field and its value. Raises CommandError."""
    name, equals, value = os.fsencode(text).partition(b"=")
    if not equals or not name:
        raise CommandError(f"A field is NAME=VALUE, not {text!r}.")
    return name, value


def would_pass(place: tuple[bytes, bytes], wanted: Selection) -> tuple[int, list[PendingEntry]]:
    """How many entries are asked for, and those that pass as things stand."""
    if isinstance(wanted, PendingFilter):
        with tqdm(total=pel.total(*place), unit=" entries", file=sys.stderr, disable=None, delay=1) as bar:
            rows = list(pel.matching(*place, wanted, bar.update))
        return len(rows), rows
    least = {one.entry_id: one.idle_ms for one in wanted}
    rows = [row for row in pel.rows_of(*place, least) if row.idle_ms >= least[row.entry_id]]
    return len(least), rows


def run(job: Job) -> Job:
    """Run a job to its end, with a bar on a terminal from one second on."""
    with tqdm(total=job.to_look_at, unit=" entries", file=sys.stderr, disable=None, delay=1) as bar:

        def show(now: Job) -> None:
            bar.total = now.to_look_at
            bar.update(now.looked_at - bar.n)

        return operations.run(job, show)


class PendingCommand(BaseCommand):
    """A command that does one thing to pending entries; `done` is its past participle for JSON."""

    done = ""
    min_idle_ms = 0

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """IDs may stand before or after the options, as in STREAM GROUP --to CONSUMER ID ID."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.parse_args = parser.parse_intermixed_args  # type: ignore[method-assign]
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        """Which."""
        add_place(parser, group=True)
        add_selection(parser, self.min_idle_ms)

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it, or say what it would be."""
        wanted, place = selection(options), (options["stream"], options["group"])
        with errors_as_sentences():
            if options["dry_run"]:
                asked, rows = would_pass(place, self.leave_out(wanted, options))
                self._say_would(asked, [row.entry_id for row in rows], wanted, options)
                return
            job = run(self.start(Actor.of_shell(), place, wanted, options))
        if options["json"]:
            emit_json(self.stdout, {**self._plain(job), "dry_run": False})
        else:
            self.stdout.write(operations.sentence(job))

    def start(self, actor: Actor, place: tuple[bytes, bytes], wanted: Selection, options: dict[str, Any]) -> Job:
        """The job."""
        raise NotImplementedError

    def leave_out(self, wanted: Selection, options: dict[str, Any]) -> Selection:
        """What a dry run counts."""
        del options
        return wanted

    def _plain(self, job: Job) -> dict[str, Any]:
        counts = {"asked": job.asked, self.done: job.done, "missed": job.missed, "unsure": job.unsure, "job": job.pk}
        ids: dict[str, list[str]] = {f"{self.done}_ids": [], "missed_ids": []}
        for one, done, _ in results_of(job):
            ids[f"{self.done}_ids" if done else "missed_ids"].append(one)
        return {**counts, **ids}

    def _say_would(self, asked: int, passing: list[EntryId], wanted: Selection, options: dict[str, Any]) -> None:
        would = {str(one) for one in passing}
        missed = (
            []
            if isinstance(wanted, PendingFilter)
            else [str(o.entry_id) for o in wanted if str(o.entry_id) not in would]
        )
        if options["json"]:
            counts = {"asked": asked, self.done: len(would), "missed": len(missed)}
            ids = {f"{self.done}_ids": [str(one) for one in passing], "missed_ids": missed}
            emit_json(self.stdout, {**counts, **ids, "dry_run": True})
            return
        what = f" ({filters.in_words(wanted)})" if isinstance(wanted, PendingFilter) else ""
        self.stdout.write(f"Nothing was done. It would be {len(would):,} of {asked:,}{what}.")
