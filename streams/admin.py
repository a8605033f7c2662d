"""The operators' pages in Django's admin: consumer groups and pending entries from Redis, and the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from streams import alert_admin, group_admin, tables
from streams.admin_pages import ReadOnly, add_error, authorize, in_admin_style, page
from streams.claim_page import Choice, ClaimPage
from streams.errors import StreamwatchError
from streams.ledger_export import lines
from streams.models import ConsumerGroup, LedgerEntry, PendingEntry
from streams.names import to_path
from streams.operations import PERMISSIONS, Action
from streams.pending_page import ACTS, PendingPage, deed_of

__all__ = ["alert_admin", "group_admin"]

if TYPE_CHECKING:
    _GroupBase = admin.ModelAdmin[ConsumerGroup]
    _PendingBase = admin.ModelAdmin[PendingEntry]
    _LedgerBase = admin.ModelAdmin[LedgerEntry]
else:
    _GroupBase = _PendingBase = _LedgerBase = admin.ModelAdmin

admin.site.site_header = admin.site.site_title = "Streamwatch"
admin.site.index_title = "Operations"


@admin.register(PendingEntry)
class PendingEntryAdmin(ReadOnly, _PendingBase):
    """Pending entries of one group at a time, and the claim."""

    def has_add_permission(self, *_: Any) -> bool:
        """Never: an entry becomes pending by being delivered."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The list and what can be done to entries, nothing else."""
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(self.list_view), name="streams_pendingentry_changelist"),
            path("claim/", guarded(self.claim_view), name="streams_pendingentry_claim"),
            path("act/", guarded(self.act_view), name="streams_pendingentry_act"),
        ]

    def list_view(self, request: HttpRequest) -> TemplateResponse:
        """A page of the group that the query names."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        table = tables.pending_of(request.GET)
        acts = {"claim": Action.CLAIM, **ACTS}
        may = {act: request.user.has_perm(PERMISSIONS[action]) for act, action in acts.items()}
        context = {"may": may, "can_act": any(may.values())}
        return page(self, request, "pending", "Pending entries", table=table, error=table.error, **context)

    def claim_view(self, request: HttpRequest) -> HttpResponseBase:
        """On POST only: the confirmation page for the chosen entries, and with `confirm` the claim."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            choice = Choice.of_request(request)
            authorize(request, choice.deed)
            return self._confirm(request, choice)
        except StreamwatchError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(_list_of(request.POST.get("stream", ""), request.POST.get("group", "")))

    def act_view(self, request: HttpRequest) -> HttpResponseBase:
        """On POST only: the confirmation page for acknowledging or giving up, and with `confirm` the deed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        act = request.POST.get("act", "")
        try:
            choice = Choice.of_request(request)
            authorize(request, deed_of(choice, act))
            return self._confirm_act(request, PendingPage(request, choice, act))
        except StreamwatchError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(_list_of(request.POST.get("stream", ""), request.POST.get("group", "")))

    def _confirm_act(self, request: HttpRequest, asked: PendingPage) -> HttpResponseBase:
        back = _list_of(asked.place["stream_path"], asked.place["group_path"])
        try:
            if asked.done():
                return HttpResponseRedirect(back)
        except StreamwatchError as error:
            add_error(asked.form, error, {})
        title = "Acknowledge pending entries" if asked.act == "acknowledge" else "Make dead letters"
        return page(self, request, "act", title, asked=asked, fieldsets=in_admin_style(asked.form), back=back)

    def _confirm(self, request: HttpRequest, choice: Choice) -> HttpResponseBase:
        asked = ClaimPage(request, choice)
        back = _list_of(to_path(choice.stream), to_path(choice.group))
        if asked.form.is_bound:
            try:
                if asked.claim():
                    return HttpResponseRedirect(back)
            except StreamwatchError as error:
                add_error(asked.form, error, {})
        fields = in_admin_style(asked.form)
        return page(self, request, "claim", "Claim pending entries", asked=asked, fieldsets=fields, back=back)


def _list_of(stream: str, group: str) -> str:
    """The pending entries of a group; both as path segments."""
    return f"{reverse('admin:streams_pendingentry_changelist')}?{urlencode({'stream': stream, 'group': group})}"


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
