"""The ledger's door: a row before the effect, completed after it, so that a death in between is seen as one."""

from __future__ import annotations

import getpass
import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import Error as DatabaseFault
from django.db import close_old_connections, transaction
from django.http import HttpRequest
from django.urls import reverse

from streams import notices
from streams.errors import StreamwatchError
from streams.ids import EntryId
from streams.models import Action, LedgerEntry, Outcome
from streams.names import plain_text, shown, to_path

logger = logging.getLogger("streams.ledger")
MOST_IDS = 1000
SHELL, WORKER = "shell", "worker"

# What people who look at the pages should know at once.
_TOLD = {Action.LOST, Action.NEW_HISTORY, Action.GROUP_RECREATED}
# Kinds of faults that are logged already: a worker may meet thousands of them while the database is away.
_faults: set[str] = set()


class NotRecorded(StreamwatchError):
    """The ledger cannot be written, so nothing was done."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where; without a user it is somebody at a shell, who could use redis-cli as well."""

    name: str
    user: AbstractBaseUser | AnonymousUser | None
    source: str

    @property
    def is_shell(self) -> bool:
        """Whether somebody at a shell acts."""
        return self.user is None and self.source == SHELL

    @classmethod
    def of_request(cls, request: HttpRequest) -> Actor:
        """The person behind a request."""
        user = request.user
        token = getattr(request, "api_token", "")
        place = request.META.get("REMOTE_ADDR") or "unknown"
        return cls(user.get_username() or "anonymous", user, f"{place}, token {token}" if token else place)

    @classmethod
    def of_shell(cls) -> Actor:
        """The operating system's user."""
        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # a container may run under a number that has no name
            name = f"uid {os.getuid()}"
        return cls(name, None, SHELL)


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be done, for the record."""

    action: Action
    stream: bytes
    group: bytes
    consumer: bytes = b""
    detail: str = ""


@contextmanager
def recorded(actor: Actor, deed: Deed, ids: Iterable[EntryId] = ()) -> Iterator[LedgerEntry]:
    """Record a deed around its effect; the body sets `asked`, `done`, `missed` and `detail` as it learns them.

    Raises NotRecorded, before the body runs, when the row cannot be written. An error from the body completes the row
    as failed, with the error as its detail.
    """
    began = time.monotonic()
    row = _row(actor, deed)
    note_ids(row, ids)
    _begin(row)
    try:
        yield row
    except BaseException as error:
        reason = plain_text(str(error)) or type(error).__name__
        row.outcome, row.detail = Outcome.FAILED, f"{row.detail}: {reason}" if row.detail else reason
        raise
    else:
        row.outcome = Outcome.DONE
    finally:
        row.duration_ms = round((time.monotonic() - began) * 1000)
        _complete(row)


def begun(actor: Actor, deed: Deed, ids: Iterable[EntryId] = ()) -> LedgerEntry:
    """The row of a deed that is done later, which whoever does it completes. Raises django.db.DatabaseError."""
    row = _row(actor, deed)
    note_ids(row, ids)
    row.save(force_insert=True)
    return row


def changed(actor: Actor, deed: Deed) -> None:
    """Record a change of tables of ours, in the transaction that makes it. Raises django.db.DatabaseError."""
    row = _row(actor, deed)
    row.outcome = Outcome.DONE
    row.save()


def refused(actor: Actor, deed: Deed, reason: str) -> None:
    """Record a deed that was not allowed. A ledger that cannot be written is logged: the refusal stands anyway."""
    row = _row(actor, deed)
    row.outcome, row.detail = Outcome.REFUSED, plain_text(reason)
    _complete(row)


def event(worker: bytes, deed: Deed, ids: Sequence[EntryId] = ()) -> None:
    """Record what a worker did or found by itself, and tell open pages what they should know.

    Never raises because of the database or the channel layer: work goes on without them. A database that is away is
    logged in one line for each kind of fault, and again when it is back.
    """
    row = _row(Actor(f"worker {shown(worker)}", None, WORKER), deed)
    row.outcome = Outcome.DONE
    if ids:
        note_ids(row, ids)
        row.asked = row.done = len(ids)
        row.missed = 0
    _save_event(row)
    if deed.action in _TOLD:
        text = f"{deed.action.label.capitalize()} on {row.stream}" + (f": {row.detail}." if row.detail else ".")
        link = reverse("pending", args=[to_path(deed.stream), to_path(deed.group)])
        notices.send("warning", text, row.actor, link, deed.stream)


def _save_event(row: LedgerEntry) -> None:
    try:
        close_old_connections()  # outside of requests nobody else does, and the server may have dropped it long ago
        row.save()
        close_old_connections()
    except DatabaseFault as error:
        kind = type(error).__name__
        if kind not in _faults:
            _faults.add(kind)
            logger.error("The ledger cannot be written, and work goes on without it: %s (%s)", error, row)  # noqa: TRY400 - a sentence, no traceback
    else:
        if _faults:
            _faults.clear()
            logger.warning("The ledger can be written again.")


def note_ids(row: LedgerEntry, ids: Iterable[EntryId]) -> None:
    """Add entry IDs to the row; those beyond MOST_IDS are only counted."""
    for entry_id in ids:
        row.ids_total += 1
        if len(row.ids) < MOST_IDS:
            row.ids.append(str(entry_id))


def _row(actor: Actor, deed: Deed) -> LedgerEntry:
    return LedgerEntry(
        at=datetime.now(UTC),
        actor=actor.name[:200],
        user_id=actor.user.pk if actor.user else None,
        source=plain_text(actor.source)[:100],
        action=deed.action,
        stream=shown(deed.stream),
        group=shown(deed.group),
        consumer=shown(deed.consumer),
        detail=plain_text(deed.detail),
    )


def _begin(row: LedgerEntry) -> None:
    try:
        with transaction.atomic(durable=True):  # inside a larger transaction the row would die with the process
            row.save(force_insert=True)
    except DatabaseFault as error:
        raise NotRecorded(f"The ledger cannot be written, so nothing was done: {error}") from error


def _complete(row: LedgerEntry) -> None:
    try:
        row.save()
    except DatabaseFault as error:
        logger.error("The ledger could not be completed: %s, %s: %s", row, row.get_outcome_display(), error)  # noqa: TRY400 - a sentence, no traceback
