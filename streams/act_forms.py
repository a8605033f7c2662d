"""The forms between choosing pending entries and acting on them. They read text; `operations` decides."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget

from streams.durations import parse_ms
from streams.snapshot import Deliveries

_DELIVERIES = [
    (Deliveries.COUNT, "counts the claim as one more"),
    (Deliveries.KEEP, "stays as it is"),
    (Deliveries.RESET, "starts again at 0"),
]


class ClaimForm(forms.Form):
    """Who gets the chosen entries, how long they must have been idle, and what becomes of their delivery counts."""

    consumer = forms.CharField(
        strip=False,
        label="Claim for consumer",
        widget=AdminTextInputWidget({"list": "consumers", "autocomplete": "off"}),
        help_text="What it has already stays as it is.",
    )
    min_idle = forms.CharField(
        label="Only if idle for at least",
        widget=AdminTextInputWidget({"autocomplete": "off"}),
        help_text="Write such as 90s, 5m or 1500ms. Checked again at the moment of the claim, and so is the idle time "
        "you see below, so that an entry whose consumer works on it again stays where it is. 0 takes it all the same.",
    )
    deliveries = forms.ChoiceField(
        required=False,
        label="Delivery count",
        choices=_DELIVERIES,
        initial=Deliveries.COUNT,
        widget=forms.RadioSelect({"class": "radiolist"}),
    )

    def __init__(self, data: Any, min_idle: str = "", why: str = "") -> None:
        """`min_idle` is what it asks for before anybody types, `why` a sentence about it."""
        super().__init__(data, initial={"min_idle": min_idle})
        idle = self.fields["min_idle"]
        idle.help_text = f"{why} {idle.help_text}".strip()

    def clean_min_idle(self) -> int:
        """Milliseconds."""
        try:
            return parse_ms(self.cleaned_data["min_idle"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean_deliveries(self) -> Deliveries:
        """What somebody who does not say gets is a delivery more."""
        return Deliveries(self.cleaned_data["deliveries"] or Deliveries.COUNT)


class TypedForm(forms.Form):
    """Something typed that shows that the page was read: `typed` is what it must be, `label` how it is asked for."""

    typed = forms.CharField(strip=False, widget=AdminTextInputWidget({"autocomplete": "off"}))

    def __init__(self, data: Any, label: str, typed: str) -> None:
        super().__init__(data)
        self.fields["typed"].label = label
        self._typed = typed

    def clean_typed(self) -> str:
        """Exactly that."""
        if self.cleaned_data["typed"].strip().replace(",", "") != self._typed.strip().replace(",", ""):
            raise forms.ValidationError(f"It is {self._typed}.")
        return self._typed


class GiveUpForm(forms.Form):
    """Why the entries are given up."""

    reason = forms.CharField(max_length=500, widget=AdminTextInputWidget({"autocomplete": "off"}))
