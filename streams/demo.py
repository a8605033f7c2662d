"""The demo: what it consists of, and the words it says."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from streams import conf, demo_charts
from streams.addresses import place
from streams.logins import Login

_MANAGE = [sys.executable, str(conf.ROOT / "manage.py")]
# The demo runs for days on somebody's laptop: about five hours of readings are plenty there.
_MAXLEN = "200000"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was asked for: where the pages are, how many readings a second, and which parts are left out."""

    host: str
    port: int
    rate: float
    without: frozenset[str]


PARTS = ("worker", "monitor", "web", "simulator", "jobs", "stuck")


def commands(choice: Choice) -> dict[str, list[str]]:
    """The command of each part that takes part."""
    every = {
        "worker": ["consume"],
        "monitor": ["monitor"],
        "web": ["serve", "--host", choice.host, "--port", str(choice.port)],
        "simulator": ["simulate", "--rate", str(choice.rate), "--maxlen", _MAXLEN],
        "jobs": ["simulate", "--shape", "jobs", "--stream", demo_charts.STREAM, "--rate", "4", "--maxlen", _MAXLEN],
        "stuck": ["hoard"],
    }
    return {name: _MANAGE + every[name] for name in PARTS if name not in choice.without}


def environment(environ: Mapping[str, str], host: str) -> dict[str, str]:
    """The parts' environment: people may look without a login, and the pages answer under the host's own name."""
    own = {name: value for name, value in environ.items() if name != "DJANGO_SUPERUSER_PASSWORD"}
    own["ANONYMOUS_VIEW"] = environ.get("ANONYMOUS_VIEW") or "1"
    own.setdefault("ALLOWED_HOSTS", ",".join({*conf.Config().allowed_hosts, host}))
    return own


def welcome(pages: str | None, login: Login, redis_url: str, *, is_embedded: bool) -> str:
    """What to open, how to log in, where to write to."""
    known = login.password is not None
    login_line = f"{login.name}, " + (f"password {login.password}" if known else "with the password it was given")
    rows = [
        ("Page", pages or "none: the demo runs without web"),
        ("Admin", f"{pages}admin/" if pages else ""),
        ("Login", login_line),
        ("Redis", redis_url if is_embedded else f"{place(redis_url)} (REDIS_URL)"),
    ]
    lines = [f"  {name:<6} {text}" for name, text in rows if text]
    return "\n".join(["", *lines, "  Ctrl-C stops everything.", ""])
