"""The operators' pages: what they show, what they do, and whom they refuse. Every request is really sent."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from streams.gateway import pels
from streams.models import LedgerEntry
from streams.names import to_path
from tests.stuck import GROUP, STREAM, Server, owners, stuck

pytestmark = pytest.mark.django_db
GROUPS = "/admin/streams/consumergroup/"
ADD = "/admin/streams/consumergroup/add/"
PENDING = "/admin/streams/pendingentry/"
CLAIM = "/admin/streams/pendingentry/claim/"
LEDGER = "/admin/streams/ledgerentry/"
PLACE: dict[str, Any] = {"stream": STREAM, "group": GROUP}


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def operator() -> Client:
    """Somebody who may do everything."""
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    return client


def staff(*codenames: str) -> Client:
    """Somebody on the staff who has these permissions only."""
    user = User.objects.create_user("eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, path: str, status: int = 200, **query: Any) -> str:
    """The page's text without its marks, blanks squeezed."""
    answer = client.get(path, query)
    assert answer.status_code == status, answer.content[:500]
    return words(answer.content.decode())


def words(content: str) -> str:
    main = content.split('<main id="content-start"')[1]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


def new_group(**changes: str) -> dict[str, str]:
    return {"stream": STREAM, "group": "new", "start": "beginning", "at": "", "create_stream": "on", **changes}


def claim(client: Client, ids: list[str], **fields: Any) -> Any:
    return client.post(CLAIM, {**PLACE, "id": ids, **fields}, follow=True)


def confirm(
    client: Client, ids: list[str], consumer: str, min_idle: str = "1s", seen: tuple[str, ...] = (), **more: str
) -> Any:
    return claim(client, ids, confirm="yes", consumer=consumer, min_idle=min_idle, seen=list(seen), **more)


# Consumer groups


def test_groups_of_all_streams_are_listed(r: Server, operator: Client) -> None:
    stuck(r, 3)
    r.xadd(STREAM, {"a": 1})
    r.xgroup_create("orders", "billing", "$", mkstream=True)
    shown = page(operator, GROUPS)
    assert re.search(r"sensor_stream my_group 1 3 .* 1 \d+-\d+", shown)
    assert "orders billing 0 0 – 0 0-0" in shown
    assert "2 consumer groups on 2 of 2 streams" in shown


def test_one_stream_can_be_picked(r: Server, operator: Client) -> None:
    stuck(r, 1)
    r.xgroup_create("orders", "billing", "$", mkstream=True)
    shown = page(operator, GROUPS, stream="orders")
    assert "billing" in shown
    assert "my_group" not in shown
    assert "1 consumer group on this stream" in shown


def test_no_groups_and_no_groups_on_this_stream_are_said_differently(r: Server, operator: Client) -> None:
    assert "There are no streams yet." in page(operator, GROUPS)
    r.xadd("orders", {"a": 1})
    assert "No stream has a consumer group yet." in page(operator, GROUPS)
    assert "This stream has no consumer groups." in page(operator, GROUPS, stream="orders")


def test_a_long_list_of_streams_is_cut_and_says_so(r: Server, operator: Client) -> None:
    for n in range(103):
        r.xgroup_create(f"s{n:03}", "g", mkstream=True)
    shown = page(operator, GROUPS)
    assert "100 consumer groups on 100 of 103 streams" in shown
    assert "s103" not in shown


def test_an_unknown_stream_is_named_and_not_found(r: Server, operator: Client) -> None:
    assert "There is no stream 'gone'" in page(operator, GROUPS, 404, stream="gone")
    r.set("text", "x")
    assert "the key holds a string, not a stream" in page(operator, GROUPS, 409, stream="text")


@pytest.mark.parametrize("path", [GROUPS, PENDING])
def test_a_server_that_is_away_is_an_error_and_no_empty_list(operator: Client, settings: Any, path: str) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url="redis://:secret@127.0.0.1:1/0")
    shown = page(operator, path, 503)
    assert "Redis at 127.0.0.1:1 cannot be reached" in shown
    assert "secret" not in shown
    assert "no streams" not in shown


