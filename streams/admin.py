"""The admin: its frame, and the ledger; the other pages have modules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from streams import (
    access,
    access_admin,
    alert_admin,
    chart_admin,
    group_admin,
    job_admin,
    letter_admin,
    pending_admin,
    stream_admin,
)
from streams.admin_pages import ReadOnly
from streams.ledger_export import lines
from streams.models import LedgerEntry

__all__ = [
    "access_admin",
    "alert_admin",
    "chart_admin",
    "group_admin",
    "job_admin",
    "letter_admin",
    "pending_admin",
    "stream_admin",
]

if TYPE_CHECKING:
    _LedgerBase = admin.ModelAdmin[LedgerEntry]
else:
    _LedgerBase = admin.ModelAdmin

admin.site.site_header = admin.site.site_title = "Streamwatch"
admin.site.index_title = "Operations"


@admin.register(LedgerEntry)
class LedgerAdmin(ReadOnly, _LedgerBase):
    """Who did what to which entries, and how it ended. Nobody edits it."""

    list_display = ("when", "actor", "action", "outcome", "count", "stream", "group", "consumer")
    list_filter = ("action", "outcome")
    search_fields = ("actor", "stream", "group", "consumer", "ids", "detail")
    date_hierarchy = "at"
    list_per_page = 50
    actions = None
    fields = (
        "when",
        "duration_ms",
        "actor",
        "user",
        "source",
        "action",
        "stream",
        "group",
        "consumer",
        "outcome",
        "count",
        "detail",
        "ids",
        "ids_total",
    )
    readonly_fields = ("when", "count")

    def get_queryset(self, request: HttpRequest) -> QuerySet[LedgerEntry]:
        """Of the streams that may be seen."""
        return access.rows_seen(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        """The usual, and the export."""
        export = self.admin_site.admin_view(self.export_view)
        return [path("export/", export, name="streams_ledgerentry_export"), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The rows that the list's filters and search choose, all of them, as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = self.get_changelist_instance(request).get_queryset(request)
        answer = StreamingHttpResponse(lines(rows.iterator(1000)), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="ledger.csv"'
        return answer

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Under a title that asks for no selection."""
        return super().changelist_view(request, {**(extra_context or {}), "title": "Ledger"})

    @admin.display(description="Began (UTC)", ordering="at")
    def when(self, row: LedgerEntry) -> str:
        """To the millisecond, and sortable as text."""
        return row.at.strftime("%Y-%m-%d %H:%M:%S.") + f"{row.at.microsecond // 1000:03d}"

    @admin.display(description="Entries", empty_value="–")
    def count(self, row: LedgerEntry) -> str | None:
        """How many of the entries asked for."""
        return None if row.asked is None else f"{row.done:,} of {row.asked:,}"

    def has_add_permission(self, *_: Any) -> bool:
        """Never: operations write the ledger."""
        return False
