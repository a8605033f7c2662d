"""`manage.py monitor`: samples the stream and publishes its figures."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from streams import conf, names
from streams.conf import Config
from streams.courier import Courier
from streams.errors import StreamwatchError
from streams.gateway.client import Client
from streams.keeping import Keeper
from streams.monitor import Monitor
from streams.rollup_keeping import ReadingsKeeper
from streams.running import Stop, repeat
from streams.sensor_watch import SensorWatch

logger = logging.getLogger("streams.monitor")


class Command(BaseCommand):
    """Starts one monitor; of many, one leads."""

    help = "Watch every stream: figures, verdicts, their history, readings recorded, incidents opened and told."

    def add_arguments(self, parser: CommandParser) -> None:
        """The monitor's options."""
        parser.add_argument("--interval", type=float, default=1.0, help="seconds between looks (default: %(default)s)")

    def handle(self, *_: Any, **options: Any) -> None:
        """Observe until told to stop."""
        interval = options["interval"]
        if not 0.1 <= interval <= 60:
            raise CommandError("--interval must be from 0.1 to 60 seconds.")
        stop = Stop()
        stop.listen()
        try:
            monitor = Monitor(conf.current(), interval)
            monitor.observe_once()
        except StreamwatchError as error:
            raise CommandError(f"{error} Check REDIS_URL.") from error
        keeper, courier = Keeper(sensors(conf.current())), Courier()
        recorder = ReadingsKeeper(conf.current(), lambda: monitor.leads)
        keeper.start()
        courier.start()
        recorder.start()
        repeat(lambda: observe(monitor, keeper, interval), stop, logger)
        courier.stop()
        with contextlib.suppress(DatabaseError):  # what could not be written was said when it began
            keeper.close()
        with contextlib.suppress(DatabaseError, StreamwatchError):
            recorder.close()
        with contextlib.suppress(StreamwatchError):
            monitor.leave()


def observe(monitor: Monitor, keeper: Keeper, interval: float) -> float:
    """Observe once; the seconds to rest."""
    if not monitor.observe_once():
        return interval
    keeper.take(monitor.figures)
    return monitor.rest_s


def sensors(config: Config) -> SensorWatch:
    """The readings of the stream whose sensors are charted."""
    return SensorWatch(Client(config.server_url()), {config.stream: names.beside(config.stream, "frames")})
