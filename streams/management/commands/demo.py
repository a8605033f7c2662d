"""`manage.py demo`: everything on one machine, started and stopped as one."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from streams import conf, demo, demo_charts, looking
from streams.embedded import Embedded, NotStarted
from streams.errors import StreamwatchError
from streams.lifeline import AlreadyRunning, hold
from streams.listening import LISTENING, NotFree, listener
from streams.logins import Login, superuser
from streams.supervision import Ending, Supervisor


class Command(BaseCommand):
    """One supervisor over worker, monitor, web, simulator and a consumer that gets stuck."""

    help = "Run everything on this machine, with a server of its own unless REDIS_URL is set."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the pages are, and which parts run."""
        config = conf.current()
        parser.add_argument("--host", default=config.host, help="address of the pages (default: %(default)s)")
        parser.add_argument("--port", type=int, default=config.port, help="0: any free one (default: %(default)s)")
        parser.add_argument("--rate", type=float, default=10.0, help="simulated readings a second (default: 10)")
        parser.add_argument("--no-simulate", action="store_true", help="leave the readings to other producers")
        parser.add_argument(
            "--without", type=_parts, default=frozenset(), metavar="PART,…", help=f"leave out {', '.join(demo.PARTS)}"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Prepare, run, and stop as one; status 0 when somebody stopped it, 1 when a part ended by itself."""
        without = options["without"] | ({"simulator", "jobs"} if options["no_simulate"] else set())
        choice = demo.Choice(options["host"], options["port"], options["rate"], frozenset(without))
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt), _errors_as_sentences(), _lock() as lock:
            if "web" not in without:
                listener(choice.host, choice.port).close()
            with _server() as server:
                self._run(choice, server, lock)
        self.stdout.write("Stopped.")

    def _run(self, choice: demo.Choice, server: Embedded | None, lock: Path) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        if "jobs" not in choice.without:
            demo_charts.set_up()
        login = _login()
        redis_url = server.url if server else conf.current().server_url()

        def welcome(pages: str | None) -> None:
            self.stdout.write(demo.welcome(pages, login, redis_url, is_embedded=server is not None))
            self.stdout.flush()

        def on_line(part: str, text: str) -> None:
            if part == "web" and text.startswith(LISTENING):
                welcome(text.removeprefix(LISTENING))

        supervisor = Supervisor(lock, on_line)
        environ = demo.environment(os.environ, choice.host)
        for name, command in demo.commands(choice).items():
            supervisor.add(name, command, environ)
        if "web" in choice.without:
            welcome(None)
        _say_how_it_ended(supervisor.run(), server)


def _say_how_it_ended(ending: Ending, server: Embedded | None) -> None:
    """Raises CommandError unless somebody stopped it."""
    if server and not server.stop():
        raise CommandError(f"The embedded server ended by itself, so everything was stopped: see {server.log}.")
    if ending.part:
        text = f"{ending.part} ended by itself with status {ending.status}, so everything was stopped"
        raise CommandError(f"{text}: its last lines above say why.")


@contextlib.contextmanager
def _errors_as_sentences() -> Iterator[None]:
    try:
        yield
    except (NotFree, NotStarted) as error:
        raise CommandError(str(error)) from error
    except StreamwatchError as error:
        raise CommandError(
            f"{str(error).rstrip('.')}. Check REDIS_URL, or unset it to run on an embedded server."
        ) from error


@contextlib.contextmanager
def _lock() -> Iterator[Path]:
    """Keep a second demo off the same folder."""
    path = conf.current().var / "demo.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = hold(path)
    except AlreadyRunning as error:
        raise CommandError(
            f"A demo is running here already ({error}): stop it with Ctrl-C in its terminal, "
            "or set VAR_DIR to another folder to run a second one."
        ) from error
    except OSError as error:
        raise CommandError(
            f"{path.parent} cannot be written ({error.strerror}): set VAR_DIR to a folder that can be."
        ) from error
    with file:
        yield path


@contextlib.contextmanager
def _server() -> Iterator[Embedded | None]:
    """The server of REDIS_URL, which must answer and is not ours to run (None), else an embedded one."""
    config = conf.current()
    if config.redis_url:
        looking.ping()
        yield None
        return
    server = Embedded(config.embedded_url_file.parent)
    try:
        yield server
    finally:
        server.stop()


def _login() -> Login:
    name = os.environ.get("DJANGO_SUPERUSER_USERNAME") or "admin"
    return superuser(name, os.environ.get("DJANGO_SUPERUSER_PASSWORD") or None, conf.current().var / "admin_password")


def _parts(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    if unknown := names - set(demo.PARTS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(demo.PARTS)}")
    return names
