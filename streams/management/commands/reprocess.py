"""`manage.py reprocess`: has pending entries processed by the workers of this program."""

from __future__ import annotations

from typing import Any

from streams import operations
from streams.job_models import Job
from streams.management.acting import PendingCommand
from streams.operations import Actor, Selection


class Command(PendingCommand):
    """Hands chosen IDs, or all that match, to the workers."""

    help = "Hand pending entries to the workers of this program, as if they had never been delivered."
    done = "handed_over"

    def start(self, actor: Actor, place: tuple[bytes, bytes], wanted: Selection, options: dict[str, Any]) -> Job:
        """The handing over."""
        del options
        return operations.reprocess(actor, *place, wanted)
