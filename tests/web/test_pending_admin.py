"""Acknowledging and dead-lettering in the admin: seen before it is done, refused without its permission."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from streams.models import LedgerEntry
from tests.stuck import GROUP, STREAM, Server, owners, stuck

pytestmark = pytest.mark.django_db
ACT = "/admin/streams/pendingentry/act/"
LIST = f"/admin/streams/pendingentry/?stream={STREAM}&group={GROUP}"


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def reviewer() -> Client:
    return staff("view_pendingentry", "acknowledge_pendingentry", "deadletter_pendingentry")


def staff(*codenames: str) -> Client:
    user = User.objects.create_user("eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, act: str, ids: list[str], **fields: Any) -> str:
    answer = client.post(ACT, {"stream": STREAM, "group": GROUP, "act": act, "id": ids, **fields}, follow=True)
    main = answer.content.decode().split("<body")[1]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


def test_acknowledging_takes_the_number_typed(r: Server, reviewer: Client) -> None:
    ids = stuck(r, 5)
    asked = post(reviewer, "acknowledge", ids[:3])
    assert "3 of the 3 chosen entries are pending, owned by worker-1." in asked
    assert "Nobody is given an acknowledged entry again." in asked
    assert len(owners(r)) == 5
    assert "It is 3." in post(reviewer, "acknowledge", ids[:3], confirm="yes", typed="5")
    r.xack(STREAM, GROUP, ids[0])
    assert "Acknowledged 2 of 3; 1 moved meanwhile" in post(reviewer, "acknowledge", ids[:3], confirm="yes", typed="3")
    assert set(owners(r)) == set(ids[3:])


def test_giving_up_takes_a_reason_which_the_letter_keeps(r: Server, reviewer: Client) -> None:
    ids = stuck(r, 3)
    assert "kept with their fields and your reason" in post(reviewer, "give_up", ids[:2])
    assert "This field is required." in post(reviewer, "give_up", ids[:2], confirm="yes", reason=" ")
    said = post(reviewer, "give_up", ids[:2], confirm="yes", reason="<b>bad</b>")
    assert "2 of 2 made dead letters." in said
    assert [fields[b"reason"] for _, fields in r.xrange("{sensor_stream}:dead")] == [b"<b>bad</b> (eve)"] * 2


def test_the_list_offers_what_may_be_done_and_says_what_for_the_rest_is_missing(r: Server, reviewer: Client) -> None:
    stuck(r, 1)
    page = reviewer.get(LIST).content.decode()
    assert "takes the permission streams.claim_pendingentry" in page
    assert re.search(r'value="acknowledge">', page)
    User.objects.all().delete()
    page = staff("view_pendingentry").get(LIST).content.decode()
    assert page.count("(takes the permission") == 4
    assert "the server has no XNACK: it takes Redis 8.8" in page
    assert 'name="id"' not in page


@pytest.mark.parametrize("act", ["acknowledge", "give_up"])
def test_nothing_is_done_without_its_permission_or_by_get(r: Server, act: str) -> None:
    ids = stuck(r, 2)
    viewer, nobody = staff("view_pendingentry", "claim_pendingentry"), Client()
    body = {"stream": STREAM, "group": GROUP, "act": act, "id": ids, "confirm": "yes", "typed": "2", "reason": "x"}
    assert viewer.post(ACT, body).status_code == 403
    assert nobody.post(ACT, body).status_code == 302
    assert viewer.get(ACT, body).status_code == 405
    assert len(owners(r)) == 2
    assert [row.outcome for row in LedgerEntry.objects.all()] == ["refused"]


@pytest.mark.parametrize(("act", "ids", "says"), [("burn", ["1-1"], "no such"), ("give_up", [], "tick at least")])
def test_what_makes_no_sense_is_said_on_the_list(
    r: Server, reviewer: Client, act: str, ids: list[str], says: str
) -> None:
    stuck(r, 1)
    assert says in post(reviewer, act, ids)
