"""What is kept in PostgreSQL is kept as in SQLite: the same tests, and some of its own, on a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgresql
from tests.processes import ROOT

HERE = Path(__file__).parent
HISTORY = [HERE / name for name in ("on_postgresql.py", "test_rollups.py", "test_rollups_odd.py", "test_history.py")]
WEB = [HERE.parent / "web" / name for name in ("test_nul.py", "test_hostile.py")]

# Takes as long as all others and counts queries, which are the same everywhere.
LEFT_OUT = "tests/integration/test_rollups.py::test_a_chart_of_three_months_reads_few_blocks"
PYTEST = [sys.executable, "-m", "pytest", "--ds", "tests.postgresql_settings", "-p", "no:cacheprovider"]


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    folder = postgresql.binaries()
    if folder is None:
        pytest.skip("no PostgreSQL here that may be run: neither from a wheel nor the system's")
    with postgresql.running(folder) as url:
        yield url


def test_readings_and_health_figures_are_kept_on_postgresql_too(database_url: str) -> None:
    summary = pytest_on(database_url, "--deselect", LEFT_OUT, *HISTORY)
    passed = re.fullmatch(r"(\d+) passed, 1 deselected in .*", summary)
    assert passed, f"not all of it was run: {summary}"
    assert int(passed[1]) >= how_many_in(HISTORY) - 1


def test_whatever_anybody_asks_or_names_postgresql_is_never_given_what_it_cannot_hold(database_url: str) -> None:
    summary = pytest_on(database_url, *WEB)
    passed = re.fullmatch(r"(\d+) passed in .*", summary)
    assert passed, f"not all of it was run: {summary}"
    assert int(passed[1]) >= how_many_in(WEB)


def pytest_on(database_url: str, *arguments: str | Path) -> str:
    """The last line of a run in which nothing failed."""
    done = subprocess.run(
        [*PYTEST, *arguments],
        cwd=ROOT,
        env={**os.environ, "TEST_POSTGRESQL": database_url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


def how_many_in(files: list[Path]) -> int:
    return sum(len(re.findall(r"^(?:async )?def test_", path.read_text(), re.MULTILINE)) for path in files)
