"""The API of a stream's entries and of its dead letters: read, searched, added, trimmed, replayed, deleted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from dashboard.job_api import answer_of
from dashboard.rest import Body, Whole, api, entry_id
from streams import access, dead_letters, entry_filters, looking, operations, parsing, plain, previews
from streams.errors import BadRequest
from streams.names import shown
from streams.operations import Actor

router = Router(tags=["entries and dead letters"])
_STREAM = "/streams/{stream}/"
_SEARCHED_WITHIN_S = 0.1


class Span(Schema):
    """Entries up to and from an ID or a time, newest first."""

    until: str = ""
    from_: str = Field(default="", alias="from")
    limit: Whole = 50

    def asked(self, **more: str) -> entry_filters.Asked:
        """What that means. Raises BadRequest."""
        found = entry_filters.parse({"until": self.until, "from": self.from_, **more})
        for field, text in found.errors.items():
            raise BadRequest(text, field=field)
        return found


class Search(Span):
    """And a field with the value it must have."""

    field: str
    value: str = ""


@router.get(f"{_STREAM}entries/")
def entries(request: HttpRequest, stream: str, span: Query[Span]) -> dict[str, Any]:
    """Entries, newest first; `next_until` leads on, null at the end. {"entries": [{"id", "fields", "cut"}]}."""
    page = looking.entries(looking.stream_named(stream), span.asked().upper, span.limit)
    next_until = str(page.rows[-1].entry_id.previous()) if page.has_more else None
    return {"entries": [plain.entry_row(entry) for entry in page.rows], "next_until": next_until}


@router.get(f"{_STREAM}entries/search/")
def search(request: HttpRequest, stream: str, wanted: Query[Search]) -> dict[str, Any]:
    """Entries in which a field has a value, from `until` back to `from`.

    Looks for about a tenth of a second, at `looked_at` entries; `next_until` leads on, null at the end.
    """
    key, asked = looking.stream_named(stream), wanted.asked(field=wanted.field, value=wanted.value)
    if asked.having is None:
        raise BadRequest("name the field, and the value it must have", field="field")
    span = looking.span_of(looking.snapshot(key), asked.lower, asked.upper)
    step = looking.search(key, span, asked.having, wanted.limit, within_s=_SEARCHED_WITHIN_S)
    rows = [plain.entry_row(entry) for entry in step.rows]
    return {"entries": rows, "looked_at": step.looked_at, "next_until": step.next_upper and str(step.next_upper)}


class NewEntry(Body):
    """Names and values in pairs, and an ID if the server shall not make one."""

    fields: list[tuple[str, str]] = Field(min_length=1)
    id: str | None = None
    create_stream: bool = False


@router.post(f"{_STREAM}entries/")
def add(request: HttpRequest, stream: str, body: NewEntry) -> HttpResponse:
    """Add an entry by hand. 201 and {"id"}."""
    pairs = [part.encode() for pair in body.fields for part in pair]
    wanted = entry_id(body.id, "id") if body.id else None
    key, actor = looking.stream_named(stream), Actor.of_request(request)
    added = operations.add_entry(actor, key, pairs, wanted, mkstream=body.create_stream)
    return api.create_response(request, {"id": str(added)}, status=201)


class Trim(Body):
    """What stays: a number of entries (1000000) or an age (7d, 12h)."""

    keep: str
    lose: bool = Field(default=False, description="Also what groups have not finished with.")
    dry_run: bool = False


@router.post(f"{_STREAM}trim/")
def trim(request: HttpRequest, stream: str, body: Trim) -> dict[str, Any]:
    """Drop the oldest entries; refused when a group would lose any, unless `lose`."""
    try:
        keep = parsing.retain(body.keep)
    except ValueError as error:
        raise BadRequest(f"keep {error}", field="keep") from None
    key = looking.stream_named(stream)
    if body.dry_run:
        return {**previews.trim(key, keep).as_plain(), "dry_run": True}
    done = operations.trim(Actor.of_request(request), key, keep, lose=body.lose)
    return {"removed": done.removed, "held_by": done.held_by and shown(done.held_by), "dry_run": False}


class LettersAsked(Schema):
    """Letters with this in their reason, after an ID."""

    reason: str = ""
    after: str = ""
    limit: Whole = 50


@router.get(f"{_STREAM}dead/")
def letters(request: HttpRequest, stream: str, asked: Query[LettersAsked]) -> dict[str, Any]:
    """Dead letters, oldest first; `next_after` leads on, null at the end."""
    access.need(request.user, "streams.view_deadletter")
    after = entry_id(asked.after, "after") if asked.after else None
    page = looking.letters(looking.stream_named(stream), reason=asked.reason, after=after, limit=asked.limit)
    rows = [plain.letter_row(letter) for letter in page.rows]
    return {"letters": rows, "total": page.total, "next_after": page.next_after and str(page.next_after)}


class Letters(Body):
    """Dead letters by ID, or all with something in their reason (empty: all). Not both."""

    ids: list[str] | None = Field(default=None, max_length=1000)
    reason: str | None = None

    def wanted(self) -> Any:
        """As operations take it. Raises BadRequest."""
        if (self.ids is None) == (self.reason is None):
            raise BadRequest("name ids, or a reason (empty: all); not both", field="ids")
        return self.reason if self.ids is None else [entry_id(text, "ids") for text in self.ids]


class Edited(Body):
    """The fields that the entry has in place of the letter's."""

    fields: list[tuple[str, str]] = Field(min_length=1)


@router.post(f"{_STREAM}dead/replay/")
def replay(request: HttpRequest, stream: str, body: Letters) -> HttpResponse:
    """Add the entries of dead letters to the stream again, and delete the letters."""
    key = looking.stream_named(stream)
    return answer_of(request, dead_letters.replay(Actor.of_request(request), key, body.wanted()))


@router.post(f"{_STREAM}dead/purge/")
def purge(request: HttpRequest, stream: str, body: Letters) -> HttpResponse:
    """Delete dead letters for good."""
    key = looking.stream_named(stream)
    return answer_of(request, dead_letters.purge(Actor.of_request(request), key, body.wanted()))


@router.post(f"{_STREAM}dead/{{letter}}/edit/")
def edit(request: HttpRequest, stream: str, letter: str, body: Edited) -> HttpResponse:
    """Replay one dead letter with other fields. 201 and {"id"}."""
    key, wanted = looking.stream_named(stream), entry_id(letter, "letter")
    pairs = [part.encode() for pair in body.fields for part in pair]
    added = dead_letters.replay_as(Actor.of_request(request), key, wanted, pairs)
    return api.create_response(request, {"id": str(added)}, status=201)


api.add_router("", router)
