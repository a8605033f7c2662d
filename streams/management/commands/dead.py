"""`manage.py dead list|add|replay|edit|purge`: entries that were given up."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from streams import dead_letters, looking, operations
from streams.ids import EntryId
from streams.letters import Letter
from streams.management.acting import add_selection, pair, run, selection, would_pass
from streams.management.printing import add_place, emit_json, emit_table, entry_id, errors_as_sentences
from streams.names import shown
from streams.operations import Action, Actor
from streams.wording import letters

_HEADINGS = ("ID", "ENTRY", "GROUP", "DELIVERIES", "REASON", "LAST ERROR", "FIELDS")
_WIDEST = 60
_VERBS = {
    "replay": ("replayed", "Replayed", dead_letters.replay, Action.REPLAY_DEAD),
    "purge": ("deleted", "Deleted", dead_letters.purge, Action.PURGE_DEAD),
}


class _Intermixed(CommandParser):
    """A subcommand's arguments, whose IDs may stand before or after the options, as those of `claim` may."""

    _is_inside = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What argparse calls for a subcommand; `parse_known_intermixed_args` comes back here."""
        if self._is_inside:
            return super().parse_known_args(args, namespace)
        self._is_inside = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_inside = False


class Command(BaseCommand):
    """Lists dead letters, makes new ones of pending entries, sends entries back to their stream, or deletes letters."""

    help = "Entries that were given up: list them, give up more, send them back to their stream, or delete them."

    def add_arguments(self, parser: CommandParser) -> None:
        """One of five actions, and which letters or entries."""
        actions = parser.add_subparsers(
            dest="action", required=True, metavar="list|add|replay|edit|purge", parser_class=_Intermixed
        )
        listing = actions.add_parser("list", help="dead letters, oldest first")
        add_place(listing, group=False)
        listing.add_argument("--reason", default="", help="only those with this in their reason")
        listing.add_argument("--limit", type=int, default=50, help="most rows, up to 1000 (default: %(default)s)")
        listing.add_argument("--after", metavar="ID", help="go on after this ID: the next_after of the page before")
        adding = actions.add_parser("add", help="make dead letters of pending entries")
        add_place(adding, group=True)
        add_selection(adding, min_idle_ms=0)
        adding.add_argument("--reason", required=True, help="why; it stands in the letter")
        editing = actions.add_parser("edit", help="replay one letter with other fields")
        add_place(editing, group=False)
        editing.add_argument("id", metavar="ID", help="the dead letter's ID, as listed")
        editing.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change or add a field")
        editing.add_argument("--without", action="append", default=[], metavar="NAME", help="leave a field out")
        editing.add_argument("--dry-run", action="store_true", help="show the fields it would have, and do nothing")
        for action, text in (("replay", "add the entries to their stream again"), ("purge", "delete letters for good")):
            acting = actions.add_parser(action, help=text)
            add_place(acting, group=False)
            acting.add_argument("ids", nargs="*", metavar="ID", help="dead letters' IDs, as listed")
            acting.add_argument("--all", action="store_true", help="every letter there is now")
            acting.add_argument("--reason", default="", help="with --all: only those with this in their reason")
            acting.add_argument("--dry-run", action="store_true", help="say which it would be, and do nothing")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it."""
        with errors_as_sentences():
            if options["action"] == "list":
                self._list(options)
            elif options["action"] in {"add", "edit"}:
                getattr(self, f"_{options['action']}")(options)
            else:
                self._act(options)

    def _list(self, options: dict[str, Any]) -> None:
        after = entry_id(options["after"]) if options["after"] else None
        stream = options["stream"]
        _must_exist(stream)
        page = looking.letters(stream, reason=options["reason"], after=after, limit=options["limit"])
        if options["json"]:
            rows = [_plain(letter) for letter in page.rows]
            next_after = page.next_after and str(page.next_after)
            emit_json(self.stdout, {"letters": rows, "total": page.total, "next_after": next_after})
            return
        if page.rows:
            emit_table(self.stdout, _HEADINGS, [_line(letter) for letter in page.rows])
        self.stdout.write(f"{len(page.rows):,} of {letters(page.total)}.")
        if page.next_after:
            self.stdout.write(f"More: --after {page.next_after}")

    def _add(self, options: dict[str, Any]) -> None:
        place, wanted = (options["stream"], options["group"]), selection(options)
        if options["dry_run"]:
            asked, rows = would_pass(place, wanted)
            plain, said = (
                {"asked": asked, "given_up": len(rows), "missed": asked - len(rows)},
                f"{len(rows):,} of {asked:,}",
            )
            text = f"Nothing was done. It would be {said}."
        else:
            job = run(operations.give_up(Actor.of_shell(), *place, wanted, options["reason"]))
            plain = {"asked": job.asked, "given_up": job.done, "missed": job.missed + job.unsure}
            text = operations.sentence(job)
        if options["json"]:
            emit_json(self.stdout, {**plain, "dry_run": options["dry_run"]})
        else:
            self.stdout.write(text)

    def _edit(self, options: dict[str, Any]) -> None:
        stream, letter_id = options["stream"], entry_id(options["id"])
        letter = looking.letter(stream, letter_id)
        if letter is None:
            raise CommandError(f"There is no dead letter {letter_id}.")
        pairs = _edited(letter, dict(map(pair, options["set"])), set(map(os.fsencode, options["without"])))
        added = None
        if not options["dry_run"]:
            added = dead_letters.replay_as(Actor.of_shell(), stream, letter_id, pairs)
        fields = [[shown(name), shown(value)] for name, value in zip(pairs[::2], pairs[1::2], strict=True)]
        if options["json"]:
            plain = {"id": added and str(added), "fields": fields, "dry_run": options["dry_run"]}
            emit_json(self.stdout, plain)
            return
        text = " ".join(f"{name}={value}" for name, value in fields)
        self.stdout.write(f"Replayed as {added}: {text}" if added else f"Nothing was done. It would be: {text}")

    def _act(self, options: dict[str, Any]) -> None:
        if options["all"] == bool(options["ids"]):
            raise CommandError("Name dead letters' IDs, or --all of them; not both.")
        if options["reason"] and not options["all"]:
            raise CommandError("--reason chooses among --all; dead letters named by their IDs need none.")
        stream, (done, said, act, action) = options["stream"], _VERBS[options["action"]]
        _must_exist(stream)
        chosen = sorted({entry_id(text) for text in options["ids"]})
        dry_run = options["dry_run"]
        if dry_run:
            ids = _all(stream, options["reason"]) if options["all"] else iter(chosen)
            result = dead_letters.preview(action, stream, ids)
        else:
            job = run(act(Actor.of_shell(), stream, options["reason"] if options["all"] else chosen))
            result = dead_letters.result_of(job)
        if options["json"]:
            emit_json(self.stdout, _plain_result(result, done, dry_run=dry_run))
        else:
            would = "Nothing was done. It would be: " if dry_run else ""
            self.stdout.write(would + dead_letters.sentence(result, said))


