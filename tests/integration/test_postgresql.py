"""What keeps history works on PostgreSQL as on SQLite: the same tests, and some of its own, on a real server."""

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
FILES = [HERE / name for name in ("on_postgresql.py", "test_rollups.py", "test_rollups_odd.py", "test_history.py")]

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
    done = subprocess.run(
        [*PYTEST, "--deselect", LEFT_OUT, *FILES],
        cwd=ROOT,
        env={**os.environ, "TEST_POSTGRESQL": database_url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary = done.stdout.splitlines()[-1]
    passed = re.fullmatch(r"(\d+) passed, 1 deselected in .*", summary)
    assert passed, f"not all of it was run: {summary}"
    assert int(passed[1]) >= sum(path.read_text().count("\ndef test_") for path in FILES) - 1
