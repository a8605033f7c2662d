"""The roles that a new installation has."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission

from streams.operations import PERMISSIONS
from tests.processes import run

MADE = """
from django.contrib.auth.models import Group
print({group.name: group.permissions.count() for group in Group.objects.all()})
"""
roles = import_module("streams.migrations.0007_roles").ROLES


def test_migrating_an_empty_database_makes_the_roles_with_all_their_permissions(tmp_path: Path) -> None:
    place = {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    assert run("migrate", "-v0", **place)[0] == 0
    status, out, errors = run("shell", "-v0", "-c", MADE, **place)
    assert status == 0, errors
    assert out.strip() == str({name: len(permissions) for name, permissions in roles.items()})


@pytest.mark.django_db
def test_every_permission_of_a_role_exists() -> None:
    existing = set(Permission.objects.filter(content_type__app_label="streams").values_list("codename", flat=True))
    assert set(roles["operator"]) <= existing


def test_each_role_may_do_what_the_one_before_may_and_no_viewer_writes() -> None:
    viewer, reviewer, operator = (set(roles[name]) for name in ("viewer", "reviewer", "operator"))
    assert viewer < reviewer < operator
    writes = {permission.partition(".")[2] for permission in PERMISSIONS.values()}
    assert not viewer & writes
    reviews = ("claim", "acknowledge", "deadletter", "reprocess", "release")
    assert reviewer & writes == {f"{what}_pendingentry" for what in reviews}
    assert writes <= operator
