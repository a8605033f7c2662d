"""A group on its page in the admin: previews before, effects after, refusals beside the field; requests really sent."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from streams.models import LedgerEntry
from streams.names import to_path
from tests.stuck import GROUP, STREAM, Server, owners, stuck

pytestmark = pytest.mark.django_db
PAGE = f"/admin/streams/consumergroup/manage/?stream={STREAM}&group={GROUP}"


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("op"))
    return client


@pytest.fixture
def ids(r: Server) -> list[str]:
    """Six entries, four of them pending."""
    found = stuck(r, 4)
    return [*found, *(r.xadd(STREAM, {"n": n}).decode() for n in range(2))]


def words(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content[:300]
    main = answer.content.decode().split('<main id="content-start"')[1]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


def post(client: Client, act: str, **fields: Any) -> Any:
    return client.post(PAGE, {"act": act, **fields}, follow=True)


def test_the_page_shows_the_group_and_its_consumers(ids: list[str], operator: Client) -> None:
    text = words(operator.get(PAGE))
    assert ids[3] in text
    assert "4 pending entries are forgotten" in text
    assert "worker-1 4" in text
    assert "Manage" in words(operator.get("/admin/streams/consumergroup/"))


def test_a_move_is_shown_first_and_done_exactly_as_shown(r: Server, ids: list[str], operator: Client) -> None:
    answer = post(operator, "move", start="now")
    text = words(answer)
    assert "2 entries are skipped." in text
    assert "Active in the last minute: worker-1" in text
    assert r.xinfo_groups(STREAM)[0]["last-delivered-id"].decode() == ids[3]
    r.xadd(STREAM, {"n": "late"})
    confirm = re.search(r'name="confirm" value="([^"]+)"', answer.content.decode())
    assert confirm
    answer = post(operator, "move", start="at", at=confirm[1], confirm=confirm[1])
    assert f"Moved from {ids[3]} to {ids[5]}: 2 entries are skipped." in answer.content.decode()
    assert r.xinfo_groups(STREAM)[0]["lag"] == 1


def test_a_position_is_copied_from_another_group(r: Server, ids: list[str], operator: Client) -> None:
    r.xgroup_create(STREAM, "other", ids[1])
    assert "2 entries are delivered again." in words(post(operator, "move", start="like", like=ids[1]))


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({}, "start", "This field is required."),
        ({"start": "at", "at": "soon"}, "at", "neither an entry ID"),
        ({"start": "at", "at": "9999-01-01T00:00Z"}, "at", "beyond the newest entry"),
        ({"start": "like"}, "like", "Which group?"),
    ],
)
def test_a_move_that_makes_no_sense_is_refused_beside_its_field(
    ids: list[str], operator: Client, fields: dict[str, str], field: str, says: str
) -> None:
    form = post(operator, "move", **fields).context["asked"].move
    assert says in form.errors[field][0]
    assert not LedgerEntry.objects.exists()


def test_destroying_takes_the_name_and_the_count_that_was_shown(r: Server, ids: list[str], operator: Client) -> None:
    assert "This is not the group's name." in words(post(operator, "destroy", name="my_grou", pending="4", force="on"))
    assert "Stop them first, or force it." in words(post(operator, "destroy", name=GROUP, pending="4"))
    assert "4 entries are pending by now, not 3" in words(
        post(operator, "destroy", name=GROUP, pending="3", force="on")
    )
    assert len(r.xinfo_groups(STREAM)) == 1
    answer = post(operator, "destroy", name=GROUP, pending="4", force="on")
    assert "was destroyed; 4 pending entries were forgotten." in answer.content.decode()
    assert r.xinfo_groups(STREAM) == []
    assert "no consumer group" in words(operator.get(PAGE), status=404)


def test_a_consumer_is_made_and_deleted_after_its_entries_were_moved(
    r: Server, ids: list[str], operator: Client
) -> None:
    assert "Consumer heir was made." in post(operator, "create", consumer="heir").content.decode()
    asked = words(operator.get(f"{PAGE}&delete=worker-1"))
    assert "Delete worker-1 ? It owns 4 pending entries." in asked
    answer = post(operator, "delete", consumer="worker-1", fate="move", move_to="", pending="4")
    assert "Who gets its pending entries?" in words(answer)
    answer = post(operator, "delete", consumer="worker-1", fate="move", move_to="heir", pending="4")
    assert "4 pending entries were moved, 0 forgotten" in answer.content.decode()
    assert set(owners(r).values()) == {"heir"}
    answer = post(operator, "delete", consumer="heir", fate="forget", move_to="", pending="3")
    assert "owns 4 pending entries, which would be forgotten" in words(answer)
    answer = post(operator, "delete", consumer="heir", fate="forget", move_to="", pending="4")
    assert "0 pending entries were moved, 4 forgotten" in answer.content.decode()
    assert (
        "not there any more" in post(operator, "delete", consumer="heir", fate="forget", pending="4").content.decode()
    )


def test_dead_consumers_are_offered_together(r: Server, ids: list[str], operator: Client, settings: Any) -> None:

    limits = replace(settings.STREAMWATCH.thresholds, dead_consumer_ms=0)
    settings.STREAMWATCH = replace(settings.STREAMWATCH, thresholds=limits)
    for name in (b"<b>", b"a\xff"):
        r.xgroup_createconsumer(STREAM, GROUP, name)
    assert "2 consumers own nothing" in words(operator.get(PAGE))
    answer = post(operator, "delete_dead", consumer=[to_path(b"<b>"), to_path(b"a\xff")])
    assert "2 of 2 consumers were deleted." in answer.content.decode()
    assert [row["name"] for row in r.xinfo_consumers(STREAM, GROUP)] == [b"worker-1"]


def test_hostile_names_are_text_everywhere_on_the_page(r: Server, operator: Client) -> None:
    group, consumer = b"<script>g\"'\xff", b"<img src=x>\n\x00"
    r.xgroup_create(STREAM, group, "0", mkstream=True)
    r.xadd(STREAM, {"a": 1})
    r.xreadgroup(group, consumer, {STREAM: ">"})
    path = f"/admin/streams/consumergroup/manage/?stream={STREAM}&group={quote(to_path(group))}"
    for query in ("", f"&delete={quote(to_path(consumer))}"):
        content = operator.get(path + query).content.decode()
        assert "<script>g" not in content
        assert "<img src" not in content
        assert "&lt;img src=x&gt;" in content


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("move", {"start": "now", "confirm": "0-1"}),
        ("destroy", {"name": GROUP, "pending": "9", "force": "on"}),
        ("create", {"consumer": "new"}),
        ("delete", {"consumer": "worker-1", "fate": "forget", "pending": "9"}),
        ("delete_dead", {"consumer": "worker-1"}),
    ],
)
def test_nothing_is_done_without_its_permission_or_by_get(
    r: Server, ids: list[str], act: str, fields: dict[str, str]
) -> None:
    user = User.objects.create_user("eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_consumergroup"))
    viewer, nobody, careless = Client(), Client(), Client(enforce_csrf_checks=True)
    viewer.force_login(user)
    careless.force_login(User.objects.create_superuser("op"))
    before = (r.xinfo_groups(STREAM), len(r.xinfo_consumers(STREAM, GROUP)), owners(r))
    assert viewer.get(PAGE).status_code == 200
    assert viewer.post(PAGE, {"act": act, **fields}).status_code == 403
    assert nobody.post(PAGE, {"act": act, **fields}).status_code == 302
    assert careless.post(PAGE, {"act": act, **fields}).status_code == 403
    assert careless.get(PAGE, {"act": act, **fields, "stream": STREAM, "group": GROUP}).status_code == 200
    assert (r.xinfo_groups(STREAM), len(r.xinfo_consumers(STREAM, GROUP)), owners(r)) == before
    assert [row.outcome for row in LedgerEntry.objects.all()] == ["refused"]
