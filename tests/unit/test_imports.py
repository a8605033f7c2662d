"""Who may import whom, read from the source (README, "How it is built")."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted([*(ROOT / "streams").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py")])
PURE = [
    "ids",
    "names",
    "readings",
    "frames",
    "rollups",
    "snapshot",
    "health",
    "thresholds",
    "windows",
    "figures",
    "verdicts",
    "judging",
    "findings",
    "remedies",
    "overview",
    "alerting",
    "alert_readings",
    "parsing",
    "batches",
    "letters",
    "handlers",
    "processing",
    "histories",
    "errors",
    "addresses",
    "plain",
    "positions",
    "durations",
    "filters",
    "entry_filters",
    "tallies",
    "wording",
]
ONLY_LOOKS = [
    "admin",
    "group_admin",
    "group_page",
    "group_forms",
    "act_page",
    "act_forms",
    "choosing",
    "reviewing",
    "pending_admin",
    "job_admin",
    "trim_page",
    "stream_admin",
    "entry_form",
    "forms",
    "management/commands/groups",
    "management/commands/pending",
    "management/commands/claim",
    "management/commands/dead",
    "management/commands/group",
    "management/commands/consumer",
    "management/commands/ack",
    "management/commands/release",
    "management/commands/reprocess",
    "management/acting",
    "management/hearing",
    "management/commands/trim",
    "management/commands/health",
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


def offenders(paths: list[Path], *forbidden: str) -> dict[str, list[str]]:
    """Modules among these that import what they may not, and what that is."""
    found = {str(path.relative_to(ROOT)): [n for n in imports(path) if n.startswith(forbidden)] for path in paths}
    return {path: wrong for path, wrong in found.items() if wrong}


def test_only_the_gateway_speaks_to_redis() -> None:
    others = [path for path in MODULES if path.parent != ROOT / "streams" / "gateway"]
    assert not [path for path in others if {name.split(".")[0] for name in imports(path)} & {"redis", "valkey"}]


def test_the_domain_does_not_know_the_browser() -> None:
    assert not offenders([path for path in MODULES if path.is_relative_to(ROOT / "streams")], "dashboard")


def test_the_pure_core_holds_no_framework_no_clock_and_no_outside() -> None:
    outside = ("django", "asyncio", "redis", "time", "logging", "os", "streams.gateway", "streams.conf")
    assert not offenders(named(PURE), *outside)


def test_pages_and_operators_reach_redis_only_through_looking_and_operations() -> None:
    assert not offenders([*named(ONLY_LOOKS), *(ROOT / "dashboard").rglob("*.py")], "streams.gateway")
