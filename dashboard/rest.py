"""What every call of the API passes: who calls; and errors, as {"error": {"code", "text", "field"}}."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from ninja.security import HttpBearer
from ninja.security.apikey import APIKeyCookie
from pydantic import ConfigDict, Field

from streams import access, conf, looking, names, tokens
from streams.errors import (
    AccessDenied,
    BadRequest,
    NoSuchGroup,
    NoSuchIncident,
    NoSuchJob,
    NoSuchStream,
    NotAllowed,
    ServerRefused,
    StreamwatchError,
    Unreachable,
    WrongType,
)
from streams.ids import EntryId
from streams.ledger import NotRecorded

DESCRIPTION = """The same facts as the pages, and the same operations.

Calls that change something are POST. Log in with the session of the site (send its CSRF token in `X-CSRFToken`), or
send `Authorization: Bearer` with a token made in the admin; it may do what its user may. Where anybody may look, GET
takes neither. Names of streams, groups and consumers that are not plain stand as `~` and their base64url.
Every call that acts on many entries answers with a job; `GET /api/jobs/<id>/` says how far it has come."""
_STATUS: dict[type[Exception], tuple[int, str]] = {
    NoSuchStream: (404, "no_such_stream"),
    NoSuchGroup: (404, "no_such_group"),
    NoSuchIncident: (404, "no_such_incident"),
    NoSuchJob: (404, "no_such_job"),
    WrongType: (409, "wrong_type"),
    BadRequest: (400, "bad_request"),
    NotAllowed: (403, "not_allowed"),
    Unreachable: (503, "unreachable"),
    AccessDenied: (503, "access_denied"),
    ServerRefused: (503, "refused"),
    NotRecorded: (503, "not_recorded"),
}
# JSON readers in browsers round larger numbers.
_USUAL_SPAN_MS = 900_000
Whole = Annotated[int, Field(ge=0, le=2**53)]


class Utf8(Parser):
    """Takes JSON in UTF-8 alone: half a surrogate pair would be no name, no value, and nothing a database keeps."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The values. Raises ValueError."""
        return orjson.loads(request.body)


class SpanAsked(Schema):
    """A span of time in milliseconds since 1970, in about so many points: by default up to now, 15 minutes long."""

    from_ms: Whole | None = Field(default=None, alias="from")
    to: Whole | None = None
    points: Whole = 600

    def bounds(self, now_ms: int) -> tuple[int, int]:
        """From when to when."""
        to_ms = now_ms if self.to is None else self.to
        return (max(0, to_ms - _USUAL_SPAN_MS) if self.from_ms is None else self.from_ms), to_ms


class Body(Schema):
    """What is posted; a name that is not known is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class Session(APIKeyCookie):
    """The session of the site, with its CSRF token for everything but GET; or nobody, where anybody may look."""

    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:  # noqa: ARG002 - the session is read already
        """Whoever may look. Raises NotAllowed for somebody who is logged in and may not."""
        return _admitted(request)


class Token(HttpBearer):
    """A token that was made in the admin."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Its user, who acts from here on. Raises NotAllowed as `Session` does; AuthenticationError for a wrong one."""
        found = tokens.found(token)
        if found is None:
            raise AuthenticationError(401, "this token is unknown, too old, or of somebody who may not log in")
        request.user = found.user
        request.api_token = found.name  # type: ignore[attr-defined]
        access.look_as(found.user)
        return _admitted(request)


def _admitted(request: HttpRequest) -> Any:
    user = request.user
    if access.may_look(user):
        access.reach(user)  # asked for here, where the database may be, and remembered
        return user if user.is_authenticated else "nobody"
    if user.is_authenticated:
        raise NotAllowed("you may not look at streams: ask for the permission streams.view_stream")
    return None


_place = conf.current().environment
api = NinjaAPI(
    title=f"Streamwatch, {_place.name}" if _place else "Streamwatch",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    auth=[Token(), Session()],
    parser=Utf8(),
)


def problem(request: HttpRequest, status: int, code: str, text: str, **more: Any) -> HttpResponse:
    """An error as the API says it."""
    return api.create_response(request, {"error": {"code": code, "text": text, **more}}, status=status)


@api.exception_handler(StreamwatchError)
def _told(request: HttpRequest, error: StreamwatchError) -> HttpResponse:
    status, code = _STATUS.get(type(error), (500, "failed"))
    if isinstance(error, NotAllowed) and not request.user.is_authenticated:
        status, code = 401, "login_required"
    more = {"field": error.field} if isinstance(error, BadRequest) and error.field else {}
    return problem(request, status, code, str(error), **more)


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    text = str(error)
    text = "log in first: this server does not show streams to everybody" if text in {"", "Unauthorized"} else text
    return problem(request, 401, "login_required", text)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    first = error.errors[0]
    field = str(first["loc"][-1])
    text = f"{field}: {first['msg']}"
    if first["type"] in {"int_parsing", "int_type"}:
        typed = request.GET.get(field)
        text = f"{field} must be a whole number" + ("" if typed is None else f", not {typed[:40]!r}")
    return problem(request, 400, "bad_request", text, field=field)


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 403:
        text = "send the CSRF token of the site in the header X-CSRFToken, or use a token made in the admin"
        return problem(request, 403, "csrf", text)
    return problem(request, error.status_code, "bad_request", str(error))


def named(text: str, field: str) -> bytes:
    """The name behind a text: as it stands, or `~` and base64url. Raises BadRequest."""
    try:
        return names.from_path(text)
    except ValueError as error:
        raise BadRequest(str(error), field=field) from None


def entry_id(text: str, field: str) -> EntryId:
    """An entry ID. Raises BadRequest."""
    try:
        return EntryId.parse(text)
    except ValueError as error:
        raise BadRequest(str(error), field=field) from None


def place_of(stream: str, group: str) -> tuple[bytes, bytes]:
    """Stream and group behind their path segments. Raises NoSuchStream, NoSuchGroup or WrongType."""
    snapshot = looking.snapshot(looking.stream_named(stream))
    return snapshot.name, looking.group_named(snapshot, group).name
