"""Streams in the admin: an entry added by hand, and trimming. The list of them is the live page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from streams import access, operations
from streams.admin_pages import ReadOnly, add_error, authorize, in_admin_style, initial_stream, page, stream_names
from streams.entry_form import EntryPage
from streams.errors import StreamwatchError
from streams.models import Stream
from streams.names import shown, to_path
from streams.operations import PERMISSIONS, Action, Actor, Deed
from streams.trim_page import TrimPage

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Stream]
else:
    _Base = admin.ModelAdmin


@admin.register(Stream)
class StreamAdmin(ReadOnly, _Base):
    """What is done to whole streams."""

    def get_urls(self) -> list[URLPattern]:
        """The list, which is the live page, an entry to add, and a trim."""
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(self.list_view), name="streams_stream_changelist"),
            path("add/", guarded(self.add_entry_view), name="streams_stream_add"),
            path("trim/", guarded(self.trim_view), name="streams_stream_trim"),
        ]

    def has_add_permission(self, request: HttpRequest, *_: object) -> bool:
        """Whether entries may be added; the first one makes a stream."""
        return access.may(request.user, PERMISSIONS[Action.ADD_ENTRY])

    def list_view(self, _: HttpRequest) -> HttpResponse:
        """The live page."""
        return HttpResponseRedirect(reverse("streams"))

    def add_entry_view(self, request: HttpRequest) -> HttpResponse:
        """The form for `?stream=`; on POST the entry."""
        if request.method != "POST" and not self.has_add_permission(request):
            raise PermissionDenied
        asked = EntryPage(request.POST, initial_stream(request))
        if request.method == "POST":
            authorize(request, Deed(Action.ADD_ENTRY, request.POST.get("stream", "").encode(), b""))
            if "more" not in request.POST and asked.is_valid() and (stream := self._added(request, asked)):
                return HttpResponseRedirect(reverse("entries", args=[to_path(stream)]))
        fields = in_admin_style(asked.form)
        title = "Add an entry"
        return page(self, request, "add_entry", title, asked=asked, fieldsets=fields, streams=stream_names())

    def trim_view(self, request: HttpRequest) -> HttpResponse:
        """The form for `?stream=`; on POST what it would mean, and with `confirm` the trim."""
        try:
            asked = TrimPage(request, request.GET.get("stream", ""))
        except StreamwatchError as error:
            return page(self, request, "trim", "Trim", error=error)
        if request.method != "POST" and not access.may(request.user, PERMISSIONS[Action.TRIM], asked.stream):
            raise PermissionDenied
        if request.method == "POST":
            authorize(request, asked.deed)
        if request.method == "POST" and asked.done():
            query = urlencode({"stream": asked.place["stream_path"]})
            return HttpResponseRedirect(f"{reverse('admin:streams_consumergroup_changelist')}?{query}")
        title = f"Trim {asked.place['stream']}"
        return page(self, request, "trim", title, asked=asked, fieldsets=in_admin_style(asked.form))

    def _added(self, request: HttpRequest, asked: EntryPage) -> bytes | None:
        data = asked.form.cleaned_data
        try:
            stream = asked.stream()
            actor, mkstream = Actor.of_request(request), data["create_stream"]
            added = operations.add_entry(actor, stream, asked.pairs(), data["id"], mkstream=mkstream)
        except StreamwatchError as error:
            add_error(asked.form, error, {})
            return None
        messages.success(request, f"Added to {shown(stream)} as {added}.")
        return stream
