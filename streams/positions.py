"""Where a new consumer group starts: text from a form or a shell to the ID that XGROUP CREATE wants."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from streams.ids import ZERO, EntryId

BEGINNING, NOW = "0", "$"
_WORDS = {"beginning": BEGINNING, "now": NOW, "$": NOW}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PART_MAX = 2**64 - 1
# Servers never print such an ID: somebody meant a month, and the ID would deliver the whole stream again.
_PADDED = re.compile(r"\d+-0\d+")


def parse_start(text: str) -> str:
    """The ID after which a group is given entries.

    Takes `beginning`, `now`, an entry ID (the entries after it are delivered) or an ISO 8601 time with its zone (the
    entries added at that moment or later). Raises ValueError with a sentence for anything else.
    """
    text = text.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _PADDED.fullmatch(text):
        raise ValueError(f"{text!r} is neither an entry ID nor a whole time: write for example 2026-01-31T12:00Z.")
    try:
        return str(EntryId.parse(text))
    except ValueError:
        return str(just_before(_moment(text)))


def parse_until(text: str) -> EntryId:
    """The largest ID that an entry ID or an ISO 8601 time with its zone means. Raises ValueError with a sentence."""
    text = text.strip()
    try:
        return EntryId.parse(text)
    except ValueError:
        return just_before(_moment(text) + timedelta(milliseconds=1))


def parse_from(text: str) -> EntryId:
    """The smallest ID that an entry ID or an ISO 8601 time with its zone means. Raises ValueError with a sentence."""
    text = text.strip()
    try:
        return EntryId.parse(text)
    except ValueError:
        return just_before(_moment(text)).next()


def just_before(moment: datetime) -> EntryId:
    """The largest ID that an entry added before `moment` (aware) can have; the smallest one for times before 1970."""
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    ms = -(-micros // 1000)
    return EntryId(ms - 1, _PART_MAX) if ms > 0 else ZERO


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither an entry ID, such as 1700000000000-0, nor a time, such as 2026-01-31T12:00Z."
        ) from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} does not say its time zone: add Z for UTC, or an offset such as +02:00.")
    return moment
