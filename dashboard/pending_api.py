"""The API of pending entries: a page of them, how many match, and what is done to them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from dashboard.job_api import answer_of
from dashboard.rest import Body, Whole, api, entry_id, named, place_of
from streams import filters, looking, operations, pel, plain
from streams.errors import BadRequest
from streams.operations import Actor, Deliveries, Selection
from streams.snapshot import PendingFilter

router = Router(tags=["pending entries"])
_PLACE = "/streams/{stream}/groups/{group}/pending/"
_SURVEYED_WITHIN_S = 0.1


class Asked(Schema):
    """Which pending entries, and how many."""

    consumer: str = ""
    min_idle_ms: Whole = 0
    min_deliveries: Whole = 0
    after: str = ""
    limit: Whole = 50


@router.get(_PLACE)
def pending(request: HttpRequest, stream: str, group: str, asked: Query[Asked]) -> dict[str, Any]:
    """A page of pending entries in ID order, with payloads; `next_after` leads on, null at the end.

    {"pending": [{"id", "consumer", "idle_ms", "deliveries", "gone", "fields", "cut"}], "total", "scanned"}.
    """
    key, name = place_of(stream, group)
    wanted = PendingFilter(
        consumer=named(asked.consumer, "consumer") if asked.consumer else None,
        min_idle_ms=asked.min_idle_ms,
        min_deliveries=asked.min_deliveries,
    )
    after = entry_id(asked.after, "after") if asked.after else None
    page = looking.pending(key, name, wanted, after=after, limit=asked.limit)
    return {
        "pending": [plain.pending_row(row) for row in page.rows],
        "total": page.total,
        "scanned": page.scanned,
        "next_after": page.next_after and str(page.next_after),
    }


class Filters(Schema):
    """The filters of the page, as people type them: durations such as 90s or 1h."""

    consumer: str = ""
    min_idle: str = ""
    min_deliveries: str = ""
    min_age: str = ""
    field: str = ""
    value: str = ""
    after: str = ""


@router.get(f"{_PLACE}survey/", url_name="survey")
def survey(request: HttpRequest, stream: str, group: str, query: Query[Filters]) -> dict[str, Any]:
    """How many match, by idle time and by deliveries, counted from behind an ID.

    Counts for about a tenth of a second; `next_after` leads on, null at the end: add what the calls counted.
    """
    snapshot = looking.snapshot(looking.stream_named(stream))
    found = looking.group_named(snapshot, group)
    asked = filters.parse(query.dict(), [consumer.name for consumer in found.consumers], snapshot.taken_at)
    for field, text in asked.errors.items():
        raise BadRequest(text, field=field)
    tally, rest = pel.survey(snapshot.name, found.name, asked.wanted, asked.after, within_s=_SURVEYED_WITHIN_S)
    return {**tally.as_plain(), "total": found.pending, "next_after": rest and str(rest), "complete": rest is None}


class Matching(Body):
    """Everything that is so; nothing named: everything that is pending."""

    consumer: str | None = None
    min_idle_ms: Whole = 0
    min_deliveries: Whole = 0
    upto: str | None = Field(default=None, description="The largest ID.")
    field: str | None = None
    value: str = ""


class Chosen(Body):
    """Entries by ID, each only if idle for at least `min_idle_ms`; or all that match a filter. Not both."""

    ids: list[str] | None = Field(default=None, max_length=1000)
    min_idle_ms: Whole = 0
    filter: Matching | None = None

    def selection(self) -> Selection:
        """As operations take it. Raises BadRequest."""
        if (self.ids is None) == (self.filter is None):
            raise BadRequest("name ids, or a filter; not both", field="ids")
        if self.ids is not None:
            return operations.chosen([entry_id(text, "ids") for text in self.ids], self.min_idle_ms)
        wanted = self.filter or Matching()
        return PendingFilter(
            consumer=None if wanted.consumer is None else named(wanted.consumer, "consumer"),
            min_idle_ms=max(self.min_idle_ms, wanted.min_idle_ms),
            min_deliveries=wanted.min_deliveries,
            upto=entry_id(wanted.upto, "upto") if wanted.upto else None,
            having=(wanted.field.encode(), wanted.value.encode()) if wanted.field else None,
        )


class Claim(Chosen):
    """A claim: for whom, and what becomes of the delivery counts."""

    consumer: str
    deliveries: Deliveries = Deliveries.COUNT


class GiveUp(Chosen):
    """Why they are given up."""

    reason: str


@router.post(f"{_PLACE}claim/")
def claim(request: HttpRequest, stream: str, group: str, body: Claim) -> HttpResponse:
    """Move entries to a consumer, existing or new. By ID: at once. By filter: 202 and a job."""
    consumer = named(body.consumer, "consumer")
    place, actor = place_of(stream, group), Actor.of_request(request)
    return answer_of(request, operations.claim(actor, *place, consumer, body.selection(), body.deliveries))


@router.post(f"{_PLACE}reprocess/")
def reprocess(request: HttpRequest, stream: str, group: str, body: Chosen) -> HttpResponse:
    """Hand entries to this program's workers again."""
    return answer_of(
        request, operations.reprocess(Actor.of_request(request), *place_of(stream, group), body.selection())
    )


@router.post(f"{_PLACE}acknowledge/")
def acknowledge(request: HttpRequest, stream: str, group: str, body: Chosen) -> HttpResponse:
    """Take entries out of the PEL for good."""
    return answer_of(
        request, operations.acknowledge(Actor.of_request(request), *place_of(stream, group), body.selection())
    )


@router.post(f"{_PLACE}dead-letter/")
def dead_letter(request: HttpRequest, stream: str, group: str, body: GiveUp) -> HttpResponse:
    """Make dead letters of entries, with a reason."""
    place, actor = place_of(stream, group), Actor.of_request(request)
    return answer_of(request, operations.give_up(actor, *place, body.selection(), body.reason))


@router.post(f"{_PLACE}release/")
def release(request: HttpRequest, stream: str, group: str, body: Chosen) -> HttpResponse:
    """Give entries back to the group; takes a server with XNACK (Redis 8.8)."""
    return answer_of(request, operations.release(Actor.of_request(request), *place_of(stream, group), body.selection()))


api.add_router("", router)
