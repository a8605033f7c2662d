"""The claim in the admin: what was chosen, what it would mean now, and the claim once that was seen."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest

from streams import conf, looking, names, operations, pel
from streams.durations import spoken, written
from streams.errors import BadRequest, NoSuchGroup
from streams.forms import ClaimForm, meant
from streams.ids import EntryId
from streams.names import shown, to_path
from streams.operations import Action, Actor, Deed
from streams.tables import Row, entry_row

MOST_CHOSEN = 1000


@dataclass(frozen=True, slots=True)
class Choice:
    """Entries that somebody ticked, and the group they are pending in."""

    stream: bytes
    group: bytes
    ids: tuple[EntryId, ...]

    @classmethod
    def of_request(cls, request: HttpRequest) -> Choice:
        """Read the posted choice. Raises BadRequest, NoSuchStream or NoSuchGroup."""
        stream = looking.stream_named(request.POST.get("stream", ""))
        return cls(stream, _group(stream, request.POST.get("group", "")), _ids(request.POST.getlist("id")))

    @property
    def deed(self) -> Deed:
        """The claim, for the permission and the record."""
        return Deed(Action.CLAIM, self.stream, self.group)


def _group(stream: bytes, segment: str) -> bytes:
    if names.is_digest(segment):
        return looking.group_named(looking.snapshot(stream), segment).name
    try:
        return names.from_path(segment)
    except ValueError as error:
        raise NoSuchGroup(str(error)) from None


def _ids(texts: list[str]) -> tuple[EntryId, ...]:
    if len(texts) > MOST_CHOSEN:
        raise BadRequest(f"At most {MOST_CHOSEN:,} entries can be chosen at once; `manage.py claim --all` takes more.")
    try:
        return tuple(sorted({EntryId.parse(text) for text in texts}))
    except ValueError as error:
        raise BadRequest(f"{error}.") from None


@dataclass(frozen=True, slots=True)
class Caution:
    """Something to be seen before the claim; `key` is posted back by a page that showed it."""

    key: str
    text: str


class ClaimPage:
    """The confirmation page: owners and idle times as they are now."""

    def __init__(self, request: HttpRequest, choice: Choice) -> None:
        if not choice.ids:
            raise BadRequest("No entry is chosen: tick at least one.")
        group = looking.group_named(looking.snapshot(choice.stream), to_path(choice.group))
        self.choice = choice
        self.existing = [consumer.name for consumer in group.consumers]
        self._pending = pel.rows_of(choice.stream, choice.group, choice.ids)
        self._idle_ms = min((row.idle_ms for row in self._pending), default=conf.current().claim_idle_ms)
        confirmed = request.POST if "confirm" in request.POST else None
        self.form = ClaimForm(confirmed, initial={"min_idle": written(max(self._idle_ms, 0))})
        self._request = request

    @property
    def consumers(self) -> list[str]:
        """The group's consumers, to choose from while typing."""
        return [shown(name) for name in self.existing]

    @property
    def place(self) -> dict[str, str]:
        """Stream and group, as people and as forms name them."""
        stream, group = self.choice.stream, self.choice.group
        return {
            "stream": shown(stream),
            "group": shown(group),
            "stream_path": to_path(stream),
            "group_path": to_path(group),
        }

    @property
    def rows(self) -> list[Row]:
        """The chosen entries that are still pending, without payloads."""
        return [entry_row(row) for row in self._pending]

    @property
    def not_pending(self) -> list[str]:
        """The chosen IDs that are not pending any more."""
        still = {row.entry_id for row in self._pending}
        return [str(entry_id) for entry_id in self.choice.ids if entry_id not in still]

    @property
    def smallest_idle(self) -> str:
        """How long the one that was delivered last is idle."""
        return spoken(self._idle_ms)

    def warnings(self) -> list[Caution]:
        """What there is to see about the form as it stands."""
        found = []
        if self._min_idle_ms() == 0:
            text = "With a minimum idle time of 0, entries are taken from a consumer that may be working on them now."
            found.append(Caution("idle", text))
        consumer = self._consumer()
        if consumer and consumer not in self.existing:
            text = f"{shown(consumer)!r} is not a consumer of this group: the claim makes it. Is the name right?"
            found.append(Caution(f"new {to_path(consumer)}", text))
        return found

    def claim(self) -> bool:
        """Claim, if the form is right and its warnings were seen; whether it was done."""
        seen = self._request.POST.getlist("seen")
        if not self.form.is_valid() or any(warning.key not in seen for warning in self.warnings()):
            return False
        choice, consumer = self.choice, self._consumer()
        actor = Actor.of_request(self._request)
        minimum = self.form.cleaned_data["min_idle"]
        result = operations.claim(actor, choice.stream, choice.group, consumer, choice.ids, minimum)
        say = messages.warning if result.missed else messages.success
        say(self._request, operations.claim_sentence(consumer, result))
        return True

    def _min_idle_ms(self) -> int | None:
        if not self.form.is_bound:
            return max(self._idle_ms, 0)
        return self.form.cleaned_data.get("min_idle") if self.form.is_valid() else None

    def _consumer(self) -> bytes:
        if not self.form.is_bound or not self.form.is_valid():
            return b""
        return meant(self.form.cleaned_data["consumer"], self.existing)
