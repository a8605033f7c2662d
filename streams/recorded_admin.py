"""Admin pages of rows whose every change is in the ledger, in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from streams import ledger
from streams.ledger import Actor, Deed
from streams.models import Action

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Any]
else:
    _Base = admin.ModelAdmin


class RecordedAdmin(_Base):
    """Records what is added, changed and deleted under `action`."""

    action: ClassVar[Action]

    def stream_of(self, row: Any) -> bytes:  # noqa: ARG002 - for those whose rows have one
        """The stream that a row is about; none for most."""
        return b""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Record what was added."""
        self._record(request, "added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Record what was changed."""
        self._record(request, "changed", obj)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Record what is about to be deleted."""
        for row in queryset:
            self._record(request, "deleted", row)
        return super().log_deletions(request, queryset)

    def _record(self, request: HttpRequest, what: str, row: Model) -> None:
        detail = f"{what} {row._meta.verbose_name} “{row}”"  # noqa: SLF001 - Django documents it as public
        ledger.changed(Actor.of_request(request), Deed(self.action, self.stream_of(row), b"", detail=detail))
