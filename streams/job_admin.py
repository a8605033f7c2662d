"""Jobs in the admin: how far each has come, live; its end; a result per entry to download."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse

from streams import access, operations
from streams.admin_pages import ReadOnly, page
from streams.errors import NotAllowed
from streams.job_models import Job, results_of
from streams.ledger_export import Line, safe_cell
from streams.names import shown
from streams.operations import Actor

if TYPE_CHECKING:
    _Base = admin.ModelAdmin[Job]
else:
    _Base = admin.ModelAdmin


KEPT_AS_BYTES = {"stream", "group", "consumer"}


@admin.register(Job)
class JobAdmin(ReadOnly, _Base):
    """Jobs, newest first, and a page of each."""

    list_display = ("number", "made_at", "actor", "action", "on", "state", "progress", "done", "asked")
    list_filter = ("state", "action")
    search_fields = ("actor", "detail")
    list_per_page = 50
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """On the streams that may be seen."""
        return access.rows_seen(super().get_queryset(request))

    def get_urls(self) -> list[URLPattern]:
        """The list, and each job's page with what belongs to it."""
        guarded = self.admin_site.admin_view
        return [
            path("<int:pk>/change/", guarded(self.job_view), name="streams_job_change"),
            path("<int:pk>/status/", guarded(self.status_view), name="streams_job_status"),
            path("<int:pk>/cancel/", guarded(self.cancel_view), name="streams_job_cancel"),
            path("<int:pk>/results/", guarded(self.results_view), name="streams_job_results"),
            *(url for url in super().get_urls() if url.name == "streams_job_changelist"),
        ]

    def has_add_permission(self, *_: Any) -> bool:
        """Never: operations start jobs."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Not by a name: as bytes it cannot be compared with text, which PostgreSQL fails on."""
        return lookup.partition("__")[0] not in KEPT_AS_BYTES and super().lookup_allowed(lookup, value, request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Under a title that asks for no selection."""
        return super().changelist_view(request, {**(extra_context or {}), "title": "Jobs"})

    def job_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """One job; a script of the page keeps it fresh while it runs."""
        job = self._job(request, pk)
        return page(self, request, "job", f"Job {job.pk}: {job.action}", job=job, plain=job.as_plain())

    def status_view(self, request: HttpRequest, pk: int) -> JsonResponse:
        """The figures of the page, as JSON."""
        return JsonResponse(self._job(request, pk).as_plain())

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """On POST only: ask it to end."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        job = self._job(request, pk)
        try:
            operations.cancel(Actor.of_request(request), job)
        except NotAllowed as error:
            raise PermissionDenied(str(error)) from error
        messages.info(request, "It ends after the step that runs now.")
        return HttpResponseRedirect(reverse("admin:streams_job_change", args=[job.pk]))

    def results_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """What became of each entry, as CSV."""
        job = self._job(request, pk)
        answer = StreamingHttpResponse(_lines(job), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="job-{job.pk}.csv"'
        return answer

    def _job(self, request: HttpRequest, pk: int) -> Job:
        job = Job.objects.filter(pk=pk).first()
        if not self.has_view_permission(request) if job is None else not operations.may_see(request.user, job):
            raise PermissionDenied
        if job is None:
            raise Http404(f"there is no job {pk}")
        return job

    @admin.display(description="Job", ordering="pk")
    def number(self, job: Job) -> str:
        """Its number."""
        return f"Job {job.pk}"

    @admin.display(description="Stream and group")
    def on(self, job: Job) -> str:
        """Where."""
        stream, group = job.place
        return shown(stream) + (f", {shown(group)}" if group else "")

    @admin.display(description="Progress")
    def progress(self, job: Job) -> str:
        """How far it has come."""
        return "unknown" if job.percent is None else f"{job.percent} %"


def _lines(job: Job) -> Iterator[str]:
    writer: Any = csv.writer(Line())
    yield writer.writerow(("id", "result", "what"))
    for entry_id, done, words in results_of(job):
        yield writer.writerow((entry_id, {True: "done", False: "missed", None: "unknown"}[done], safe_cell(words)))
