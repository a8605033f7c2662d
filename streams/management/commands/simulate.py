"""`manage.py simulate`: a producer of made-up or recorded readings."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from streams import conf
from streams.errors import AccessDenied, StreamwatchError, Unreachable, WrongType
from streams.gateway.producing import Producer
from streams.producer import Interrupted, Run
from streams.recording import BadHeader, BadLine, read
from streams.running import Stop
from streams.shapes import KINDS
from streams.wording import counted

MOST_REPORTED = 20


class Command(BaseCommand):
    """Sends readings just as sensors do, or a recording of them."""

    help = "Send readings to the stream: XADD sensor_stream * sensor_id N temperature F humidity N."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to send, how fast and how much."""
        stream = conf.current().stream.decode()
        parser.add_argument("--stream", default=stream, help="stream to add to (default: %(default)s)")
        parser.add_argument("--rate", type=_above_0, default=10.0, help="readings a second in all (default: 10)")
        words = "; ".join(f"{name}: {kind.words}" for name, kind in KINDS.items())
        parser.add_argument("--shape", choices=KINDS, default="sensors", help=f"what entries hold ({words})")
        parser.add_argument("--sensors", type=_whole, default=10, help="how many sensors (default: 10)")
        parser.add_argument("--count", type=_whole, help="stop after so many readings (default: never)")
        parser.add_argument("--seed", type=int, help="the same walk on every run")
        parser.add_argument("--maxlen", type=_whole, help="trim the stream to about so many entries (default: never)")
        parser.add_argument("--replay", type=Path, metavar="FILE", help="send this CSV recording instead")
        parser.add_argument("--speed", type=_speed, default=1.0, help="of a replay: times real time, or max")

    def handle(self, *_: Any, **options: Any) -> None:
        """Send until the end, or until told to stop; a summary closes it."""
        if options["shape"] != "sensors" and options["stream"] == conf.current().stream.decode():
            raise CommandError("Entries of another shape belong into a stream of their own: name it with --stream.")
        if options["replay"] and options["count"]:
            raise CommandError("--count is for made-up readings: a replay sends its whole file.")
        stop = Stop()
        stop.listen()
        try:
            producer = Producer(conf.current().server_url(), os.fsencode(options["stream"]), options["maxlen"])
        except StreamwatchError as error:
            raise CommandError(str(error)) from error
        try:
            self._run(producer, stop, options)
        finally:
            producer.close()

    def _run(self, producer: Producer, stop: Stop, options: dict[str, Any]) -> None:
        total = _lines_in(options["replay"]) if options["replay"] else options["count"]
        # disable=None: a bar for people at a terminal, none in a log; without a known end there is nothing to fill.
        with tqdm(total=total, unit=" readings", disable=None if total else True) as bar:
            run = Run(producer, stop, bar.update)
            try:
                if options["replay"]:
                    _replay(run, options["replay"], options["speed"])
                else:
                    run.simulate(
                        KINDS[options["shape"]].make(options["sensors"], options["seed"]),
                        options["rate"],
                        options["count"],
                    )
            except Interrupted as error:
                bar.close()
                raise CommandError(_reason(error, run)) from error
        self.stdout.write(_summary(run))


def _replay(run: Run, path: Path, speed: float | None) -> None:
    reports = _Reports()
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape") as lines:
            run.replay(read(lines, conf.current().shape), speed, reports.add)
    except BadHeader as error:
        raise CommandError(f"{path} cannot be replayed: {error}.") from error
    finally:
        reports.close()


class _Reports:
    """Says which lines were skipped and why; of many only the first."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, bad: BadLine) -> None:
        self._count += 1
        if self._count <= MOST_REPORTED:
            tqdm.write(f"line {bad.line} skipped: {bad.reason}", file=sys.stderr)

    def close(self) -> None:
        if self._count > MOST_REPORTED:
            tqdm.write(f"{self._count - MOST_REPORTED:,} more lines skipped.", file=sys.stderr)


def _reason(error: Interrupted, run: Run) -> str:
    """Why it ended early, what to do, and what is known of the readings."""
    sentences = [f"{str(error).rstrip('.')}."]
    if isinstance(error.__cause__, WrongType):
        sentences.append("Choose a key that is a stream, or free, with --stream.")
    elif isinstance(error.__cause__, (Unreachable, AccessDenied)):
        sentences.append("Check REDIS_URL and the server.")
    return " ".join([*sentences, _summary(run)])


def _summary(run: Run) -> str:
    lost = (
        f"; the server's answer was lost for {run.unknown:,}, which may or may not have arrived" if run.unknown else ""
    )
    return f"Sent {counted(run.sent, 'reading')}, skipped {run.skipped:,}{lost}."


def _lines_in(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _whole(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text):
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")


def _above_0(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if 0 < number < math.inf:
        return number
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")


def _speed(text: str) -> float | None:
    return None if text == "max" else _above_0(text)
