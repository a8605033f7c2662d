from collections.abc import Callable
from typing import Any

import pytest

from streams import conf, letters
from streams.errors import BadRequest, Unreachable, WrongType
from streams.gateway.client import Client
from streams.ids import ZERO
from streams.readings import Shape
from streams.worker import Worker
from tests.integration.conftest import DEAD, FRAMES, GROUP, STREAM, add, counted, drain, merged, pending
from tests.stuck import Server

pytestmark = pytest.mark.django_db  # workers keep the ledger
MakeWorker = Callable[..., Worker]


def read_as(r: Server, consumer: str, count: int = 10) -> list[str]:
    reply = r.xreadgroup(GROUP, consumer, {STREAM: ">"}, count=count)
    return [entry_id.decode() for entry_id, _ in reply[0][1]] if reply else []


def test_a_worker_makes_the_group_at_the_beginning_and_counts_what_was_there(r: Server, worker: Worker) -> None:
    add(r, 5)
    drain(worker)
    assert (counted(r), pending(r)) == (5, 0)


def test_a_group_that_is_there_already_is_used_as_it_is(r: Server, worker: Worker) -> None:
    add(r, 3)
    r.xgroup_create(STREAM, GROUP, id="$")
    add(r, 2)
    drain(worker)
    assert counted(r) == 2


def test_a_missing_stream_is_made_and_waited_on(r: Server, worker: Worker) -> None:
    drain(worker)
    assert r.type(STREAM) == b"stream"


def test_a_frame_holds_every_fields_statistics(r: Server, worker: Worker) -> None:
    for temperature in ("19.5", "22.5", "21.0"):
        add(r, temperature=temperature, pressure="1013")
    drain(worker)
    (stats,) = [stats for bucket in merged(r).buckets.values() for stats in bucket.values()][:1]
    assert stats.fields.keys() == {"temperature", "humidity", "pressure"}
    assert merged(r).count == 3


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"temperature": "nan"}, "not finite"),
        ({"temperature": "warm"}, "not a number"),
        ({"sensor_id": ""}, "no sensor"),
        ({"humidity": b"\xff\xfe"}, "not a number"),
    ],
)
def test_a_broken_entry_goes_to_the_dead_letters_with_its_reason(
    r: Server, worker: Worker, fields: dict[str, Any], reason: str
) -> None:
    (good,), (bad,) = add(r), add(r, **fields)
    drain(worker)
    ((_, letter),) = r.xrange(DEAD)
    assert (letter[b"id"], letter[b"group"], letter[b"consumer"]) == (bad.encode(), b"my_group", b"w1")
    assert reason in letter[b"reason"].decode()
    assert good != bad
    assert (counted(r), pending(r)) == (1, 0)


def test_a_dead_letter_keeps_every_field_as_it_came(r: Server, worker: Worker) -> None:
    r.execute_command("XADD", STREAM, "*", "sensor_id", "1", "x", "1", "x", "2", b"\xff", b"\x00")
    drain(worker)
    ((_, pairs),) = Client(conf.current().server_url()).call("XRANGE", DEAD, "-", "+")
    letter = letters.from_pairs(ZERO, pairs)
    assert letter.pairs == [b"sensor_id", b"1", b"x", b"1", b"x", b"2", b"\xff", b"\x00"]
    assert (letter.stream, letter.group, letter.consumer) == (b"sensor_stream", b"my_group", b"w1")
    assert (letter.deliveries, letter.error) == (1, "")


def test_own_pending_entries_come_before_new_ones(r: Server, worker: Worker) -> None:
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    add(r, 3)
    read_as(r, "w1")
    add(r, 2)
    worker.consume_once()
    assert counted(r) == 3
    drain(worker)
    assert (counted(r), pending(r)) == (5, 0)


