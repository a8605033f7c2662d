"""The form for an entry that is added by hand: a stream, an ID, and fields in rows. It reads; `operations` decides."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget

from streams import looking
from streams.errors import StreamwatchError
from streams.ids import EntryId
from streams.names import meant, shown

ROWS, MORE_ROWS = 6, 6
_OFF = {"autocomplete": "off"}


class EntryForm(forms.Form):
    """Where the entry goes, and under which ID."""

    stream = forms.CharField(strip=False, widget=AdminTextInputWidget({"list": "streams", **_OFF}))
    id = forms.CharField(
        required=False,
        label="ID",
        widget=AdminTextInputWidget(_OFF),
        help_text="Leave it empty: the server makes one of the time.",
    )
    create_stream = forms.BooleanField(required=False, label="Create the stream if it is missing")

    def clean_id(self) -> EntryId | None:
        """None: the server's."""
        text = self.cleaned_data["id"].strip()
        try:
            return EntryId.parse(text) if text else None
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from None


class FieldForm(forms.Form):
    """One field."""

    name = forms.CharField(required=False, strip=False, widget=AdminTextInputWidget(_OFF))
    value = forms.CharField(required=False, strip=False, widget=AdminTextareaWidget({"rows": 1, "cols": 60}))

    def clean_value(self) -> str:
        """Browsers send every line end as two characters."""
        return str(self.cleaned_data["value"]).replace("\r\n", "\n")

    def clean(self) -> dict[str, Any]:
        """A value has a name."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("value") and not cleaned.get("name"):
            self.add_error("name", "Which field has this value?")
        return cleaned


Fields = forms.formset_factory(FieldForm, extra=0, absolute_max=1000)


class EntryPage:
    """The form and the rows of fields, posted or new; new ones are named as those of the stream's newest entry."""

    def __init__(self, post: Any, stream: str) -> None:
        self.form = EntryForm(post or None, initial={"stream": stream})
        if post:
            self.fields: Any = Fields(self._with_more(post) if "more" in post else post, prefix="fields")
        else:
            self.fields = Fields(prefix="fields", initial=_newest_names(stream))

    def is_valid(self) -> bool:
        """Whether both are; what is wrong stands beside its field."""
        is_valid = self.form.is_valid()
        if not (self.fields.is_valid() and is_valid):
            return False
        if not self.pairs():
            self.form.add_error(None, "An entry has at least one field: name one.")
            return False
        return True

    def stream(self) -> bytes:
        """The stream that was meant. Raises what keeps Redis from answering."""
        return meant(self.form.cleaned_data["stream"], looking.streams()[0])

    def pairs(self) -> list[bytes]:
        """Names and values in turn, of the rows that have a name."""
        rows = [row.cleaned_data for row in self.fields if row.cleaned_data.get("name")]
        return [part.encode() for row in rows for part in (row["name"], row["value"])]

    def _with_more(self, post: Any) -> Any:
        data = post.copy()
        count = post.get("fields-TOTAL_FORMS", "")
        data["fields-TOTAL_FORMS"] = str((int(count) if count.isdecimal() else ROWS) + MORE_ROWS)
        return data


def _newest_names(stream: str) -> list[dict[str, str]]:
    try:
        newest = looking.entries(meant(stream, looking.streams()[0]), None, 1).rows
    except StreamwatchError:
        newest = []
    names = [shown(name) for entry in newest for name, _ in entry.fields()]
    return [{"name": name} for name in names] + [{}] * max(1, ROWS - len(names))
