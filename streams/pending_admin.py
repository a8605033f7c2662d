"""The review of pending entries in the admin, and what can be done to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from streams import tables
from streams.act_page import ActPage, action_of
from streams.admin_pages import ReadOnly, add_error, authorize, in_admin_style, page
from streams.choosing import Choice
from streams.errors import NotAllowed, StreamwatchError
from streams.models import PendingEntry
from streams.reviewing import acts_for

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[PendingEntry]
else:
    _Base = admin.ModelAdmin


@admin.register(PendingEntry)
class PendingEntryAdmin(ReadOnly, _Base):
    """Pending entries of one group at a time, and the pages that act on them."""

    def has_add_permission(self, *_: Any) -> bool:
        """Never: an entry becomes pending by being delivered."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The list and what can be done to entries, nothing else."""
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(self.list_view), name="streams_pendingentry_changelist"),
            path("claim/", guarded(self.act_view), {"act": "claim"}, name="streams_pendingentry_claim"),
            path("act/", guarded(self.act_view), name="streams_pendingentry_act"),
        ]

    def list_view(self, request: HttpRequest) -> TemplateResponse:
        """A page of the group that the query names."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        table = tables.pending_of(request.GET)
        acts = acts_for(request.user, table.review.stream) if table.review and table.rows else []
        can_act = any(not act.why_not for act in acts)
        context = {"acts": acts, "can_act": can_act, "review": table.review, "place_query": table.place_query}
        return page(self, request, "pending", "Pending entries", table=table, error=table.error, **context)

    def act_view(self, request: HttpRequest, act: str = "") -> HttpResponseBase:
        """On POST only: the confirmation page for what was chosen, and with `confirm` the deed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        act = act or request.POST.get("act", "")
        try:
            action = action_of(act)
            choice = Choice.of_request(request)
            authorize(request, choice.deed(action))
            return self._confirm(request, ActPage(request, choice, act))
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except StreamwatchError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(_list_of(request.POST.get("stream", ""), request.POST.get("group", "")))

    def _confirm(self, request: HttpRequest, asked: ActPage) -> HttpResponseBase:
        back = _list_of(asked.place["stream_path"], asked.place["group_path"])
        try:
            if job := asked.done():
                return HttpResponseRedirect(
                    reverse("admin:streams_job_change", args=[job.pk]) if asked.choice.is_all else back
                )
        except StreamwatchError as error:
            add_error(asked.form, error, {})
        fields = in_admin_style(asked.form)
        return page(self, request, "act", asked.title, asked=asked, fieldsets=fields, back=back)


def _list_of(stream: str, group: str) -> str:
    """The pending entries of a group; both as path segments."""
    return f"{reverse('admin:streams_pendingentry_changelist')}?{urlencode({'stream': stream, 'group': group})}"
