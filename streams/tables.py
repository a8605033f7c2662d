"""What the admin's pages show of Redis: rows as plain values, each table with what was left out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from streams import looking
from streams.durations import spoken
from streams.errors import BadRequest, StreamwatchError
from streams.filters import Asked
from streams.health import described
from streams.ids import EntryId
from streams.names import shown, to_path
from streams.plain import lag_in_words, pending_row
from streams.reviewing import Review
from streams.snapshot import PendingEntry, Snapshot
from streams.wording import counted

MOST_STREAMS = 100
LONGEST_PAYLOAD = 500
NO_NAME = "(empty name)"
Row = dict[str, Any]
Choice = tuple[str, str]  # path segment, text


@dataclass
class GroupTable:
    """Groups of the streams that were looked at; `streams` counts all there are, at least."""

    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    looked_at: int = 0
    streams: int = 0
    all_known: bool = True
    only: str = ""

    @property
    def summary(self) -> str:
        """How many groups there are to see, and of how many streams."""
        groups = counted(len(self.rows), "consumer group")
        if self.only:
            return f"{groups} on this stream"
        streams = f"{self.streams:,}{'' if self.all_known else ' or more'} stream{'' if self.streams == 1 else 's'}"
        return f"{groups} on {self.looked_at:,} of {streams}"


def groups_of(only: str) -> GroupTable:
    """The groups of all streams (the first MOST_STREAMS), or of the stream behind the path segment `only`."""
    found, complete = looking.streams()
    chosen = [looking.stream_named(only)] if only else found[:MOST_STREAMS]
    table = GroupTable(
        looked_at=len(chosen), streams=len(found), all_known=complete, only=shown(chosen[0]) if only else ""
    )
    for key in chosen:
        snapshot = looking.snapshot(key) if only else looking.maybe_snapshot(key)
        if snapshot.problem:
            table.problems.append(f"{shown(key)}: {snapshot.problem}")
        table.rows += _group_rows(snapshot)
    return table


def _group_rows(snapshot: Snapshot) -> list[Row]:
    plain = described([snapshot])
    return [
        {
            **group,
            "stream": plain["name"],
            "stream_path": plain["path"],
            "lag": lag_in_words(group),
            "pending_text": f"{group['pending']:,}",
            "oldest": _oldest(group),
        }
        for group in plain["groups"]
    ]


def _oldest(group: Row) -> str:
    return spoken(group["oldest_pending_ms"]) if group["oldest_pending_id"] else "–"


@dataclass
class PendingTable:
    """A page of a group's pending entries, with the choices that lead to it and on from it."""

    query: dict[str, str]
    streams: list[Choice] = field(default_factory=list)
    groups: list[Choice] = field(default_factory=list)
    stream: str = ""
    group: str = ""
    review: Review | None = None
    rows: list[Row] = field(default_factory=list)
    error: StreamwatchError | None = None

    @property
    def next_query(self) -> str:
        """The query string of the page after this one."""
        return self._query(after=self.review.next_after if self.review else "")

    @property
    def first_query(self) -> str:
        """The query string of the first page."""
        return self._query()

    @property
    def place_query(self) -> str:
        """What a link adds to a filter's query so that it leads to this group."""
        return "&" + urlencode({name: self.query[name] for name in ("stream", "group")})

    def _query(self, **more: str) -> str:
        asked = self.review.asked if self.review else Asked({})
        return asked.query(stream=self.query["stream"], group=self.query["group"], **more)


def pending_of(query: Mapping[str, str]) -> PendingTable:
    """The page a query asks for: `stream`, `group` as path segments, the filters of `filters.NAMES`, `after` an ID.

    Without a group, the choices only; a single stream, and a stream's single group, are chosen by themselves. What
    keeps the rest from being shown is the table's `error`.
    """
    table = PendingTable({name: query.get(name, "") for name in ("stream", "group", "after")})
    try:
        table.streams = [_choice(name) for name in looking.streams()[0]]
        if len(table.streams) == 1 and not table.query["stream"]:
            table.query["stream"] = table.streams[0][0]
        if table.query["stream"]:
            _fill_stream(table, query)
    except StreamwatchError as error:
        table.error = error
    return table


def _fill_stream(table: PendingTable, query: Mapping[str, str]) -> None:
    snapshot = looking.snapshot(looking.stream_named(table.query["stream"]))
    table.stream = shown(snapshot.name)
    table.groups = [_choice(group.name) for group in snapshot.groups]
    if len(table.groups) == 1 and not table.query["group"]:
        table.query["group"] = table.groups[0][0]
    if table.query["group"]:
        group = looking.group_named(snapshot, table.query["group"])
        table.group = shown(group.name) or NO_NAME
        table.review = Review.of(snapshot, group, query)
        table.rows = [entry_row(row) for row in table.review.page.rows]
        for field_name, text in table.review.asked.errors.items():
            table.error = BadRequest(text, field=field_name)


def _choice(name: bytes) -> Choice:
    return to_path(name), shown(name) or NO_NAME


def entry_row(row: PendingEntry) -> Row:
    """A pending entry with words for its times, and its payload cut to LONGEST_PAYLOAD characters in all."""
    plain = pending_row(row)
    fields, cut = _cut(plain["fields"] or [])
    return {
        **plain,
        "consumer": plain["consumer"] or "(nobody)",
        "time": _time(row.entry_id),
        "idle": spoken(plain["idle_ms"]),
        "fields": fields,
        "cut": cut or plain["cut"],
    }


def _time(entry_id: EntryId) -> str:
    """UTC, to the millisecond; a dash when the ID was made up by its producer."""
    moment = entry_id.moment()
    if moment is None or not entry_id.is_time(int(datetime.now(UTC).timestamp() * 1000)):
        return "–"
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{entry_id.ms % 1000:03d}"


def _cut(fields: list[list[str]]) -> tuple[list[tuple[str, str]], bool]:
    kept: list[tuple[str, str]] = []
    left = LONGEST_PAYLOAD
    for name, value in fields:
        if left <= 0:
            return kept, True
        kept.append((name[:left], value[: max(0, left - len(name))]))
        left -= len(name) + len(value)
    return kept, left < 0
