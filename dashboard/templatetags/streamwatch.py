"""How figures are written on pages; `static/js/format.js` writes the same words for what is live."""

from __future__ import annotations

from typing import Any

from django import template

from streams import conf
from streams.durations import spoken
from streams.names import to_path
from streams.parsing import Environment
from streams.wording import entries

register = template.Library()

UNKNOWN = "unknown"


@register.simple_tag
def environment() -> Environment | None:
    """The name and colour of this installation, if it has any."""
    found: Environment | None = conf.current().environment
    return found


@register.filter
def duration(ms: int | None) -> str:
    """Milliseconds in words, "unknown" for None."""
    return UNKNOWN if ms is None else spoken(ms)


@register.filter
def count(number: int | None) -> str:
    """A count with thousands separators, "unknown" for None."""
    return UNKNOWN if number is None else f"{int(number):,}"


@register.filter
def rate(per_s: float | None) -> str:
    """Entries per second, "unknown" for None."""
    return UNKNOWN if per_s is None else f"{per_s:,.1f}/s"


@register.filter
def lag(group: dict[str, Any]) -> str:
    """A group's lag with how far it can be trusted: "12", "at most 408", "unknown: why"."""
    if group["lag"] is None:
        return f"{UNKNOWN}: {group['lag_reason'] or 'the server does not say'}"
    quality = "" if group["lag_quality"] == "exact" else f"{group['lag_quality']} "
    return f"{quality}{group['lag']:,}"


@register.filter
def drain(group: dict[str, Any]) -> str:
    """How long the lag takes to be gone, as a range; in words why there is no such time."""
    if group["lag"] == 0:
        return "nothing waits"
    if not group.get("drain_ms"):
        return "not shrinking"
    low, high = (ms // 1000 * 1000 or ms for ms in group["drain_ms"])
    return spoken(low) if low == high else f"{spoken(low)} to {spoken(high)}"


@register.filter
def room(group: dict[str, Any]) -> str:
    """What is left before trimming reaches what a group has not finished; the reason stands beside it where none is."""
    if group.get("room_entries") is None:
        return "not at risk" if group.get("room_at_risk") is False else UNKNOWN
    return f"{entries(group['room_entries'])}, {spoken(group['room_ms'])}"


@register.filter
def inactive(consumer: dict[str, Any]) -> str:
    """Time since a consumer last got an entry; two kinds of not having one."""
    if consumer["never_active"]:
        return "never got an entry"
    if consumer["inactive_ms"] is None:
        return "unknown before Redis 7.2"
    return spoken(consumer["inactive_ms"])


@register.filter
def evidence(value: Any) -> str:
    """A figure behind a verdict or an alert."""
    if value is None:
        return UNKNOWN
    return f"{value:,.10g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


@register.filter
def reading(value: float | None, decimals: int | None = None) -> str:
    """A sensor's value with so many decimals, or as many as it takes up to three."""
    if value is not None and decimals is not None:
        return f"{value:.{decimals}f}"
    return UNKNOWN if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


@register.filter
def path(name: bytes) -> str:
    """A name as a path segment."""
    return to_path(name)


@register.filter
def item(mapping: dict[str, Any], key: str) -> Any:
    """A mapping's value, None without one."""
    return mapping.get(key)
