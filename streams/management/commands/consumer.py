"""`manage.py consumer create|delete|clean-up`: makes consumers of a group, deletes one, or all that are dead."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from streams import conf, operations, previews
from streams.errors import BadRequest
from streams.management.printing import add_place, emit_json, errors_as_sentences
from streams.names import shown
from streams.operations import Actor
from streams.wording import counted, entries, were


class Command(BaseCommand):
    """One of three actions on consumers of one group."""

    help = "Make a consumer of a group, delete one without losing what it owns, or delete all dead ones."

    def add_arguments(self, parser: CommandParser) -> None:
        """The action and the consumer."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="create|delete|clean-up")
        for action, text in (("create", "make a consumer"), ("delete", "delete a consumer")):
            acting = actions.add_parser(action, help=text)
            add_place(acting, group=True)
            acting.add_argument("consumer", type=os.fsencode, metavar="CONSUMER", help="the consumer's name")
            acting.add_argument("--dry-run", action="store_true", help="say what it would mean, and do nothing")
        cleaning = actions.add_parser("clean-up", help="delete consumers that own nothing and were not heard for long")
        add_place(cleaning, group=True)
        cleaning.add_argument("--dry-run", action="store_true", help="say which, and do nothing")
        deleting = actions.choices["delete"]
        fate = deleting.add_mutually_exclusive_group()
        fate.add_argument("--move-to", type=os.fsencode, metavar="CONSUMER", help="who gets its pending entries first")
        fate.add_argument("--forget", type=int, default=0, metavar="N", help="forget up to so many pending entries")

    def handle(self, *_: Any, **options: Any) -> None:
        """Do it."""
        with errors_as_sentences():
            plain, text = getattr(self, f"_{options['action'].replace('-', '_')}")(options)
        if options["json"]:
            emit_json(self.stdout, {**plain, "dry_run": options["dry_run"]})
        else:
            self.stdout.write(f"Nothing was done. {text}" if options["dry_run"] else text)

    def _create(self, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        if options["dry_run"]:
            is_new = options["consumer"] not in _owned(options)
        else:
            is_new = operations.create_consumer(Actor.of_shell(), *_place(options))
        state = "is new" if is_new else "was there already"
        return {"created": is_new}, f"Consumer {shown(options['consumer'])} {state}."

    def _delete(self, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        name, to = shown(options["consumer"]), options["move_to"] or b""
        if options["dry_run"]:
            owned = _owned(options)
            if options["consumer"] not in owned:
                raise BadRequest(f"There is no consumer {name!r} in this group.", field="consumer")
            pending = owned[options["consumer"]]
            return {"pending": pending}, f"Consumer {name} owns {entries(pending, 'pending')}."
        done = operations.delete_consumer(
            Actor.of_shell(), *_place(options), move_to=to, forget=max(0, options["forget"])
        )
        fate = f"{entries(done.moved, 'pending')} {were(done.moved)} moved, {done.forgotten:,} forgotten"
        return {"moved": done.moved, "forgotten": done.forgotten}, f"Consumer {name} was deleted; {fate}."

    def _clean_up(self, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        stream, name = options["stream"], options["group"]
        group = previews.group_of(stream, name)
        dead = [found.name for found in previews.dead_consumers(group, conf.current().thresholds.dead_consumer_ms)]
        if not options["dry_run"] and dead:
            dead = operations.delete_dead(Actor.of_shell(), stream, name, dead)
        listed = f": {', '.join(map(shown, dead))}" if dead else ""
        verb = "would be" if options["dry_run"] else were(len(dead))
        text = f"{counted(len(dead), 'dead consumer')} {verb} deleted{listed}."
        return {"deleted": [shown(one) for one in dead]}, text


def _place(options: dict[str, Any]) -> tuple[bytes, bytes, bytes]:
    return options["stream"], options["group"], options["consumer"]


def _owned(options: dict[str, Any]) -> dict[bytes, int]:
    group = previews.group_of(options["stream"], options["group"])
    return {consumer.name: consumer.pending for consumer in group.consumers}
