"""Who may look at streams; asked by pages, the API and the websocket alike."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin

from streams import conf

LOOK = "streams.view_stream"


def may_look(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether this user may see streams: anybody with ANONYMOUS_VIEW, else active users with the permission."""
    return conf.current().anonymous_view or may(user, LOOK)


def is_staff(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Whether this user may enter the admin."""
    return isinstance(user, PermissionsMixin) and bool(getattr(user, "is_staff", False)) and bool(user.is_active)


def may(user: AbstractBaseUser | AnonymousUser | None, permission: str) -> bool:
    """Whether this user is active and has the permission; superusers have all."""
    return isinstance(user, PermissionsMixin) and user.has_perm(permission)
