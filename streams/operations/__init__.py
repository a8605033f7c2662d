"""The one door for what people do: check the permission, record, act, record the outcome, tell."""

from streams.ledger import Actor, Deed
from streams.models import Action
from streams.operations.channels import test_channel
from streams.operations.consumers import Deleted, create_consumer, delete_consumer, delete_dead
from streams.operations.door import PERMISSIONS, authorize, client, tell
from streams.operations.groups import Moved, create_group, destroy_group, move_group
from streams.operations.pending import (
    ClaimResult,
    Selection,
    acknowledge,
    can_release,
    chosen,
    claim,
    claimed,
    give_up,
    release,
    reprocess,
    sentence,
)
from streams.operations.starting import announce, cancel, may_see, run
from streams.operations.streams import Trimmed, add_entry, trim
from streams.snapshot import Deliveries

__all__ = [
    "PERMISSIONS",
    "Action",
    "Actor",
    "ClaimResult",
    "Deed",
    "Deleted",
    "Deliveries",
    "Moved",
    "Selection",
    "Trimmed",
    "acknowledge",
    "add_entry",
    "announce",
    "authorize",
    "can_release",
    "cancel",
    "chosen",
    "claim",
    "claimed",
    "client",
    "create_consumer",
    "create_group",
    "delete_consumer",
    "delete_dead",
    "destroy_group",
    "give_up",
    "may_see",
    "move_group",
    "release",
    "reprocess",
    "run",
    "sentence",
    "tell",
    "test_channel",
    "trim",
]
