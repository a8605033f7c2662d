import orjson

from dashboard.histories import KEPT_S, MOST_KEPT, Histories
from dashboard.memory import Memory
from dashboard.messages import Message
from streams import frames
from streams.ids import EntryId
from streams.readings import Reading

NOW = 1_700_000_000_000


def commit(memory: Memory, ms: int, *sensors: str, value: float = 1.0) -> EntryId:
    made = [Reading(EntryId(ms, n), sensor, {"t": value}) for n, sensor in enumerate(sensors)]
    memory.take(EntryId(ms, 0), frames.of_readings(made))
    return EntryId(ms, 0)


def said(messages: object) -> list[dict[str, object]]:
    return [orjson.loads(message.payload) for message in messages]  # type: ignore[attr-defined]


def test_what_many_ask_for_is_encoded_once() -> None:
    memory = Memory()
    commit(memory, NOW, *(f"s{n}" for n in range(100)))
    histories = Histories(memory)
    first, second = ([*histories.of(None, None, NOW, now_s)[0]] for now_s in (10.0, 10.5))
    assert len(first) == 2
    assert all(a is b for a, b in zip(first, second, strict=True))


def test_two_who_read_it_in_turns_get_the_same_messages() -> None:
    memory = Memory()
    commit(memory, NOW, *(f"s{n}" for n in range(100)))
    histories = Histories(memory)
    one, other = histories.of(None, None, NOW, 1.0)[0], histories.of(None, None, NOW, 1.0)[0]
    assert [next(one), next(one)] == [next(other), next(other)]
    assert next(one, None) is next(other, None) is None


def test_only_the_last_part_says_that_all_up_to_where_it_began_is_there() -> None:
    memory = Memory()
    last = commit(memory, NOW, *(f"s{n}" for n in range(100)))
    messages, began = Histories(memory).of(None, None, NOW, 1.0)
    assert [part["id"] for part in said(messages)] == ["0-0", str(last)]
    assert began == last


def test_what_came_after_a_history_was_begun_is_added_at_its_end() -> None:
    memory = Memory()
    commit(memory, NOW, "a", "b")
    histories = Histories(memory)
    assert [*histories.of(None, None, NOW, 1.0)[0]]
    last = commit(memory, NOW + 1000, "a", value=2.0)
    messages, began = histories.of(None, None, NOW + 1000, 2.0)
    assert said(messages)[0]["t"] == [NOW]
    (end,) = said([histories.end(None, began, NOW + 1000)])
    assert (end["id"], end["since"], end["t"]) == (str(last), str(began), [NOW + 1000])
    assert end["series"] == {"a": {"t": {"mean": [2.0]}}}


def test_the_end_is_encoded_once_too_until_more_comes() -> None:
    memory = Memory()
    began = commit(memory, NOW, "a")
    histories = Histories(memory)
    assert histories.end(None, began, NOW) is None
    commit(memory, NOW + 1000, "a")
    end = histories.end(None, began, NOW)
    assert isinstance(end, Message)
    assert histories.end(None, began, NOW) is end
    commit(memory, NOW + 2000, "a")
    assert histories.end(None, began, NOW) is not end


def test_after_a_while_a_history_is_made_anew() -> None:
    memory = Memory()
    commit(memory, NOW, "a")
    histories = Histories(memory)
    (old,) = histories.of(None, None, NOW, 1.0)[0]
    (new,) = histories.of(None, None, NOW, 1.1 + KEPT_S)[0]
    assert old is not new


def test_how_many_are_kept_is_bounded() -> None:
    memory = Memory()
    commit(memory, NOW, "a")
    histories = Histories(memory)
    for n in range(3 * MOST_KEPT):
        histories.of(frozenset({f"s{n}"}), None, NOW, 1.0)
    assert len(histories._kept) == MOST_KEPT


def test_each_selection_has_a_history_of_its_own() -> None:
    memory = Memory()
    commit(memory, NOW, "a", "b")
    histories = Histories(memory)
    (a,) = said(histories.of(frozenset({"a"}), None, NOW, 1.0)[0])
    (both,) = said(histories.of(None, None, NOW, 1.0)[0])
    assert (list(a["series"]), list(both["series"])) == (["a"], ["a", "b"])  # type: ignore[call-overload]