def test_hostile_names_are_shown_and_linked_safely(r: Server, operator: Client) -> None:
    stream, group, consumer = b"<script>alert(1)</script>/&\xff", b"g'\"\x00", b"\xe2\x80\xaec"
    r.xgroup_create(stream, group, "0", mkstream=True)
    r.xadd(stream, {b"<b>": b"<i>\xff"})
    r.xreadgroup(group, consumer, {stream: ">"})
    content = operator.get(GROUPS).content.decode()
    assert "<script>alert" not in content
    link = re.search(r'href="(/admin/streams/pendingentry/\?[^"]+)"', content)
    assert link
    shown = operator.get(html.unescape(link[1])).content.decode()
    assert "&lt;i&gt;\\xff" in shown
    assert "\\u202ec" in shown
    assert "1 of 1 pending entry" in words(shown)


# Creating a group


def test_a_group_is_created_and_said(r: Server, operator: Client) -> None:
    r.xadd(STREAM, {"a": 1})
    answer = operator.post(ADD, new_group(start="at", at="5-5"), follow=True)
    assert answer.redirect_chain[0][0] == f"{GROUPS}?stream=sensor_stream"
    assert "Group new was created on stream sensor_stream." in answer.content.decode()
    assert r.xinfo_groups(STREAM)[0]["last-delivered-id"] == b"5-5"
    row = LedgerEntry.objects.get()
    assert (row.actor, row.source, row.outcome) == ("op", "127.0.0.1", "done")


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"group": GROUP}, "group", "has a group 'my_group' already"),
        ({"group": ""}, "group", "This field is required."),
        ({"stream": "gone", "create_stream": ""}, "stream", "There is no stream 'gone'."),
        ({"start": "at", "at": "2026-01-01"}, "at", "does not say its time zone"),
        ({"start": "at", "at": ""}, "at", "neither an entry ID"),
        ({"group": "g" * 600}, "group", "longer than 512 bytes"),
        ({"stream": "text"}, "__all__", "holds a string, not a stream; it was not touched"),
    ],
)
def test_an_error_stands_beside_its_field_and_nothing_is_created(
    r: Server, operator: Client, changes: dict[str, str], field: str, says: str
) -> None:
    stuck(r, 1)
    r.set("text", "x")
    answer = operator.post(ADD, new_group(**changes))
    assert answer.status_code == 200
    errors = answer.context["form"].errors
    assert list(errors) == [field]
    assert says in errors[field][0]
    assert html.escape(errors[field][0]) in answer.content.decode()
    assert [row["name"].decode() for row in r.xinfo_groups(STREAM)] == [GROUP]
    assert not r.exists("gone")


def test_a_stream_that_is_no_text_is_meant_by_what_it_looks_like(r: Server, operator: Client) -> None:
    r.xadd(b"s\xff", {"a": 1})
    shown = operator.get(ADD, {"stream": to_path(b"s\xff")})
    assert 'value="s\\xff"' in shown.content.decode()
    operator.post(ADD, new_group(stream="s\\xff"))
    assert r.xinfo_groups(b"s\xff")[0]["name"] == b"new"


def test_the_server_being_away_is_said_on_the_form(operator: Client, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url="redis://127.0.0.1:1/0")
    assert "Start at" in page(operator, ADD)
    assert "cannot be reached" in operator.post(ADD, new_group()).content.decode()


# Pending entries


def test_stream_and_group_are_chosen_step_by_step(r: Server, operator: Client) -> None:
    stuck(r, 1)
    r.xadd("other", {"a": 1})
    assert "Choose a stream and a group" in page(operator, PENDING)
    assert "1 of 1 pending entry" in page(operator, PENDING, stream=STREAM)
    r.xgroup_create(STREAM, "second", "$")
    shown = page(operator, PENDING, stream=STREAM)
    assert "Choose a stream and a group" in shown
    assert "second" in shown


def test_the_only_stream_and_its_only_group_are_chosen_by_themselves(r: Server, operator: Client) -> None:
    stuck(r, 3)
    answer = operator.get(PENDING)
    assert f'<option value="{STREAM}" selected>' in answer.content.decode()
    assert "3 of 3 pending entries" in words(answer.content.decode())
    r.xgroup_create(STREAM, "second", "$")
    assert "Choose a stream and a group" in page(operator, PENDING)
    r.delete(STREAM)
    assert "There are no streams yet." in page(operator, PENDING)


