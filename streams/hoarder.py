"""A consumer that takes entries and never acknowledges them: something to see, and to claim, in the demo."""

from __future__ import annotations

import contextlib
import logging

from streams import conf, looking
from streams.errors import GroupExists, NoSuchGroup, StreamwatchError
from streams.gateway.client import Client
from streams.gateway.groups import xgroup_create
from streams.gateway.line import Line
from streams.gateway.work import Place, receive_entries, send_xreadgroup_new
from streams.snapshot import PendingFilter

logger = logging.getLogger("streams.hoarder")
_BLOCK_MS = 1000


class Hoarder:
    """Holds up to `most` pending entries, and takes another one when somebody relieves it of some."""

    def __init__(self, stream: bytes, group: bytes, consumer: bytes, most: int) -> None:
        """Makes the group, at the end of the stream, when there is none."""
        self._place = Place(stream, group, consumer, frames=b"", dead=b"")
        self._most = most
        url = conf.current().server_url()
        self._line = Line(url)
        self._group_is_there = True
        with contextlib.suppress(GroupExists):
            xgroup_create(Client(url), stream, group, "$", mkstream=True)

    def take_once(self, every_s: float) -> float:
        """Take one entry if there is room; the seconds to rest.

        A group that somebody destroyed is not made again behind their back.
        """
        place = self._place
        try:
            held = looking.pending(place.stream, place.group, PendingFilter(place.consumer), limit=1).total
            if held < self._most:
                self._take(place)
            self._group_is_there = True
        except NoSuchGroup:
            if self._group_is_there:
                logger.warning("Its group is gone; it goes on when somebody creates it again.")
            self._group_is_there = False
        return every_s

    def _take(self, place: Place) -> None:
        try:
            send_xreadgroup_new(self._line, place, 1, _BLOCK_MS)
            receive_entries(self._line)
        except StreamwatchError:
            self._line.close()
            raise
