"""Settings: read once from the environment into one typed value; what is wrong with them is kept for the checks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from streams import parsing
from streams.errors import Unreachable
from streams.parsing import Retain
from streams.readings import Shape
from streams.thresholds import Thresholds

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Problem:
    """A setting that cannot be used: which, why, and what to write instead."""

    setting: str
    text: str
    hint: str


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
    watch: tuple[str, ...] = ("*",)
    watch_exclude: tuple[str, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    environment: parsing.Environment | None = None
    health_max_bytes: int = 64 * 1024 * 1024
    metrics_token: str | None = field(default=None, repr=False)
    metrics_consumers: bool = True
    public_url: str = ""
    email_url: str | None = field(default=None, repr=False)
    frames_keep_ms: int = 3_600_000
    frames_max_bytes: int = 256 * 1024 * 1024
    # Of readings in the database: at 1 s, 10 s and 1 min.
    readings_keep_ms: tuple[int, ...] = (3_600_000, 86_400_000, 90 * 86_400_000)
    dead_max_entries: int = 100_000
    sockets: int = 5_000
    sockets_per_user: int = 50
    stalled_ms: int = 30_000
    websocket_deflate: bool = False
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

    @property
    def workers_key(self) -> bytes:
        """What the workers say of themselves."""
        return self.prefix + b":workers"


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
        redis_url=take.take("REDIS_URL", None, parsing.redis_url, "For example redis://localhost:6379/0."),
        database_url=environ.get("DATABASE_URL") or None,
        secret_key=environ.get("SECRET_KEY") or _kept_secret(var),
        debug=take.take("DEBUG", False, parsing.boolean, "1 or 0."),
        allowed_hosts=take.take("ALLOWED_HOSTS", default.allowed_hosts, parsing.names, "Host names, comma-separated."),
        csrf_trusted_origins=take.take(
            "CSRF_TRUSTED_ORIGINS", (), parsing.origins, "https://example.org, comma-separated."
        ),
        host=environ.get("HOST") or default.host,
        port=take.take("PORT", default.port, parsing.port, "A port number, such as 8000."),
        stream=take.take("STREAM", default.stream, parsing.stream, "A stream's key, such as sensor_stream."),
        group=take.take("GROUP", default.group, str.encode, "A consumer group's name."),
        prefix=take.take("PREFIX", default.prefix, str.encode, "The first part of this program's own keys."),
        shape=take.take("READING", default.shape, parsing.shape, "sensor_id:temperature,humidity"),
        units=take.take("UNITS", default.units, parsing.units, "temperature=°C,humidity=%"),
        anonymous_view=take.take("ANONYMOUS_VIEW", False, parsing.boolean, "1 lets people look without a login."),
        handler=take.take("HANDLER", None, parsing.dotted, "package.module.function"),
        claim_idle_ms=take.take("CLAIM_IDLE_MS", default.claim_idle_ms, parsing.positive, number),
        max_deliveries=take.take("MAX_DELIVERIES", default.max_deliveries, parsing.positive, number),
        consumer_keep_ms=take.take("CONSUMER_KEEP_MS", default.consumer_keep_ms, parsing.positive, number),
        retain=take.take(
            "RETAIN", None, parsing.retain, "A number of entries, such as 1000000, or an age, such as 7d."
        ),
        watch=take.take("WATCH", default.watch, parsing.names, "Patterns of stream names, such as orders:*, jobs."),
        watch_exclude=take.take("WATCH_EXCLUDE", (), parsing.names, "Patterns of stream names, comma-separated."),
        thresholds=take.take("THRESHOLDS", default.thresholds, parsing.thresholds, "stuck=10m,growth_entries=500"),
        environment=take.take("ENVIRONMENT", None, parsing.environment, "production:red"),
        health_max_bytes=take.take("HEALTH_MAX_BYTES", default.health_max_bytes, parsing.positive, number),
        metrics_token=environ.get("METRICS_TOKEN") or None,
        metrics_consumers=take.take("METRICS_CONSUMERS", True, parsing.boolean, "0 leaves consumers out of /metrics."),
        public_url=take.take("PUBLIC_URL", "", parsing.url, "https://streams.example.org"),
        email_url=take.take("EMAIL_URL", None, parsing.email_url, "submission://user:password@mail.example.org:587"),
        frames_keep_ms=take.take("FRAMES_KEEP_MS", default.frames_keep_ms, parsing.positive, number),
        frames_max_bytes=take.take("FRAMES_MAX_BYTES", default.frames_max_bytes, parsing.positive, number),
        readings_keep_ms=take.take("READINGS_KEEP", default.readings_keep_ms, parsing.readings_keep, "1h,1d,90d"),
        dead_max_entries=take.take("DEAD_MAX_ENTRIES", default.dead_max_entries, parsing.positive, number),
        **_for_browsers(take, default),
        var=var,
        problems=tuple(take.problems),
    )


def _for_browsers(take: _Reader, default: Config) -> dict[str, Any]:
    """What each live page may take of a web process."""
    number = "A whole number above 0."
    return {
        "sockets": take.take("SOCKETS", default.sockets, parsing.positive, number),
        "sockets_per_user": take.take("SOCKETS_PER_USER", default.sockets_per_user, parsing.positive, number),
        "stalled_ms": take.take("STALLED_MS", default.stalled_ms, parsing.positive, number),
        "websocket_deflate": take.take("WEBSOCKET_DEFLATE", False, parsing.boolean, "1 for slow links, else 0."),
    }


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
