"""Counts in sentences: `1 entry was`, `2,000 entries were`. Pure."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """The number with its noun; `many` is `one` with an s unless given."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def entries(number: int, kind: str = "") -> str:
    """So many entries, of a kind such as `pending`."""
    before = f"{kind} " if kind else ""
    return counted(number, f"{before}entry", f"{before}entries")


def letters(number: int) -> str:
    """So many dead letters."""
    return counted(number, "dead letter")


def are(number: int) -> str:
    """What goes with a count: is or are."""
    return "is" if number == 1 else "are"


def were(number: int) -> str:
    """What goes with a count: was or were."""
    return "was" if number == 1 else "were"
