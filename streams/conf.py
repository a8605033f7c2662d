"""Settings: read once from the environment into one typed value; what is wrong with them is kept for the checks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings

from streams.durations import parse_ms
from streams.errors import Unreachable
from streams.names import is_ambiguous
from streams.readings import Shape

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off", ""}
_SCHEMES = ("redis", "rediss", "unix")


@dataclass(frozen=True)
class Problem:
    """A setting that cannot be used: which, why, and what to write instead."""

    setting: str
    text: str
    hint: str


@dataclass(frozen=True)
class Retain:
    """How much of the stream is kept: so many entries, or those of so many milliseconds; one of the two is set."""

    entries: int | None = None
    age_ms: int | None = None


@dataclass(frozen=True)
class Config:
    """Every setting of the program. Durations carry their unit; names of streams and groups are bytes."""

    redis_url: str | None = None
    database_url: str | None = None
    secret_key: str = field(default="", repr=False)
    debug: bool = False
    allowed_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    csrf_trusted_origins: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    stream: bytes = b"sensor_stream"
    group: bytes = b"my_group"
    prefix: bytes = b"streamwatch"
    shape: Shape = field(default_factory=Shape)
    units: Mapping[str, str] = field(default_factory=lambda: {"temperature": "°C", "humidity": "%"})
    anonymous_view: bool = False
    handler: str | None = None
    claim_idle_ms: int = 60_000
    max_deliveries: int = 5
    consumer_keep_ms: int = 86_400_000
    retain: Retain | None = None
    frames_keep_ms: int = 3_600_000
    frames_max_bytes: int = 256 * 1024 * 1024
    dead_max_entries: int = 100_000
    var: Path = ROOT / "var"
    problems: tuple[Problem, ...] = ()

    def server_url(self) -> str:
        """Where Redis is: REDIS_URL, else the embedded server of a demo that is running. Raises Unreachable."""
        if self.redis_url:
            return self.redis_url
        try:
            return self.embedded_url_file.read_text().strip()
        except OSError:
            raise Unreachable(
                "REDIS_URL is not set and no demo is running: start `make run`, or set REDIS_URL=redis://host:6379/0."
            ) from None

    @property
    def embedded_url_file(self) -> Path:
        """Holds the embedded server's address while it runs."""
        return self.var / "embedded" / "url"

    @property
    def health_key(self) -> bytes:
        """The health log."""
        return self.prefix + b":health"


