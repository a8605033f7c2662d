"""The operators' pages in Django's admin: consumer groups and pending entries from Redis, and the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from streams import alert_admin, conf, looking, operations, tables
from streams.admin_pages import add_error, authorize, in_admin_style, page
from streams.claim_page import Choice, ClaimPage
from streams.errors import StreamwatchError
from streams.forms import CreateGroupForm, meant
from streams.models import ConsumerGroup, LedgerEntry, PendingEntry
from streams.names import shown, to_path
from streams.operations import Action, Actor, Deed

__all__ = ["alert_admin"]

if TYPE_CHECKING:
    _GroupBase = admin.ModelAdmin[ConsumerGroup]
    _PendingBase = admin.ModelAdmin[PendingEntry]
    _LedgerBase = admin.ModelAdmin[LedgerEntry]
else:
    _GroupBase = _PendingBase = _LedgerBase = admin.ModelAdmin

admin.site.site_header = admin.site.site_title = "Streamwatch"
admin.site.index_title = "Operations"


class _ReadOnly:
    """For things that live in Redis, or that nobody may edit: no row is changed or deleted, by anybody."""

    def has_change_permission(self, *_: Any) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        """Never."""
        return False


@admin.register(ConsumerGroup)
class ConsumerGroupAdmin(_ReadOnly, _GroupBase):
    """Consumer groups of all streams, and the form for a new one."""

    def get_urls(self) -> list[URLPattern]:
        """The list and the form, nothing else."""
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(self.list_view), name="streams_consumergroup_changelist"),
            path("add/", guarded(self.create_view), name="streams_consumergroup_add"),
        ]

    def list_view(self, request: HttpRequest) -> TemplateResponse:
        """All groups, or those of `?stream=`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        only, error = request.GET.get("stream", ""), None
        table = tables.GroupTable()
        try:
            table = tables.groups_of(only)
        except StreamwatchError as problem:
            error = problem
        can_add = self.has_add_permission(request)
        return page(self, request, "groups", "Consumer groups", table=table, error=error, only=only, can_add=can_add)

    def create_view(self, request: HttpRequest) -> HttpResponse:
        """The form, and on POST the group."""
        form = CreateGroupForm(request.POST or None, initial={"stream": _initial_stream(request)})
        if request.method == "POST":
            authorize(request, Deed(Action.CREATE_GROUP, _typed(request, "stream"), _typed(request, "group")))
            if form.is_valid() and self._created(request, form):
                query = urlencode({"stream": to_path(form.cleaned_data["stream"])})
                return HttpResponseRedirect(f"{reverse('admin:streams_consumergroup_changelist')}?{query}")
        elif not self.has_add_permission(request):
            raise PermissionDenied
        fields = in_admin_style(form)
        title = "Create consumer group"
        return page(self, request, "create_group", title, form=form, fieldsets=fields, streams=_stream_names())

    def _created(self, request: HttpRequest, form: CreateGroupForm) -> bool:
        data = form.cleaned_data
        group = data["group"].encode()
        try:
            data["stream"] = meant(data["stream"], looking.streams()[0])
            mkstream = data["create_stream"]
            actor = Actor.of_request(request)
            operations.create_group(actor, data["stream"], group, form.position(), mkstream=mkstream)
        except StreamwatchError as error:
            add_error(form, error, {"start": "at"})
            return False
        messages.success(request, f"Group {shown(group)} was created on stream {shown(data['stream'])}.")
        return True


@admin.register(PendingEntry)
class PendingEntryAdmin(_ReadOnly, _PendingBase):
    """Pending entries of one group at a time, and the claim."""

    def has_add_permission(self, *_: Any) -> bool:
        """Never: an entry becomes pending by being delivered."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The list and the claim, nothing else."""
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(self.list_view), name="streams_pendingentry_changelist"),
            path("claim/", guarded(self.claim_view), name="streams_pendingentry_claim"),
        ]

    def list_view(self, request: HttpRequest) -> TemplateResponse:
        """A page of the group that the query names."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        table = tables.pending_of(request.GET)
        can_claim = request.user.has_perm("streams.claim_pendingentry")
        return page(self, request, "pending", "Pending entries", table=table, error=table.error, can_claim=can_claim)

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


def _initial_stream(request: HttpRequest) -> str:
    """The stream that the page before was about, else the watched one."""
    try:
        return shown(looking.stream_named(request.GET["stream"]))
    except (KeyError, StreamwatchError):
        return shown(conf.current().stream)


def _stream_names() -> list[str]:
    """Names to choose from while typing; none when the server is away, which the form then says by itself."""
    try:
        return [shown(name) for name in looking.streams()[0]]
    except StreamwatchError:
        return []


def _typed(request: HttpRequest, name: str) -> bytes:
    return request.POST.get(name, "").encode()


@admin.register(LedgerEntry)
class LedgerAdmin(_ReadOnly, _LedgerBase):
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