def test_a_row_shows_id_time_owner_idle_deliveries_and_payload(r: Server, operator: Client) -> None:
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    r.xadd(STREAM, {"sensor_id": "7", "temperature": "20.5"}, id="1700000000123-4")
    r.xreadgroup(GROUP, "worker-1", {STREAM: ">"})
    r.xclaim(STREAM, GROUP, "worker-1", 0, ["1700000000123-4"], idle=200_000, justid=True)
    shown = page(operator, PENDING, **PLACE)
    expected = r"1700000000123-4 2023-11-14 22:13:20\.123 worker-1 3 min 20 s 1 sensor_id\s+7 temperature\s+20\.5"
    assert re.search(expected, shown)


def test_a_gone_entry_and_a_long_payload_are_marked(r: Server, operator: Client) -> None:
    ids = stuck(r, 1)
    r.xdel(STREAM, ids[0])
    r.xadd(STREAM, {"big": "x" * 10_000})
    r.xreadgroup(GROUP, "worker-1", {STREAM: ">"})
    shown = page(operator, PENDING, **PLACE)
    assert "entry gone: trimmed or deleted" in shown
    assert "x" * 497 + " …" in shown
    assert "x" * 498 not in shown


def test_pages_hold_fifty_and_follow_each_other(r: Server, operator: Client) -> None:
    ids = stuck(r, 120)
    seen: list[str] = []
    path = f"{PENDING}?stream={STREAM}&group={GROUP}"
    for expected in ("50 of 120", "50 of 120", "20 of 120"):
        content = operator.get(path).content.decode()
        assert f"{expected} pending entries" in content
        seen += re.findall(r'name="id" value="([^"]+)"', content)
        following = re.search(r'href="(\?[^"]+)">Next page', content)
        path = PENDING + html.unescape(following[1]) if following else ""
    assert path == ""
    assert seen == ids


def test_entries_are_filtered_by_consumer_and_idle_time(r: Server, operator: Client) -> None:
    old, young = stuck(r, 1), stuck(r, 1, consumer=b"w\xff", idle_ms=1000)
    shown = page(operator, PENDING, **PLACE, consumer=to_path(b"w\xff"))
    assert young[0] in shown
    assert old[0] not in shown
    shown = page(operator, PENDING, **PLACE, min_idle="30s")
    assert old[0] in shown
    assert young[0] not in shown


def test_nothing_pending_and_nothing_matching_are_said_differently(r: Server, operator: Client) -> None:
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    assert "Nothing is pending in this group" in page(operator, PENDING, **PLACE)
    stuck(r, 2)
    assert "None of the 2 pending entries matches. Clear the filters" in page(operator, PENDING, **PLACE, min_idle="1d")


def test_a_search_that_is_not_over_says_so_and_leads_on(
    r: Server, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pels, "MOST_WALKED", 1000)
    stuck(r, 1001)
    shown = page(operator, PENDING, **PLACE, min_idle="1d")
    assert "looked at for this page matches; there are more on the next page" in shown
    assert "0 of 0 pending entries that match; 1,001 are pending Next page" in shown


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"stream": "gone"}, 404, "There is no stream 'gone'"),
        ({"group": "other"}, 404, "has no consumer group 'other'"),
        ({"min_idle": "90"}, 400, "'90' is not a duration"),
        ({"after": "x"}, 400, "'x' is not an entry ID"),
        ({"stream": "text"}, 409, "the key holds a string"),
        ({"stream": "~~" + "0" * 64}, 404, "There is no stream ~~"),
        ({"stream": "~%%"}, 404, "There is no stream '~%%'"),
    ],
)
def test_a_wrong_query_is_an_error_that_names_it(
    r: Server, operator: Client, query: dict[str, str], status: int, says: str
) -> None:
    stuck(r, 1)
    r.set("text", "x")
    shown = page(operator, PENDING, status, **{**PLACE, **query})
    assert says in shown
    assert "Nothing is pending" not in shown


# Claiming


