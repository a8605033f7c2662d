"""Snapshots of many streams in few round trips: what the monitor asks the server every second.

Nothing here costs in proportion to a PEL or a payload: XINFO STREAM (IDs only), XINFO GROUPS, XLEN of the dead letters,
and per group XINFO CONSUMERS and the ten oldest rows of the PEL where there are any, and one look at the first unread
entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from streams import names
from streams.errors import AccessDenied, NoSuchGroup, NoSuchStream, ServerRefused, WrongType
from streams.gateway import looks
from streams.gateway.client import Argument, Client, Reply, Script
from streams.gateway.looks import checked, id_or_none, mapping
from streams.ids import EntryId
from streams.snapshot import Consumer, ConsumerGroup, Snapshot, Stream, judge_lag, still_unread

# How many undelivered entries are counted to confirm a lag, and how many payload bytes the server may touch for it.
COUNT_CAP = 500
COUNT_BYTES = 256 * 1024
# Of so many counted entries a look at all groups may consist; the cap of each shrinks as groups become more.
_COUNTED_IN_ALL = 4000
# Rows of a PEL, oldest first, that are looked at for their delivery counts.
OLDEST = 10
# Nothing shows when entries were exchanged for others by hand and the counts stayed; what is unread is asked for again.
_ASK_AGAIN_MS = 10_000
# Commands sent together, so that no reply grows beyond what the server buffers easily.
_TOGETHER = 500
# A script holds up the server for as long as it runs: so many groups take well below a millisecond.
_GROUPS_A_SCRIPT = 50

# For each (ID, cap): the first entry after the ID and a count up to the cap, without sending payloads; big entries are
# counted less far. One call for all groups of a stream, because calling costs more than looking. Cap 0: only the first.
_UNREAD = Script("""
local answers = {}
for i = 2, #ARGV, 2 do
  local cap = tonumber(ARGV[i + 1])
  local probed = cap < 5 and cap + 1 or 2
  local rows = redis.call('XRANGE', KEYS[1], ARGV[i], '+', 'COUNT', probed)
  if #rows < probed then
    answers[#answers + 1] = {rows[1] and rows[1][1] or false, #rows, 1}
  elseif cap < 5 then
    answers[#answers + 1] = {rows[1][1], math.max(1, cap), 0}
  else
    local size = 64
    for _, part in ipairs(rows[1][2]) do size = size + #part end
    cap = math.max(1, math.min(cap, math.floor(tonumber(ARGV[1]) / size)))
    local count = #redis.call('XRANGE', KEYS[1], ARGV[i], '+', 'COUNT', cap + 1)
    answers[#answers + 1] = {rows[1][1], math.min(count, cap), count <= cap and 1 or 0}
  end
end
return answers
""")


@dataclass(slots=True)
class _Asked:
    """A group whose answers are being collected."""

    key: bytes
    stream: Stream
    row: dict[bytes, Reply]
    consumers: Reply = ()
    oldest: Reply = ()
    unread: Reply = field(default_factory=lambda: [None, 0, 1])

    @property
    def delivered(self) -> EntryId:
        return EntryId.from_reply(self.row[b"last-delivered-id"])


def snapshot(client: Client, key: bytes, count_cap: int = COUNT_CAP) -> Snapshot:
    """One stream with all groups and consumers; `problem` instead of an error for a key of another type."""
    return snapshots(client, [key], count_cap=count_cap)[0]


def snapshots(
    client: Client, keys: Sequence[bytes], *, before: Mapping[bytes, Snapshot] | None = None, count_cap: int = COUNT_CAP
) -> list[Snapshot]:
    """A snapshot of each stream, in the order of the keys; what vanishes between the questions is left out.

    With earlier snapshots in `before`, what cannot have changed since is not asked for again.
    """
    now = looks.server_ms(client)
    streams, beside = list(_streams(client, keys)), _groups_and_letters(client, keys)
    answers = list(zip(keys, streams, beside, strict=True))
    groups = {key: _rows(key, stream, rows) for key, stream, (rows, _) in answers}
    asked = [group for found in groups.values() for group in found]
    _ask(client, asked)
    asked = [group for group in asked if not _is_known(group, (before or {}).get(group.key), now)]
    _ask_unread(client, asked, max(2, min(count_cap, _COUNTED_IN_ALL // max(1, len(asked)))))
    return [
        replace(_snapshot(client, key, now, stream, groups[key]), dead_letters=letters)
        for key, stream, (_, letters) in answers
    ]


def _is_known(group: _Asked, before: Snapshot | None, now: int) -> bool:
    """Take what is unread over from an earlier snapshot, where that still holds; asked again every so often anyway."""
    if before is None or before.taken_at // _ASK_AGAIN_MS != now // _ASK_AGAIN_MS:
        return False
    known = still_unread(before, group.row[b"name"], group.stream, group.delivered)
    if known is None:
        return False
    group.unread = [str(known.first).encode(), known.counted, known.counted_all]
    return True


def _streams(client: Client, keys: Sequence[bytes]) -> Iterator[Reply]:
    """Each key's Stream, or the error that says why there is none."""
    for key, reply in zip(keys, client.run_all(looks.STREAM_INFO, [(key, ()) for key in keys]), strict=True):
        if isinstance(reply, AccessDenied):
            yield _without_scripts(client, key)
        elif isinstance(reply, NoSuchStream | WrongType):
            yield reply
        else:
            yield looks.stream_of(*checked(reply))


def _without_scripts(client: Client, key: bytes) -> Reply:
    try:
        return looks.xinfo_stream(client, key)
    except (NoSuchStream, WrongType) as error:
        return error


def _groups_and_letters(client: Client, keys: Sequence[bytes]) -> list[tuple[Reply, int | None]]:
    """Each key's XINFO GROUPS, and how many dead letters lie beside it; None where the server does not say."""
    groups: list[list[Argument]] = [["XINFO", "GROUPS", key] for key in keys]
    lengths: list[list[Argument]] = [["XLEN", names.beside(key, "dead")] for key in keys]
    replies = _together(client, [*groups, *lengths])
    counts = [reply if isinstance(reply, int) else None for reply in replies[len(keys) :]]
    return list(zip(replies, counts, strict=False))


def _rows(key: bytes, stream: Reply, rows: Reply) -> list[_Asked]:
    if not isinstance(stream, Stream) or isinstance(rows, NoSuchStream | WrongType):
        return []
    return [_Asked(key, stream, mapping(row)) for row in checked(rows)]


def _ask(client: Client, groups: Sequence[_Asked]) -> None:
    """Consumers and the oldest rows of the PEL, where XINFO GROUPS says that there are any."""
    commands: list[list[Argument]] = []
    places: list[tuple[_Asked, str]] = []
    for group in groups:
        name = group.row[b"name"]
        if group.row[b"consumers"]:
            commands.append(["XINFO", "CONSUMERS", group.key, name])
            places.append((group, "consumers"))
        if group.row[b"pending"]:
            commands.append(["XPENDING", group.key, name, "-", "+", OLDEST])
            places.append((group, "oldest"))
    for (group, place), reply in zip(places, _together(client, commands), strict=True):
        setattr(group, place, reply)


def _ask_unread(client: Client, groups: Sequence[_Asked], cap: int) -> None:
    """The first unread entry of each group that has any; counted where the server's own figure is small or absent."""
    of_stream: dict[bytes, list[_Asked]] = {}
    for group in groups:
        if group.delivered < group.stream.last_id:
            of_stream.setdefault(group.key, []).append(group)
    unread = [some for found in of_stream.values() for some in _chunks(found)]
    calls: list[tuple[bytes, list[Argument]]] = [
        (some[0].key, [COUNT_BYTES, *(part for g in some for part in (str(g.delivered.next()), _cap(g, cap)))])
        for some in unread
    ]
    for some, reply in zip(unread, client.run_all(_UNREAD, calls), strict=True):
        refused = isinstance(reply, AccessDenied | ServerRefused)
        for n, group in enumerate(some):
            found = _without_script(client, group) if refused else reply
            group.unread = found[n] if isinstance(found, list) and not refused else found


def _chunks(groups: Sequence[_Asked]) -> Iterator[Sequence[_Asked]]:
    for start in range(0, len(groups), _GROUPS_A_SCRIPT):
        yield groups[start : start + _GROUPS_A_SCRIPT]


def _cap(group: _Asked, cap: int) -> int:
    """How far to count: as far as the server's own figure reaches, to confirm it; not at all beyond the cap."""
    server = group.row.get(b"lag")
    if server is None or server < 0:
        return cap
    return int(server) if server <= cap else 0


def _without_script(client: Client, group: _Asked) -> Reply:
    rows = client.call("XRANGE", group.key, str(group.delivered.next()), "+", "COUNT", 1)
    return [rows[0][0] if rows else None, len(rows), not rows]


def _snapshot(client: Client, key: bytes, now: int, stream: Reply, groups: Sequence[_Asked]) -> Snapshot:
    if isinstance(stream, WrongType):
        kind = looks.key_type(client, key)
        return Snapshot(key, now, None, problem=f"the key holds a {kind}, not a stream")
    if not isinstance(stream, Stream):
        return Snapshot(key, now, None)
    return Snapshot(key, now, stream, tuple(_group(group) for group in groups if not _has_vanished(group)))


def _has_vanished(group: _Asked) -> bool:
    answers = (group.consumers, group.oldest, group.unread)
    return any(isinstance(answer, NoSuchGroup | NoSuchStream) for answer in answers)


def _group(asked: _Asked) -> ConsumerGroup:
    row, stream, delivered = asked.row, asked.stream, asked.delivered
    rows = checked(asked.oldest)
    first, counted, is_all = checked(asked.unread)
    lag = judge_lag(
        server=row.get(b"lag"),
        length=stream.length,
        delivered=delivered,
        last=stream.last_id,
        counted=counted,
        counted_all=bool(is_all),
    )
    return ConsumerGroup(
        name=row[b"name"],
        last_delivered=delivered,
        entries_read=row.get(b"entries-read"),
        pending=row[b"pending"],
        oldest_pending=EntryId.from_reply(rows[0][0]) if rows else None,
        first_unread=id_or_none(first),
        lag=lag,
        consumers=tuple(_consumer(mapping(consumer)) for consumer in checked(asked.consumers)),
        deliveries=max((found[3] for found in rows), default=None),
    )


def _consumer(row: dict[bytes, Reply]) -> Consumer:
    inactive = row.get(b"inactive")
    never = inactive is not None and inactive < 0
    return Consumer(row[b"name"], row[b"pending"], row[b"idle"], None if never else inactive, never)


def _together(client: Client, commands: Sequence[Sequence[Argument]]) -> list[Reply]:
    replies: list[Reply] = []
    for start in range(0, len(commands), _TOGETHER):
        replies += client.call_all(commands[start : start + _TOGETHER])
    return replies
