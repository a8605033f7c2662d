"""A consumer that takes entries and never acknowledges them: something to see, and to claim, in the demo."""

from __future__ import annotations

import contextlib
import logging

from streams import conf, looking
from streams.errors import GroupExists, NoSuchGroup
from streams.gateway.client import Client
from streams.gateway.groups import xgroup_create
from streams.gateway.work import Place, xreadgroup_new
from streams.snapshot import PendingFilter

logger = logging.getLogger("streams.hoarder")
_BLOCK_MS = 1000


class Hoarder:
    """Holds up to `most` pending entries, and takes another one when somebody relieves it of some."""

    def __init__(self, stream: bytes, group: bytes, consumer: bytes, most: int) -> None:
        """Makes the group, at the end of the stream, when there is none."""
        self._place = Place(stream, group, consumer, frames=b"", dead=b"")
        self._most = most
        self._client = Client(conf.current().server_url())
        self._group_is_there = True
        with contextlib.suppress(GroupExists):
            xgroup_create(self._client, stream, group, "$", mkstream=True)

    def take_once(self, every_s: float) -> float:
        """Take one entry if there is room; the seconds to rest.

        A group that somebody destroyed is not made again behind their back.
        """
        place = self._place
        try:
            held = looking.pending(place.stream, place.group, PendingFilter(place.consumer), limit=1).total
            if held < self._most:
                xreadgroup_new(self._client, place, 1, _BLOCK_MS)
            self._group_is_there = True
        except NoSuchGroup:
            if self._group_is_there:
                logger.warning("Its group is gone; it goes on when somebody creates it again.")
            self._group_is_there = False
        return every_s
