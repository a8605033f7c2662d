"""Who may import whom, read from the source (README, "How it is built")."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted([*(ROOT / "streams").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py")])
PURE = [
    "ids",
    "names",
    "readings",
    "frames",
    "snapshot",
    "health",
    "batches",
    "errors",
    "addresses",
    "plain",
    "positions",
    "durations",
]
ONLY_LOOKS = [
    "admin",
    "forms",
    "management/commands/groups",
    "management/commands/pending",
    "management/commands/claim",
]


@cache
def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def named(modules: list[str]) -> list[Path]:
    return [ROOT / "streams" / f"{name}.py" for name in modules]


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_only_the_gateway_speaks_to_redis(path: Path) -> None:
    speaks = any(name.split(".")[0] == "redis" for name in imports(path))
    assert not speaks or path.parent == ROOT / "streams" / "gateway"


@pytest.mark.parametrize("path", [p for p in MODULES if p.is_relative_to(ROOT / "streams")], ids=str)
def test_the_domain_does_not_know_the_browser(path: Path) -> None:
    assert not any(name.startswith("dashboard") for name in imports(path))


@pytest.mark.parametrize("path", named(PURE), ids=str)
def test_the_pure_core_holds_no_framework_no_clock_and_no_outside(path: Path) -> None:
    outside = ("django", "asyncio", "redis", "time", "logging", "os", "streams.gateway", "streams.conf")
    assert not [name for name in imports(path) if name.startswith(outside)]


@pytest.mark.parametrize("path", [*named(ONLY_LOOKS), *(ROOT / "dashboard").rglob("*.py")], ids=str)
def test_pages_and_operators_reach_redis_only_through_looking_and_operations(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith("streams.gateway")]
