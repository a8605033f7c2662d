"""What the admin shows of dead letters: a page of them, a choice of them, and one to be edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest

from streams import conf, looking
from streams.act_forms import TypedForm
from streams.errors import BadRequest, StreamwatchError
from streams.ids import EntryId
from streams.letters import Letter
from streams.names import plain_text, shown, to_path
from streams.operations import Action, Deed
from streams.plain import letter_row
from streams.wording import letters

PAGE_ROWS = 50
MOST_CHOSEN = 1000
ACTS = {"replay": Action.REPLAY_DEAD, "purge": Action.PURGE_DEAD}
# A longer value, or one that is no text, is kept as it is: a form would change it.
LONGEST_EDITED = 20_000
_LINES = dict.fromkeys(map(ord, "\n\r\t"))
MOST_EDITED = 200


@dataclass
class LetterTable:
    """A page of a stream's dead letters, oldest first, and the choices that lead to it."""

    stream: str = ""
    stream_path: str = ""
    reason: str = ""
    after: str = ""
    streams: list[tuple[str, str]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    next_after: str = ""
    error: StreamwatchError | None = None

    @property
    def summary(self) -> str:
        """How many rows are on this page, of how many."""
        if not self.reason:
            return f"{len(self.rows):,} of {letters(self.total)}"
        have = "has it in its" if len(self.rows) == 1 else "have it in their"
        return f"{letters(len(self.rows))} on this page {have} reason; the stream has {letters(self.total)}"

    @property
    def next_query(self) -> str:
        """The query string of the page after this one."""
        return urlencode({"stream": self.stream_path, "reason": self.reason, "after": self.next_after})


def table_of(query: Mapping[str, str]) -> LetterTable:
    """The page that `stream` (a path segment), `reason` and `after` ask for; what is wrong is its `error`."""
    table = LetterTable(reason=query.get("reason", ""), after=query.get("after", ""))
    try:
        found = looking.streams()[0]
        table.streams = [(to_path(name), shown(name)) for name in found]
        stream = looking.stream_named(query["stream"]) if query.get("stream") else _usual(found)
        table.stream, table.stream_path = shown(stream), to_path(stream)
        if (table.stream_path, table.stream) not in table.streams:
            table.streams.insert(0, (table.stream_path, table.stream))
        page = looking.letters(stream, reason=table.reason, after=_id(table.after), limit=PAGE_ROWS)
        table.rows, table.total = [row_of(letter) for letter in page.rows], page.total
        table.next_after = str(page.next_after or "")
    except StreamwatchError as error:
        table.error = error
    return table


def _usual(streams: Sequence[bytes]) -> bytes:
    """The only stream there is, else the watched one."""
    return streams[0] if len(streams) == 1 else conf.current().stream


def row_of(letter: Letter) -> dict[str, Any]:
    """A letter as plain values, its fields cut as everywhere."""
    return {**letter_row(letter), "moment": letter.letter_id.moment()}


class LetterChoice:
    """The letters that were ticked, or all with something in their reason, and the form that the act takes."""

    def __init__(self, request: HttpRequest) -> None:
        post = request.POST
        self.act = post.get("act", "")
        if self.act not in ACTS:
            raise BadRequest("There is no such action.")
        self.stream = looking.stream_named(post.get("stream", ""))
        self.is_all, self.reason = bool(post.get("all")), post.get("reason", "")
        self.ids = [] if self.is_all else _ids(post.getlist("id"))
        if not self.is_all and not self.ids:
            raise BadRequest("No dead letter is chosen: tick at least one.")
        posted = post if "confirm" in post else None
        if self.act == "replay":
            self.form: forms.Form = forms.Form(posted)
        elif self.is_all:
            self.form = TypedForm(posted, "Type the stream's name", shown(self.stream))
        else:
            self.form = TypedForm(posted, "Type how many there are", f"{len(self.ids):,}")

    @property
    def action(self) -> Action:
        """What is to be done."""
        return ACTS[self.act]

    @property
    def deed(self) -> Deed:
        """What is asked for, for the permission and the record of a refusal."""
        return Deed(self.action, self.stream, b"")

    @property
    def wanted(self) -> list[EntryId] | str:
        """As the operation takes it."""
        return self.reason if self.is_all else self.ids

    @property
    def place(self) -> dict[str, str]:
        """The stream, as people and as forms name it."""
        return {"stream": shown(self.stream), "stream_path": to_path(self.stream)}

    @property
    def total(self) -> int:
        """How many dead letters the stream has, matching or not."""
        return looking.letters(self.stream, limit=1).total

    @property
    def sample(self) -> list[dict[str, Any]]:
        """The first of them."""
        after = self.ids[0].previous() if self.ids else None
        return [
            row_of(letter) for letter in looking.letters(self.stream, reason=self.reason, after=after, limit=5).rows
        ]

    @property
    def groups(self) -> list[str]:
        """The stream's groups, all of which are given what is replayed; none for a stream that is gone."""
        return [shown(group.name) or "(empty name)" for group in looking.maybe_snapshot(self.stream).groups]


class EditPage:
    """A letter's fields to be changed, one input each."""

    def __init__(self, stream: bytes, letter_id: str, post: Any) -> None:
        self.stream = stream
        wanted = _id(letter_id)
        found = looking.letter(stream, wanted) if wanted else None
        if found is None:
            raise BadRequest("This dead letter is not there any more: somebody replayed or deleted it.")
        self.letter: Letter = found
        self._post = post

    @property
    def deed(self) -> Deed:
        """What is asked for."""
        return Deed(Action.REPLAY_DEAD, self.stream, b"")

    @property
    def row(self) -> dict[str, Any]:
        """The letter as the list shows it."""
        return row_of(self.letter)

    @property
    def fields(self) -> list[dict[str, Any]]:
        """Every field with its number; `kept` when it cannot be edited as text."""
        pairs = zip(self.letter.pairs[::2], self.letter.pairs[1::2], strict=True)
        return [
            {
                "n": n,
                "name": shown(name),
                "value": shown(value) if _is_kept(n, name, value) else value.decode(),
                "kept": _is_kept(n, name, value),
            }
            for n, (name, value) in enumerate(pairs)
        ]

    def pairs(self) -> list[bytes]:
        """The flat list that was posted: changed, removed, added; what was not changed is as it was, to the byte."""
        found: list[bytes] = []
        for n, (name, value) in enumerate(zip(self.letter.pairs[::2], self.letter.pairs[1::2], strict=True)):
            if self._post.get(f"remove-{n}"):
                continue
            posted = self._post.get(f"value-{n}")
            found += [name, value if posted is None or _is_kept(n, name, value) else _changed(value, posted)]
        if new := self._post.get("new-name", ""):
            found += [new.encode(), _lines(self._post.get("new-value", "")).encode()]
        return found


def _is_kept(n: int, name: bytes, value: bytes) -> bool:
    if n >= MOST_EDITED or len(value) > LONGEST_EDITED:
        return True
    try:
        text = name.decode() + value.decode()
    except UnicodeDecodeError:
        return True
    return plain_text(text.translate(_LINES)) != text.translate(_LINES)


def _changed(value: bytes, posted: str) -> bytes:
    return value if _lines(posted) == _lines(value.decode()) else _lines(posted).encode()


def _lines(text: str) -> str:
    """Browsers send every line end as two characters."""
    return text.replace("\r\n", "\n")


def _id(text: str) -> EntryId | None:
    try:
        return EntryId.parse(text) if text else None
    except ValueError as error:
        raise BadRequest(f"{error}.") from None


def _ids(texts: list[str]) -> list[EntryId]:
    if len(texts) > MOST_CHOSEN:
        raise BadRequest(f"At most {MOST_CHOSEN:,} dead letters can be chosen at once; all that match takes more.")
    return sorted({one for one in map(_id, texts) if one})
