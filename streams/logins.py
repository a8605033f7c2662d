"""The demo's login: made once, known to whoever can read the file that keeps its password."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth import get_user_model


@dataclass(frozen=True, slots=True)
class Login:
    """A superuser's name, and the password if it was made up here; None: whoever set it knows it."""

    name: str
    password: str | None


def superuser(name: str, password: str | None, kept: Path) -> Login:
    """See to it that this superuser exists.

    A given password becomes theirs. Without one, a new user gets the password kept in the file, which is made up the
    first time; a user who has another one by now is left alone.
    """
    users = get_user_model()
    user = users.objects.filter(**{users.USERNAME_FIELD: name}).first()
    if user is None:
        users.objects.create_superuser(name, password=password or _kept(kept))
    elif password and not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    elif not password and not (kept.exists() and user.check_password(_kept(kept))):
        return Login(name, None)
    return Login(name, None if password else _kept(kept))


def _kept(path: Path) -> str:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(9))
    return path.read_text()
