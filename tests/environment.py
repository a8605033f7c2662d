"""Takes what a developer has set in the environment away from the tests, and from the processes that they start.

A plugin of pytest's, named in pyproject.toml: a conftest is read after pytest-django has read the settings.
"""

from __future__ import annotations

import os
import tempfile

from streams import conf
from streams.lifeline import LOCK_VARIABLE

# Of this run alone, and gone after it.
VAR = tempfile.TemporaryDirectory(prefix="streamwatch-tests-")
OTHERS = {"DJANGO_SETTINGS_MODULE", "DJANGO_SUPERUSER_USERNAME", "DJANGO_SUPERUSER_PASSWORD", LOCK_VARIABLE}


class _Asked(dict[str, str]):
    """An environment that knows what it was asked for."""

    def __init__(self, **values: str) -> None:
        super().__init__(**values)
        self.names: set[str] = set()

    def get(self, name: str, default: object = None) -> object:  # type: ignore[override]
        self.names.add(name)
        return super().get(name, default)


def settings() -> set[str]:
    """The names of all settings that the program reads."""
    asked = _Asked(VAR_DIR=VAR.name)
    conf.read(asked)
    return asked.names


for name in settings() | OTHERS:
    os.environ.pop(name, None)
os.environ["VAR_DIR"] = VAR.name
