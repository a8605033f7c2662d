"""The one door for what people do to groups: check the permission, record, act, record the outcome, tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from django.urls import reverse

from streams import access, conf, courier, ledger, notices, pel, telling
from streams.alert_channels import NotDelivered
from streams.alert_models import AlertChannel
from streams.errors import BadRequest, GroupExists, NoSuchStream, NotAllowed
from streams.gateway import groups
from streams.gateway.client import Client
from streams.ids import EntryId
from streams.ledger import Actor, Deed
from streams.models import Action, LedgerEntry
from streams.names import shown, to_path
from streams.positions import parse_start

__all__ = ["Action", "Actor", "Deed"]

ANSWER_WITHIN_S = 5.0
LONGEST_NAME = 512
_LARGEST_MS = 2**53
_IDS_IN_A_SENTENCE = 20
_PERMISSIONS = {
    Action.CREATE_GROUP: "streams.add_consumergroup",
    Action.CLAIM: "streams.claim_pendingentry",
    Action.REPLAY_DEAD: "streams.replay_deadletter",
    Action.TEST_CHANNEL: "streams.test_alertchannel",
    Action.PURGE_DEAD: "streams.purge_deadletter",
}


@dataclass
class ClaimResult:
    """How a claim went: how many IDs were asked for, which moved, which did not."""

    asked: int = 0
    claimed: list[EntryId] = field(default_factory=list)
    missed: list[EntryId] = field(default_factory=list)


def authorize(actor: Actor, deed: Deed) -> None:
    """Raise NotAllowed, and record the refusal, unless the actor may do this. Somebody at a shell may do everything."""
    permission = _PERMISSIONS[deed.action]
    if actor.is_shell or access.may(actor.user, permission):
        return
    ledger.refused(actor, deed, f"lacks the permission {permission}")
    raise NotAllowed(f"{actor.name} may not do this ({deed.action}): it takes the permission {permission}.")


def create_group(actor: Actor, stream: bytes, group: bytes, start: str, *, mkstream: bool = True) -> str:
    """Create a consumer group; the ID it starts after.

    `start` is what `positions.parse_start` takes. Raises NotAllowed, BadRequest (naming the field), WrongType, or what
    kept the server or the ledger from answering; nothing is changed then.
    """
    deed = Deed(Action.CREATE_GROUP, stream, group, detail=f"start: {start.strip()}")
    authorize(actor, deed)
    _check_name(stream, "stream", "stream")
    _check_name(group, "group", "group")
    try:
        position = parse_start(start)
    except ValueError as error:
        raise BadRequest(str(error), field="start") from None
    with ledger.recorded(actor, deed):
        _create(stream, group, position, mkstream=mkstream)
    tell(actor, deed, f"Group {shown(group)} was created on stream {shown(stream)}.")
    return position


def claim(
    actor: Actor, stream: bytes, group: bytes, consumer: bytes, ids: Iterable[EntryId], min_idle_ms: int
) -> ClaimResult:
    """Move pending entries to a consumer, which the server makes if it is new; adds a delivery to each.

    An entry that is idle for less than `min_idle_ms` (its owner works again), acknowledged or gone is missed, which is
    no error. Raises NotAllowed, BadRequest, NoSuchStream, NoSuchGroup, WrongType, or what kept the server or the
    ledger from answering; what moved before that is in the ledger.
    """
    deed = Deed(Action.CLAIM, stream, group, consumer, detail=f"idle for at least {min_idle_ms} ms")
    authorize(actor, deed)
    wanted = sorted(set(ids))
    if not wanted:
        raise BadRequest("No entry is chosen: choose at least one.", field="ids")
    _check_claim(consumer, min_idle_ms)
    with ledger.recorded(actor, deed, wanted) as row:
        result = _claim(row, deed, wanted, min_idle_ms)
    _tell_claim(actor, deed, result)
    return result


def claim_all(
    actor: Actor, stream: bytes, group: bytes, consumer: bytes, min_idle_ms: int, progress: pel.Progress
) -> ClaimResult:
    """Like `claim`, for all that `pel.claimable` finds."""
    deed = Deed(Action.CLAIM, stream, group, consumer, detail=f"all that were idle for at least {min_idle_ms} ms")
    authorize(actor, deed)
    _check_claim(consumer, min_idle_ms)
    with ledger.recorded(actor, deed) as row:
        found = pel.claimable(stream, group, consumer, min_idle_ms, progress)
        result = _claim(row, deed, _noted(row, (entry.entry_id for entry in found)), min_idle_ms)
    _tell_claim(actor, deed, result)
    return result


@lru_cache(maxsize=4)
def _client_of(url: str) -> Client:
    return Client(url, answer_within_s=ANSWER_WITHIN_S)


def client() -> Client:
    """The connection pool for writes. Raises Unreachable when no server is configured or running."""
    return _client_of(conf.current().server_url())


def _create(stream: bytes, group: bytes, position: str, *, mkstream: bool) -> None:
    try:
        with pel.named(stream, group):
            groups.xgroup_create(client(), stream, group, position, mkstream=mkstream)
    except GroupExists:
        text = f"Stream {shown(stream)!r} has a group {shown(group)!r} already: choose another name."
        raise BadRequest(text, field="group") from None
    except NoSuchStream as error:
        text = f"{error} Allow it to be created, or correct the name."
        raise BadRequest(text, field="stream") from None


def _claim(row: LedgerEntry, deed: Deed, ids: Iterable[EntryId], min_idle_ms: int) -> ClaimResult:
    """Claim in batches; the row learns of each, so that an error in the middle leaves what was done."""
    result = ClaimResult()
    row.asked = row.done = row.missed = 0
    for batch in pel.batches(ids, groups.MOST_IDS_A_COMMAND):
        with pel.named(deed.stream, deed.group):
            moved = groups.xclaim(client(), deed.stream, deed.group, deed.consumer, min_idle_ms, batch)
        result.asked += len(batch)
        result.claimed += moved
        result.missed += sorted(set(batch).difference(moved))
        row.asked, row.done, row.missed = result.asked, len(result.claimed), len(result.missed)
    if result.missed:
        row.detail += f"; missed: {_listed(result.missed, ledger.MOST_IDS)}"
    return result


def _noted(row: LedgerEntry, ids: Iterable[EntryId]) -> Iterator[EntryId]:
    for entry_id in ids:
        ledger.note_ids(row, [entry_id])
        yield entry_id


def _check_name(name: bytes, field_name: str, what: str) -> None:
    if not name:
        raise BadRequest(f"The {what} needs a name.", field=field_name)
    if len(name) > LONGEST_NAME:
        raise BadRequest(f"The {what}'s name is longer than {LONGEST_NAME} bytes.", field=field_name)


def _check_claim(consumer: bytes, min_idle_ms: int) -> None:
    _check_name(consumer, "consumer", "consumer")
    if not 0 <= min_idle_ms <= _LARGEST_MS:
        raise BadRequest("The minimum idle time must be 0 or more.", field="min_idle")


def claim_sentence(consumer: bytes, result: ClaimResult) -> str:
    """What a claim did, in words, naming some of the missed IDs."""
    text = f"Claimed {len(result.claimed):,} of {result.asked:,} for {shown(consumer)}"
    if not result.missed:
        return f"{text}."
    meanwhile = "moved meanwhile (acknowledged, taken over, active again or deleted)"
    return f"{text}; {len(result.missed):,} {meanwhile}: {_listed(result.missed, _IDS_IN_A_SENTENCE)}."


def _listed(ids: list[EntryId], most: int) -> str:
    return ", ".join(map(str, ids[:most])) + (", …" if len(ids) > most else "")


def _tell_claim(actor: Actor, deed: Deed, result: ClaimResult) -> None:
    count = f"{len(result.claimed):,} of {result.asked:,} pending entries"
    tell(actor, deed, f"{count} of group {shown(deed.group)} were claimed for {shown(deed.consumer)}.")


def test_channel(actor: Actor, channel: AlertChannel) -> None:
    """Send a test alert over a channel, now. Raises NotAllowed, NotDelivered or NotRecorded."""
    deed = Deed(Action.TEST_CHANNEL, b"", b"", detail=f"channel {channel.name}")
    authorize(actor, deed)
    with ledger.recorded(actor, deed):
        if error := courier.deliver_test(telling.test_delivery(channel, actor.name)):
            raise NotDelivered(error)


def tell(actor: Actor, deed: Deed, text: str) -> None:
    """Tell every open chart page what was done."""
    notices.send("info", text, actor.name, _link(deed))


def _link(deed: Deed) -> str:
    place = [to_path(deed.stream), to_path(deed.group)]
    return reverse("pending", args=place) if deed.group else reverse("stream", args=place[:1])
