"""`manage.py consume`: the worker."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from streams import chart_settings, conf
from streams.errors import StreamwatchError
from streams.running import Stop, repeat, settle
from streams.wording import counted, letters
from streams.worker import Worker

logger = logging.getLogger("streams.worker")


class Command(BaseCommand):
    """Starts one worker; any number may run side by side in the same group."""

    help = "Process a stream's entries as a member of its consumer group."

    def add_arguments(self, parser: CommandParser) -> None:
        """The worker's options."""
        config = conf.current()
        parser.add_argument("--stream", default=config.stream.decode(), help="stream to read (default: %(default)s)")
        parser.add_argument("--group", default=config.group.decode(), help="consumer group (default: %(default)s)")
        parser.add_argument("--consumer", help="name to read under (default: this host's name and the next free slot)")
        parser.add_argument("--count", type=int, default=1000, help="most entries a batch (default: %(default)s)")
        parser.add_argument(
            "--block-ms", type=int, default=2000, help="longest wait for entries (default: %(default)s)"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Work until told to stop."""
        if not (1 <= options["count"] <= 100_000 and 1 <= options["block_ms"] <= 5000):
            raise CommandError("--count must be from 1 to 100000 and --block-ms from 1 to 5000.")
        stop = Stop()
        stop.listen()
        try:
            worker = self._worker(options)
        except StreamwatchError as error:
            raise CommandError(f"{error} Check REDIS_URL.") from error
        settle()
        repeat(lambda: self._rest_after(worker), stop, logger)
        with contextlib.suppress(StreamwatchError):
            worker.leave()
        done = f"{counted(worker.readings, 'reading')} and {letters(worker.dead_letters)}"
        logger.info("Stopped after %s.", done)

    def _worker(self, options: dict[str, Any]) -> Worker:
        config = replace(conf.current(), stream=options["stream"].encode(), group=options["group"].encode())
        consumer = options["consumer"].encode() if options["consumer"] else None
        return Worker(
            config,
            consumer=consumer,
            count=options["count"],
            block_ms=options["block_ms"],
            shape=lambda: chart_settings.of(config.stream).shape(),
        )

    def _rest_after(self, worker: Worker) -> float:
        worker.consume_once()
        return 0.0