def test_the_confirmation_shows_owners_and_idle_times_and_changes_nothing(r: Server, operator: Client) -> None:
    ids = stuck(r, 2, idle_ms=90_400) + stuck(r, 1, consumer="worker-2", idle_ms=200_000)
    r.xack(STREAM, GROUP, ids[1])
    answer = claim(operator, ids)
    shown = words(answer.content.decode())
    assert "Claiming moves 2 pending entries to another consumer" in shown
    assert "An entry may be processed twice" in shown
    assert re.search(rf"{ids[0]} \S+ \S+ worker-1 1 min 30 s 1", shown)
    assert f"Not pending any more: {ids[1]}." in shown
    assert '<option value="worker-2">' in answer.content.decode()
    assert owners(r) == {ids[0]: "worker-1", ids[2]: "worker-2"}
    assert not LedgerEntry.objects.exists()


def prefilled(answer: Any) -> str:
    """The idle time that the form asks for before anybody typed one."""
    found = re.search(
        r'name="min_idle"[^>]* value="([^"]*)"|value="([^"]*)"[^>]* name="min_idle"', answer.content.decode()
    )
    assert found
    return found[1] or found[2]


@pytest.mark.parametrize(
    ("claim_idle_ms", "filtered", "expected", "why"),
    [
        (60_000, "", "1m", "1m is CLAIM_IDLE_MS of this installation"),
        (90_000, "", "90s", "90s is CLAIM_IDLE_MS of this installation"),
        (1500, "", "1500ms", "1500ms is CLAIM_IDLE_MS of this installation"),
        (60_000, "30s", "30s", "30s is what the list was filtered by"),
        (60_000, "3600s", "1h", "1h is what the list was filtered by"),
        (60_000, "soon", "1m", "1m is CLAIM_IDLE_MS of this installation"),
    ],
)
def test_the_idle_time_asked_for_is_one_that_people_write_and_says_where_it_is_from(
    r: Server, operator: Client, settings: Any, claim_idle_ms: int, filtered: str, expected: str, why: str
) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, claim_idle_ms=claim_idle_ms)
    answer = claim(operator, stuck(r, 2, idle_ms=43_217), of_min_idle=filtered)
    assert prefilled(answer) == expected
    assert why in words(answer.content.decode())
    sent = dict(re.findall(r'name="(of_\w+)" value="([^"]*)"', answer.content.decode()))
    again = confirm(operator, [entry_id.decode() for entry_id, _ in r.xrange(STREAM)], "", **sent)
    assert why in words(again.content.decode()), "also beside an error"


def test_the_idle_time_for_everything_that_matches_is_the_filters(r: Server, operator: Client) -> None:
    stuck(r, 2, idle_ms=7_200_000)
    assert prefilled(claim(operator, [], all="1", of_min_idle="30s")) == "30s"
    assert prefilled(claim(operator, [], all="1")) == "1m"


def test_chosen_entries_that_are_idle_for_less_are_counted_before_the_claim_leaves_them(
    r: Server, operator: Client
) -> None:
    young, old = stuck(r, 2, idle_ms=43_217), stuck(r, 1, idle_ms=90_000)
    shown = words(claim(operator, young + old).content.decode())
    assert "2 of them are idle for less than 1 min, as asked for below: they stay where they are." in shown
    shown = words(claim(operator, [*young[:1], *old]).content.decode())
    assert "1 of them is idle for less than 1 min, as asked for below: it stays where it is." in shown
    assert "idle for less" not in words(claim(operator, old).content.decode())
    assert "idle for less" not in words(claim(operator, young, of_min_idle="30s").content.decode())
    shown = words(confirm(operator, young + old, "heir", "1h").content.decode())
    assert "3 of them are idle for less than 1 h" in shown, "what was typed counts"


def test_a_confirmed_claim_says_what_moved_and_names_what_did_not(r: Server, operator: Client) -> None:
    stuck(r, 1, consumer="worker-2")
    ids = stuck(r, 3)
    r.xclaim(STREAM, GROUP, "worker-1", 0, [ids[1]])
    answer = confirm(operator, ids, "worker-2", "30s")
    assert answer.redirect_chain[0][0] == f"{PENDING}?stream={STREAM}&group={GROUP}"
    shown = words(answer.content.decode())
    message = "Claimed 2 of 3 for worker-2; 1 moved meanwhile (acknowledged, taken over, active again or deleted)"
    assert f"{message}: {ids[1]}." in shown
    assert [owners(r)[i] for i in ids] == ["worker-2", "worker-1", "worker-2"]
    row = LedgerEntry.objects.get()
    assert (row.actor, row.consumer, row.ids, row.asked, row.done, row.missed) == ("op", "worker-2", ids, 3, 2, 1)


