"""Who may follow which stream: asked when a socket comes, and again and again while it stays.

A socket outlives the request that opened it: without asking again, somebody who was logged out, locked or limited would
go on watching for as long as the page is open.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import Error as DatabaseError
from django.http import HttpRequest

from streams import access, looking
from streams.errors import BadRequest, NoSuchStream, NotAllowed, StreamwatchError

logger = logging.getLogger(__name__)

# Each is asked about so often at least, one after the other; less often when there are very many.
EVERY_S = 20.0
_STEPS, _MOST_A_STEP = 20, 25


@dataclass(frozen=True, slots=True)
class Asked:
    """The stream that a path names, or why there is none, and the streams that the user may see."""

    stream: bytes | StreamwatchError
    limit: access.Reach


@dataclass(frozen=True, slots=True)
class Admission:
    """What somebody with a login asked for, and what he got."""

    session_key: str
    segment: str
    user_pk: Any
    stream: bytes
    limit: tuple[str, ...] | None

    def still_holds(self) -> bool:
        """Whether the same question is answered alike now."""
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(self.session_key)
        user = get_user(request)
        found = asked(user, self.segment)
        return found is not None and admission_of(user, self.session_key, self.segment, found) == self


def asked(user: access.User, segment: str) -> Asked | None:
    """What a user asks for, looked up in one go; None when he may not look at all."""
    if not access.may_look(user):
        return None
    access.look_as(user)
    try:
        return Asked(looking.stream_named(segment), access.viewers_reach())
    except (NoSuchStream, NotAllowed) as error:
        return Asked(error, access.viewers_reach())
    except StreamwatchError as error:
        return Asked(BadRequest(str(error)), access.viewers_reach())
    finally:
        access.look_as(None)  # the thread goes on to others


def admission_of(user: access.User, session_key: str | None, segment: str, found: Asked) -> Admission | None:
    """What is to be asked again; None for people without a login, for whom nothing changes but by a restart."""
    if not user.is_authenticated or session_key is None or not isinstance(found.stream, bytes):
        return None
    return Admission(session_key, segment, user.pk, found.stream, None if found.limit is None else tuple(found.limit))


class Admissions:
    """What the sockets of one process were let in by: one question for each, however many pages are open by it."""

    def __init__(self) -> None:
        self._ends: dict[Admission, set[Callable[[], None]]] = {}

    def add(self, admission: Admission, end: Callable[[], None]) -> None:
        """Call `end` once the admission holds no more."""
        self._ends.setdefault(admission, set()).add(end)

    def remove(self, admission: Admission, end: Callable[[], None]) -> None:
        """Forget a socket."""
        ends = self._ends.get(admission, set())
        ends.discard(end)
        if not ends:
            self._ends.pop(admission, None)

    async def keep_asking(self) -> None:
        """Ask about every admission every EVERY_S or so, for ever. While the database is away, what was true holds."""
        while True:
            await asyncio.sleep(EVERY_S / _STEPS)
            share = math.ceil(len(self._ends) / _STEPS)
            for admission in list(islice(self._ends, min(share, _MOST_A_STEP))):
                await self._ask(admission)

    async def _ask(self, admission: Admission) -> None:
        if admission not in self._ends:  # all its pages were closed meanwhile
            return
        self._ends[admission] = self._ends.pop(admission)  # to the end of the row
        try:
            holds = await database_sync_to_async(admission.still_holds)()
        except DatabaseError as error:
            logger.info("Logins of open pages could not be looked up: %s", error)
            return
        if not holds:
            for end in list(self._ends.get(admission, ())):
                end()
