"""Trimming in the admin."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from streams.models import LedgerEntry
from tests.stuck import STREAM, Server, stuck

pytestmark = pytest.mark.django_db
PAGE = f"/admin/streams/stream/trim/?stream={STREAM}"


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def staff(*codenames: str) -> Client:
    user = User.objects.create_user("eve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def words(answer: Any) -> str:
    assert answer.status_code == 200, answer.content[:300]
    main = answer.content.decode().split("<body")[1]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


def test_what_would_go_is_shown_first_and_nothing_is_lost_unasked(r: Server) -> None:
    stuck(r, 10)
    operator = staff("trim_stream", "view_consumergroup")
    assert "Trim it…" in words(operator.get(f"/admin/streams/consumergroup/?stream={STREAM}"))
    asked = words(operator.post(PAGE, {"keep": "4"}))
    assert "6 of 10 entries go" in asked
    assert "my_group would lose 0 unread and 6 pending entries" in asked
    assert "Let them finish first" in words(operator.post(PAGE, {"keep": "4", "confirm": "yes"}))
    assert r.xlen(STREAM) == 10
    done = words(operator.post(PAGE, {"keep": "4", "confirm": "yes", "lose": "on"}, follow=True))
    assert "6 entries of sensor_stream were trimmed." in done
    assert r.xlen(STREAM) == 4


@pytest.mark.parametrize(("keep", "says"), [("", "required"), ("much", "neither a number of entries nor an age")])
def test_what_is_no_amount_is_refused_beside_the_field(r: Server, keep: str, says: str) -> None:
    stuck(r, 2)
    assert says in words(staff("trim_stream").post(PAGE, {"keep": keep, "confirm": "yes"}))


def test_nothing_is_trimmed_without_the_permission(r: Server) -> None:
    stuck(r, 5)
    body = {"keep": "1", "confirm": "yes", "lose": "on"}
    viewer = staff("view_consumergroup")
    assert "Trim it…" not in words(viewer.get(f"/admin/streams/consumergroup/?stream={STREAM}"))
    assert viewer.post(PAGE, body).status_code == 403
    assert Client().post(PAGE, body).status_code == 302
    assert r.xlen(STREAM) == 5
    assert [row.outcome for row in LedgerEntry.objects.all()] == ["refused"]


def test_a_stream_that_is_not_there_is_named(r: Server) -> None:
    answer = staff("trim_stream").get("/admin/streams/stream/trim/?stream=gone")
    assert answer.status_code == 404
    assert "no stream" in answer.content.decode()
