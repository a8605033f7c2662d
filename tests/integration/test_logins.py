"""The demo's login."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from streams.logins import superuser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "admin_password"


def test_a_password_is_made_up_once_and_kept_for_its_owner(kept: Path) -> None:
    first, second = superuser("admin", None, kept), superuser("admin", None, kept)
    assert first == second
    assert first.password
    user = User.objects.get(username="admin")
    assert user.is_superuser
    assert user.check_password(first.password)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_given_password_becomes_the_users_and_is_not_repeated(kept: Path) -> None:
    superuser("admin", None, kept)
    assert superuser("admin", "enigma", kept).password is None
    assert User.objects.get(username="admin").check_password("enigma")


def test_a_password_that_somebody_changed_is_left_alone(kept: Path) -> None:
    superuser("admin", None, kept)
    user = User.objects.get(username="admin")
    user.set_password("mine")
    user.save()
    assert superuser("admin", None, kept).password is None
    user.refresh_from_db()
    assert user.check_password("mine")


def test_a_user_that_was_there_before_is_left_alone(kept: Path) -> None:
    User.objects.create_superuser("admin", password="mine")
    assert superuser("admin", None, kept).password is None
    assert not kept.exists()
