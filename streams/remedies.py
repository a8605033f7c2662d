"""What to do about a verdict: one sentence, the page where it is done, and the command that does it. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from streams.names import shown, to_path


@dataclass(frozen=True, slots=True)
class Remedy:
    """One sentence; `link` is a path on this site, `command` a line for a shell; either may be missing."""

    text: str = ""
    link: str | None = None
    command: str | None = None


def groups_page(stream: bytes) -> str:
    """The stream's consumer groups."""
    return f"/streams/{quote(to_path(stream))}/groups/"


def group_page(stream: bytes, group: bytes) -> str:
    """One group with its history."""
    return f"{groups_page(stream)}{quote(to_path(group))}/"


def pending_page(stream: bytes, group: bytes, **query: str | int) -> str:
    """The group's pending entries, filtered."""
    return f"{group_page(stream, group)}pending/" + (f"?{urlencode(query)}" if query else "")


def create_group(stream: bytes) -> Remedy:
    """For a stream that nobody reads in a group."""
    link = f"/admin/streams/consumergroup/add/?{urlencode({'stream': to_path(stream)})}"
    return Remedy("Create a group, or leave the stream out of watching if it is read with XREAD.", link)


def keep_more(stream: bytes, group: bytes) -> Remedy:
    """For entries that are trimmed too early."""
    text = "Keep more entries where the stream is trimmed (MAXLEN, MINID), or let more consumers read the group."
    return Remedy(text, group_page(stream, group), _line("groups", stream))


def start_consumer(stream: bytes, group: bytes) -> Remedy:
    """For a group that nobody reads."""
    command = f"manage.py consume --stream {_word(stream)} --group {_word(group)}"
    text = "Start a consumer of the group, or destroy the group if nobody needs it."
    return Remedy(text, group_page(stream, group), command)


def claim(stream: bytes, group: bytes) -> Remedy:
    """For pending entries that nobody finishes."""
    text = "Look at the pending entries and claim them for a consumer that works."
    return Remedy(text, pending_page(stream, group), f"{_line('claim', stream, group)} --to CONSUMER --all")


def acknowledge(stream: bytes, group: bytes) -> Remedy:
    """For consumers that forget XACK."""
    text = "Let the consumer call XACK after each entry it has finished, or read with NOACK if none need to be kept."
    return Remedy(text, pending_page(stream, group), _line("pending", stream, group))


def rewound(stream: bytes) -> Remedy:
    """For a position that was moved back."""
    text = "If nobody meant to, see in the ledger who moved it; consumers will handle these entries again."
    return Remedy(text, "/admin/streams/ledgerentry/", _line("groups", stream))


def more_consumers(stream: bytes, group: bytes) -> Remedy:
    """For a group that is too slow."""
    command = f"manage.py consume --stream {_word(stream)} --group {_word(group)}"
    return Remedy("Start more consumers, or make each faster.", group_page(stream, group), command)


def poison(stream: bytes, group: bytes, deliveries: int) -> Remedy:
    """For entries that fail again and again."""
    text = "Look at the entry; mend the consumer, or acknowledge the entry to give it up."
    command = f"{_line('pending', stream, group)} --min-deliveries {deliveries}"
    return Remedy(text, pending_page(stream, group, min_deliveries=deliveries), command)


def take_over(stream: bytes, group: bytes, consumer: bytes) -> Remedy:
    """For entries that a dead consumer holds."""
    text = "Claim its entries for a consumer that is alive."
    command = f"{_line('pending', stream, group)} --consumer {_word(consumer)}"
    return Remedy(text, pending_page(stream, group, consumer=shown(consumer)), command)


def _line(command: str, stream: bytes, group: bytes | None = None) -> str:
    return " ".join(["manage.py", command, _word(stream), *([] if group is None else [_word(group)])])


def _word(name: bytes) -> str:
    return shlex.quote(shown(name))
