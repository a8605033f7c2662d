"""The API of jobs: how far each has come, its end, what became of each entry."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from dashboard.rest import Whole, api
from streams import access, operations
from streams.errors import BadRequest, NoSuchJob
from streams.job_models import Job, results_of
from streams.operations import Actor

router = Router(tags=["jobs"])
_MOST_RESULTS = 10_000


@router.get("/jobs/")
def jobs(request: HttpRequest, limit: Whole = 50) -> dict[str, Any]:
    """Jobs, newest first: one's own, and with the permission streams.view_job everybody's."""
    if not 1 <= limit <= 500:
        raise BadRequest("limit must be from 1 to 500", field="limit")
    rows = access.rows_seen(Job.objects.all())
    if not access.may(request.user, "streams.view_job"):
        rows = rows.filter(user_id=request.user.pk or 0)
    return {"jobs": [job.as_plain() for job in rows[:limit]], "total": rows.count()}


@router.get("/jobs/{pk}/")
def job(request: HttpRequest, pk: int) -> dict[str, Any]:
    """One job: its state, how many entries were looked at, found, done, missed, and how fast."""
    return _job(request, pk).as_plain()


@router.get("/jobs/{pk}/results/")
def results(request: HttpRequest, pk: int, skip: Whole = 0, limit: Whole = 1000) -> dict[str, Any]:
    """What became of each entry: [ID, true (done), false (missed) or null (not known), in words], in ID order."""
    if not 1 <= limit <= _MOST_RESULTS:
        raise BadRequest(f"limit must be from 1 to {_MOST_RESULTS:,}", field="limit")
    found = _job(request, pk)
    return {"results": list(islice(results_of(found), skip, skip + limit)), "total": found.asked}


@router.post("/jobs/{pk}/cancel/")
def cancel(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Ask a job to end after the step that runs now."""
    found = _job(request, pk)
    operations.cancel(Actor.of_request(request), found)
    found.refresh_from_db()
    return found.as_plain()


def answer_of(request: HttpRequest, started: Job) -> HttpResponse:
    """A job of named entries is run at once; a larger one is left to a runner, and answers 202."""
    if "ids" not in started.wanted:
        return api.create_response(request, started.as_plain(), status=202)
    done = operations.run(started)
    return api.create_response(request, {**done.as_plain(), "results": list(results_of(done))}, status=200)


def _job(request: HttpRequest, pk: int) -> Job:
    found = Job.objects.filter(pk=pk).first()
    if found is None or not operations.may_see(request.user, found):
        raise NoSuchJob(f"there is no job {pk} that you may see")
    return found


api.add_router("", router)
