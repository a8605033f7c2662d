"""The admin's form for a new consumer group. It reads text; `operations` decides."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget

from streams.positions import parse_start

BEGINNING, NOW, AT, LIKE = "beginning", "now", "at", "like"
_STARTS = [
    (BEGINNING, "The beginning: everything still in the stream is delivered"),
    (NOW, "Now: only what is added from now on is delivered"),
    (AT, "After an entry ID, or from a time on:"),
    (LIKE, "Where another group of the stream stands:"),
]


class PositionForm(forms.Form):
    """What forms with `start`, `at` and `like` share."""

    def clean(self) -> dict[str, Any]:
        """An ID, a time or a group is wanted exactly when the start says so; an error stands beside its field."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("start") == AT:
            try:
                cleaned["at"] = parse_start(cleaned.get("at", ""))
            except ValueError as error:
                self.add_error("at", str(error))
        if cleaned.get("start") == LIKE and not cleaned.get("like"):
            self.add_error("like", "Which group?")
        return cleaned


class CreateGroupForm(PositionForm):
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
    like = forms.CharField(
        required=False,
        strip=False,
        label="Other group",
        widget=AdminTextInputWidget({"list": "groups", "autocomplete": "off"}),
        help_text="Its position is copied; what is pending in it stays its own.",
    )
    create_stream = forms.BooleanField(
        required=False, initial=True, label="Create the stream if it is missing", help_text="It is empty then."
    )

    def position(self) -> str:
        """The start as `operations.create_group` takes it; empty when it is that of another group."""
        chosen = self.cleaned_data["start"]
        return "" if chosen == LIKE else str(self.cleaned_data["at"] if chosen == AT else chosen)
