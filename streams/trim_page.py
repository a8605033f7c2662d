"""Trimming a stream in the admin: what would go and who would lose what, and the trim once that was seen."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest

from streams import looking, operations, previews
from streams.admin_pages import add_error
from streams.errors import StreamwatchError
from streams.group_forms import TrimForm
from streams.names import shown, to_path
from streams.operations import Action, Actor, Deed
from streams.wording import entries, were


class TrimPage:
    """One stream; raises NoSuchStream, WrongType and the like when it is made."""

    def __init__(self, request: HttpRequest, stream: str) -> None:
        self._request = request
        self.stream = looking.stream_named(stream)
        looking.snapshot(self.stream)
        self.form = TrimForm(request.POST if request.method == "POST" else None)
        self.preview: previews.TrimPreview | None = None

    @property
    def deed(self) -> Deed:
        """The trim, for the permission and the record of a refusal."""
        return Deed(Action.TRIM, self.stream, b"")

    @property
    def place(self) -> dict[str, str]:
        """The stream, as people and as paths name it."""
        return {"stream": shown(self.stream), "stream_path": to_path(self.stream)}

    def done(self) -> bool:
        """Trim, if the form is right and its preview was seen; whether it was done."""
        if not self.form.is_valid():
            return False
        keep, lose = self.form.cleaned_data["keep"], self.form.cleaned_data["lose"]
        try:
            if "confirm" not in self._request.POST:
                self.preview = previews.trim(self.stream, keep)
                return False
            result = operations.trim(Actor.of_request(self._request), self.stream, keep, lose=lose)
        except StreamwatchError as error:
            add_error(self.form, error, {})
            return False
        held = f" Group {shown(result.held_by)} needs the rest." if result.held_by else ""
        text = f"{entries(result.removed)} of {shown(self.stream)} {were(result.removed)} trimmed.{held}"
        messages.success(self._request, text)
        return True
