"""Who may do what, and on which streams; asked by pages, API, websocket and operations alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Permission, PermissionsMixin
from django.db.models import Model, QuerySet

from streams import conf
from streams.access_models import RoleLimit
from streams.errors import NotAllowed
from streams.names import shown

LOOK = "streams.view_stream"
User = AbstractBaseUser | AnonymousUser
# Patterns of stream names; None reaches every stream.
Reach = Sequence[str] | None
M = TypeVar("M", bound=Model)

# Who looks. Workers, the monitor and people at a shell are nobody here, and see everything.
_viewer: ContextVar[User | None] = ContextVar("viewer", default=None)


def look_as(user: User | None) -> None:
    """From here on, in this request or socket, only what this user may see is seen."""
    _viewer.set(user)


def may_look(user: User) -> bool:
    """Whether this user may see streams: anybody with ANONYMOUS_VIEW, else active users with the permission."""
    return conf.current().anonymous_view or may(user, LOOK)


def is_staff(user: User) -> bool:
    """Whether this user may enter the admin."""
    return isinstance(user, PermissionsMixin) and bool(getattr(user, "is_staff", False)) and bool(user.is_active)


def may(user: User | None, permission: str, stream: bytes = b"") -> bool:
    """Whether this user is active and has the permission, on this stream if one is named; superusers have all."""
    if not isinstance(user, PermissionsMixin) or not user.has_perm(permission):
        return False
    return not stream or _covers(reach(user, permission), shown(stream))


def reach(user: User, permission: str = LOOK) -> Reach:
    """The patterns of the streams on which a permission counts that somebody has; None: on all.

    It counts on all when the user has it of his own, or by a role without limits. Remembered for the life of `user`.
    """
    if not isinstance(user, PermissionsMixin) or user.is_superuser:
        return None
    if permission == LOOK and conf.current().anonymous_view:
        return None
    known: dict[str, Reach] = getattr(user, "_reach", {})
    if permission not in known:
        known[permission] = _reach(user, permission)
        user._reach = known  # type: ignore[attr-defined]  # noqa: SLF001 - beside Django's own caches of permissions
    return known[permission]


def _reach(user: PermissionsMixin, permission: str) -> Reach:
    app, _, codename = permission.partition(".")
    wanted = {"content_type__app_label": app, "codename": codename}
    if user.user_permissions.filter(**wanted).exists():
        return None
    # Whoever lacks the permission is refused for that; what else he sees is what any of his roles reaches.
    granting = user.groups.filter(permissions__in=Permission.objects.filter(**wanted))
    roles = granting if granting.exists() else user.groups.all()
    limits = dict(RoleLimit.objects.filter(role__in=roles).values_list("role_id", "patterns"))
    ids = list(roles.values_list("pk", flat=True))
    if not ids or any(pk not in limits for pk in ids):
        return None
    return sorted({pattern for pk in ids for pattern in RoleLimit.split(limits[pk])})


def _covers(patterns: Reach, name: str) -> bool:
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)


def viewers_reach() -> Reach:
    """The patterns of the streams that whoever looks may see."""
    user = _viewer.get()
    return None if user is None else reach(user)


def in_reach(stream: bytes | str, patterns: Reach) -> bool:
    """Whether patterns reach a stream."""
    return _covers(patterns, shown(stream) if isinstance(stream, bytes) else stream)


def check(stream: bytes | str) -> None:
    """Raise NotAllowed when whoever looks may not see this stream."""
    if not in_reach(stream, viewers_reach()):
        name = shown(stream) if isinstance(stream, bytes) else stream
        raise NotAllowed(f"You may not look at stream {name!r}: your roles do not reach it.")


def need(user: User | None, permission: str) -> None:
    """Raise NotAllowed unless this user has the permission."""
    if not may(user, permission):
        raise NotAllowed(f"This takes the permission {permission}.")


def seen(streams: Iterable[bytes]) -> list[bytes]:
    """The streams among these that whoever looks may see."""
    patterns = viewers_reach()
    return [stream for stream in streams if in_reach(stream, patterns)]


def rows_seen(rows: QuerySet[M]) -> QuerySet[M]:
    """The rows about streams that whoever looks may see, by their column `stream`; a row about none is for all."""
    patterns = viewers_reach()
    if patterns is None:
        return rows
    named: Any = rows.order_by().values_list("stream", flat=True).distinct()
    names = [name for name in named if in_reach(name if isinstance(name, str) else bytes(name), patterns) or not name]
    return rows.filter(stream__in=names)
