from dataclasses import replace

from streams import figures, health, windows
from streams.ids import EntryId
from streams.snapshot import Consumer, ConsumerGroup, Lag, Quality, Snapshot, Stream

NOW = 1_700_000_000_000
EARLIER = NOW - 5000


def stream(added: int | None = 100) -> Stream:
    return Stream(length=50, first_id=EntryId(NOW - 60_000, 0), last_id=EntryId(NOW - 300, 0), entries_added=added)


GROUP = ConsumerGroup(
    name=b"g",
    last_delivered=EntryId(NOW - 400, 0),
    entries_read=90,
    pending=4,
    oldest_pending=EntryId(NOW - 9000, 0),
    first_unread=EntryId(NOW - 350, 0),
    lag=Lag(10, Quality.EXACT),
    consumers=(Consumer(b"c", 4, 20, None, never_active=True),),
)
AFTER = Snapshot(b"s", NOW, stream(), (GROUP,))
BEFORE = Snapshot(
    b"s",
    EARLIER,
    stream(added=50),
    (replace(GROUP, last_delivered=EntryId(NOW - 5400, 0), entries_read=60, pending=2),),
)


def test_rates_are_per_second_over_the_window() -> None:
    figures = health.described([BEFORE, AFTER])
    group = figures["groups"][0]
    assert figures["stream"]["in_per_s"] == 10.0
    assert (group["delivered_per_s"], group["acked_per_s"]) == (6.0, 5.6)


def test_one_look_tells_no_rate() -> None:
    figures = health.described([AFTER])
    assert figures["stream"]["in_per_s"] is None
    assert figures["groups"][0]["delivered_per_s"] is None


def test_rates_are_unknown_when_the_server_does_not_count_or_counts_anew() -> None:
    old_server = health.described([replace(BEFORE, stream=stream(None)), replace(AFTER, stream=stream(None))])
    new_history = health.described([replace(BEFORE, stream=stream(added=1000)), AFTER])
    assert old_server["stream"]["in_per_s"] is new_history["stream"]["in_per_s"] is None


def test_ages_are_taken_from_ids_by_the_servers_clock() -> None:
    group = health.described([AFTER])["groups"][0]
    assert (group["oldest_pending_ms"], group["behind_ms"]) == (9000, 350)


def test_a_group_that_has_everything_is_not_behind() -> None:
    level = replace(GROUP, first_unread=None, lag=Lag(0, Quality.EXACT))
    assert figures.behind_ms(level, NOW) == 0


def test_ids_that_are_no_times_make_ages_unknown() -> None:
    odd = replace(GROUP, oldest_pending=EntryId(7, 0), first_unread=EntryId(8, 0))
    group = health.described([replace(AFTER, groups=(odd,))])["groups"][0]
    assert group["oldest_pending_ms"] is group["behind_ms"] is None


def test_a_group_made_a_moment_ago_has_no_rates_yet() -> None:
    assert health.described([replace(BEFORE, groups=()), AFTER])["groups"][0]["acked_per_s"] is None


def test_claims_and_deletions_never_make_a_negative_rate() -> None:
    before = replace(BEFORE, groups=(replace(GROUP, entries_read=90, pending=1),))
    assert health.described([before, AFTER])["groups"][0]["acked_per_s"] == 0.0


def test_a_missing_stream_is_none_and_not_empty() -> None:
    assert health.described([Snapshot(b"s", NOW, None)])["stream"] is None


def test_a_stream_that_lost_entries_or_ids_has_started_anew() -> None:
    shorter = replace(AFTER, stream=stream(added=3))
    older = replace(AFTER, stream=replace(stream(), last_id=EntryId(5, 0)))
    assert windows.started_anew(AFTER, shorter)
    assert windows.started_anew(AFTER, older)
    assert windows.started_anew(AFTER, replace(AFTER, stream=None))
    assert not windows.started_anew(BEFORE, AFTER)
    assert not windows.started_anew(None, AFTER)


def test_a_key_that_cannot_be_looked_at_is_no_new_start() -> None:
    assert not windows.started_anew(AFTER, replace(AFTER, stream=None, problem="the key holds a string"))


def test_a_look_of_now_borrows_the_monitors_rates() -> None:
    now = health.with_rates(health.described([AFTER]), health.described([BEFORE, AFTER]))
    assert now["groups"][0]["delivered_per_s"] == 6.0
    assert now["stream"]["in_per_s"] == 10.0


def test_without_a_monitor_rates_stay_unknown() -> None:
    assert health.with_rates(health.described([AFTER]), None)["stream"]["in_per_s"] is None