def test_an_entry_trimmed_while_pending_is_reported_and_leaves_the_pel(r: Server, worker: Worker) -> None:
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    add(r, 3)
    read_as(r, "w1")
    r.xtrim(STREAM, maxlen=1, approximate=False)
    drain(worker)
    assert [letter[b"reason"] for _, letter in r.xrange(DEAD)] == [
        b"the entry was trimmed or deleted before it was processed"
    ] * 2
    assert (counted(r), pending(r)) == (1, 0)


def test_entries_that_a_dead_worker_left_are_taken_over_after_the_idle_time(r: Server, make_worker: MakeWorker) -> None:
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    ids = add(r, 250)
    read_as(r, "dead", 250)
    r.xclaim(STREAM, GROUP, "dead", 0, ids, idle=5000)
    drain(make_worker("w1", claim_idle_ms=4000))
    assert (counted(r), pending(r)) == (250, 0)


def test_entries_of_a_worker_that_is_alive_are_left_to_it(r: Server, worker: Worker) -> None:
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    add(r, 3)
    read_as(r, "alive")
    drain(worker)
    assert pending(r) == 3


def test_entries_that_an_operator_gives_to_the_worker_are_processed(r: Server, worker: Worker) -> None:
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    add(r, 3)
    ids = read_as(r, "stuck")
    drain(worker)
    r.xclaim(STREAM, GROUP, "w1", 0, ids)
    worker._recovery._own_due._due = 0.0  # it looks once a second
    drain(worker)
    assert (counted(r), pending(r)) == (3, 0)