class _Reader:
    """Takes settings out of an environment and collects what is wrong instead of raising."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[Problem] = []

    def take(self, name: str, default: T, parse: Callable[[str], T], hint: str) -> T:
        raw = self.environ.get(name)
        if raw is None or raw.strip() == "":
            return default
        try:
            return parse(raw.strip())
        except ValueError as error:
            self.problems.append(Problem(name, f"{name} {error}.", hint))
            return default


def read(environ: Mapping[str, str]) -> Config:
    """The settings in this environment. Never raises: `problems` says what could not be used."""
    take = _Reader(environ)
    default = Config()
    var = take.take("VAR_DIR", default.var, Path, "A folder this program may write to.")
    number = "A whole number above 0."
    return Config(
        redis_url=take.take("REDIS_URL", None, _redis_url, "For example redis://localhost:6379/0."),
        database_url=environ.get("DATABASE_URL") or None,
        secret_key=environ.get("SECRET_KEY") or _kept_secret(var),
        debug=take.take("DEBUG", False, _boolean, "1 or 0."),
        allowed_hosts=take.take("ALLOWED_HOSTS", default.allowed_hosts, _names, "Host names, comma-separated."),
        csrf_trusted_origins=take.take("CSRF_TRUSTED_ORIGINS", (), _origins, "https://example.org, comma-separated."),
        host=environ.get("HOST") or default.host,
        port=take.take("PORT", default.port, _port, "A port number, such as 8000."),
        stream=take.take("STREAM", default.stream, _stream, "A stream's key, such as sensor_stream."),
        group=take.take("GROUP", default.group, str.encode, "A consumer group's name."),
        prefix=take.take("PREFIX", default.prefix, str.encode, "The first part of this program's own keys."),
        shape=take.take("READING", default.shape, _shape, "sensor_id:temperature,humidity"),
        units=take.take("UNITS", default.units, _units, "temperature=°C,humidity=%"),
        anonymous_view=take.take("ANONYMOUS_VIEW", False, _boolean, "1 lets people look without a login."),
        handler=take.take("HANDLER", None, _dotted, "package.module.function"),
        claim_idle_ms=take.take("CLAIM_IDLE_MS", default.claim_idle_ms, _positive, number),
        max_deliveries=take.take("MAX_DELIVERIES", default.max_deliveries, _positive, number),
        consumer_keep_ms=take.take("CONSUMER_KEEP_MS", default.consumer_keep_ms, _positive, number),
        retain=take.take("RETAIN", None, _retain, "A number of entries, such as 1000000, or an age, such as 7d."),
        frames_keep_ms=take.take("FRAMES_KEEP_MS", default.frames_keep_ms, _positive, number),
        frames_max_bytes=take.take("FRAMES_MAX_BYTES", default.frames_max_bytes, _positive, number),
        dead_max_entries=take.take("DEAD_MAX_ENTRIES", default.dead_max_entries, _positive, number),
        var=var,
        problems=tuple(take.problems),
    )


def current() -> Config:
    """The settings of this process."""
    return settings.STREAMWATCH


def _kept_secret(var: Path) -> str:
    """A signing key made once per installation, readable by its owner alone."""
    path = var / "secret_key"
    try:
        return path.read_text()
    except OSError:
        key = secrets.token_urlsafe(50)
    try:
        var.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(key)
    except OSError:
        pass  # a read-only installation signs with a key of its own per process: set SECRET_KEY there
    return key


def _redis_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"must start with {', '.join(s + '://' for s in _SCHEMES)}")
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError("names no host")
    parts.port  # noqa: B018 - urlsplit raises ValueError here for a port that is none
    return text


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError(f"is {text!r}, which is neither 1 nor 0")


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError(f"is {text!r}, which is not a whole number above 0")
    return int(text)


def _port(text: str) -> int:
    if _positive(text) > 65_535:
        raise ValueError(f"is {text}, but ports end at 65535")
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _origins(text: str) -> tuple[str, ...]:
    origins = _names(text)
    for origin in origins:
        if urlsplit(origin).scheme not in {"http", "https"} or not urlsplit(origin).netloc:
            raise ValueError(f"has {origin!r}, which is not a scheme and a host")
    return origins


def _stream(text: str) -> bytes:
    name = text.encode()
    if is_ambiguous(name):
        raise ValueError(f"is {text!r}: braces that are no hash tag keep its log out of its own slot")
    return name


def _shape(text: str) -> Shape:
    sensor, colon, fields = text.partition(":")
    if not colon or not sensor:
        raise ValueError("has no sensor field before a colon")
    return Shape(sensor.encode(), tuple(name.encode() for name in _names(fields)))


def _dotted(text: str) -> str:
    if "." not in text or not all(part.isidentifier() for part in text.split(".")):
        raise ValueError(f"is {text!r}, which is no dotted path of a function")
    return text


def _retain(text: str) -> Retain:
    if text.isascii() and text.isdigit():
        return Retain(entries=_positive(text))
    try:
        return Retain(age_ms=_positive(str(parse_ms(text))))
    except ValueError:
        raise ValueError(f"is {text!r}, which is neither a number of entries nor an age") from None


def _units(text: str) -> Mapping[str, str]:
    pairs = [item.partition("=") for item in _names(text)]
    if any(not equals for _, equals, _ in pairs):
        raise ValueError("has a part without '='")
    return {name.strip(): unit.strip() for name, _, unit in pairs}
