"""Durations as people write and read them; milliseconds inside."""

from __future__ import annotations

import re

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_PATTERN = re.compile(r"(\d{1,12})\s*(ms|s|min|m|h|d)", re.ASCII)
_STEPS = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000))


def parse_ms(text: str) -> int:
    """Milliseconds from `1500ms`, `90s`, `5m`, `2h`, `1d` or `0`. Raises ValueError with a sentence otherwise."""
    text = text.strip().lower()
    if text == "0":
        return 0
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write a whole number and its unit, such as 90s, 5m or 1500ms.")
    return int(match[1]) * _UNITS[match[2]]


def written(ms: int) -> str:
    """A duration as `parse_ms` reads it: a whole number of the largest unit that takes one."""
    unit = next((unit for unit in "dhms" if ms and ms % _UNITS[unit] == 0), "ms")
    return f"{ms // _UNITS[unit]}{unit}"


def spoken(ms: int | None) -> str:
    """The two largest units, such as `3 min 20 s`; milliseconds below a second; `unknown` for None."""
    if ms is None:
        return "unknown"
    if ms < 1000:
        return f"{ms} ms"
    parts: list[str] = []
    for unit, size in _STEPS:
        count, ms = divmod(ms, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part)
