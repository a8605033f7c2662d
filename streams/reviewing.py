"""A page of a group's pending entries as both reviews show it, the live one and the admin's: rows, counts, choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streams import access, filters, looking, operations, pel
from streams.errors import AccessDenied
from streams.filters import Asked
from streams.ids import EntryId
from streams.names import shown, to_path
from streams.operations import PERMISSIONS, Action
from streams.snapshot import ConsumerGroup, PendingPage, Snapshot
from streams.tallies import Tally

PAGE_ROWS = 50
# Counting may take so long before a page is drawn; a script of the page goes on from there.
_COUNTED_WITHIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Act:
    """A button: what it does, and why it cannot be pressed (empty: it can)."""

    name: str
    label: str
    why_not: str


_LABELS = {
    "claim": (Action.CLAIM, "Claim"),
    "reprocess": (Action.REPROCESS, "Process again"),
    "acknowledge": (Action.ACKNOWLEDGE, "Acknowledge"),
    "give_up": (Action.GIVE_UP, "Dead-letter"),
    "release": (Action.RELEASE, "Release"),
}


def acts_for(user: access.User, stream: bytes) -> list[Act]:
    """The buttons of a review, for somebody; what the server lacks stands on them before what somebody may not."""
    lacks = "" if operations.can_release() else "the server has no XNACK: it takes Redis 8.8"
    return [_act(user, stream, name, lacks if name == "release" else "") for name in _LABELS]


def _act(user: access.User, stream: bytes, name: str, lacks: str) -> Act:
    action, label = _LABELS[name]
    permission = PERMISSIONS[action]
    needs = "" if access.may(user, permission, stream) else f"takes the permission {permission}"
    return Act(name, label, lacks or needs)


@dataclass
class Review:
    """What was asked for, the page of it, and how much there is; `tally` is None where the server refuses to count."""

    asked: Asked
    consumers: list[bytes]
    page: PendingPage
    tally: Tally | None = None
    counted_to: EntryId | None = None
    place: tuple[str, str] = ("", "")
    stream: bytes = b""

    @classmethod
    def of(cls, snapshot: Snapshot, group: ConsumerGroup, query: Mapping[str, str]) -> Review:
        """The page that the query asks for; nothing is looked up for a query that makes no sense."""
        consumers = [consumer.name for consumer in group.consumers]
        asked = filters.parse(query, consumers, snapshot.taken_at)
        found = cls(asked, consumers, PendingPage((), group.pending, 0, None))
        found.stream = snapshot.name
        found.place = (to_path(snapshot.name), to_path(group.name))
        if not asked.errors:
            found._fill(snapshot.name, group.name)
        return found

    def _fill(self, stream: bytes, group: bytes) -> None:
        asked = self.asked
        with pel.named(stream, group):
            self.page = looking.pending(stream, group, asked.wanted, after=asked.after, limit=PAGE_ROWS)
        try:
            self.tally, self.counted_to = pel.survey(stream, group, asked.wanted, within_s=_COUNTED_WITHIN_S)
        except AccessDenied:
            self.tally = None
        else:
            self.tally.is_complete = self.counted_to is None

    @property
    def matched(self) -> str:
        """How many entries pass the filter, in words."""
        if not self.asked.is_filtered:
            return f"{self.page.total:,}"
        return self.tally.matched_text if self.tally else "an unknown number of"

    @property
    def summary(self) -> str:
        """How many rows are on this page, of how many."""
        text = f"{len(self.page.rows):,} of {self.matched} pending {'entry' if self.matched == '1' else 'entries'}"
        return f"{text} that match; {self.page.total:,} are pending" if self.asked.is_filtered else text

    @property
    def next_after(self) -> str:
        """The ID to go on after; empty at the end."""
        return str(self.page.next_after or "")

    @property
    def histograms(self) -> list[dict[str, Any]]:
        """The two histograms, each bar with the query that it stands for and its share of the largest."""
        if self.tally is None or not self.page.total:
            return []
        chosen = (
            ("min_idle", "Idle", self.tally.idle_bars()),
            ("min_deliveries", "Deliveries", self.tally.delivery_bars()),
        )
        return [
            {"name": name, "label": label, "bars": [self._bar(name, bar, bars) for bar in bars]}
            for name, label, bars in chosen
        ]

    def _bar(self, name: str, bar: Any, bars: list[Any]) -> dict[str, Any]:
        largest = max(other.count for other in bars) or 1
        query = self.asked.query(**{name: bar.filter})
        is_chosen = bool(bar.filter) and self.asked.texts[name] == bar.filter
        return {
            "label": bar.label,
            "count": bar.count,
            "query": query,
            "share": 100 * bar.count // largest,
            "chosen": is_chosen,
        }

    @property
    def consumer_names(self) -> list[str]:
        """The group's consumers, to choose from while typing."""
        return [shown(name) for name in self.consumers]
