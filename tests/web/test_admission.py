"""A socket lasts no longer than the login it came with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError

from dashboard import admission
from dashboard.hub import hub
from streams.access_models import RoleLimit
from tests.stuck import Server
from tests.web.conftest import STREAM, Socket, receive

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def asked_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "EVERY_S", 0.05)


@pytest.fixture
def viewers(db: None) -> Group:
    group = Group.objects.create(name="those who look")
    group.permissions.add(Permission.objects.get(codename="view_stream"))
    return group


@pytest.fixture
def ada(viewers: Group) -> User:
    user = User.objects.create_user("ada", password="engine")
    user.groups.add(viewers)
    return user


def logged_in(user: User) -> SessionStore:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session


async def opened(connect: Any, user: User, settings: Any) -> tuple[Socket, SessionStore]:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, anonymous_view=False)
    session = await sync_to_async(logged_in)(user)
    socket = await connect(user=user, session=session)
    await receive(socket, "history")
    return socket, session


async def closed_with(socket: Socket) -> tuple[str, int]:
    told = await receive(socket, "error")
    return told["code"], (await socket.receive_output())["code"]


def log_out(user: User, session: SessionStore) -> None:
    SessionStore(session.session_key).flush()


def lock(user: User, session: SessionStore) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def change_password(user: User, session: SessionStore) -> None:
    user.set_password("another")
    user.save()


def leave_the_group(user: User, session: SessionStore) -> None:
    user.groups.clear()


def limit(user: User, session: SessionStore) -> None:
    RoleLimit.objects.create(role=user.groups.get(), patterns="other*")


@pytest.mark.parametrize("happens", [log_out, lock, change_password, leave_the_group, limit])
async def test_a_socket_ends_when_its_login_does(
    r: Server, connect: Any, ada: User, settings: Any, happens: Callable[[User, SessionStore], None]
) -> None:
    socket, session = await opened(connect, ada, settings)
    await sync_to_async(happens)(ada, session)
    assert await closed_with(socket) == ("no_login", 4401)


async def test_all_pages_of_a_login_end_together_and_those_of_others_go_on(
    r: Server, connect: Any, ada: User, viewers: Group, settings: Any
) -> None:
    bob = await sync_to_async(User.objects.create_user)("bob")
    await sync_to_async(bob.groups.add)(viewers)
    his, _ = await opened(connect, bob, settings)
    first, session = await opened(connect, ada, settings)
    second = await connect(user=ada, session=session)
    await receive(second, "history")
    await sync_to_async(log_out)(ada, session)
    assert await closed_with(first) == await closed_with(second) == ("no_login", 4401)
    await receive(his, "state")


async def test_a_database_that_is_away_ends_no_socket(
    r: Server, connect: Any, ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    def away(_: Any) -> Any:
        asked.set()
        raise OperationalError("no connection")

    monkeypatch.setattr(admission, "get_user", away)
    socket, session = await opened(connect, ada, settings)
    await asyncio.wait_for(asked.wait(), 5)
    await receive(socket, "state")
    monkeypatch.undo()
    monkeypatch.setattr(admission, "EVERY_S", 0.05)
    await sync_to_async(log_out)(ada, session)
    assert await closed_with(socket) == ("no_login", 4401)


async def test_who_left_is_not_asked_about(r: Server, connect: Any, ada: User, settings: Any) -> None:
    socket, _ = await opened(connect, ada, settings)
    assert hub().admissions._ends
    await socket.disconnect()
    assert not hub().admissions._ends


async def test_a_word_before_the_refusal_arrives_breaks_nothing(r: Server, connect: Any, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, anonymous_view=False)
    socket = await connect()
    await socket.send_to(json.dumps({"type": "select", "sensors": None}))
    assert await closed_with(socket) == ("no_login", 4401)
    assert not hub().feed(STREAM.encode()).followers
