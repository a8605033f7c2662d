"""The admin's form for a new consumer group. It reads text; `operations` decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget

from streams.names import shown
from streams.positions import parse_start

BEGINNING, NOW, AT = "beginning", "now", "at"
_STARTS = [
    (BEGINNING, "The beginning: everything still in the stream is delivered"),
    (NOW, "Now: only what is added from now on is delivered"),
    (AT, "After an entry ID, or from a time on:"),
]


class CreateGroupForm(forms.Form):
    """Stream, name and start of a new consumer group."""

    stream = forms.CharField(strip=False, widget=AdminTextInputWidget({"list": "streams", "autocomplete": "off"}))
    group = forms.CharField(strip=False, label="Group name", widget=AdminTextInputWidget({"autocomplete": "off"}))
    start = forms.ChoiceField(
        label="Start at", choices=_STARTS, initial=BEGINNING, widget=forms.RadioSelect({"class": "radiolist"})
    )
    at = forms.CharField(
        required=False,
        label="ID or time",
        widget=AdminTextInputWidget({"autocomplete": "off"}),
        help_text="An entry ID, such as 1700000000000-0: entries after it are delivered. Or a time with its zone, "
        "such as 2026-01-31T12:00Z: entries added at that moment or later are delivered.",
    )
    create_stream = forms.BooleanField(
        required=False, initial=True, label="Create the stream if it is missing", help_text="It is empty then."
    )

    def clean(self) -> dict[str, Any]:
        """An ID or a time is wanted exactly when the start says so; an error stands beside the text."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("start") == AT:
            try:
                cleaned["at"] = parse_start(cleaned.get("at", ""))
            except ValueError as error:
                self.add_error("at", str(error))
        return cleaned

    def position(self) -> str:
        """The start as `operations.create_group` takes it."""
        chosen = self.cleaned_data["start"]
        return str(self.cleaned_data["at"] if chosen == AT else chosen)


def meant(text: str, existing: Iterable[bytes]) -> bytes:
    """The name somebody typed: an existing one that is shown like this, else the text itself."""
    encoded = text.encode()
    for name in existing:
        if name != encoded and shown(name) == text:
            return name
    return encoded
