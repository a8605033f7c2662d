"""The pure parts of the page's scripts, by Node's own test runner."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITES = sorted(path.name for path in (ROOT / "tests/js").glob("*.test.mjs"))
WITHIN_S = 60


def node() -> str:
    """Node of this machine, else the one that requirements-npm.txt brings."""
    found = shutil.which("node") or shutil.which("node", path=str(Path(sys.executable).parent))
    assert found, "There is no node: pip install -r requirements-npm.txt"
    return found


@pytest.mark.parametrize("suite", SUITES)
def test_pure_parts_of_the_scripts_pass_their_own_tests(suite: str) -> None:
    done = subprocess.run(
        [node(), "--test", f"tests/js/{suite}"], cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
