"""Moving and destroying groups, making and deleting consumers, acknowledging: what is promised, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User

from streams import operations, previews
from streams.errors import BadRequest, NoSuchGroup, NotAllowed
from streams.ids import EntryId
from streams.job_models import Job
from streams.models import LedgerEntry
from streams.operations import PERMISSIONS, Action, Actor
from streams.parsing import Retain
from tests.stuck import GROUP, STREAM, Server, owners, stuck

pytestmark = pytest.mark.django_db
SHELL = Actor("ann", None, "shell")
PLACE = (STREAM.encode(), GROUP.encode())


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def ids(r: Server) -> list[EntryId]:
    """Twenty entries, of which the group has read eight."""
    made = [EntryId.from_reply(r.xadd(STREAM, {"n": n})) for n in range(20)]
    r.xgroup_create(STREAM, GROUP, "0")
    r.xreadgroup(GROUP, "reader", {STREAM: ">"}, count=8)
    return made


def group(r: Server) -> dict[str, Any]:
    found: dict[str, Any] = r.xinfo_groups(STREAM)[0]
    return found


def recorded() -> LedgerEntry:
    return LedgerEntry.objects.get()


# Moving


def test_a_group_moved_on_skips_entries_and_keeps_its_lag_known(r: Server, ids: list[EntryId]) -> None:
    preview = previews.move(*PLACE, str(ids[14]))
    assert (str(preview.skipped), str(preview.again), str(preview.lag)) == ("7", "0", "5")
    assert (preview.before, preview.pending, preview.active) == (ids[7], 8, ("reader",))
    moved = operations.move_group(SHELL, *PLACE, str(ids[14]))
    assert (moved.before, moved.after) == (ids[7], ids[14])
    assert (group(r)["lag"], group(r)["pending"]) == (5, 8)
    assert recorded().detail == f"from {ids[7]} to {ids[14]}: 7 entries are skipped"


@pytest.mark.parametrize(("start", "again", "lag"), [("beginning", "8", 20), ("0", "8", 20)])
def test_a_group_moved_back_is_given_entries_again(
    r: Server, ids: list[EntryId], start: str, again: str, lag: int
) -> None:
    assert str(previews.move(*PLACE, start).again) == again
    operations.move_group(SHELL, *PLACE, start)
    assert group(r)["lag"] == lag
    assert len(r.xreadgroup(GROUP, "reader", {STREAM: ">"})[0][1]) == 20


def test_now_is_the_newest_entry_there_is_so_that_nothing_added_meanwhile_is_skipped(
    r: Server, ids: list[EntryId]
) -> None:
    moved = operations.move_group(SHELL, *PLACE, "now")
    assert moved.after == ids[-1]
    r.xadd(STREAM, {"n": "late"})
    assert group(r)["lag"] == 1


def test_after_trimming_the_lag_is_still_what_can_be_read(r: Server, ids: list[EntryId]) -> None:
    r.xtrim(STREAM, maxlen=6, approximate=False)
    preview = previews.move(*PLACE, "beginning")
    assert (str(preview.lag), preview.entries_read) == ("6", 14)
    operations.move_group(SHELL, *PLACE, "beginning")
    assert group(r)["lag"] == 6


def test_a_count_that_was_cut_says_so_and_the_far_end_is_counted_from_its_side(
    r: Server, ids: list[EntryId], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "MOST_COUNTED", 5)
    assert str(previews.move(*PLACE, str(ids[2])).lag) == "17"
    middle = previews.move(*PLACE, str(ids[9]))
    assert (str(middle.lag), middle.entries_read) == ("at least 5", None)


@pytest.mark.parametrize("start", ["yesterday", "2026-01-31T12:00", "", "9999-12-31T00:00Z"])
def test_a_position_that_is_none_is_refused_beside_its_field(ids: list[EntryId], start: str) -> None:
    with pytest.raises(BadRequest) as refused:
        operations.move_group(SHELL, *PLACE, start)
    assert refused.value.field == "start"


def test_a_new_group_in_the_middle_knows_its_lag(r: Server, ids: list[EntryId]) -> None:
    operations.create_group(SHELL, STREAM.encode(), b"middle", str(ids[4]))
    lags = {row["name"]: row["lag"] for row in r.xinfo_groups(STREAM)}
    assert lags[b"middle"] == 15


# Destroying


def test_a_group_that_somebody_reads_is_not_destroyed_unless_forced(r: Server, ids: list[EntryId]) -> None:
    with pytest.raises(BadRequest, match="Consumers were active within the last minute: reader"):
        operations.destroy_group(SHELL, *PLACE, pending=8)
    assert recorded().outcome == "failed"
    assert operations.destroy_group(SHELL, *PLACE, pending=8, force=True) == 8
    assert r.xinfo_groups(STREAM) == []
    assert LedgerEntry.objects.latest("pk").detail == "forced; 8 pending entries were forgotten"


def test_a_group_with_more_pending_than_was_said_is_not_destroyed(r: Server, ids: list[EntryId]) -> None:
    with pytest.raises(BadRequest, match="8 entries are pending by now, not 7"):
        operations.destroy_group(SHELL, *PLACE, pending=7, force=True)
    assert len(r.xinfo_groups(STREAM)) == 1


# Consumers


def test_a_consumer_is_made_and_a_second_time_it_is_there_already(r: Server, ids: list[EntryId]) -> None:
    assert operations.create_consumer(SHELL, *PLACE, b"new\xff") is True
    assert operations.create_consumer(SHELL, *PLACE, b"new\xff") is False
    assert b"new\xff" in {row["name"] for row in r.xinfo_consumers(STREAM, GROUP)}


def test_a_consumer_that_owns_entries_is_deleted_only_with_them_moved_or_forgotten(
    r: Server, ids: list[EntryId]
) -> None:
    with pytest.raises(BadRequest, match="reader owns 8 pending entries, which would be forgotten"):
        operations.delete_consumer(SHELL, *PLACE, b"reader")
    assert operations.delete_consumer(SHELL, *PLACE, b"reader", move_to=b"other") == operations.Deleted(8, 0)
    assert set(owners(r).values()) == {"other"}
    with pytest.raises(BadRequest, match="owns 8"):
        operations.delete_consumer(SHELL, *PLACE, b"other", forget=7)
    assert operations.delete_consumer(SHELL, *PLACE, b"other", forget=8) == operations.Deleted(0, 8)
    assert r.xinfo_consumers(STREAM, GROUP) == []


def test_moving_away_keeps_how_often_entries_were_delivered(r: Server) -> None:
    stuck(r, 1200)
    r.xclaim(STREAM, GROUP, "worker-1", 0, list(owners(r))[:5], retrycount=4, justid=True)
    operations.delete_consumer(SHELL, *PLACE, b"worker-1", move_to=b"heir")
    rows = r.xpending_range(STREAM, GROUP, "-", "+", 2000)
    assert [row["times_delivered"] for row in rows[:6]] == [4, 4, 4, 4, 4, 1]
    assert (len(rows), recorded().done) == (1200, 1200)


def test_entries_that_are_gone_do_not_keep_a_consumer_from_being_deleted(r: Server) -> None:
    ids = stuck(r, 10)
    r.xdel(STREAM, *ids[:4])
    assert operations.delete_consumer(SHELL, *PLACE, b"worker-1", move_to=b"heir").forgotten == 0
    assert set(owners(r).values()) == {"heir"}
    assert b"worker-1" not in {row["name"] for row in r.xinfo_consumers(STREAM, GROUP)}


@pytest.mark.parametrize(
    ("consumer", "move_to", "field"),
    [(b"nobody", b"", "consumer"), (b"reader", b"reader", "move_to"), (b"reader", b"x" * 600, "move_to")],
)
def test_a_deletion_that_makes_no_sense_is_refused(
    ids: list[EntryId], consumer: bytes, move_to: bytes, field: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        operations.delete_consumer(SHELL, *PLACE, consumer, move_to=move_to)
    assert refused.value.field == field


def test_of_several_dead_consumers_those_that_own_nothing_are_deleted(r: Server, ids: list[EntryId]) -> None:
    for name in ("a", "b"):
        r.xgroup_createconsumer(STREAM, GROUP, name)
    assert operations.delete_dead(SHELL, *PLACE, [b"a", b"reader", b"b", b"nobody"]) == [b"a", b"b"]
    assert [row["name"] for row in r.xinfo_consumers(STREAM, GROUP)] == [b"reader"]


# Acknowledging


def test_acknowledged_entries_are_gone_from_the_pel_and_what_was_not_pending_is_missed(
    r: Server, ids: list[EntryId]
) -> None:
    job = operations.run(operations.acknowledge(SHELL, *PLACE, operations.chosen([ids[0], ids[1], ids[15]])))
    assert (job.asked, job.done, job.missed, job.unsure) == (3, 2, 1, 0)
    meanwhile = "moved meanwhile (acknowledged, taken over, active again or deleted)"
    assert operations.sentence(job) == f"Acknowledged 2 of 3; 1 {meanwhile}: {ids[15]}."
    assert len(owners(r)) == 6
    assert (recorded().asked, recorded().done, recorded().missed) == (3, 2, 1)


def test_a_group_that_is_missing_is_said_and_nothing_counts_as_missed(r: Server, ids: list[EntryId]) -> None:
    with pytest.raises(NoSuchGroup):
        operations.run(operations.acknowledge(SHELL, STREAM.encode(), b"nobody", operations.chosen(ids)))


def test_entries_become_dead_letters_with_the_reason_and_who_gave_it(r: Server, ids: list[EntryId]) -> None:
    job = operations.run(operations.give_up(SHELL, *PLACE, operations.chosen([*ids[:3], ids[15]]), " no address "))
    assert operations.sentence(job).startswith("3 of 4 made dead letters; 1 moved meanwhile")
    fields = r.xrange("{sensor_stream}:dead")[0][1]
    assert (fields[b"reason"], fields[b"id"]) == (b"no address (ann)", str(ids[0]).encode())
    assert (recorded().done, recorded().missed) == (3, 1)
    assert recorded().detail == f"no address; missed: {ids[15]}"
    assert len(owners(r)) == 5


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_dead_letter_needs_a_reason(r: Server, ids: list[EntryId], reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        operations.give_up(SHELL, *PLACE, operations.chosen(ids[:3]), reason)
    assert refused.value.field == "reason"
    assert len(owners(r)) == 8


# Who may

ONE = operations.chosen([EntryId(1, 0)])
ACTS: dict[Action, Callable[[Actor], object]] = {
    Action.CREATE_GROUP: lambda who: operations.create_group(who, STREAM.encode(), b"new", "0"),
    Action.MOVE_GROUP: lambda who: operations.move_group(who, *PLACE, "now"),
    Action.DESTROY_GROUP: lambda who: operations.destroy_group(who, *PLACE, pending=100, force=True),
    Action.CREATE_CONSUMER: lambda who: operations.create_consumer(who, *PLACE, b"new"),
    Action.DELETE_CONSUMER: lambda who: operations.delete_consumer(who, *PLACE, b"reader", forget=100),
    Action.CLAIM: lambda who: operations.claim(who, *PLACE, b"thief", ONE),
    Action.ACKNOWLEDGE: lambda who: operations.acknowledge(who, *PLACE, ONE),
    Action.REPROCESS: lambda who: operations.reprocess(who, *PLACE, ONE),
    Action.TRIM: lambda who: operations.trim(who, STREAM.encode(), Retain(entries=1), lose=True),
    Action.GIVE_UP: lambda who: operations.give_up(who, *PLACE, ONE, "why"),
}


def actor(*codenames: str, **fields: Any) -> Actor:
    user = User.objects.create_user("eve", **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return Actor("eve", user, "127.0.0.1")


@pytest.mark.parametrize("action", ACTS)
def test_each_takes_its_own_permission_and_no_other_will_do(r: Server, ids: list[EntryId], action: Action) -> None:
    own = PERMISSIONS[action].partition(".")[2]
    others = [name.partition(".")[2] for name in PERMISSIONS.values() if name != PERMISSIONS[action]]
    before = (r.xinfo_groups(STREAM), owners(r))
    for who in (actor(*others), Actor("anonymous", AnonymousUser(), "127.0.0.1")):
        with pytest.raises(NotAllowed):
            ACTS[action](who)
    assert (r.xinfo_groups(STREAM), owners(r)) == before
    assert set(LedgerEntry.objects.values_list("outcome", flat=True)) == {"refused"}
    User.objects.all().delete()
    done = ACTS[action](actor(own))
    if isinstance(done, Job):
        operations.run(done)
    assert LedgerEntry.objects.latest("pk").outcome == "done"


def test_who_lost_a_permission_meanwhile_has_nothing_done_by_a_job_that_waits(r: Server, ids: list[EntryId]) -> None:
    eve = actor("acknowledge_pendingentry")
    job = operations.acknowledge(eve, *PLACE, operations.chosen(ids))
    assert isinstance(eve.user, User)
    eve.user.user_permissions.clear()
    with pytest.raises(NotAllowed):
        operations.run(job)
    assert len(owners(r)) == 8
    assert Job.objects.get().state == "failed"
