"""Dead letters in the admin: browsed, sent back as they are or edited, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse

from streams import access, dead_letters, looking, operations
from streams.admin_pages import ReadOnly, add_error, authorize, in_admin_style, page
from streams.errors import NotAllowed, StreamwatchError
from streams.letter_page import ACTS, EditPage, LetterChoice, table_of
from streams.models import DeadLetter
from streams.names import to_path
from streams.operations import PERMISSIONS, Action, Actor

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[DeadLetter]
else:
    _Base = admin.ModelAdmin


@admin.register(DeadLetter)
class DeadLetterAdmin(ReadOnly, _Base):
    """Dead letters of one stream at a time, and what can be done to them."""

    def has_add_permission(self, *_: Any) -> bool:
        """Never: entries become dead letters in the review of pending entries."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The list and what can be done to letters."""
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(self.list_view), name="streams_deadletter_changelist"),
            path("act/", guarded(self.act_view), name="streams_deadletter_act"),
            path("edit/", guarded(self.edit_view), name="streams_deadletter_edit"),
        ]

    def list_view(self, request: HttpRequest) -> HttpResponse:
        """A page of the stream that the query names."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        table = table_of(request.GET)
        may = {act: access.may(request.user, PERMISSIONS[action]) for act, action in ACTS.items()}
        return page(self, request, "letters", "Dead letters", table=table, error=table.error, may=may)

    def act_view(self, request: HttpRequest) -> HttpResponseBase:
        """On POST only: the confirmation page, and with `confirm` the job."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            choice = LetterChoice(request)
            authorize(request, choice.deed)
            return self._confirm(request, choice)
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except StreamwatchError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(_list_of(request.POST.get("stream", "")))

    def edit_view(self, request: HttpRequest) -> HttpResponseBase:
        """The fields of `?stream=&id=`; on POST the entry that they make, in place of the letter."""
        try:
            stream = looking.stream_named(request.GET.get("stream", ""))
            asked = EditPage(stream, request.GET.get("id", ""), request.POST)
            if request.method == "POST":
                authorize(request, asked.deed)
                added = dead_letters.replay_as(Actor.of_request(request), stream, asked.letter.letter_id, asked.pairs())
                messages.success(request, f"Added to the stream as {added}.")
                return HttpResponseRedirect(_list_of(to_path(stream)))
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        except StreamwatchError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(_list_of(request.GET.get("stream", "")))
        if not access.may(request.user, PERMISSIONS[Action.REPLAY_DEAD], stream):
            raise PermissionDenied
        return page(self, request, "edit_letter", "Edit and replay", asked=asked, back=_list_of(to_path(stream)))

    def _confirm(self, request: HttpRequest, choice: LetterChoice) -> HttpResponseBase:
        back = _list_of(choice.place["stream_path"])
        if choice.form.is_bound and choice.form.is_valid():
            try:
                return HttpResponseRedirect(self._start(request, choice) or back)
            except StreamwatchError as error:
                add_error(choice.form, error, {})
        title = "Replay dead letters" if choice.act == "replay" else "Delete dead letters"
        fields = in_admin_style(choice.form)
        return page(self, request, "act_letters", title, asked=choice, fieldsets=fields, back=back)

    def _start(self, request: HttpRequest, choice: LetterChoice) -> str:
        """Where to go on: the job's page, unless it is over already."""
        start = dead_letters.replay if choice.act == "replay" else dead_letters.purge
        job = start(Actor.of_request(request), choice.stream, choice.wanted)
        if choice.is_all:
            return reverse("admin:streams_job_change", args=[job.pk])
        job = operations.run(job)
        say = messages.warning if job.missed or job.unsure else messages.success
        verb = "Replayed" if choice.act == "replay" else "Deleted"
        say(request, dead_letters.sentence(dead_letters.result_of(job), verb))
        return ""


def _list_of(stream: str) -> str:
    return f"{reverse('admin:streams_deadletter_changelist')}?{urlencode({'stream': stream})}"
