"""`manage.py group`: creates, moves and destroys consumer groups."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from streams import looking, operations, previews
from streams.errors import NoSuchGroup
from streams.management.printing import add_place, emit_json, errors_as_sentences
from streams.names import shown
from streams.operations import Actor
from streams.wording import entries, were

_POSITIONS = "beginning, now, an entry ID (what comes after it is delivered) or a time such as 2026-01-31T12:00Z"


class Command(BaseCommand):
    """One of three actions on one group."""

    help = "Create a consumer group, move its position, or destroy it."

    def add_arguments(self, parser: CommandParser) -> None:
        """The action, the group, and what it takes."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="create|move|destroy")
        for action, text in (("create", "make a group"), ("move", "set the position a group reads on from")):
            acting = actions.add_parser(action, help=text)
            add_place(acting, group=True)
            where = acting.add_mutually_exclusive_group(required=action == "move")
            where.add_argument("--at", metavar="POSITION", help=_POSITIONS)
            where.add_argument("--like", type=os.fsencode, metavar="GROUP", help="where this group stands")
            acting.add_argument("--dry-run", action="store_true", help="say what it would mean, and do nothing")
        actions.choices["create"].add_argument(
            "--no-stream", action="store_true", help="fail when the stream is missing, instead of making it"
        )
        destroying = actions.add_parser("destroy", help="destroy a group and forget what is pending in it")
        add_place(destroying, group=True)
        destroying.add_argument("--yes", metavar="GROUP", help="the group's name again, as a confirmation")
        destroying.add_argument("--force", action="store_true", help="even while consumers are reading")
        destroying.add_argument("--dry-run", action="store_true", help="say what would be lost, and do nothing")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it."""
        with errors_as_sentences():
            plain, text = getattr(self, f"_{options['action']}")(options, options["stream"], options["group"])
        if options["json"]:
            emit_json(self.stdout, {**plain, "dry_run": options["dry_run"]})
        else:
            self.stdout.write(f"Nothing was done. {text}" if options["dry_run"] else text)

    def _create(self, options: dict[str, Any], stream: bytes, group: bytes) -> tuple[dict[str, Any], str]:
        start = _start(options, stream, default="beginning")
        if options["dry_run"]:
            if any(found.name == group for found in looking.maybe_snapshot(stream).groups):
                raise CommandError(f"Stream {shown(stream)!r} has a group {shown(group)!r} already.")
            return {"start": start}, f"Group {shown(group)} would be created, to be given what comes after {start}."
        position = operations.create_group(Actor.of_shell(), stream, group, start, mkstream=not options["no_stream"])
        return {"start": position}, f"Group {shown(group)} was created on {shown(stream)}, after {position}."

    def _move(self, options: dict[str, Any], stream: bytes, group: bytes) -> tuple[dict[str, Any], str]:
        start = _start(options, stream)
        if options["dry_run"]:
            preview = previews.move(stream, group, start)
        else:
            preview = operations.move_group(Actor.of_shell(), stream, group, start).preview
        active = f" Consumers are reading: {', '.join(preview.active)}." if preview.active else ""
        text = f"From {preview.before} to {preview.after}: {preview.sentence}; the lag is {preview.lag}.{active}"
        return preview.as_plain(), text

    def _destroy(self, options: dict[str, Any], stream: bytes, group: bytes) -> tuple[dict[str, Any], str]:
        found = previews.group_of(stream, group)
        if options["dry_run"]:
            active = previews.active_consumers(found)
            named = ", ".join(active) or "nobody"
            text = f"{entries(found.pending, 'pending')} would be forgotten; active within the last minute: {named}."
            return {"pending": found.pending, "active": active}, text
        if options["yes"] is None or os.fsencode(options["yes"]) != group:
            raise CommandError(
                f"{entries(found.pending, 'pending')} would be forgotten. Repeat the group's name: --yes {shown(group)}"
            )
        lost = operations.destroy_group(Actor.of_shell(), stream, group, pending=found.pending, force=options["force"])
        text = f"Group {shown(group)} was destroyed; {entries(lost, 'pending')} {were(lost)} forgotten."
        return {"forgotten": lost}, text


def _start(options: dict[str, Any], stream: bytes, default: str = "") -> str:
    if options["like"] is None:
        return options["at"] or default
    other = looking.snapshot(stream).group(options["like"])
    if other is None:
        raise NoSuchGroup(f"Stream {shown(stream)!r} has no consumer group {shown(options['like'])!r}.")
    return str(other.last_delivered)
