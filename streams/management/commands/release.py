"""`manage.py release`: gives pending entries back to their group."""

from __future__ import annotations

from typing import Any

from streams import operations
from streams.job_models import Job
from streams.management.acting import PendingCommand
from streams.operations import Actor, Selection


class Command(PendingCommand):
    """Releases chosen IDs, or all that match; takes Redis 8.8."""

    help = "Release pending entries (XNACK, Redis 8.8), so that nobody has them and whoever asks next may claim them."
    done = "released"

    def start(self, actor: Actor, place: tuple[bytes, bytes], wanted: Selection, options: dict[str, Any]) -> Job:
        """The release."""
        del options
        return operations.release(actor, *place, wanted)