def _edited(letter: Letter, changed: dict[bytes, bytes], without: set[bytes]) -> list[bytes]:
    pairs = list(zip(letter.pairs[::2], letter.pairs[1::2], strict=True))
    kept = [(name, changed.get(name, value)) for name, value in pairs if name not in without]
    new = [(name, value) for name, value in changed.items() if name not in dict(pairs)]
    return [part for both in kept + new for part in both]


def _must_exist(stream: bytes) -> None:
    """Raise NoSuchStream, unless the stream or its dead letters are there."""
    if not looking.letters(stream, limit=1).total:
        looking.snapshot(stream)


def _all(stream: bytes, reason: str) -> Iterator[EntryId]:
    found = looking.all_letters(stream, reason)
    for letter in tqdm(found, unit=" letters", file=sys.stderr, disable=None, delay=1):
        yield letter.letter_id


def _plain_result(result: dead_letters.Result, done: str, *, dry_run: bool) -> dict[str, Any]:
    return {
        "asked": result.asked,
        done: len(result.done),
        "missed": result.asked - len(result.done),
        "ids": {str(old): new and str(new) for old, new in result.done.items()},
        "reasons": dict(result.missed),
        "dry_run": dry_run,
    }


def _plain(letter: Letter) -> dict[str, Any]:
    return {
        "id": str(letter.letter_id),
        "entry_id": letter.entry_id,
        "reason": letter.reason,
        "stream": shown(letter.stream),
        "group": shown(letter.group),
        "consumer": shown(letter.consumer),
        "deliveries": letter.deliveries,
        "error": letter.error,
        "fields": [[shown(name), shown(value)] for name, value in _fields(letter)],
    }


def _line(letter: Letter) -> tuple[object, ...]:
    fields = " ".join(f"{shown(name)}={shown(value)}" for name, value in _fields(letter))
    texts = (shown(letter.group), letter.deliveries, letter.reason, letter.error, fields)
    cut = [t[: _WIDEST - 1] + "…" if isinstance(t, str) and len(t) > _WIDEST else t for t in texts]
    return (str(letter.letter_id), letter.entry_id, *cut)


def _fields(letter: Letter) -> Iterable[tuple[bytes, bytes]]:
    return zip(letter.pairs[::2], letter.pairs[1::2], strict=True)
