"""The admin's forms for a group that exists: move it, destroy it, its consumers. They read; `operations` decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget

from streams.forms import AT, BEGINNING, LIKE, NOW, PositionForm
from streams.parsing import Retain, retain

MOVE, FORGET = "move", "forget"
_POSITIONS = [
    (BEGINNING, "The beginning: everything still in the stream is delivered, again where it was before"),
    (NOW, "Now: only what is added from now on is delivered"),
    (AT, "After an entry ID, or from a time on:"),
    (LIKE, "Where another group stands:"),
]


class MoveForm(PositionForm):
    """Where a group is to read on from."""

    start = forms.ChoiceField(
        label="Read on from", choices=_POSITIONS, widget=forms.RadioSelect({"class": "radiolist"})
    )
    at = forms.CharField(
        required=False,
        label="ID or time",
        widget=AdminTextInputWidget({"autocomplete": "off"}),
        help_text="Such as 1700000000000-0, or a time with its zone, such as 2026-01-31T12:00Z.",
    )
    like = forms.ChoiceField(required=False, label="Other group")

    def __init__(self, data: Any, others: Sequence[tuple[str, str]]) -> None:
        """`others` are the stream's other groups: position and shown name."""
        super().__init__(data)
        self.fields["like"] = forms.ChoiceField(
            required=False, label="Other group", choices=[("", "–"), *others], help_text="Its position is copied."
        )

    def position(self) -> str:
        """The start as `operations.move_group` takes it."""
        chosen = self.cleaned_data["start"]
        return str(self.cleaned_data[chosen] if chosen in {AT, LIKE} else chosen)


class DestroyForm(forms.Form):
    """The name, typed, and how many pending entries were shown."""

    name = forms.CharField(
        strip=False, required=False, label="Type the group's name", widget=AdminTextInputWidget({"autocomplete": "off"})
    )
    force = forms.BooleanField(required=False, label="Even while consumers are reading")
    pending = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, data: Any, name: str, pending: int) -> None:
        """`name` is the shown one, which has to be typed."""
        super().__init__(data, initial={"pending": pending})
        self._name = name

    def clean_name(self) -> str:
        """Exactly the name."""
        if self.cleaned_data["name"] != self._name:
            raise forms.ValidationError("This is not the group's name.")
        return self._name


class ConsumerForm(forms.Form):
    """A new consumer."""

    consumer = forms.CharField(strip=False, label="Name", widget=AdminTextInputWidget({"autocomplete": "off"}))


class DeleteConsumerForm(forms.Form):
    """What becomes of the entries that a consumer owns."""

    fate = forms.ChoiceField(
        label="Its pending entries",
        choices=[(MOVE, "are moved to another consumer first, keeping how often they were delivered"),
                 (FORGET, "are forgotten: nobody is given them again")],
        initial=MOVE,
        widget=forms.RadioSelect({"class": "radiolist"}),
    )  # fmt: skip
    move_to = forms.CharField(
        strip=False,
        required=False,
        label="Other consumer",
        widget=AdminTextInputWidget({"list": "consumers", "autocomplete": "off"}),
    )
    pending = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """A move has a target."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("fate") == MOVE and cleaned.get("pending") and not cleaned.get("move_to"):
            self.add_error("move_to", "Who gets its pending entries?")
        return cleaned


class TrimForm(forms.Form):
    """How much of a stream stays."""

    keep = forms.CharField(
        widget=AdminTextInputWidget({"autocomplete": "off"}),
        help_text="A number of entries, such as 1000000, or an age, such as 7d or 12h.",
    )
    lose = forms.BooleanField(required=False, label="Also what groups have not finished with")

    def clean_keep(self) -> Retain:
        """Entries or an age."""
        try:
            return retain(self.cleaned_data["keep"].strip())
        except ValueError as error:
            raise forms.ValidationError(f"This {error}.") from None
