"""Roles with their limits, and API tokens, in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from streams import ledger, tokens
from streams.access_models import ApiToken, RoleLimit
from streams.ledger import Actor, Deed
from streams.models import Action

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[ApiToken]
    _Inline = admin.TabularInline[RoleLimit, Group]
else:
    _Base, _Inline = admin.ModelAdmin, admin.TabularInline

admin.site.unregister(Group)


class LimitInline(_Inline):
    """The streams on which the role's permissions count."""

    model = RoleLimit
    extra = 1
    max_num = 1

    def has_view_permission(self, request: HttpRequest, _: Any = None) -> bool:
        """Part of the role."""
        return request.user.has_perm("auth.view_group") or self.has_change_permission(request)

    def has_change_permission(self, request: HttpRequest, _: Any = None) -> bool:
        """Part of the role."""
        return request.user.has_perm("auth.change_group")

    def has_add_permission(self, request: HttpRequest, _: Any = None) -> bool:
        """Part of the role."""
        return self.has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, _: Any = None) -> bool:
        """Part of the role."""
        return self.has_change_permission(request)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """Django's page of a group of users, with the limit below."""

    inlines = (LimitInline,)


@admin.register(ApiToken)
class ApiTokenAdmin(_Base):
    """One's own tokens; a superuser sees everybody's."""

    list_display = ("name", "user", "made_at", "until", "used_at")
    fields = ("name", "until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """One's own."""
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(user_id=request.user.pk or 0)

    def has_change_permission(self, *_: Any) -> bool:
        """Never: make a new one."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: ModelForm[Any], change: bool) -> None:  # noqa: ARG002 - Django's names
        """Make it, and show its secret this once."""
        obj.user = request.user  # type: ignore[assignment]  # the admin admits nobody who is anonymous
        secret = tokens.made(obj)
        _record(request, f"made token {obj.name!r}")
        messages.warning(request, f"This is the token. It is not shown again: {secret}")

    def delete_model(self, request: HttpRequest, obj: ApiToken) -> None:
        """Record it."""
        _record(request, f"deleted token {obj}")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """Record each."""
        for token in queryset:
            _record(request, f"deleted token {token}")
        super().delete_queryset(request, queryset)


def _record(request: HttpRequest, detail: str) -> None:
    ledger.changed(Actor.of_request(request), Deed(Action.CHANGE_TOKENS, b"", b"", detail=detail))
