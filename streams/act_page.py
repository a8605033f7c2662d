"""The page between choosing pending entries and acting on them: what it would mean now, and the deed once seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest

from streams import conf, filters, looking, operations, pel
from streams.act_forms import ClaimForm, GiveUpForm, TypedForm
from streams.choosing import Choice
from streams.durations import spoken, written
from streams.errors import AccessDenied, BadRequest
from streams.job_models import Job
from streams.jobs.works import workers_alive
from streams.names import meant, shown, to_path
from streams.operations import Action, Actor
from streams.snapshot import PendingEntry
from streams.tables import Row, entry_row
from streams.tallies import Tally
from streams.wording import are

ACTS = {
    "claim": Action.CLAIM,
    "reprocess": Action.REPROCESS,
    "acknowledge": Action.ACKNOWLEDGE,
    "give_up": Action.GIVE_UP,
    "release": Action.RELEASE,
}
TITLES = {
    "claim": "Claim pending entries",
    "reprocess": "Process again",
    "acknowledge": "Acknowledge pending entries",
    "give_up": "Make dead letters",
    "release": "Release pending entries",
}
# Counting for a preview may take so long.
_COUNTED_WITHIN_S = 0.5
_SAMPLE = 10


@dataclass(frozen=True, slots=True)
class Caution:
    """Something to be seen before the claim; `key` is posted back by a page that showed it."""

    key: str
    text: str


def action_of(act: str) -> Action:
    """The action behind a button. Raises BadRequest."""
    if act not in ACTS:
        raise BadRequest("There is no such action.")
    return ACTS[act]


class ActPage:
    """The chosen entries as they are now, the form that the act takes, and what to see before it is done."""

    def __init__(self, request: HttpRequest, choice: Choice, act: str) -> None:
        action_of(act)
        if not choice.is_all and not choice.seen:
            raise BadRequest("No entry is chosen: tick at least one.")
        group = looking.group_named(looking.snapshot(choice.stream), to_path(choice.group))
        self.choice, self.act, self._request = choice, act, request
        self.existing = [consumer.name for consumer in group.consumers]
        self.tally: Tally | None = None
        self._pending = self._sample() if choice.is_all else pel.rows_of(choice.stream, choice.group, choice.ids)
        self.form = self._form(request.POST if "confirm" in request.POST else None)

    @property
    def title(self) -> str:
        """What the page is about."""
        return TITLES[self.act]

    @property
    def place(self) -> dict[str, str]:
        """Stream and group, as people and as forms name them."""
        return self.choice.place

    @property
    def rows(self) -> list[Row]:
        """The chosen entries that are still pending, or a sample of those that match, without payloads."""
        return [entry_row(row) for row in self._pending]

    @property
    def consumers(self) -> list[str]:
        """The group's consumers, to choose from while typing."""
        return [shown(name) for name in self.existing]

    @property
    def owners(self) -> list[str]:
        """Who has the chosen entries now."""
        return sorted({shown(row.consumer) or "nobody" for row in self._pending})

    @property
    def not_pending(self) -> list[str]:
        """The chosen IDs that are not pending any more."""
        still = {row.entry_id for row in self._pending}
        return [str(entry_id) for entry_id in self.choice.ids if entry_id not in still]

    @property
    def idles(self) -> list[tuple[str, int]]:
        """Each chosen ID with the idle time that this page shows, or that the one before showed, to post back."""
        if self.form.is_bound:
            return [(str(one.entry_id), one.idle_ms) for one in self.choice.seen]
        now = {row.entry_id: max(0, row.idle_ms) for row in self._pending}
        return [(str(entry_id), now.get(entry_id, 0)) for entry_id in self.choice.ids]

    @property
    def count(self) -> str:
        """How many entries it is about, in words."""
        if not self.choice.is_all:
            return f"{len(self._pending):,}"
        return self.tally.matched_text if self.tally else "an unknown number of"

    @property
    def workers(self) -> int:
        """How many workers of ours read this group now."""
        return workers_alive(self.choice.stream, self.choice.group)

    @property
    def staying(self) -> str:
        """How many of the ticked entries a claim would leave where they are as things stand; empty for none."""
        minimum = self._min_idle_ms() if self.act == "claim" and not self.choice.is_all else 0
        count = sum(0 <= row.idle_ms < (minimum or 0) for row in self._pending)
        if not count:
            return ""
        stay = "it stays where it is" if count == 1 else "they stay where they are"
        return f"{count:,} of them {are(count)} idle for less than {spoken(minimum)}, as asked for below: {stay}."

    @property
    def letters_kept(self) -> str:
        """How many dead letters a stream keeps."""
        return f"{conf.current().dead_max_entries:,}"

    def warnings(self) -> list[Caution]:
        """What there is to see about the form of a claim as it stands."""
        if self.act != "claim":
            return []
        found = []
        if self._min_idle_ms() == 0:
            text = "With a minimum idle time of 0, entries are taken from a consumer that may be working on them now."
            found.append(Caution("idle", text))
        consumer = self._consumer()
        if consumer and consumer not in self.existing:
            text = f"{shown(consumer)!r} is not a consumer of this group: the claim makes it. Is the name right?"
            found.append(Caution(f"new {to_path(consumer)}", text))
        return found

    def done(self) -> Job | None:
        """Start it, if the form is right and its warnings were seen; the job (over, for ticked entries), else None."""
        seen = self._request.POST.getlist("seen")
        if not self.form.is_bound or not self.form.is_valid() or any(w.key not in seen for w in self.warnings()):
            return None
        job = self._start()
        if not self.choice.is_all:
            job = operations.run(job)
            say = messages.warning if job.missed or job.unsure else messages.success
            say(self._request, operations.sentence(job))
        return job

    def _start(self) -> Job:
        actor, place = Actor.of_request(self._request), (self.choice.stream, self.choice.group)
        data, selection = self.form.cleaned_data, self.choice.selection()
        if self.act == "claim":
            minimum = data["min_idle"]
            wanted = self.choice.selection(minimum)
            if self.choice.is_all:
                wanted = filters.at_least_idle(self.choice.asked.wanted, minimum)
            return operations.claim(actor, *place, self._consumer(), wanted, data["deliveries"])
        if self.act == "give_up":
            return operations.give_up(actor, *place, selection, data["reason"])
        acts = {"reprocess": operations.reprocess, "release": operations.release}
        return acts.get(self.act, operations.acknowledge)(actor, *place, selection)

    def _form(self, posted: Any) -> forms.Form:
        if self.act == "claim":
            return ClaimForm(posted, written(self._usual_idle_ms), self._why_usual)
        if self.act == "give_up":
            return GiveUpForm(posted)
        if self.act == "acknowledge" and self.choice.is_all:
            return TypedForm(posted, "Type the group's name", self.place["group"])
        if self.act == "acknowledge":
            return TypedForm(posted, "Type how many there are", f"{len(self.choice.seen):,}")
        return forms.Form(posted)

    @property
    def _usual_idle_ms(self) -> int:
        """What the list was filtered by, else from when on entries count as stuck."""
        return self.choice.asked.wanted.min_idle_ms or conf.current().claim_idle_ms

    @property
    def _why_usual(self) -> str:
        if self.choice.asked.wanted.min_idle_ms:
            return f"{written(self._usual_idle_ms)} is what the list was filtered by."
        name = "CLAIM_IDLE_MS of this installation"
        return f"{written(self._usual_idle_ms)} is {name}: from then on entries count as stuck."

    def _sample(self) -> list[PendingEntry]:
        place, wanted = (self.choice.stream, self.choice.group), self.choice.asked.wanted
        try:
            self.tally, rest = pel.survey(*place, wanted, within_s=_COUNTED_WITHIN_S)
            self.tally.is_complete = rest is None
        except AccessDenied:
            self.tally = None
        return list(looking.pending(*place, wanted, limit=_SAMPLE).rows)

    def _min_idle_ms(self) -> int | None:
        if not self.form.is_bound:
            return self._usual_idle_ms
        return self.form.cleaned_data.get("min_idle") if self.form.is_valid() else None

    def _consumer(self) -> bytes:
        if not self.form.is_bound or not self.form.is_valid():
            return b""
        return meant(self.form.cleaned_data["consumer"], self.existing)
