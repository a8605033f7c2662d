"""Whatever a developer has set, the tests run as where nothing is set."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import settings
from tests.processes import ROOT

HOSTILE = {
    "DATABASE_URL": "postgres://nobody@nowhere/nothing",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "STREAM": "foo",
    "THRESHOLDS": "nonsense",
    "DEBUG": "1",
    "DJANGO_SETTINGS_MODULE": "no.such.module",
}
SEEN = """
from dataclasses import replace
from pathlib import Path
from django.conf import settings
from streams import conf
from tests.environment import VAR

def test_it() -> None:
    own = settings.STREAMWATCH
    assert own == replace(conf.Config(), secret_key=own.secret_key, var=Path(VAR.name))
    assert (settings.DEBUG, settings.DATABASES["default"]["ENGINE"]) == (False, "django.db.backends.sqlite3")
"""
MODULE, SCRIPT = [sys.executable, "-m", "pytest"], [str(Path(sys.executable).parent / "pytest")]


@pytest.mark.parametrize("command", [SCRIPT, [*MODULE, "-n1"]], ids=["alone", "in a worker of xdist"])
def test_no_setting_reaches_a_test(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "test_seen.py").write_text(SEEN)
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), tmp_path],
        cwd=ROOT,
        env={**os.environ, **HOSTILE, "VAR_DIR": str(tmp_path / "var")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "var").exists()


def test_no_setting_of_the_program_is_left() -> None:
    assert HOSTILE.keys() - {"DJANGO_SETTINGS_MODULE"} < settings()
    assert not settings() & os.environ.keys() - {"VAR_DIR"}