def test_a_new_consumer_is_asked_about_once(r: Server, operator: Client) -> None:
    ids = stuck(r, 1)
    answer = confirm(operator, ids, "wroker-2")
    assert "'wroker-2' is not a consumer of this group" in words(answer.content.decode())
    assert owners(r) == {ids[0]: "worker-1"}
    seen = re.findall(r'name="seen" value="([^"]+)"', answer.content.decode())
    assert "not a consumer" in words(confirm(operator, ids, "another", seen=tuple(seen)).content.decode())
    confirm(operator, ids, "wroker-2", seen=tuple(seen))
    assert owners(r) == {ids[0]: "wroker-2"}


def test_a_minimum_of_zero_is_warned_about(r: Server, operator: Client) -> None:
    stuck(r, 1, consumer="worker-2")
    ids = stuck(r, 1)
    answer = confirm(operator, ids, "worker-2", "0")
    assert "With a minimum idle time of 0" in words(answer.content.decode())
    assert owners(r)[ids[0]] == "worker-1"
    confirm(operator, ids, "worker-2", "0", seen=("idle",))
    assert owners(r)[ids[0]] == "worker-2"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"consumer": "", "min_idle": "1s"}, "This field is required."),
        ({"consumer": "worker-1", "min_idle": "1"}, "'1' is not a duration"),
        ({"consumer": "w" * 600, "min_idle": "1s", "seen": f"new {'w' * 600}"}, "longer than 512 bytes"),
    ],
)
def test_a_wrong_claim_stays_on_its_page_with_the_reason(
    r: Server, operator: Client, fields: dict[str, str], says: str
) -> None:
    ids = stuck(r, 1)
    answer = claim(operator, ids, confirm="yes", **fields)
    assert says in words(answer.content.decode())
    assert f'name="id" value="{ids[0]}"' in answer.content.decode()
    assert owners(r) == {ids[0]: "worker-1"}


