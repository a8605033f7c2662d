"""The one door for what people do: check the permission, record, act, record the outcome, tell."""

from streams.ledger import Actor, Deed
from streams.models import Action
from streams.operations.channels import test_channel
from streams.operations.consumers import Deleted, create_consumer, delete_consumer, delete_dead
from streams.operations.door import PERMISSIONS, authorize, client, tell
from streams.operations.groups import Moved, create_group, destroy_group, move_group
from streams.operations.pending import (
    AckResult,
    ClaimResult,
    acknowledge,
    acknowledge_sentence,
    claim,
    claim_all,
    claim_sentence,
    give_up,
    give_up_sentence,
)
from streams.operations.streams import Trimmed, trim

__all__ = [
    "PERMISSIONS",
    "AckResult",
    "Action",
    "Actor",
    "ClaimResult",
    "Deed",
    "Deleted",
    "Moved",
    "Trimmed",
    "acknowledge",
    "acknowledge_sentence",
    "authorize",
    "claim",
    "claim_all",
    "claim_sentence",
    "client",
    "create_consumer",
    "create_group",
    "delete_consumer",
    "delete_dead",
    "destroy_group",
    "give_up",
    "give_up_sentence",
    "move_group",
    "tell",
    "test_channel",
    "trim",
]
