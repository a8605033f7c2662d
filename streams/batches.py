"""What a batch of entries amounts to: a frame of readings, dead letters with their reasons, IDs to acknowledge.

Entries with the same fields are taken together, a column at a time, which is several times faster than one by one.
When anything in a column is unusual, its entries are parsed one by one, which alone decides what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from streams.frames import FieldStats, Frame, SensorStats, of_values
from streams.ids import EntryId
from streams.letters import GONE, DeadLetter
from streams.names import shown
from streams.readings import LONGEST_NAME, LONGEST_NUMBER, BadReading, Shape, looks_like_number, parse

# An entry as the server hands it out: its ID, and its flat field-value list or None when it was trimmed meanwhile.
RawEntry = tuple[bytes, Sequence[bytes] | None]
Present = tuple[bytes, Sequence[bytes]]
# What float() takes and is made of these alone, is a plain decimal number.
_OF_NUMBERS = b"0123456789+-.eE"


@dataclass(frozen=True, slots=True)
class Digest:
    """The effect of a batch; `ids` are all its entries in ID order."""

    ids: Sequence[bytes]
    frame: Frame
    dead: Sequence[DeadLetter]


def digest(entries: Sequence[RawEntry], shape: Shape, without: Collection[bytes] = ()) -> Digest:
    """The effect of these entries, leaving out the IDs in `without`. Entries come in ID order."""
    wanted = [entry for entry in entries if entry[0] not in without] if without else entries
    dead = [DeadLetter(raw_id, GONE, ()) for raw_id, pairs in wanted if pairs is None]
    alike: dict[tuple[bytes, ...], list[Present]] = {}
    for raw_id, pairs in wanted:
        if pairs is not None:
            alike.setdefault(tuple(pairs[::2]), []).append((raw_id, pairs))
    frame = Frame()
    for fields, members in alike.items():
        columns = _columns(fields, members, shape)
        if columns is None:
            dead += _one_by_one(members, shape, frame)
        else:
            _together(members, fields.index(shape.sensor_field), columns, frame)
    dead.sort(key=lambda letter: EntryId.from_reply(letter.entry_id))
    return Digest([raw_id for raw_id, _ in wanted], frame, dead)


def _columns(fields: tuple[bytes, ...], members: list[Present], shape: Shape) -> dict[str, list[float]] | None:
    """The values of each field that holds numbers; None when an entry may have to be refused."""
    if not _is_usual(fields, shape):
        return None
    columns: dict[str, list[float]] = {}
    for at, name in enumerate(fields):
        texts = [pairs[2 * at + 1] for _, pairs in members]
        if name == shape.sensor_field:
            if not all(texts) or max(map(len, texts)) > LONGEST_NAME:
                return None
            continue
        values = _numbers(texts)
        if values is not None:
            columns[shown(name)] = values
        elif name in shape.required or any(map(looks_like_number, texts)):
            return None
    return columns or None


def _is_usual(fields: tuple[bytes, ...], shape: Shape) -> bool:
    return (
        shape.sensor_field in fields
        and all(name in fields for name in shape.required)
        and len(set(fields)) == len(fields)
        and max(map(len, fields)) <= LONGEST_NAME
    )


def _numbers(texts: list[bytes]) -> list[float] | None:
    """All of them as finite numbers, or None."""
    joined = b"".join(texts)
    if joined.translate(None, _OF_NUMBERS) or (len(joined) > LONGEST_NUMBER and max(map(len, texts)) > LONGEST_NUMBER):
        return None
    try:
        values = list(map(float, texts))
    except ValueError:
        return None
    return values if math.isfinite(sum(values)) else None


def _together(members: list[Present], sensor_at: int, columns: dict[str, list[float]], frame: Frame) -> None:
    """Count entries whose values are known in the frame."""
    groups: dict[tuple[bytes, bytes], list[int]] = {}
    for at, (raw_id, pairs) in enumerate(members):
        # Without its last three digits, a time in milliseconds is one in seconds.
        group = (raw_id.partition(b"-")[0][:-3], pairs[2 * sensor_at + 1])
        numbers = groups.get(group)
        if numbers is None:
            groups[group] = [at]
        else:
            numbers.append(at)
    for (second, sensor), numbers in groups.items():
        frame.put(int(second or b"0") * 1000, shown(sensor), _stats(members, numbers, columns))


def _stats(members: list[Present], numbers: list[int], columns: dict[str, list[float]]) -> SensorStats:
    first_at = numbers[0]
    first = last = EntryId.from_reply(members[first_at][0])
    if len(numbers) == 1:
        fields = {name: FieldStats(1, v := values[first_at], v, v, v, last) for name, values in columns.items()}
    else:
        last = EntryId.from_reply(members[numbers[-1]][0])
        fields = {name: of_values([values[at] for at in numbers], last) for name, values in columns.items()}
    return SensorStats(len(numbers), first, last, fields)


def _one_by_one(entries: list[Present], shape: Shape, frame: Frame) -> list[DeadLetter]:
    """Count these entries in the frame; dead letters for those that are no readings."""
    dead = []
    for raw_id, pairs in entries:
        try:
            frame.add(parse(EntryId.from_reply(raw_id), pairs, shape))
        except BadReading as bad:
            dead.append(DeadLetter(raw_id, str(bad), pairs))
    return dead