def test_entries_that_were_all_acknowledged_meanwhile_are_said_to_be(r: Server, operator: Client) -> None:
    ids = stuck(r, 1)
    r.xack(STREAM, GROUP, ids[0])
    assert "None of the chosen entries is pending any more" in words(claim(operator, ids).content.decode())


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"id": []}, "No entry is chosen: tick at least one."),
        ({"id": ["x"]}, "'x' is not an entry ID"),
        ({"id": [f"{n}-0" for n in range(1, 990)] + [f"{n}-1" for n in range(1, 20)]}, "At most 1,000"),
        ({"id": ["1-1"], "group": "other"}, "has no consumer group 'other'"),
        ({"id": ["1-1"], "stream": "gone"}, "there is no stream 'gone'"),
        ({"id": ["1-1"], "group": "~%%"}, "is not an encoded name"),
    ],
)
def test_a_choice_that_makes_no_sense_leads_back_with_the_reason(
    r: Server, operator: Client, settings: Any, fields: dict[str, Any], says: str
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
    stuck(r, 1)
    answer = operator.post(CLAIM, {**PLACE, **fields}, follow=True)
    assert answer.redirect_chain[0][0].startswith(f"{PENDING}?stream=")
    assert says.lower() in words(answer.content.decode()).lower()  # the admin begins a message with a capital


# Who may


@pytest.mark.parametrize(
    ("path", "codename"),
    [
        (GROUPS, "view_consumergroup"),
        (ADD, "add_consumergroup"),
        (PENDING, "view_pendingentry"),
        (LEDGER, "view_ledgerentry"),
    ],
)
def test_each_page_takes_its_own_permission(r: Server, path: str, codename: str) -> None:
    others = {"view_consumergroup", "add_consumergroup", "view_pendingentry", "claim_pendingentry", "view_ledgerentry"}
    assert staff(*others - {codename, "add_consumergroup"}).get(path).status_code == 403
    User.objects.all().delete()
    assert staff(codename).get(path).status_code == 200


def test_creating_without_the_permission_is_refused_and_recorded(r: Server) -> None:
    eve = staff("view_consumergroup", "view_pendingentry", "claim_pendingentry")
    assert "Create consumer group" not in page(eve, GROUPS)
    assert eve.post(ADD, new_group()).status_code == 403
    assert r.dbsize() == 0
    row = LedgerEntry.objects.get()
    assert (row.actor, row.action, row.stream, row.group, row.outcome) == (
        "eve",
        "create group",
        STREAM,
        "new",
        "refused",
    )


@pytest.mark.parametrize("confirmed", [{}, {"confirm": "yes", "consumer": "worker-1", "min_idle": "1s"}])
def test_claiming_without_the_permission_is_refused_and_recorded(r: Server, confirmed: dict[str, str]) -> None:
    ids = stuck(r, 1)
    eve = staff("view_pendingentry", "add_consumergroup")
    shown = page(eve, PENDING, **PLACE)
    assert "takes the permission streams.claim_pendingentry" in shown
    assert eve.post(CLAIM, {**PLACE, "id": ids, **confirmed}).status_code == 403
    assert r.xpending_range(STREAM, GROUP, "-", "+", 1)[0]["times_delivered"] == 1
    assert LedgerEntry.objects.get().outcome == "refused"


@pytest.mark.parametrize("path", [GROUPS, ADD, PENDING, CLAIM, LEDGER])
def test_a_stranger_is_sent_to_the_login(r: Server, path: str) -> None:
    for answer in (Client().get(path), Client().post(path, new_group())):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/admin/login/")
    assert r.dbsize() == 0


def test_looking_is_not_claiming(r: Server, operator: Client) -> None:
    ids = stuck(r, 1)
    assert operator.get(CLAIM, {**PLACE, "id": ids[0], "confirm": "yes"}).status_code == 405
    assert owners(r) == {ids[0]: "worker-1"}


def test_a_post_without_its_token_is_refused(r: Server) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("op"))
    assert client.post(ADD, new_group()).status_code == 403
    assert r.dbsize() == 0


# The ledger, and the frame around it all


def test_the_ledger_can_be_searched_and_filtered(r: Server, operator: Client) -> None:
    ids = stuck(r, 2)
    confirm(operator, ids, "worker-1")
    operator.post(ADD, new_group())
    operator.post(ADD, new_group())
    shown = page(operator, LEDGER)
    assert re.search(r"op claim done 2 of 2 sensor_stream my_group worker-1", shown)
    assert re.search(r"op create group failed – sensor_stream new", shown)
    assert "worker-1" not in page(operator, LEDGER, outcome="failed").split("Filter")[0]
    assert "op claim done" in page(operator, LEDGER, q=ids[1])
    assert "op create" not in page(operator, LEDGER, q=ids[1])
    row = LedgerEntry.objects.get(action="claim")
    assert ids[1] in page(operator, f"{LEDGER}{row.pk}/change/")


def test_nobody_changes_the_ledger(r: Server, operator: Client) -> None:
    operator.post(ADD, new_group())
    row = LedgerEntry.objects.get()
    assert operator.get(f"{LEDGER}add/").status_code == 403
    assert operator.post(f"{LEDGER}{row.pk}/change/", {"actor": "somebody else"}).status_code == 403
    assert operator.post(f"{LEDGER}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    operator.post(LEDGER, {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
    row.refresh_from_db()
    assert row.actor == "op"


@pytest.mark.parametrize("path", [GROUPS, ADD, PENDING, LEDGER, "/admin/"])
def test_no_page_needs_an_inline_script(r: Server, operator: Client, path: str) -> None:
    stuck(r, 1)
    content = operator.get(f"{path}?stream={quote(STREAM)}" if path == PENDING else path).content.decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>(?!\s*</script>)", content)
    assert not re.search(r"\son[a-z]+=", content)


def test_the_index_names_the_three_lists(r: Server, operator: Client) -> None:
    shown = page(operator, "/admin/")
    for name in ("Consumer groups", "Pending entries", "Ledger"):
        assert name in shown
