"""What the monitor last said, for commands that tell it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from streams import health, looking
from streams.durations import spoken
from streams.errors import StreamwatchError

LATE_MS = 10_000
Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """Figures of all watched streams, and of the monitor itself (None: it never ran), so long ago."""

    figures: list[Plain]
    own: Plain | None
    age_ms: int | None

    @property
    def problem(self) -> str:
        """Why this is not to be told as now; empty while the monitor is heard."""
        if self.age_ms is not None and self.age_ms <= LATE_MS:
            return ""
        said = "was never heard" if self.age_ms is None else f"was last heard {spoken(self.age_ms)} ago"
        return f"the monitor {said}: is manage.py monitor running?"

    def of(self, path: str) -> Plain | None:
        """The figures of a stream, by its path segment; None when it is not watched or not there."""
        found = next((plain for plain in self.figures if plain["path"] == path), None)
        return found if found and found["stream"] else None


def hear() -> Heard:
    """Raises Unreachable, or what else keeps the health log from being read."""
    figures, own, now_ms = looking.health_told()
    return Heard(figures, own, None if own is None else max(0, now_ms - own["t"]))


def judged(now: Plain) -> Plain:
    """A look of now with the monitor's verdicts; without them with what one look tells, else UNKNOWN and why."""
    watched, problem = _watched(now["path"])
    if watched is None:
        return {**now, "groups": [_alone(group, problem) for group in now["groups"]]}
    known = {group["path"] for group in watched["groups"]}
    told = health.with_rates(now, watched)
    both = zip(now["groups"], told["groups"], strict=True)
    groups = [its if its["path"] in known else _alone(own, "the monitor has not looked at it yet") for own, its in both]
    return {**told, "groups": groups}


def _watched(path: str) -> tuple[Plain | None, str]:
    """What is heard of a stream, and why nothing is."""
    try:
        heard = hear()
    except StreamwatchError as error:
        return None, f"what the monitor says cannot be read: {error}"
    found = None if heard.problem else heard.of(path)
    return found, heard.problem or "the monitor does not watch this stream"


def _alone(group: Plain, why: str) -> Plain:
    return {**group, "reason": why, "evidence": {}} if group["verdict"] == "UNKNOWN" else group
