"""What the operators' admin pages share: the frame around them, and errors in the place where they help."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse

from streams import conf, looking, operations
from streams.errors import BadRequest, NoSuchGroup, NoSuchStream, NotAllowed, StreamwatchError, WrongType
from streams.names import shown
from streams.operations import Actor, Deed


class ReadOnly:
    """For things that live in Redis, or that nobody may edit: no row is changed or deleted, by anybody."""

    def has_change_permission(self, *_: Any) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, *_: Any) -> bool:
        """Never."""
        return False


def page(model_admin: ModelAdmin[Any], request: HttpRequest, name: str, title: str, **context: Any) -> TemplateResponse:
    """A page of the admin; with an `error` in its context, the status that belongs to the error."""
    everywhere = model_admin.admin_site.each_context(request)
    return TemplateResponse(
        request,
        f"admin/streams/{name}.html",
        {**everywhere, "title": title, "opts": model_admin.opts, **context},
        status=status_of(context.get("error")),
    )


def status_of(error: StreamwatchError | None) -> int:
    """The HTTP status of a page that can only show this error."""
    if error is None:
        return 200
    if isinstance(error, NoSuchStream | NoSuchGroup):
        return 404
    if isinstance(error, NotAllowed):
        return 403
    return 400 if isinstance(error, BadRequest) else 409 if isinstance(error, WrongType) else 503


def in_admin_style(form: forms.Form) -> AdminForm:
    """The form, for the admin's own template of fields; that asks nothing of a model."""
    return AdminForm(form, [(None, {"fields": list(form.fields)})], {})  # type: ignore[arg-type]


def add_error(form: forms.Form, error: StreamwatchError, fields: dict[str, str]) -> None:
    """Put an error beside the input it belongs to, else above the form; `fields` maps its names to the form's."""
    wanted = error.field if isinstance(error, BadRequest) else None
    name = fields.get(wanted, wanted) if wanted else None
    form.add_error(name if name in form.fields else None, str(error))


def authorize(request: HttpRequest, deed: Deed) -> None:
    """Answer 403 to somebody who may not do this; the refusal is in the ledger."""
    try:
        operations.authorize(Actor.of_request(request), deed)
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error


def initial_stream(request: HttpRequest) -> str:
    """The stream that the page before was about, else the watched one; as people read it."""
    try:
        return shown(looking.stream_named(request.GET["stream"]))
    except (KeyError, StreamwatchError):
        return shown(conf.current().stream)


def stream_names() -> list[str]:
    """Names to choose from while typing; none when the server is away, which the form then says by itself."""
    try:
        return [shown(name) for name in looking.streams()[0]]
    except StreamwatchError:
        return []
