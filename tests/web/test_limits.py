"""Roles that reach only some streams: what their people see and do, everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import AsyncClient, Client

from dashboard.hub import hub
from dashboard.messages import encode
from streams import access, operations
from streams.access_models import RoleLimit
from streams.errors import NotAllowed
from streams.models import AlertRule, Incident, LedgerEntry
from streams.operations import Actor
from tests.stuck import Server
from tests.web.conftest import receive

pytestmark = pytest.mark.django_db(transaction=True)
READ, WRITE = ("view_stream", "view_consumergroup", "view_ledgerentry", "view_deadletter"), ("add_entry",)


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def person(patterns: str, *codenames: str, **more: Any) -> User:
    user = User.objects.create_user("eve", is_staff=True, **more)
    role = Group.objects.create(name="some streams")
    role.permissions.set(Permission.objects.filter(codename__in=codenames))
    if patterns:
        RoleLimit.objects.create(role=role, patterns=patterns)
    user.groups.add(role)
    return user


@pytest.fixture
def streams(r: Server) -> Server:
    for name in ("orders-1", "secret"):
        r.xadd(name, {"n": 1})
        r.xgroup_create(name, "g", "0")
    return r


@pytest.fixture
def eve(streams: Server) -> User:
    return person("orders-*\nother", *READ, *WRITE)


def test_a_permission_counts_where_a_role_reaches_or_everywhere_when_it_is_ones_own(eve: User) -> None:
    assert access.reach(eve, "streams.add_entry") == ["orders-*", "other"]
    assert access.may(eve, "streams.add_entry", b"orders-7")
    assert not access.may(eve, "streams.add_entry", b"secret")
    assert not access.may(eve, "streams.trim_stream", b"orders-7")
    wide = Group.objects.create(name="all streams")
    wide.permissions.set(Permission.objects.filter(codename="add_entry"))
    eve.groups.add(wide)
    again = User.objects.get(pk=eve.pk)
    assert access.reach(again, "streams.add_entry") is None
    assert access.reach(again) == ["orders-*", "other"]
    again.user_permissions.add(Permission.objects.get(codename="view_stream"))
    assert access.reach(User.objects.get(pk=eve.pk)) is None


def test_an_operation_beyond_the_limit_is_refused_and_recorded(eve: User, streams: Server) -> None:
    actor = Actor("eve", eve, "test")
    operations.add_entry(actor, b"orders-1", [b"a", b"1"])
    with pytest.raises(NotAllowed, match=r"it takes the permission streams\.add_entry on stream 'secret'"):
        operations.add_entry(actor, b"secret", [b"a", b"1"])
    assert streams.xlen("secret") == 1
    assert LedgerEntry.objects.first().outcome == "refused"  # type: ignore[union-attr]


def test_the_admin_lists_and_opens_only_what_is_reached(eve: User) -> None:
    client = Client()
    client.force_login(eve)
    listed = client.get("/admin/streams/consumergroup/").content.decode()
    assert "orders-1" in listed
    assert "secret" not in listed
    assert client.get("/admin/streams/consumergroup/?stream=secret").status_code == 403
    assert client.get("/admin/streams/consumergroup/manage/?stream=secret&group=g").status_code == 403
    assert client.get("/admin/streams/deadletter/?stream=secret").status_code == 403
    assert "secret" not in client.get("/admin/streams/stream/add/?stream=secret").content.decode().split("<main")[1]
    now = datetime.now(UTC)
    for name in ("orders-1", "secret"):
        LedgerEntry.objects.create(at=now, actor=f"who-{name}", source="x", action="trim", stream=name, group="")
    ledger = client.get("/admin/streams/ledgerentry/").content.decode()
    assert "who-orders-1" in ledger
    assert "who-secret" not in ledger
    assert b"who-secret" not in client.get("/admin/streams/ledgerentry/export/").getvalue()


async def test_pages_and_api_show_only_what_is_reached(eve: User, close_hub: None) -> None:
    client = AsyncClient()
    await client.aforce_login(eve)
    listed = json.loads((await client.get("/api/streams/")).content)
    assert [row["name"] for row in listed["streams"]] == ["orders-1"]
    for path in ("", "entries/", "groups/", "groups/g/", "groups/g/pending/"):
        assert (await client.get(f"/streams/orders-1/{path}")).status_code == 200, path
        assert (await client.get(f"/streams/secret/{path}")).status_code == 403, path
    assert (await client.get("/")).status_code == 403  # the configured stream is not reached either
    for path in ("", "entries/", "sensors/", "history/", "groups/g/history/", "groups/g/pending/", "entries/search/"):
        answer = await client.get(f"/api/streams/secret/{path}?field=a")
        assert answer.status_code == 403, path
        assert json.loads(answer.content)["error"]["code"] == "not_allowed"


async def test_incidents_of_other_streams_stay_unseen(eve: User, close_hub: None) -> None:
    rule = await AlertRule.objects.acreate(name="r", watch="verdict", verdicts=["STUCK"], m=1, n=1)
    paths = {"sensor": "", "rule": rule, "rule_name": "r", "opened_at": datetime.now(UTC), "severity": "error"}
    made = [await Incident.objects.acreate(stream=n, stream_path=n, group="g", group_path="g", **paths) for n in
            ("orders-1", "secret")]  # fmt: skip
    client = AsyncClient()
    await client.aforce_login(eve)
    listed = json.loads((await client.get("/api/incidents/")).content)
    assert ([row["stream"] for row in listed["incidents"]], listed["total"], listed["open"]) == (["orders-1"], 1, 1)
    assert json.loads((await client.get("/api/monitor/")).content)["open_incidents"] == 1
    assert (await client.get(f"/incidents/{made[0].pk}/")).status_code == 200
    assert (await client.get(f"/incidents/{made[1].pk}/")).status_code == 404
    assert "secret" not in (await client.get("/incidents/")).content.decode()


async def test_a_socket_is_refused_and_hears_no_notice_of_other_streams(eve: User, connect: Any, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, anonymous_view=False)
    refused = await connect(stream="secret", user=eve)
    assert (await receive(refused, "error"))["code"] == "not_allowed"
    socket = await connect(stream="orders-1", user=eve)
    await receive(socket, "hello")
    hub()._tell(encode("notice", text="not for you"), "secret")
    hub()._tell(encode("notice", text="for you"), "orders-1")
    assert (await receive(socket, "notice"))["text"] == "for you"


def test_a_limit_is_set_on_the_page_of_the_role_and_needs_a_pattern(r: Server, admin_client: Client) -> None:
    role = Group.objects.create(name="some")
    form = {"name": "some", "stream_limit-TOTAL_FORMS": "1", "stream_limit-INITIAL_FORMS": "0"}
    page = f"/admin/auth/group/{role.pk}/change/"
    assert b"Only streams" in admin_client.get(page).content
    assert admin_client.post(page, {**form, "stream_limit-0-patterns": "orders-*"}).status_code == 302
    assert RoleLimit.split(RoleLimit.objects.get(role=role).patterns) == ["orders-*"]
