"""scripts/redis.sh gets the tests a Redis where it can, starts none, and never keeps them from running."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import ROOT

SERVER = "#!/bin/sh\necho Redis server v=7.0.15"
APT = '#!/bin/sh\necho "$@" >> {calls}\n[ "$1" = install ] && {install}\nexit {status}'


class Machine:
    """A machine on which there is what a test puts there, and little else."""

    def __init__(self, home: Path) -> None:
        self.path, self.venv, self.calls = home / "bin", home / "venv", home / "calls"
        for folder in (self.path, self.venv / "bin"):
            folder.mkdir(parents=True)
        for tool in ("sh", "grep", "mkdir", "ln"):
            (self.path / tool).symlink_to(shutil.which(tool) or "")

    def put(self, name: str, script: str) -> Path:
        path = self.path / name
        path.write_text(script)
        path.chmod(0o755)
        return path

    def with_apt(self, user: int, *, works: bool) -> None:
        server = self.put("server", SERVER)
        install = f"ln -s {server} {self.path}/redis-check-rdb" if works else "false"
        self.put("apt-get", APT.format(calls=self.calls, install=install, status=0 if works else 100))
        self.put("id", f"#!/bin/sh\necho {user}")

    def ask(self, **environ: str) -> tuple[str, str]:
        """What the script prints, and says."""
        command = [self.path / "sh", ROOT / "scripts" / "redis.sh", self.venv]
        environ = {"PATH": str(self.path), **environ}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=20, check=True)
        return done.stdout.strip(), done.stderr

    @property
    def asked_of_apt(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_one_in_path_or_the_one_named_is_taken(machine: Machine, tmp_path: Path) -> None:
    found = machine.put("redis-server", SERVER)
    named = machine.put("other", SERVER)
    assert machine.ask() == (str(found), "")
    assert machine.ask(REDIS_SERVER=str(named)) == (str(named), "")
    assert machine.ask(REDIS_SERVER=str(tmp_path / "none")) == (str(found), "")


def test_for_root_the_tools_are_installed_once_and_no_server_that_would_start(machine: Machine) -> None:
    machine.with_apt(0, works=True)
    made, said = machine.ask()
    assert made == str(machine.venv / "redis" / "redis-server")
    assert "installing redis-tools" in said
    assert [line.split()[-1] for line in machine.asked_of_apt if line.startswith("install")] == ["redis-tools"]
    assert machine.ask() == (made, "")


@pytest.mark.parametrize(("user", "works"), [(1000, True), (0, False)], ids=["not root", "no network"])
def test_where_none_can_be_had_it_says_so_and_fails_nothing(machine: Machine, user: int, works: bool) -> None:
    machine.with_apt(user, works=works)
    printed, said = machine.ask()
    assert (printed, "the tests that want one are skipped" in said) == ("", True)
    assert bool(machine.asked_of_apt) == (user == 0)


def test_the_one_that_a_wheel_brought_into_the_environment_is_not_the_systems(machine: Machine) -> None:
    machine.put("redis-server", SERVER).rename(machine.venv / "bin" / "redis-server")
    assert machine.ask(PATH=f"{machine.venv}/bin:{machine.path}")[0] == ""
