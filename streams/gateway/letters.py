"""The dead-letter stream's commands: a page of it, sending entries back to their stream, deleting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from streams.errors import ServerRefused, WrongType
from streams.gateway import looks
from streams.gateway.client import Argument, Client, Reply, Script
from streams.ids import EntryId
from streams.letters import GONE as ENTRY_GONE
from streams.letters import MOST_VALUES, OWN_FIELDS, REPLAYED_FROM, Letter, from_pairs
from streams.names import shown

# One command holds up everybody else on the server for as long as it takes.
MOST_IDS_A_COMMAND = 500
MOST_GIVEN_UP = 100
# A step ends after so many bytes.
_MOST_BYTES = 512 * 1024
GONE, EMPTY, FOREIGN = b"gone", b"empty", b"foreign"

# A letter is deleted in the step that adds its entry again, so that of two who replay it one does. XADD comes first:
# out of memory the server refuses it, and the letter stays. An entry that came back keeps its first origin.
_REPLAY = Script("""
local kind = redis.call('TYPE', KEYS[2]).ok
if kind ~= 'none' and kind ~= 'stream' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[2] .. ' holds a ' .. kind .. ', not a stream')
end
local own, replayed_from = 2 * tonumber(ARGV[1]), ARGV[2]
local results = {}
for at = 3, #ARGV do
  local letter = redis.call('XRANGE', KEYS[1], ARGV[at], ARGV[at])[1]
  local pairs_ = letter and letter[2]
  if not letter then results[#results + 1] = 'gone'
  elseif pairs_[1] ~= 'id' or pairs_[5] ~= 'stream' or pairs_[6] ~= KEYS[2] then results[#results + 1] = 'foreign'
  elseif #pairs_ <= own then results[#results + 1] = 'empty'
  else
    local entry, named = {}, false
    for i = own + 1, #pairs_, 2 do
      entry[#entry + 1], entry[#entry + 2] = pairs_[i], pairs_[i + 1]
      named = named or pairs_[i] == replayed_from
    end
    if not named then entry[#entry + 1], entry[#entry + 2] = replayed_from, pairs_[2] end
    local added = redis.pcall('XADD', KEYS[2], '*', unpack(entry))
    if type(added) == 'table' and added.err then return {results, added.err} end
    redis.call('XDEL', KEYS[1], ARGV[at])
    results[#results + 1] = added
  end
end
return {results, false}
""")


# As a replay, with fields of somebody's choice. KEYS[1] the letters, KEYS[2] the stream; letter, then the entry.
_REPLAY_AS = Script("""
local kind = redis.call('TYPE', KEYS[2]).ok
if kind ~= 'none' and kind ~= 'stream' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[2] .. ' holds a ' .. kind .. ', not a stream')
end
if not redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1] then return false end
local added = redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
redis.call('XDEL', KEYS[1], ARGV[1])
return added
""")


# A letter is written in the step that takes its entry out of the PEL, whoever owns it then. XADD comes first: out of
# memory the server refuses it, and the entry stays pending.
_GIVE_UP = Script("""
local kind = redis.call('TYPE', KEYS[2]).ok
if kind ~= 'none' and kind ~= 'stream' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[2] .. ' holds a ' .. kind .. ', not a stream')
end
local group, most, most_values, reason, gone = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local given_up, bytes, looked_at = {}, 0, 0
for at = 7, #ARGV do
  looked_at = looked_at + 1
  local row = redis.call('XPENDING', KEYS[1], group, ARGV[at], ARGV[at], 1)[1]
  if row then
    local entry = redis.call('XRANGE', KEYS[1], ARGV[at], ARGV[at])[1]
    local pairs_, why = entry and entry[2] or {}, entry and reason or reason .. '; ' .. gone
    if #pairs_ > most_values then
      why = why .. ' (only the first ' .. most_values / 2 .. ' of ' .. #pairs_ / 2 .. ' fields are kept here)'
    end
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', most, '*', 'id', ARGV[at], 'reason', why, 'stream', KEYS[1],
      'group', group, 'consumer', row[2], 'deliveries', row[4], 'error', '',
      unpack(pairs_, 1, math.min(#pairs_, most_values)))
    redis.call('XACK', KEYS[1], group, ARGV[at])
    given_up[#given_up + 1] = ARGV[at]
    for _, part in ipairs(pairs_) do bytes = bytes + #part end
    if bytes > tonumber(ARGV[6]) then break end
  end
end
return {looked_at, given_up}
""")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of letters, in their order: the new entry's ID, or why there is none; and what stopped it early.

    GONE: somebody replayed or deleted it. EMPTY: the entry was gone before it was a letter. FOREIGN: of another stream.
    """

    results: Sequence[bytes]
    error: ServerRefused | None


def page(client: Client, dead: bytes, after: EntryId | None, count: int) -> list[Letter]:
    """Up to `count` letters, oldest first, behind a letter's ID; what is no letter says so. Raises WrongType."""
    start = f"({after}" if after else "-"
    with _named(client, dead):
        reply = client.call("XRANGE", dead, start, "+", "COUNT", count)
    found = []
    for raw_id, pairs in reply:
        letter_id = EntryId.from_reply(raw_id)
        try:
            found.append(from_pairs(letter_id, pairs))
        except ValueError:
            found.append(Letter(letter_id, "", "not a letter of this program", b"", b"", b"", None, "", pairs))
    return found


def total(client: Client, dead: bytes) -> int:
    """How many letters there are. Raises WrongType."""
    with _named(client, dead):
        return int(client.call("XLEN", dead))


def newest(client: Client, dead: bytes) -> EntryId | None:
    """The ID of the newest letter; None without one. Raises WrongType."""
    with _named(client, dead):
        found = client.call("XREVRANGE", dead, "+", "-", "COUNT", 1)
    return EntryId.from_reply(found[0][0]) if found else None


def hindrances(client: Client, dead: bytes, stream: bytes, ids: Sequence[EntryId]) -> list[bytes]:
    """For each ID why `replay` would not do it as things stand: GONE, EMPTY or FOREIGN; empty when it would."""
    with _named(client, dead):
        replies = _all(client.call_all([["XRANGE", dead, str(letter_id), str(letter_id)] for letter_id in ids]))
    return [_hindrance(stream, letter_id, reply) for letter_id, reply in zip(ids, replies, strict=True)]


def replay(client: Client, dead: bytes, stream: bytes, ids: Sequence[EntryId]) -> Replayed:
    """Add the entries of at most MOST_IDS_A_COMMAND letters to their stream again, and delete the letters.

    Raises WrongType or AccessDenied, with nothing done.
    """
    with _named(client, dead):
        # Deletes nothing. Who may add but not delete would be refused between the two, and each try would add the entry
        # again. Not in the script: once that has written, the server lets its XADD pass although it is out of memory.
        client.call("XDEL", dead, "0-0")
    arguments: list[Argument] = [len(OWN_FIELDS), REPLAYED_FROM, *map(str, ids)]
    results, error = client.run(_REPLAY, [dead, stream], arguments)
    return Replayed(results, _refused(error.decode()) if error else None)


def replay_as(client: Client, dead: bytes, stream: bytes, letter_id: EntryId, pairs: Sequence[bytes]) -> EntryId | None:
    """Add an entry of these fields, at most MOST_VALUES names and values, in place of a letter; its ID.

    None when the letter is not there any more. Raises WrongType, AccessDenied or ServerRefused, with nothing done.
    """
    with _named(client, dead):
        client.call("XDEL", dead, "0-0")  # as in `replay`
    added = client.run(_REPLAY_AS, [dead, stream], [str(letter_id), *pairs])
    return EntryId.from_reply(added) if added else None


def one(client: Client, dead: bytes, letter_id: EntryId) -> Letter | None:
    """A letter. Raises WrongType."""
    found = page(client, dead, letter_id.previous(), 1)
    return found[0] if found and found[0].letter_id == letter_id else None


def give_up(
    client: Client, place: tuple[bytes, bytes, bytes], ids: Sequence[EntryId], reason: str, most: int
) -> list[EntryId]:
    """Make dead letters of at most MOST_GIVEN_UP pending entries; the IDs that were pending.

    `place` is stream, dead-letter stream and group, `most` how many letters are kept. Raises NoSuchGroup, WrongType,
    AccessDenied or ServerRefused (out of memory), with nothing done.
    """
    stream, dead, group = place
    # Acknowledges nothing. Who may add but not acknowledge would be refused between the two.
    client.call("XACK", stream, group, "0-0")
    settings: list[Argument] = [group, most, MOST_VALUES, reason, ENTRY_GONE, _MOST_BYTES]
    done: list[EntryId] = []
    rest = list(map(str, ids))
    while rest:
        looked_at, given_up = client.run(_GIVE_UP, [stream, dead], [*settings, *rest])
        done += [EntryId.from_reply(entry_id) for entry_id in given_up]
        rest = rest[looked_at:]
    return done


def purge(client: Client, dead: bytes, ids: Sequence[EntryId]) -> list[EntryId]:
    """Delete letters; the IDs of those that were there. Raises WrongType."""
    with _named(client, dead):
        replies = _all(client.call_all([["XDEL", dead, str(letter_id)] for letter_id in ids]))
    return [letter_id for letter_id, deleted in zip(ids, replies, strict=True) if deleted]


@contextmanager
def _named(client: Client, dead: bytes) -> Iterator[None]:
    """The error about a key of another type, with the key's name."""
    try:
        yield
    except WrongType:
        kind = looks.key_type(client, dead)
        raise WrongType(f"The key {shown(dead)!r} holds a {kind}, not a stream; it was not touched.") from None


def _all(replies: list[Reply]) -> list[Reply]:
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


def _hindrance(stream: bytes, letter_id: EntryId, reply: Reply) -> bytes:
    if not reply:
        return GONE
    try:
        letter = from_pairs(letter_id, reply[0][1])
    except ValueError:
        return FOREIGN
    if letter.stream != stream:
        return FOREIGN
    return b"" if letter.pairs else EMPTY


def _refused(text: str) -> ServerRefused:
    return ServerRefused(text.split(" ", 1)[0], f"the server says: {text}")
