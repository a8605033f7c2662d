"""The admin of consumer groups: the list, a new one, and the page on which one is moved, destroyed and cleaned up."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from streams import access, looking, operations, tables
from streams.admin_pages import ReadOnly, add_error, authorize, in_admin_style, initial_stream, page, stream_names
from streams.errors import BadRequest, StreamwatchError
from streams.forms import CreateGroupForm
from streams.group_page import ACTS, GroupPage
from streams.models import ConsumerGroup
from streams.names import meant, shown, to_path
from streams.operations import PERMISSIONS, Action, Actor, Deed

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[ConsumerGroup]
else:
    _Base = admin.ModelAdmin


@admin.register(ConsumerGroup)
class ConsumerGroupAdmin(ReadOnly, _Base):
    """Consumer groups of all streams, and the form for a new one."""

    def get_urls(self) -> list[URLPattern]:
        """The list, the form for a new one, and the page of one."""
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(self.list_view), name="streams_consumergroup_changelist"),
            path("add/", guarded(self.create_view), name="streams_consumergroup_add"),
            path("manage/", guarded(self.manage_view), name="streams_consumergroup_manage"),
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
        can_add, can_trim = self.has_add_permission(request), access.may(request.user, PERMISSIONS[Action.TRIM])
        may = {"can_add": can_add, "can_trim": can_trim}
        return page(self, request, "groups", "Consumer groups", table=table, error=error, only=only, **may)

    def create_view(self, request: HttpRequest) -> HttpResponse:
        """The form, and on POST the group."""
        form = CreateGroupForm(request.POST or None, initial={"stream": initial_stream(request)})
        if request.method == "POST":
            authorize(request, Deed(Action.CREATE_GROUP, _typed(request, "stream"), _typed(request, "group")))
            if form.is_valid() and self._created(request, form):
                query = urlencode({"stream": to_path(form.cleaned_data["stream"])})
                return HttpResponseRedirect(f"{reverse('admin:streams_consumergroup_changelist')}?{query}")
        elif not self.has_add_permission(request):
            raise PermissionDenied
        fields = in_admin_style(form)
        title = "Create consumer group"
        lists = {"streams": stream_names(), "groups": _group_names(initial_stream(request))}
        return page(self, request, "create_group", title, form=form, fieldsets=fields, **lists)

    def manage_view(self, request: HttpRequest) -> HttpResponse:
        """The group of `?stream=&group=`; on POST what `act` says, once its preview was seen."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            asked = GroupPage(request, request.GET.get("stream", ""), request.GET.get("group", ""))
        except StreamwatchError as error:
            return page(self, request, "manage_group", "Consumer group", error=error)
        if request.method == "POST" and asked.act:
            authorize(request, asked.deed)
            if asked.done():
                return HttpResponseRedirect(_list_of(asked) if asked.is_gone else _page_of(asked))
        may = {act: access.may(request.user, PERMISSIONS[action], asked.stream) for act, action in ACTS.items()}
        forms = {name: in_admin_style(getattr(asked, name)) for name in ("move", "destroy", "create", "delete")}
        title = f"Consumer group {asked.place['group']}"
        return page(self, request, "manage_group", title, asked=asked, may=may, forms=forms)

    def _created(self, request: HttpRequest, form: CreateGroupForm) -> bool:
        data = form.cleaned_data
        group = data["group"].encode()
        try:
            data["stream"] = meant(data["stream"], looking.streams()[0])
            mkstream = data["create_stream"]
            actor = Actor.of_request(request)
            start = form.position() or _position_of(data["stream"], data["like"])
            operations.create_group(actor, data["stream"], group, start, mkstream=mkstream)
        except StreamwatchError as error:
            add_error(form, error, {"start": "at"})
            return False
        messages.success(request, f"Group {shown(group)} was created on stream {shown(data['stream'])}.")
        return True


def _position_of(stream: bytes, typed: str) -> str:
    """Where the group stands that was named. Raises BadRequest beside the name."""
    groups = looking.maybe_snapshot(stream).groups
    name = meant(typed, [group.name for group in groups])
    found = next((group for group in groups if group.name == name), None)
    if found is None:
        raise BadRequest(f"Stream {shown(stream)!r} has no consumer group {typed!r}.", field="like")
    return str(found.last_delivered)


def _group_names(stream: str) -> list[str]:
    """Names to choose from while typing."""
    try:
        return [shown(group.name) for group in looking.maybe_snapshot(meant(stream, looking.streams()[0])).groups]
    except StreamwatchError:
        return []


def _typed(request: HttpRequest, name: str) -> bytes:
    return request.POST.get(name, "").encode()


def _list_of(asked: GroupPage) -> str:
    query = urlencode({"stream": asked.place["stream_path"]})
    return f"{reverse('admin:streams_consumergroup_changelist')}?{query}"


def _page_of(asked: GroupPage) -> str:
    query = urlencode({"stream": asked.place["stream_path"], "group": asked.place["group_path"]})
    return f"{reverse('admin:streams_consumergroup_manage')}?{query}"
