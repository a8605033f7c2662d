"""Values of settings from their text. Each raises ValueError with the end of a sentence that begins with the name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from streams.durations import parse_ms
from streams.names import is_ambiguous
from streams.readings import Shape
from streams.rollups import TIERS
from streams.thresholds import Thresholds

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
_SCHEMES = ("redis", "rediss", "unix")
_MAIL_SCHEMES = {"smtp", "submission", "console", "memory"}
_SHORTEST_KEPT_MS = 30 * 60_000
# Durations are written with their unit, so their settings go without it.
_THRESHOLDS = {
    **{name: f"{name}_ms" for name in ("step", "stuck", "dead_consumer", "growth", "room")},
    **{n: n for n in ("samples", "lag_allowance", "growth_entries", "poison_deliveries", "not_acking_deliveries")},
}


@dataclass(frozen=True)
class Retain:
    """How much of the stream is kept: so many entries, or those of so many milliseconds; one of the two is set."""

    entries: int | None = None
    age_ms: int | None = None


@dataclass(frozen=True)
class Environment:
    """The name of an installation, shown on every page in a colour."""

    name: str
    colour: str


COLOURS = ("red", "orange", "green", "blue", "grey")


def environment(text: str) -> Environment:
    """A name, and after a colon one of COLOURS (grey without)."""
    name, _, colour = text.rpartition(":") if text.endswith(tuple(f":{known}" for known in COLOURS)) else (text, "", "")
    if not name.strip() or len(name) > 40:
        raise ValueError("needs a name of at most 40 characters before its colour")
    if not colour and ":" in text:
        raise ValueError(f"has a colour that is none of {', '.join(COLOURS)}")
    return Environment(name.strip(), colour or "grey")


def redis_url(text: str) -> str:
    """Where a Redis server is."""
    parts = urlsplit(text)
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"must start with {', '.join(s + '://' for s in _SCHEMES)}")
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError("names no host")
    parts.port  # noqa: B018 - urlsplit raises ValueError here for a port that is none
    return text


def boolean(text: str) -> bool:
    """Yes or no."""
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError(f"is {text!r}, which is neither 1 nor 0")


def positive(text: str) -> int:
    """A whole number above 0."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError(f"is {text!r}, which is not a whole number above 0")
    return int(text)


def port(text: str) -> int:
    """A port number."""
    if positive(text) > 65_535:
        raise ValueError(f"is {text}, but ports end at 65535")
    return int(text)


def names(text: str) -> tuple[str, ...]:
    """Names between commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def origins(text: str) -> tuple[str, ...]:
    """Schemes and hosts between commas."""
    origins = names(text)
    for origin in origins:
        if urlsplit(origin).scheme not in {"http", "https"} or not urlsplit(origin).netloc:
            raise ValueError(f"has {origin!r}, which is not a scheme and a host")
    return origins


def stream(text: str) -> bytes:
    """A stream's key that our own keys can stand beside."""
    name = text.encode()
    if is_ambiguous(name):
        raise ValueError(f"is {text!r}: braces that are no hash tag keep its log out of its own slot")
    return name


def shape(text: str) -> Shape:
    """The sensor's field and the fields that every reading must have."""
    sensor, colon, fields = text.partition(":")
    if not colon or not sensor:
        raise ValueError("has no sensor field before a colon")
    return Shape(sensor.encode(), tuple(name.encode() for name in names(fields)))


def dotted(text: str) -> str:
    """The dotted path of a function."""
    if "." not in text or not all(part.isidentifier() for part in text.split(".")):
        raise ValueError(f"is {text!r}, which is no dotted path of a function")
    return text


def retain(text: str) -> Retain:
    """A number of entries, or an age."""
    if text.isascii() and text.isdigit():
        return Retain(entries=positive(text))
    try:
        return Retain(age_ms=positive(str(parse_ms(text))))
    except ValueError:
        raise ValueError(f"is {text!r}, which is neither a number of entries nor an age") from None


def readings_keep(text: str) -> tuple[int, ...]:
    """Three ages in ms, none shorter than the one before: how long readings are kept at 1 s, 10 s and 1 min."""
    try:
        ages = tuple(parse_ms(part.strip()) for part in text.split(","))
    except ValueError:
        ages = ()
    if len(ages) != len(TIERS) - 1 or ages[0] < _SHORTEST_KEPT_MS or list(ages) != sorted(ages):
        raise ValueError(f"is {text!r}, which is not three ages from 30 minutes up, each at least the one before")
    return ages


def units(text: str) -> Mapping[str, str]:
    """Units by field."""
    pairs = [item.partition("=") for item in names(text)]
    if any(not equals for _, equals, _ in pairs):
        raise ValueError("has a part without '='")
    return {name.strip(): unit.strip() for name, _, unit in pairs}


def thresholds(text: str) -> Thresholds:
    """Bounds of the verdicts by name, such as `stuck=10m,poison_deliveries=5`; the others keep their defaults."""
    found: dict[str, int] = {}
    for item in names(text):
        name, equals, value = item.partition("=")
        if not equals or name not in _THRESHOLDS:
            raise ValueError(f"has {item!r}: expected name=value with one of {', '.join(_THRESHOLDS)}")
        attribute = _THRESHOLDS[name]
        found[attribute] = parse_ms(value) if attribute.endswith("_ms") else _count(name, value)
    wanted = replace(Thresholds(), **found)
    if wanted.samples < 3 or not wanted.step_ms:
        raise ValueError("asks for a window of fewer than 3 samples, or no time between them")
    return wanted


def _count(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"has {name}={text!r}, which is not a whole number")
    return int(text)


def url(text: str) -> str:
    """Where this site is reached from outside, without a slash at its end."""
    return origins(text.rstrip("/"))[0]


def email_url(text: str) -> str:
    """Where mail is handed over, as dj-email-url reads it."""
    parts = urlsplit(text)
    if parts.scheme not in _MAIL_SCHEMES:
        raise ValueError(f"must start with one of {', '.join(sorted(_MAIL_SCHEMES))}")
    if parts.scheme.startswith(("smtp", "subm")) and not parts.hostname:
        raise ValueError("names no host")
    parts.port  # noqa: B018 - urlsplit raises ValueError here for a port that is none
    return text
