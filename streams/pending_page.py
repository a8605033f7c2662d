"""Acknowledging and giving up in the admin: what was chosen, what it means now, and the deed once that was seen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.http import HttpRequest

from streams import operations, pel
from streams.claim_page import Choice
from streams.errors import BadRequest
from streams.names import shown, to_path
from streams.operations import Action, Actor, Deed
from streams.tables import Row, entry_row

ACTS = {"acknowledge": Action.ACKNOWLEDGE, "give_up": Action.GIVE_UP}


class AcknowledgeForm(forms.Form):
    """The number of entries, typed: nobody processes them any more."""

    count = forms.IntegerField(
        label="Type how many there are", widget=AdminTextInputWidget({"autocomplete": "off", "inputmode": "numeric"})
    )

    def __init__(self, data: Any, chosen: int) -> None:
        super().__init__(data)
        self._chosen = chosen

    def clean_count(self) -> int:
        """Exactly the number chosen."""
        if self.cleaned_data["count"] != self._chosen:
            raise forms.ValidationError(f"There are {self._chosen:,}.")
        return self._chosen


class GiveUpForm(forms.Form):
    """Why the entries are given up."""

    reason = forms.CharField(max_length=500, widget=AdminTextInputWidget({"autocomplete": "off"}))


class PendingPage:
    """The page between choosing entries and acknowledging them, or making dead letters of them."""

    def __init__(self, request: HttpRequest, choice: Choice, act: str) -> None:
        if not choice.ids:
            raise BadRequest("No entry is chosen: tick at least one.")
        if act not in ACTS:
            raise BadRequest("There is no such action.")
        self.choice, self.act, self._request = choice, act, request
        self._pending = pel.rows_of(choice.stream, choice.group, choice.ids)
        posted = request.POST if "confirm" in request.POST else None
        acknowledging = act == "acknowledge"
        self.form = AcknowledgeForm(posted, len(choice.ids)) if acknowledging else GiveUpForm(posted)

    @property
    def place(self) -> dict[str, str]:
        """Stream and group, as people and as forms name them."""
        stream, group = self.choice.stream, self.choice.group
        paths = {"stream_path": to_path(stream), "group_path": to_path(group)}
        return {"stream": shown(stream), "group": shown(group), **paths}

    @property
    def rows(self) -> list[Row]:
        """The chosen entries that are still pending, without payloads."""
        return [entry_row(row) for row in self._pending]

    @property
    def owners(self) -> list[str]:
        """Who has them now."""
        return sorted({shown(row.consumer) for row in self._pending})

    def done(self) -> bool:
        """Do it, if the form is right; whether it was done."""
        if not self.form.is_bound or not self.form.is_valid():
            return False
        actor, place = Actor.of_request(self._request), (self.choice.stream, self.choice.group)
        if self.act == "acknowledge":
            result = operations.acknowledge(actor, *place, self.choice.ids)
            text = operations.acknowledge_sentence(result)
        else:
            result = operations.give_up(actor, *place, self.choice.ids, self.form.cleaned_data["reason"])
            text = operations.give_up_sentence(result)
        say = messages.warning if result.missed else messages.success
        say(self._request, text)
        return True


def deed_of(choice: Choice, act: str) -> Deed:
    """What is asked for, for the permission and the record of a refusal. Raises BadRequest."""
    if act not in ACTS:
        raise BadRequest("There is no such action.")
    return Deed(ACTS[act], choice.stream, choice.group)
