"""What every operation goes through: the permission beside the effect, the connection for writes, the news of it."""

from __future__ import annotations

from functools import lru_cache

from django.urls import reverse

from streams import access, conf, ledger, notices
from streams.errors import BadRequest, NotAllowed
from streams.gateway.client import Client
from streams.ledger import Actor, Deed
from streams.models import Action
from streams.names import shown, to_path

ANSWER_WITHIN_S = 5.0
LONGEST_NAME = 512
PERMISSIONS = {
    Action.CREATE_GROUP: "streams.add_consumergroup",
    Action.MOVE_GROUP: "streams.move_consumergroup",
    Action.DESTROY_GROUP: "streams.delete_consumergroup",
    Action.CREATE_CONSUMER: "streams.add_consumer",
    Action.DELETE_CONSUMER: "streams.delete_consumer",
    Action.CLAIM: "streams.claim_pendingentry",
    Action.ACKNOWLEDGE: "streams.acknowledge_pendingentry",
    Action.GIVE_UP: "streams.deadletter_pendingentry",
    Action.REPROCESS: "streams.reprocess_pendingentry",
    Action.RELEASE: "streams.release_pendingentry",
    Action.ADD_ENTRY: "streams.add_entry",
    Action.TRIM: "streams.trim_stream",
    Action.REPLAY_DEAD: "streams.replay_deadletter",
    Action.PURGE_DEAD: "streams.purge_deadletter",
    Action.TEST_CHANNEL: "streams.test_alertchannel",
}


def authorize(actor: Actor, deed: Deed) -> None:
    """Raise NotAllowed, and record the refusal, unless the actor may do this. Somebody at a shell may do everything."""
    permission = PERMISSIONS[deed.action]
    if actor.is_shell or access.may(actor.user, permission, deed.stream):
        return
    ledger.refused(actor, deed, f"lacks the permission {permission}")
    where = f" on stream {shown(deed.stream)!r}" if access.may(actor.user, permission) else ""
    raise NotAllowed(f"{actor.name} may not do this ({deed.action}): it takes the permission {permission}{where}.")


def check_name(name: bytes, field_name: str, what: str) -> None:
    """Raise BadRequest, beside its field, for a name that is empty or too long."""
    if not name:
        raise BadRequest(f"The {what} needs a name.", field=field_name)
    if len(name) > LONGEST_NAME:
        raise BadRequest(f"The {what}'s name is longer than {LONGEST_NAME} bytes.", field=field_name)


@lru_cache(maxsize=4)
def _client_of(url: str) -> Client:
    return Client(url, answer_within_s=ANSWER_WITHIN_S)


def client() -> Client:
    """The connection pool for writes. Raises Unreachable when no server is configured or running."""
    return _client_of(conf.current().server_url())


def tell(actor: Actor, deed: Deed, text: str) -> None:
    """Tell every open chart page what was done."""
    notices.send("info", text, actor.name, _link(deed), deed.stream)


def _link(deed: Deed) -> str:
    place = [to_path(deed.stream), to_path(deed.group)]
    return reverse("pending", args=place) if deed.group else reverse("stream", args=place[:1])
