"""The one door for operations: permission, record, effect, outcome, notice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.core.management import call_command
from django.db import DatabaseError, connection

from streams import access, ledger, notices, operations
from streams.errors import AccessDenied, BadRequest, NoSuchGroup, NoSuchStream, NotAllowed, Unreachable, WrongType
from streams.gateway import groups
from streams.gateway.client import Client
from streams.ids import EntryId
from streams.models import LedgerEntry
from streams.operations import Actor
from streams.snapshot import PendingFilter
from tests.stuck import GROUP, STREAM, Server, owners, stuck

pytestmark = pytest.mark.django_db
SHELL = Actor("ann", None, "shell")
PLACE = (STREAM.encode(), GROUP.encode())


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def user_with(*codenames: str, **fields: Any) -> User:
    user = User.objects.create_user("eve", **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


def by(user: User) -> Actor:
    return Actor("eve", user, "127.0.0.1")


def parsed(ids: list[str]) -> list[EntryId]:
    return [EntryId.parse(text) for text in ids]


def claim(
    who: Actor, place: tuple[bytes, bytes], consumer: bytes, ids: list[EntryId], min_idle_ms: int
) -> operations.ClaimResult:
    job = operations.claim(who, *place, consumer, operations.chosen(ids, min_idle_ms))
    return operations.claimed(operations.run(job))


def recorded() -> LedgerEntry:
    return LedgerEntry.objects.get()


def group_start(r: Server, group: str) -> str:
    found = {row["name"].decode(): row["last-delivered-id"].decode() for row in r.xinfo_groups(STREAM)}
    return str(found[group])


# Creating groups


def test_a_group_is_created_and_recorded(r: Server) -> None:
    operations.create_group(SHELL, *PLACE, "beginning")
    assert group_start(r, GROUP) == "0-0"
    row = recorded()
    assert (row.actor, row.source, row.action, row.stream, row.group) == ("ann", "shell", "create group", STREAM, GROUP)
    assert (row.outcome, row.detail) == ("done", "start: beginning")
    assert row.duration_ms is not None


def test_a_group_that_starts_now_skips_what_is_there(r: Server) -> None:
    last = r.xadd(STREAM, {"a": 1}).decode()
    operations.create_group(SHELL, *PLACE, "now")
    assert group_start(r, GROUP) == last


def test_a_group_that_starts_at_a_time_gets_the_entry_of_that_very_moment(r: Server) -> None:
    for entry_id in ("1699999999999-7", "1700000000000-0", "1700000000001-0"):
        r.xadd(STREAM, {"a": 1}, id=entry_id)
    operations.create_group(SHELL, *PLACE, "2023-11-14T22:13:20Z")
    got = r.xreadgroup(GROUP, "c", {STREAM: ">"})[0][1]
    assert [entry_id.decode() for entry_id, _ in got] == ["1700000000000-0", "1700000000001-0"]


def test_a_group_that_is_there_already_is_an_error_beside_its_name(r: Server) -> None:
    r.xgroup_create(STREAM, GROUP, "5-5", mkstream=True)
    with pytest.raises(BadRequest, match="has a group 'my_group' already") as caught:
        operations.create_group(SHELL, *PLACE, "0")
    assert caught.value.field == "group"
    assert group_start(r, GROUP) == "5-5"
    assert recorded().outcome == "failed"


def test_a_missing_stream_is_made_only_when_that_is_wanted(r: Server) -> None:
    with pytest.raises(BadRequest, match="no stream 'sensor_stream'") as caught:
        operations.create_group(SHELL, *PLACE, "0", mkstream=False)
    assert caught.value.field == "stream"
    assert not r.exists(STREAM)


def test_a_key_of_another_type_is_reported_and_never_touched(r: Server) -> None:
    r.set(STREAM, "mine")
    with pytest.raises(WrongType, match="'sensor_stream' holds a string, not a stream; it was not touched"):
        operations.create_group(SHELL, *PLACE, "0")
    assert r.get(STREAM) == b"mine"
    assert recorded().outcome == "failed"


@pytest.mark.parametrize(
    ("stream", "group", "start", "field"),
    [
        (b"", b"g", "0", "stream"),
        (b"s", b"", "0", "group"),
        (b"s", b"g" * 513, "0", "group"),
        (b"s", b"g", "x", "start"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_happens(
    r: Server, stream: bytes, group: bytes, start: str, field: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        operations.create_group(SHELL, stream, group, start)
    assert caught.value.field == field
    assert r.dbsize() == 0
    assert not LedgerEntry.objects.exists()


def test_names_may_be_any_bytes(r: Server) -> None:
    operations.create_group(SHELL, b"s\xff", b"g\x00", "0")
    assert r.xinfo_groups(b"s\xff")[0]["name"] == b"g\x00"
    assert (recorded().stream, recorded().group) == ("s\\xff", "g\\x00")


# Claiming


def test_a_claim_moves_entries_and_counts_a_delivery(r: Server) -> None:
    ids = stuck(r, 3)
    result = claim(SHELL, PLACE, b"worker-2", parsed(ids[:2]), 1000)
    assert (result.asked, [str(i) for i in result.claimed], result.missed) == (2, ids[:2], [])
    assert owners(r) == {ids[0]: "worker-2", ids[1]: "worker-2", ids[2]: "worker-1"}
    assert r.xpending_range(STREAM, GROUP, ids[0], ids[0], 1)[0]["times_delivered"] == 2


def test_a_claim_says_which_entries_it_missed(r: Server) -> None:
    ids = stuck(r, 4)
    r.xack(STREAM, GROUP, ids[0])
    r.xdel(STREAM, ids[1])
    r.xclaim(STREAM, GROUP, "worker-1", 0, [ids[2]])
    result = claim(SHELL, PLACE, b"worker-2", parsed(ids), 1000)
    assert [str(i) for i in result.claimed] == ids[3:]
    assert [str(i) for i in result.missed] == ids[:3]
    row = recorded()
    assert (row.asked, row.done, row.missed, row.outcome) == (4, 1, 3, "done")
    assert row.ids == ids
    assert row.detail.endswith(f"missed: {', '.join(ids[:3])}")


def test_of_two_claims_one_gets_each_entry(r: Server) -> None:
    ids = parsed(stuck(r, 50))
    first = claim(SHELL, PLACE, b"worker-2", ids, 1000)
    second = claim(SHELL, PLACE, b"worker-3", ids, 1000)
    assert (len(first.claimed), len(second.claimed)) == (50, 0)


def test_a_claim_of_thousands_is_cut_into_batches_and_its_record_is_bounded(r: Server) -> None:
    ids = stuck(r, 1201)
    result = claim(SHELL, PLACE, b"worker-2", parsed(ids), 0)
    assert len(result.claimed) == 1201
    row = recorded()
    assert (len(row.ids), row.ids_total, row.done) == (1000, 1201, 1201)


def test_claim_all_takes_what_is_idle_long_enough_and_not_the_consumers_own(r: Server) -> None:
    old = stuck(r, 1100)
    young = stuck(r, 2, consumer="worker-3", idle_ms=10)
    own = stuck(r, 2, consumer="worker-2")
    walked: list[int] = []
    job = operations.claim(SHELL, *PLACE, b"worker-2", PendingFilter(min_idle_ms=5000))
    result = operations.claimed(operations.run(job, lambda now: walked.append(now.looked_at)))
    assert [str(i) for i in result.claimed] == old
    assert walked == [500, 1000, 1104]
    assert set(owners(r).values()) == {"worker-2", "worker-3"}
    assert [owners(r)[i] for i in young] == ["worker-3", "worker-3"]
    assert r.xpending_range(STREAM, GROUP, own[0], own[0], 1)[0]["times_delivered"] == 1
    assert (recorded().asked, recorded().ids_total) == (1100, 1100)


def test_claim_all_leaves_alone_what_is_delivered_while_it_walks(r: Server) -> None:
    stuck(r, 1000)
    late: list[str] = []
    job = operations.claim(SHELL, *PLACE, b"worker-2", PendingFilter())
    operations.run(job, lambda _: late.extend(stuck(r, 5, idle_ms=0)))
    assert late
    assert {owners(r)[i] for i in late} == {"worker-1"}


@pytest.mark.parametrize(
    ("ids", "consumer", "min_idle_ms", "field"),
    [
        ([], b"c", 0, "ids"),
        ([EntryId(1, 1)], b"", 0, "consumer"),
        ([EntryId(1, 1)], b"c" * 513, 0, "consumer"),
        ([EntryId(1, 1)], b"c", -1, "min_idle"),
    ],
)
def test_a_claim_that_makes_no_sense_is_refused(
    r: Server, ids: list[EntryId], consumer: bytes, min_idle_ms: int, field: str
) -> None:
    stuck(r, 1)
    with pytest.raises(BadRequest) as caught:
        claim(SHELL, PLACE, consumer, ids, min_idle_ms)
    assert caught.value.field == field
    assert [row["name"] for row in r.xinfo_consumers(STREAM, GROUP)] == [b"worker-1"]


def test_an_unknown_stream_or_group_is_named(r: Server) -> None:
    stuck(r, 1)
    with pytest.raises(NoSuchGroup, match="'sensor_stream' has no consumer group 'other'"):
        claim(SHELL, (STREAM.encode(), b"other"), b"c", [EntryId(1, 1)], 0)
    with pytest.raises(NoSuchStream, match="no stream 'gone'"):
        claim(SHELL, (b"gone", b"other"), b"c", [EntryId(1, 1)], 0)


def test_a_server_that_does_not_answer_is_a_failure_with_its_reason(r: Server, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url="redis://127.0.0.1:1/0")
    with pytest.raises(Unreachable):
        claim(SHELL, PLACE, b"c", [EntryId(1, 1)], 0)
    assert recorded().outcome == "failed"
    assert "cannot be reached" in recorded().detail


def test_a_failure_in_the_middle_leaves_what_was_done_in_the_ledger(r: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = parsed(stuck(r, 600))
    xclaim = groups.xclaim

    def cut_off(*arguments: Any) -> list[EntryId]:
        if arguments[-2][0].entry_id != ids[0]:
            raise Unreachable("cut off")
        return xclaim(*arguments)

    monkeypatch.setattr(groups, "xclaim", cut_off)
    with pytest.raises(Unreachable):
        claim(SHELL, PLACE, b"worker-2", ids, 0)
    row = recorded()
    assert (row.outcome, row.asked, row.done, row.missed) == ("failed", 600, 500, 100)
    assert row.detail == "100 of the missed may have been done: a process died meanwhile; cut off"


def test_a_server_user_that_may_claim_but_not_run_scripts_claims(r: Server, redis_url: str) -> None:
    ids = stuck(r, 2)
    r.xdel(STREAM, ids[0])
    r.acl_setuser("plain", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-@scripting"])
    client = Client(redis_url.replace("//", "//plain:pw@"))
    try:
        assert [str(i) for i in groups.xclaim(client, *PLACE, b"worker-2", operations.chosen(parsed(ids)))] == ids[1:]
        r.acl_setuser("plain", commands=["-xclaim"])
        with pytest.raises(AccessDenied):
            groups.xclaim(client, *PLACE, b"worker-2", operations.chosen(parsed(ids)))
    finally:
        client.close()
        r.acl_deluser("plain")


# Permission


def test_without_the_permission_nothing_is_done_and_the_refusal_is_recorded(r: Server) -> None:
    ids = stuck(r, 1)
    eve = user_with("view_pendingentry", "add_consumergroup")
    with pytest.raises(NotAllowed):
        claim(by(eve), PLACE, b"worker-2", parsed(ids), 0)
    assert owners(r) == {ids[0]: "worker-1"}
    row = recorded()
    assert (row.outcome, row.user, row.actor) == ("refused", eve, "eve")
    assert "streams.claim_pendingentry" in row.detail


def test_each_action_has_a_permission_of_its_own(r: Server) -> None:
    ids = stuck(r, 1)
    eve = by(user_with("claim_pendingentry"))
    assert len(claim(eve, PLACE, b"worker-2", parsed(ids), 0).claimed) == 1
    with pytest.raises(NotAllowed):
        operations.create_group(eve, b"s", b"g", "0")
    assert not r.exists("s")


def test_an_inactive_user_and_a_stranger_may_do_nothing(r: Server) -> None:
    for user in (user_with("add_consumergroup", is_active=False), AnonymousUser()):
        with pytest.raises(NotAllowed):
            operations.create_group(Actor("eve", user, "127.0.0.1"), b"s", b"g", "0")
    assert r.dbsize() == 0


def test_a_request_from_an_address_called_shell_is_no_shell(r: Server) -> None:
    with pytest.raises(NotAllowed):
        operations.create_group(Actor("eve", AnonymousUser(), "shell"), b"s", b"g", "0")


def test_who_may_look(settings: Any) -> None:
    assert not access.may_look(AnonymousUser())
    assert access.may_look(user_with("view_stream"))
    assert access.may_look(User.objects.create_superuser("root"))
    assert not access.may_look(User.objects.create_user("out", is_staff=True))
    assert not access.may_look(User.objects.create_superuser("gone", is_active=False))
    settings.STREAMWATCH = replace(settings.STREAMWATCH, anonymous_view=True)
    assert access.may_look(AnonymousUser())


# The ledger


def test_the_record_is_there_before_the_effect(r: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, list[str]]] = []
    ids = stuck(r, 1)

    def look(*_: Any) -> list[EntryId]:
        seen.append((recorded().outcome, recorded().ids))
        return []

    monkeypatch.setattr(groups, "xclaim", look)
    claim(SHELL, PLACE, b"c", parsed(ids), 0)
    assert seen == [("started", ids)]


@pytest.mark.django_db(transaction=True)
def test_a_ledger_that_cannot_be_written_stops_the_operation(r: Server) -> None:
    with connection.schema_editor() as editor:
        editor.alter_db_table(LedgerEntry, "streams_ledgerentry", "elsewhere")
    try:
        with pytest.raises(ledger.NotRecorded, match="nothing was done"):
            operations.create_group(SHELL, *PLACE, "0")
        assert r.dbsize() == 0
    finally:
        with connection.schema_editor() as editor:
            editor.alter_db_table(LedgerEntry, "elsewhere", "streams_ledgerentry")


def test_a_record_that_cannot_be_completed_does_not_hide_the_result(r: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    save = LedgerEntry.save

    def only_first(row: LedgerEntry, **options: Any) -> None:
        if row.pk:
            raise DatabaseError("disk full")
        save(row, **options)

    monkeypatch.setattr(LedgerEntry, "save", only_first)
    operations.create_group(SHELL, *PLACE, "0")
    assert group_start(r, GROUP) == "0-0"
    assert recorded().outcome == "started"


def test_a_deleted_user_stays_in_the_ledger_by_name(r: Server) -> None:
    eve = user_with("add_consumergroup")
    operations.create_group(by(eve), *PLACE, "0")
    eve.delete()
    assert (recorded().user, recorded().actor) == (None, "eve")


def test_the_models_and_the_migrations_agree() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


# Notices


@pytest.fixture
def real_layer(r: Server, redis_url: str, settings: Any) -> None:
    backend = "channels_redis.pubsub.RedisPubSubChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": {"hosts": [redis_url]}}}


def test_everybody_is_told_who_did_what(real_layer: None) -> None:
    async def listen_and_act() -> dict[str, Any]:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(notices.TOPIC, channel)
        await asyncio.to_thread(notices.send, "info", "Group g was created.", "ann", "/x/", b"s")
        event: dict[str, Any] = await asyncio.wait_for(layer.receive(channel), 5)
        await layer.group_discard(notices.TOPIC, channel)
        return event

    event = async_to_sync(listen_and_act)()
    assert event.pop("at") > 1_600_000_000_000
    assert event == {
        "type": "notice",
        "level": "info",
        "text": "Group g was created.",
        "actor": "ann",
        "link": "/x/",
        "stream": "s",
    }


def test_an_operation_sends_its_notice(r: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[Any, ...]] = []
    monkeypatch.setattr(notices, "send", lambda *event: sent.append(event))
    ids = stuck(r, 2)
    claim(SHELL, PLACE, b"worker-2", parsed(ids), 0)
    link = "/streams/sensor_stream/groups/my_group/pending/"
    assert sent == [
        ("info", "2 of 2 pending entries of group my_group were claimed for worker-2.", "ann", link, b"sensor_stream")
    ]


def test_a_layer_that_is_away_costs_a_warning_and_not_the_operation(
    r: Server, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    backend = "channels_redis.pubsub.RedisPubSubChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend, "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]}}}
    notices.logger.addHandler(caplog.handler)
    operations.create_group(SHELL, *PLACE, "0")
    notices.logger.removeHandler(caplog.handler)
    assert group_start(r, GROUP) == "0-0"
    assert "A notice was lost" in caplog.text
