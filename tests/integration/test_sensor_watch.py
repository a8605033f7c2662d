"""What the alert rules learn of sensors from the frames log of a real server."""

from __future__ import annotations

import pytest

from streams import conf, sensor_watch
from streams.alerting import Seen
from streams.errors import StreamwatchError
from streams.gateway.client import Client
from streams.sensor_watch import EXPECTED_FOR_MS, SensorWatch
from tests.stuck import Server
from tests.web.conftest import FRAMES, STREAM, commit, server_ms


@pytest.fixture
def watch(r: Server) -> SensorWatch:
    return SensorWatch(Client(conf.current().server_url()), {STREAM.encode(): FRAMES.encode()})


def test_sensors_heard_before_the_first_look_are_known_without_their_values(r: Server, watch: SensorWatch) -> None:
    now = server_ms(r)
    commit(r, (now - 50_000, "a", 99.0))
    commit(r, (now, "b", 20.0))
    assert watch.look(["*"]) == {STREAM: {"a": Seen(now - 50_000), "b": Seen(now)}}


def test_each_look_has_the_extremes_since_the_look_before(r: Server, watch: SensorWatch) -> None:
    now = server_ms(r)
    watch.look(["*"])
    commit(r, (now, "a", 20.0), (now + 1, "a", 35.0))
    commit(r, (now + 2, "a", 10.0), (now + 3, "b", 1.0))
    seen = watch.look(["sensor*"])[STREAM]
    assert seen["a"] == Seen(now + 2, {"temperature": (10.0, 35.0)})
    assert watch.look(["*"])[STREAM]["a"] == Seen(now + 2)


def test_a_long_log_is_read_in_pieces_and_nothing_is_said_until_the_end(
    r: Server, watch: SensorWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sensor_watch, "MOST_FRAMES", 3)
    now = server_ms(r)
    for n in range(8):
        commit(r, (now + n, f"s{n}", 20.0))
    assert [len(watch.look(["*"]).get(STREAM, {})) for _ in range(3)] == [0, 0, 8]


def test_streams_that_no_rule_is_about_are_not_read(r: Server, watch: SensorWatch) -> None:
    commit(r, (server_ms(r), "a", 1.0))
    before = r.info("commandstats").get("cmdstat_xrange", {}).get("calls", 0)
    assert watch.look(["other*"]) == {}
    assert r.info("commandstats").get("cmdstat_xrange", {}).get("calls", 0) == before


def test_a_sensor_is_expected_for_a_week(r: Server, watch: SensorWatch) -> None:
    now = server_ms(r)
    commit(r, (now - EXPECTED_FOR_MS - 1, "retired", 1.0), (now - EXPECTED_FOR_MS, "quiet", 1.0), (now, "a", 1.0))
    assert set(watch.look(["*"])[STREAM]) == {"quiet", "a"}


def test_a_log_that_is_no_stream_is_an_error_of_ours(r: Server, watch: SensorWatch) -> None:
    r.set(FRAMES, "x")
    with pytest.raises(StreamwatchError):
        watch.look(["*"])
