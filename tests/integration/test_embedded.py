"""The embedded server: private, alone on its data, and gone with whoever asked for it."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from streams.embedded import Embedded, NotStarted
from tests.processes import ROOT, eventually, family, living

STARTER = """
import sys, time
from pathlib import Path
from streams.embedded import Embedded
print(Embedded(Path(sys.argv[1])).url, flush=True)
time.sleep(60)
"""


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    server = Embedded(tmp_path / "embedded")
    yield server
    server.stop()


def test_it_answers_under_its_address_and_to_nobody_without_the_password(embedded: Embedded) -> None:
    with redis.Redis.from_url(embedded.url) as client:
        assert client.ping()
        port = client.get_connection_kwargs()["port"]
    with redis.Redis(port=port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()


def test_its_files_are_for_its_owner_alone(embedded: Embedded, tmp_path: Path) -> None:
    folder = tmp_path / "embedded"
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "url", folder / "password")}
    assert list(modes.values()) == [0o700, 0o600, 0o600]


def test_data_and_address_stay_over_a_restart(tmp_path: Path) -> None:
    first = Embedded(tmp_path)
    with redis.Redis.from_url(first.url) as client:
        client.xadd("s", {"a": 1})
    first.stop()
    assert not (tmp_path / "url").exists()
    second = Embedded(tmp_path)
    with redis.Redis.from_url(second.url) as client:
        assert client.xlen("s") == 1
    second.stop()
    assert second.url == first.url


def test_a_taken_port_is_left_to_its_owner(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        (tmp_path / "port").write_text(str(taken))
        server = Embedded(tmp_path)
        assert f":{taken}/" not in server.url
        server.stop()


def test_it_goes_when_the_process_that_asked_for_it_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline().startswith("redis://")
        pids = family(parent.pid)
        assert len(pids) == 2
        parent.kill()
    assert eventually(lambda: not living(pids))
    assert not (tmp_path / "url").exists()


def test_a_server_left_by_a_killed_guard_is_ended_before_the_next_writes(tmp_path: Path) -> None:
    first = Embedded(tmp_path)
    orphan = int((tmp_path / "valkey.pid").read_text())
    (guard,) = (pid for pid in family(os.getpid()) if orphan in family(pid))
    os.kill(guard, signal.SIGKILL)
    assert first.stop() is False
    assert living({orphan})
    second = Embedded(tmp_path)
    assert not living({orphan})
    assert second.stop() is True


def test_a_folder_that_cannot_be_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotStarted, match=r"cannot keep its data in .*/file/data: Not a directory\. Set VAR_DIR"):
        Embedded(tmp_path / "file" / "data")


def test_data_that_cannot_be_read_is_told_with_the_last_line_of_the_log(tmp_path: Path) -> None:
    logs = tmp_path / "appendonlydir"
    logs.mkdir()
    (logs / "appendonly.aof.manifest").write_text("nonsense\n")
    with pytest.raises(NotStarted, match=r"did not start; the end of .*valkey\.log says: .+"):
        Embedded(tmp_path)
