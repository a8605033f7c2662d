"""What can be said of a group's health: thirteen verdicts, how much each matters, a verdict with its reason. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from streams.remedies import Remedy

Evidence = dict[str, int | float | str | None]


class Verdict(StrEnum):
    """In the order in which they are tried; the worst first."""

    NO_GROUP = "NO_GROUP"
    LOST = "LOST"
    STOPPED = "STOPPED"
    STUCK = "STUCK"
    NOT_ACKING = "NOT_ACKING"
    REWOUND = "REWOUND"
    FALLING_BEHIND = "FALLING_BEHIND"
    TRIM_RISK = "TRIM_RISK"
    POISON = "POISON"
    DEAD_CONSUMER = "DEAD_CONSUMER"
    CATCHING_UP = "CATCHING_UP"
    OK = "OK"
    UNKNOWN = "UNKNOWN"


class Severity(StrEnum):
    """How much a verdict matters."""

    BAD = "bad"
    WARNING = "warning"
    GOOD = "good"
    UNKNOWN = "unknown"


SEVERITY = {
    Verdict.NO_GROUP: Severity.WARNING,
    Verdict.LOST: Severity.BAD,
    Verdict.STOPPED: Severity.BAD,
    Verdict.STUCK: Severity.BAD,
    Verdict.NOT_ACKING: Severity.BAD,
    Verdict.REWOUND: Severity.WARNING,
    Verdict.FALLING_BEHIND: Severity.WARNING,
    Verdict.TRIM_RISK: Severity.WARNING,
    Verdict.POISON: Severity.WARNING,
    Verdict.DEAD_CONSUMER: Severity.WARNING,
    Verdict.CATCHING_UP: Severity.GOOD,
    Verdict.OK: Severity.GOOD,
    Verdict.UNKNOWN: Severity.UNKNOWN,
}
ORDER = list(Verdict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with the figures behind it, one sentence of reason and what to do about it."""

    verdict: Verdict
    reason: str
    remedy: Remedy = field(default_factory=Remedy)
    evidence: Evidence = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return SEVERITY[self.verdict]
