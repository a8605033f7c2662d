"""The list of all streams from their figures: worst first, filtered, cut. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from streams.verdicts import ORDER, Verdict

Plain = dict[str, Any]
SEVERITIES = ("bad", "warning", "unknown", "good")


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows to show, how many match, how many there are, and how many streams have each severity."""

    rows: Sequence[Plain]
    matching: int
    total: int
    severities: dict[str, int]


def listing(
    figures: Iterable[Plain], *, text: str = "", severity: str = "", limit: int = 100, skip: int = 0
) -> Listing:
    """The streams whose name, or a group's, has the text in it, worst first; `severity` admits only that one."""
    every = [plain for plain in figures if plain["stream"] or plain["problem"]]
    wanted = [plain for plain in every if _has(plain, text) and severity in {"", plain["severity"]}]
    wanted.sort(key=_place)
    counts: dict[str, int] = {}
    for plain in every:
        counts[plain["severity"]] = counts.get(plain["severity"], 0) + 1
    return Listing([_row(plain) for plain in wanted[skip : skip + limit]], len(wanted), len(every), counts)


def rank(verdict: str) -> int:
    """The place of a verdict among all, the worst first."""
    return ORDER.index(Verdict(verdict))


def worst_first(groups: Sequence[Plain]) -> list[Plain]:
    """Groups as cards are laid out."""
    return sorted(groups, key=_place)


def _place(judged: Plain) -> tuple[int, int, str]:
    """Worst first: what is bad, what is unknown, what is well; among these in the order of the verdicts."""
    return SEVERITIES.index(judged["severity"]), rank(judged["verdict"]), judged["name"]


def _has(plain: Plain, text: str) -> bool:
    wanted = text.casefold()
    return wanted in plain["name"].casefold() or any(wanted in g["name"].casefold() for g in plain["groups"])


def _row(plain: Plain) -> Plain:
    groups = worst_first(plain["groups"])
    lags = [group for group in groups if group["lag"] is not None]
    most = max(lags, key=lambda group: group["lag"], default=groups[0] if groups else None)
    return {
        **{key: plain[key] for key in ("name", "path", "t", "problem", "verdict", "severity", "reason", "remedy")},
        "length": plain["stream"] and plain["stream"]["length"],
        "in_per_s": plain["stream"] and plain["stream"]["in_per_s"],
        "dead_letters": plain.get("dead_letters"),
        "groups": len(groups),
        "lag": most and {key: most[key] for key in ("lag", "lag_quality", "lag_reason")},
        "pending": sum(group["pending"] for group in groups),
        "worst_group": groups[0]["name"] if groups else None,
        "worst_group_path": groups[0]["path"] if groups else None,
    }
