"""What somebody chose in a review: entries that were ticked, or everything that its filter lets pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import zip_longest

from django.http import HttpRequest

from streams import filters, looking, names
from streams.errors import BadRequest, NoSuchGroup
from streams.filters import Asked
from streams.ids import EntryId
from streams.names import shown, to_path
from streams.operations import Action, Deed
from streams.snapshot import PendingFilter, Seen

MOST_CHOSEN = 1000


@dataclass(frozen=True)
class Choice:
    """The group, and the entries in it; `seen` are IDs with the idle times that a page showed, empty for `all`.

    `asked` is the filter of the list that they were chosen from.
    """

    stream: bytes
    group: bytes
    seen: tuple[Seen, ...] = ()
    asked: Asked = field(default_factory=lambda: Asked({}))
    is_all: bool = False

    @classmethod
    def of_request(cls, request: HttpRequest) -> Choice:
        """Read the posted choice. Raises BadRequest, NoSuchStream or NoSuchGroup."""
        post = request.POST
        stream = looking.stream_named(post.get("stream", ""))
        group = _group(stream, post.get("group", ""))
        texts = {name: post.get(f"of_{name}", "") for name in filters.NAMES}
        if not post.get("all"):
            ticked = _seen(post.getlist("id"), post.getlist("idle"))
            return cls(stream, group, ticked, filters.parse(texts, (), 0))
        snapshot = looking.snapshot(stream)
        consumers = looking.group_named(snapshot, to_path(group)).consumers
        asked = filters.parse(texts, [consumer.name for consumer in consumers], snapshot.taken_at)
        if asked.errors:
            raise BadRequest(next(iter(asked.errors.values())))
        return cls(stream, group, (), asked, is_all=True)

    def deed(self, action: Action) -> Deed:
        """What is asked for, for the permission and the record of a refusal."""
        return Deed(action, self.stream, self.group)

    def selection(self, min_idle_ms: int | None = None) -> tuple[Seen, ...] | PendingFilter:
        """As operations take it; `min_idle_ms` 0 takes entries whatever was seen, None asks for nothing more."""
        if self.is_all:
            return self.asked.wanted
        if min_idle_ms is None:
            return self.seen
        return tuple(Seen(one.entry_id, min_idle_ms and max(min_idle_ms, one.idle_ms)) for one in self.seen)

    @property
    def ids(self) -> list[EntryId]:
        """The ticked entries' IDs."""
        return [one.entry_id for one in self.seen]

    @property
    def place(self) -> dict[str, str]:
        """Stream and group, as people and as forms name them."""
        paths = {"stream_path": to_path(self.stream), "group_path": to_path(self.group)}
        return {"stream": shown(self.stream), "group": shown(self.group), **paths}

    @property
    def words(self) -> str:
        """What everything is that matches."""
        return filters.in_words(self.asked.wanted)


def _group(stream: bytes, segment: str) -> bytes:
    if names.is_digest(segment):
        return looking.group_named(looking.snapshot(stream), segment).name
    try:
        return names.from_path(segment)
    except ValueError as error:
        raise NoSuchGroup(str(error)) from None


def _seen(ids: list[str], idles: list[str]) -> tuple[Seen, ...]:
    if len(ids) > MOST_CHOSEN:
        raise BadRequest(f"At most {MOST_CHOSEN:,} entries can be chosen at once; everything that matches takes more.")
    try:
        pairs = {EntryId.parse(one): int(idle or "0") for one, idle in zip_longest(ids, idles[: len(ids)])}
    except ValueError as error:
        raise BadRequest(f"{error}.") from None
    return tuple(Seen(entry_id, max(0, idle_ms)) for entry_id, idle_ms in sorted(pairs.items()))
