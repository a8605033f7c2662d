"""Dead letters in the admin: browsed, filtered, replayed as they are or edited, deleted; each with its permission."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from streams import operations
from streams.ids import EntryId
from streams.jobs import running
from streams.models import LedgerEntry
from streams.operations import Actor
from tests.stuck import GROUP, STREAM, Server

pytestmark = pytest.mark.django_db
LIST, ACT, EDIT = (f"/admin/streams/deadletter/{path}" for path in ("", "act/", "edit/"))
DEAD = "{sensor_stream}:dead"


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def staff(*codenames: str) -> Client:
    user = User.objects.create_user("eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator() -> Client:
    return staff("view_deadletter", "replay_deadletter", "purge_deadletter")


@pytest.fixture
def letters(r: Server) -> list[str]:
    """IDs of three dead letters: two of bad weather, one hostile."""
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    entries: list[dict[Any, Any]] = [
        {"kind": "rain", "note": "a\nb"},
        {"kind": "hail"},
        {"<b>": "<script>alert(1)</script>", b"\xff": b"\xfe\x00", "rtl": "\u202etxt"},
    ]
    for entry in entries:
        r.xadd(STREAM, entry)
    r.xreadgroup(GROUP, "c", {STREAM: ">"})
    ids = [EntryId.from_reply(one) for one, _ in r.xrange(STREAM)]
    for some, reason in ((ids[:2], "bad weather"), (ids[2:], "=cmd()<i>")):
        job = operations.give_up(
            Actor("x", None, "shell"), b"sensor_stream", b"my_group", operations.chosen(some), reason
        )
        operations.run(job)
    return [one.decode() for one, _ in r.xrange(DEAD)]


def words(page: Any) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page.content.decode().split("<body")[1])))


def test_letters_are_listed_with_where_they_came_from_and_filtered_by_reason(
    operator: Client, letters: list[str]
) -> None:
    page = words(operator.get(LIST))
    assert "3 of 3 dead letters" in page
    assert "bad weather (x) my_group c 1 kind rain" in page
    assert "1 dead letter on this page has it in its reason; the stream has 3" in words(
        operator.get(LIST, {"reason": "CMD"})
    )
    assert "None of the 3 dead letters has this in its reason" in words(operator.get(LIST, {"reason": "nothing"}))


def test_the_only_stream_there_is_is_chosen_by_itself(r: Server, operator: Client) -> None:
    r.xadd("orders", {"a": 1})
    r.xadd("{orders}:dead", {"id": "1-1", "reason": "no address"})
    answer = operator.get(LIST)
    assert '<option value="orders" selected>' in answer.content.decode()
    assert "1 of 1 dead letter" in words(answer)
    r.xadd("other", {"a": 1})
    assert f'<option value="{STREAM}" selected>' in operator.get(LIST).content.decode(), "the one that is watched"


def test_hostile_letters_are_shown_escaped(operator: Client, letters: list[str]) -> None:
    page = operator.get(LIST).content.decode()
    assert "<script>alert" not in page
    assert "=cmd()<i>" not in page
    assert "\\xfe\\x00" in page
    assert "\u202e" not in page


def test_ticked_letters_are_replayed_after_a_page_that_says_who_gets_them(
    r: Server, operator: Client, letters: list[str]
) -> None:
    chosen = {"stream": STREAM, "act": "replay", "id": letters[:2]}
    asked = words(operator.post(ACT, chosen))
    assert "Every consumer group is given them: my_group." in asked
    assert r.xlen(DEAD) == 3
    assert "Replayed 2 of 2 dead letters." in words(operator.post(ACT, {**chosen, "confirm": "1"}, follow=True))
    assert [fields[b"kind"] for _, fields in r.xrange(STREAM)[-2:]] == [b"rain", b"hail"]


def test_all_that_match_are_deleted_by_a_job_once_the_streams_name_is_typed(
    r: Server, operator: Client, letters: list[str]
) -> None:
    chosen = {"stream": STREAM, "act": "purge", "all": "1", "reason": "weather", "confirm": "1"}
    assert "It is sensor_stream." in words(operator.post(ACT, {**chosen, "typed": "x"}))
    answer = operator.post(ACT, {**chosen, "typed": STREAM})
    assert re.fullmatch(r"/admin/streams/job/\d+/change/", answer.headers["Location"])
    assert r.xlen(DEAD) == 3
    running.run_waiting("here")
    assert [one.decode() for one, _ in r.xrange(DEAD)] == letters[2:]


def test_an_edited_letter_becomes_the_entry_that_was_made_of_it(
    r: Server, operator: Client, letters: list[str]
) -> None:
    place = f"{EDIT}?stream={STREAM}&id={letters[0]}"
    assert ">\nrain</textarea>" in operator.get(place).content.decode()
    body = {"value-0": "sun", "value-1": "a\r\nb", "new-name": "by", "new-value": "hand"}
    assert "Added to the stream as" in words(operator.post(place, body, follow=True))
    ((_, fields),) = r.xrevrange(STREAM, count=1)
    assert {name: fields[name] for name in (b"kind", b"note", b"by")} == {
        b"kind": b"sun",
        b"note": b"a\nb",
        b"by": b"hand",
    }
    assert b"replayed_from" in fields
    assert r.xlen(DEAD) == 2
    assert LedgerEntry.objects.latest("pk").outcome == "done"
    assert "not there any more" in words(operator.post(place, body, follow=True))


def test_what_is_no_text_stays_as_it_is_and_fields_can_be_left_out(
    r: Server, operator: Client, letters: list[str]
) -> None:
    place = f"{EDIT}?stream={STREAM}&id={letters[2]}"
    assert "stays as it is: too long, no text" in words(operator.get(place))
    operator.post(place, {"remove-0": "on", "value-1": "overwritten", "value-2": "ok"})
    ((_, fields),) = r.xrevrange(STREAM, count=1)
    assert {name: value for name, value in fields.items() if name != b"replayed_from"} == {
        b"\xff": b"\xfe\x00",
        b"rtl": "\u202etxt".encode(),  # an input would show it as something else
    }


@pytest.mark.parametrize("act", ["replay", "purge", "edit"])
def test_nothing_is_done_without_its_permission_or_by_get(r: Server, letters: list[str], act: str) -> None:
    other = staff("view_deadletter", "purge_deadletter" if act != "purge" else "replay_deadletter")
    place = f"{EDIT}?stream={STREAM}&id={letters[0]}" if act == "edit" else ACT
    body = {"stream": STREAM, "act": act, "id": letters, "confirm": "1", "typed": "3", "new-name": "a"}
    assert other.post(place, body).status_code == 403
    assert other.get(place, body if act != "edit" else None).status_code in {403, 405}
    assert Client().post(place, body).status_code == 302
    assert (r.xlen(DEAD), r.xlen(STREAM)) == (3, 3)
    assert LedgerEntry.objects.latest("pk").outcome == "refused"


@pytest.mark.parametrize(
    ("fields", "says"),
    [({"act": "burn"}, "no such action"), ({"id": []}, "tick at least one"), ({"id": ["x"]}, "not an entry ID")],
)
def test_what_makes_no_sense_is_said_on_the_list(
    operator: Client, letters: list[str], fields: dict[str, Any], says: str
) -> None:
    body = {"stream": STREAM, "act": "replay", "id": letters, **fields}
    assert says in words(operator.post(ACT, body, follow=True))
