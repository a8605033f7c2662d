"""Commands that take up what was delivered before: a consumer's own pending entries, and those others left behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from streams.batches import RawEntry
from streams.gateway.client import Argument, Client, Script
from streams.gateway.work import Place
from streams.letters import GONE, DeadLetter, to_pairs

# An entry that was trimmed while it was pending leaves the PEL in the step that writes its dead letter.
_LETTER = """
local kind = redis.call('TYPE', KEYS[2]).ok
if kind ~= 'none' and kind ~= 'stream' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[2] .. ' holds a ' .. kind .. ', not a stream')
end
local function gone(id, letter_at)
  redis.call('XACK', KEYS[1], ARGV[1], id)
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'id', id, unpack(ARGV, letter_at))
end
"""
# XCLAIM would take from anybody, so who owns an entry is looked up in the same step. RETRYCOUNT sets the deliveries;
# those that history reads count are neither persisted nor replicated, these are. Before 7.0 XCLAIM answers nil for an
# entry that is gone, after it nothing.
_TAKE_UP = Script(
    _LETTER
    + """
local taken, lost = {}, {}
local n = tonumber(ARGV[6])
for at = 7, 6 + n do
  local id = ARGV[at]
  local row = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])[1]
  if row then
    local deliveries = row[4] + tonumber(ARGV[5])
    local entry = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[4], 0, id, 'RETRYCOUNT', deliveries)[1]
    if entry then
      taken[#taken + 1] = {entry[1], entry[2], deliveries}
    else
      gone(id, 7 + n)
      lost[#lost + 1] = id
    end
  end
end
return {taken, lost}
"""
)
_XAUTOCLAIM = Script(
    _LETTER
    + """
local reply = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[4], ARGV[5], 'COUNT', ARGV[6], 'JUSTID')
for _, id in ipairs(reply[3] or {}) do gone(id, 7) end
return {reply[1], reply[2], reply[3] or {}}
"""
)


@dataclass(frozen=True, slots=True)
class Row:
    """One pending entry of a consumer: its ID and how often it was delivered."""

    entry_id: bytes
    deliveries: int


@dataclass(frozen=True, slots=True)
class Taken:
    """Entries that were taken up, each with how often it is delivered by now, and the IDs of those that are gone."""

    entries: Sequence[RawEntry]
    deliveries: dict[bytes, int]
    gone: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Step:
    """One step over a PEL: IDs that are ours now, IDs of entries that are gone, and where to go on.

    A step without IDs and with a live cursor is not the end.
    """

    ids: Sequence[bytes]
    gone: Sequence[bytes]
    cursor: bytes

    @property
    def is_last(self) -> bool:
        """Whether the walk over the PEL is complete."""
        return self.cursor == b"0-0"


def own_pending(client: Client, place: Place, after: bytes, count: int) -> list[Row]:
    """Up to `count` entries that are pending for this consumer, in ID order, behind the ID `after` (empty: from first).

    A look: neither deliveries nor idle times change.
    """
    start: Argument = b"(" + after if after else "-"
    rows = client.call("XPENDING", place.stream, place.group, start, "+", count, place.consumer)
    return [Row(row[0], row[3]) for row in rows]


def take_up(
    client: Client,
    place: Place,
    ids: Sequence[bytes],
    *,
    count_delivery: bool,
    dead_max: int,
    owner: bytes | None = None,
) -> Taken:
    """Those of these entries that are still pending for `owner` (this consumer unless named), now this consumer's.

    Each counts one more delivery if wanted. Entries that are gone leave the PEL and become dead letters in this step.
    """
    owner = place.consumer if owner is None else owner
    arguments: list[Argument] = [place.group, owner, dead_max, place.consumer, int(count_delivery), len(ids), *ids]
    taken, gone = client.run(_TAKE_UP, [place.stream, place.dead], [*arguments, *_letter_of_gone(place)])
    return Taken([(row[0], row[1]) for row in taken], {row[0]: row[2] for row in taken}, gone)


def xautoclaim(client: Client, place: Place, min_idle_ms: int, cursor: bytes, count: int, dead_max: int) -> Step:
    """Take over entries of the group that were idle for at least `min_idle_ms`, without counting a delivery.

    Entries that are gone leave the PEL and become dead letters in this step.
    """
    arguments: list[Argument] = [place.group, place.consumer, dead_max, min_idle_ms, cursor, count]
    reply = client.run(_XAUTOCLAIM, [place.stream, place.dead], [*arguments, *_letter_of_gone(place)])
    return Step(reply[1], reply[2], reply[0])


def read_entry(client: Client, stream: bytes, entry_id: bytes) -> Sequence[bytes] | None:
    """An entry's flat field-value list; None when it is gone."""
    found = client.call("XRANGE", stream, entry_id, entry_id)
    return found[0][1] if found else None


def _letter_of_gone(place: Place) -> list[bytes]:
    """The letter's fields behind its ID, which the script puts in front."""
    return to_pairs(DeadLetter(b"", GONE, (), deliveries=0), place.stream, place.group, place.consumer)[2:]
