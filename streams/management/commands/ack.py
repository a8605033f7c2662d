"""`manage.py ack`: acknowledges pending entries."""

from __future__ import annotations

from typing import Any

from streams import operations
from streams.job_models import Job
from streams.management.acting import PendingCommand
from streams.operations import Actor, Selection


class Command(PendingCommand):
    """Acknowledges chosen IDs, or all that match."""

    help = "Acknowledge pending entries, as if they had been processed: nobody is given them again."
    done = "acknowledged"

    def start(self, actor: Actor, place: tuple[bytes, bytes], wanted: Selection, options: dict[str, Any]) -> Job:
        """The acknowledgement."""
        del options
        return operations.acknowledge(actor, *place, wanted)
