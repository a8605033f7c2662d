"""`manage.py hoard`: the demo's consumer that never acknowledges."""

from __future__ import annotations

import logging
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from streams import conf
from streams.errors import StreamwatchError
from streams.hoarder import Hoarder
from streams.running import Stop, repeat

logger = logging.getLogger("streams.hoarder")


class Command(BaseCommand):
    """Starts a consumer that reads entries and leaves them pending."""

    help = "Read entries and never acknowledge them, so that there is something pending to look at (for the demo)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where, and how many."""
        stream = conf.current().stream.decode()
        parser.add_argument("--stream", default=stream, help="stream to read (default: %(default)s)")
        parser.add_argument("--group", default="reports", help="consumer group (default: %(default)s)")
        parser.add_argument("--consumer", default="reporter-1", help="name to read under (default: %(default)s)")
        parser.add_argument("--every", type=float, default=2.0, help="seconds between entries (default: %(default)s)")
        parser.add_argument("--most", type=int, default=120, help="most entries to hold (default: %(default)s)")

    def handle(self, *_: Any, **options: Any) -> None:
        """Hoard until told to stop."""
        if options["most"] < 1 or not 0.01 <= options["every"] <= 3600:
            raise CommandError("--most must be 1 or more, and --every from 0.01 to 3600 seconds.")
        stop = Stop()
        stop.listen()
        stream, group, consumer = (os.fsencode(options[name]) for name in ("stream", "group", "consumer"))
        try:
            hoarder = Hoarder(stream, group, consumer, options["most"])
        except StreamwatchError as error:
            raise CommandError(f"{error} Check REDIS_URL.") from error
        repeat(lambda: hoarder.take_once(options["every"]), stop, logger)
