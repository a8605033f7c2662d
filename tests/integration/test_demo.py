"""The demo lives and dies as one."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.processes import MANAGE, Process, eventually, family, living, run

QUIET = "worker,monitor,web,stuck"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts demos under a `var` of their own."""
    started: list[Process] = []

    def start(*options: str, **environ: str) -> Process:
        environ = {"VAR_DIR": str(tmp_path), **environ}
        started.append(Process("demo", *options, **environ))
        return started[-1]

    yield start
    for process in started:
        process.stop()


def test_everything_runs_and_stops_as_one(demo: Callable[..., Process], tmp_path: Path) -> None:
    process = demo("--port", "0")
    page = process.until("  Page ").split()[-1]
    process.until("  Admin ")
    login = process.until("  Login ")
    url = process.until("  Redis ").split()[-1]
    process.until("Ctrl-C stops everything.")
    assert (tmp_path / "admin_password").read_text() in login
    with urllib.request.urlopen(f"{page}healthz") as answer:
        assert answer.status == 200
    pids = family(process.pid)
    with redis.Redis.from_url(url) as client:
        assert eventually(lambda: client.xlen("sensor_stream") > 5)
        groups = {group["name"] for group in client.xinfo_groups("sensor_stream")}
        assert groups == {b"my_group", b"reports"}
        assert eventually(lambda: client.xpending("sensor_stream", "reports")["pending"] > 0)
    process.send(signal.SIGINT)
    assert process.wait() == 0
    assert process.text.endswith("Stopped.")
    assert re.search(r"simulator \| Sent \d+ readings", process.text)
    assert "Traceback" not in process.text
    assert not living(pids)
    assert not (tmp_path / "embedded" / "url").exists()


def test_a_part_that_ends_takes_the_rest_along_and_is_named(demo: Callable[..., Process]) -> None:
    process = demo("--without", "worker,monitor,web")
    process.until(" started (pid=")
    name, pid = re.findall(r"(\w+) started \(pid=(\d+)", process.until(" started (pid="))[0]
    os.kill(int(pid), signal.SIGKILL)
    assert process.wait() == 1
    sentence = f"CommandError: {name} ended by itself with status -9, so everything was stopped"
    assert process.lines[-1].startswith(sentence)


def test_nothing_outlives_a_supervisor_that_is_killed(demo: Callable[..., Process]) -> None:
    process = demo("--without", "worker,monitor,web")
    # Each says so by itself: neither is always the first.
    for _part in ("simulator", "stuck"):
        process.until(" started (pid=")
    pids = family(process.pid)
    assert len(pids) >= 6
    process.send(signal.SIGKILL)
    assert eventually(lambda: not living(pids), within_s=10)


def test_it_says_when_its_server_ended(demo: Callable[..., Process], tmp_path: Path) -> None:
    process = demo("--without", "worker,monitor,web,stuck")
    process.until("simulator started")
    os.kill(int((tmp_path / "embedded" / "valkey.pid").read_text()), signal.SIGKILL)
    assert process.wait() == 1
    assert "CommandError: The embedded server ended by itself" in process.lines[-1]


def test_a_second_demo_says_that_there_is_one(demo: Callable[..., Process], tmp_path: Path) -> None:
    first = demo("--without", QUIET)
    first.until("simulator started")
    status, _, err = run("demo", VAR_DIR=str(tmp_path))
    assert status == 1
    assert err.startswith(f"CommandError: A demo is running here already (process {first.pid}): stop it")
    assert len(err.splitlines()) == 1


def test_a_taken_port_is_told_before_anything_starts(demo: Callable[..., Process]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        process = demo("--port", str(port))
        assert process.wait() == 1
    assert process.lines == [
        f"CommandError: Port {port} on 127.0.0.1 is in use: "
        "choose another with --port, or --port 0 for any that is free."
    ]


def test_a_server_of_ones_own_is_used_and_must_answer(
    demo: Callable[..., Process], tmp_path: Path, r: redis.Redis, redis_url: str
) -> None:
    process = demo("--without", QUIET, REDIS_URL="redis://:secret@127.0.0.1:1/0")
    assert process.wait() == 1
    assert len(process.lines) == 1
    assert "secret" not in process.text
    assert "Check REDIS_URL" in process.text
    process = demo("--without", QUIET, REDIS_URL=redis_url)
    process.until("simulator started")
    assert eventually(lambda: r.xlen("sensor_stream") > 0)
    assert process.stop() == 0
    assert not (tmp_path / "embedded").exists()


def test_the_login_is_the_one_of_the_environment(demo: Callable[..., Process], tmp_path: Path) -> None:
    names = {"DJANGO_SUPERUSER_USERNAME": "ada", "DJANGO_SUPERUSER_PASSWORD": "enigma-17"}
    process = demo("--without", QUIET, **names)
    assert process.until("  Login ").endswith("ada, with the password it was given")
    assert process.stop() == 0
    assert "enigma-17" not in process.text
    assert not (tmp_path / "admin_password").exists()


def test_a_part_that_is_not_known_is_told() -> None:
    with pytest.raises(CommandError, match="unknown: toaster; known: worker, monitor, web, simulator, jobs, stuck"):
        call_command("demo", "--without", "worker,toaster")


def test_a_log_that_nobody_reads_any_more_ends_in_good_order(tmp_path: Path) -> None:
    environ = {**os.environ, "VAR_DIR": str(tmp_path)}
    command = [*MANAGE, "demo", "--without", "worker,monitor,web,stuck"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        started = next(line for line in process.stdout if "simulator started" in line)
        pids = family(process.pid)
        process.stdout.close()
        os.kill(int(re.findall(r"pid=(\d+)", started)[0]), signal.SIGTERM)
        assert "Traceback" not in process.stderr.read()
    assert not living(pids)


def test_it_can_be_stopped_while_it_starts(demo: Callable[..., Process], tmp_path: Path) -> None:
    process = demo("--without", QUIET)
    assert eventually((tmp_path / "embedded" / "url").exists)
    pids = family(process.pid)
    process.send(signal.SIGTERM)
    assert process.wait() == 0
    assert not living(pids)


def test_a_var_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    status, _, err = run("demo", VAR_DIR=str(tmp_path / "file" / "var"))
    assert status == 1
    assert "cannot be written (Not a directory): set VAR_DIR to a folder that can be." in err