def test_an_entry_claimed_between_read_and_commit_is_not_counted(
    r: Server, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.consume_once()
    ids = add(r, 5)
    commit = worker._committer.commit

    def steal_first(*batch: Any) -> Any:
        r.xclaim(STREAM, GROUP, "thief", 0, ids[1:3])
        return commit(*batch)

    monkeypatch.setattr(worker._committer, "commit", steal_first)
    worker.consume_once()
    assert (counted(r), pending(r)) == (3, 2)


def test_a_commit_that_was_done_is_not_done_again_after_its_reply_was_lost(
    r: Server, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.consume_once()
    add(r, 5)
    commit = worker._committer.commit

    def lose_reply(*batch: Any) -> None:
        commit(*batch)
        raise Unreachable("cut")

    monkeypatch.setattr(worker._committer, "commit", lose_reply)
    with pytest.raises(Unreachable):
        worker.consume_once()
    monkeypatch.undo()
    drain(worker)
    assert (counted(r), pending(r)) == (5, 0)


def test_a_frames_key_of_another_type_stops_the_commit_before_anything_is_acknowledged(
    r: Server, worker: Worker
) -> None:
    worker.consume_once()
    r.set(FRAMES, "mine")
    add(r, 2)
    with pytest.raises(WrongType, match="holds a string"):
        drain(worker)
    assert r.get(FRAMES) == b"mine"
    assert pending(r) == 2
    r.delete(FRAMES)
    drain(worker)
    assert (counted(r), pending(r)) == (2, 0)


def test_a_stream_key_of_another_type_is_reported_and_not_touched(r: Server, worker: Worker) -> None:
    r.set(STREAM, "mine")
    with pytest.raises(WrongType):
        worker.consume_once()
    assert r.get(STREAM) == b"mine"


def test_a_group_destroyed_while_reading_is_made_again_where_the_worker_was(r: Server, worker: Worker) -> None:
    add(r, 3)
    drain(worker)
    r.xgroup_destroy(STREAM, GROUP)
    add(r, 2)
    drain(worker)
    assert (counted(r), pending(r)) == (5, 0)


def test_a_stream_made_anew_is_read_from_its_beginning(r: Server, worker: Worker) -> None:
    add(r, 3)
    drain(worker)
    r.delete(STREAM)
    r.xadd(STREAM, {"sensor_id": "1", "temperature": "1", "humidity": "1"}, id="5-1")
    drain(worker)
    assert counted(r) == 4


def test_two_workers_share_the_group_and_never_a_name(r: Server, make_worker: MakeWorker) -> None:
    one, two = make_worker(), make_worker()
    add(r, 300)
    while one.consume_once() | two.consume_once():
        pass
    assert one.consumer != two.consumer
    assert one.readings + two.readings == counted(r) == 300


def test_a_name_that_a_live_worker_holds_is_refused(
    worker: Worker, make_worker: MakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.consumer_names._WAIT_S", 0.3)
    with pytest.raises(BadRequest, match="'w1' is held by a worker that is alive"):
        make_worker("w1")


def test_what_a_dead_worker_held_is_settled_as_soon_as_its_lease_has_ended(r: Server, make_worker: MakeWorker) -> None:
    dead = make_worker("dead")
    drain(dead)
    ids = add(r, 150)
    read_as(r, "dead", 150)
    heir = make_worker("heir")
    drain(heir)
    assert pending(r) == 150
    r.xdel(STREAM, ids[0])
    r.delete(dead._seat._lease.key)
    heir._recovery._adopt_due._due = 0.0  # it looks every two seconds
    drain(heir)
    assert (counted(r), r.xlen(DEAD), pending(r)) == (149, 1, 0)
    assert [consumer["name"] for consumer in r.xinfo_consumers(STREAM, GROUP)] == [b"heir"]


def test_leaving_removes_the_consumer_only_when_it_owns_nothing(r: Server, make_worker: MakeWorker) -> None:
    idle, busy = make_worker("idle"), make_worker("busy")
    add(r, 1)
    drain(idle)
    add(r, 1)
    read_as(r, "busy")
    idle.leave()
    busy.leave()
    assert [consumer["name"] for consumer in r.xinfo_consumers(STREAM, GROUP)] == [b"busy"]
    assert make_worker("idle").consumer == "idle"


def test_a_worker_of_another_group_does_not_write_frames(
    r: Server, worker: Worker, make_worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    add(r, 4)
    drain(worker)
    drain(make_worker("other", group=b"reports"))
    assert counted(r) == 4
    assert r.xpending(STREAM, "reports")["pending"] == 0


def test_frames_older_than_the_retention_are_dropped(r: Server, make_worker: MakeWorker) -> None:
    for n in range(300):
        r.xadd(FRAMES, {"f": "{}"}, id=f"{n + 1}-0")
    drain(make_worker("w1"))
    assert r.xlen(FRAMES) < 300


def test_frames_beyond_the_byte_limit_are_dropped(r: Server, make_worker: MakeWorker) -> None:
    for _ in range(2000):
        r.xadd(FRAMES, {"f": "x" * 500})
    drain(make_worker("w1", frames_max_bytes=200_000))
    assert r.memory_usage(FRAMES) < 400_000


def test_a_batch_larger_than_luas_stack_is_committed_whole(r: Server, make_worker: MakeWorker) -> None:
    worker = make_worker("w1", count=20_000)
    pipeline = r.pipeline(transaction=False)
    for n in range(20_000):
        pipeline.xadd(STREAM, {"sensor_id": n % 10, "temperature": "x" if n % 2 else "20", "humidity": 1})
    pipeline.execute()
    drain(worker)
    assert (counted(r), r.xlen(DEAD), pending(r)) == (10_000, 10_000, 0)


def test_what_makes_a_reading_can_change_while_the_worker_runs(r: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.worker.SHAPE_EVERY_S", 0.0)
    shapes = [Shape(b"sensor_id", (b"temperature", b"humidity"))]
    worker = Worker(conf.current(), consumer=b"w", count=100, block_ms=20, shape=lambda: shapes[-1])
    r.xadd(STREAM, {"player": "p1", "score": "7"})
    drain(worker)
    shapes.append(Shape(b"player", (b"score",)))
    r.xadd(STREAM, {"player": "p1", "score": "7"})
    drain(worker)
    assert (r.xlen(DEAD), counted(r)) == (1, 1)
    (bucket,) = merged(r).buckets.values()
    assert list(bucket["p1"].fields) == ["score"]
