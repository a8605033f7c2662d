"""`manage.py claim`: moves pending entries to another consumer."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import CommandParser

from streams import conf, operations
from streams.job_models import Job
from streams.management.acting import PendingCommand
from streams.operations import Actor, Deliveries, Selection


class Command(PendingCommand):
    """Claims chosen IDs, or all that were idle long enough."""

    help = "Move pending entries to a consumer, so that it can process and acknowledge them."
    done = "claimed"

    @property
    def min_idle_ms(self) -> int:  # type: ignore[override]
        """CLAIM_IDLE_MS, unless said otherwise."""
        return conf.current().claim_idle_ms

    def add_arguments(self, parser: CommandParser) -> None:
        """What to claim, and for whom."""
        super().add_arguments(parser)
        parser.add_argument("--to", required=True, type=os.fsencode, metavar="CONSUMER", help="who gets them")
        parser.add_argument(
            "--deliveries",
            choices=list(Deliveries),
            default=Deliveries.COUNT,
            help="count the claim as a delivery, keep the number as it is, or reset it to 0 (default: %(default)s)",
        )

    def start(self, actor: Actor, place: tuple[bytes, bytes], wanted: Selection, options: dict[str, Any]) -> Job:
        """The claim."""
        return operations.claim(actor, *place, options["to"], wanted, Deliveries(options["deliveries"]))
