"""Every address of the site, asked by nobody, a viewer, a reviewer and an operator: who gets in, and what is written.

A new address fails here until it has its row.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group, Permission, User
from django.test import AsyncClient
from django.urls import get_resolver

from streams import operations
from streams.ids import EntryId
from streams.job_models import Job
from streams.models import (
    AlertChannel,
    AlertRule,
    ChartedField,
    ChartedStream,
    Incident,
    LedgerEntry,
    NamedSensor,
    Silence,
)
from streams.operations import Actor
from tests.stuck import GROUP, STREAM, Server, stuck

pytestmark = pytest.mark.django_db(transaction=True)
NOBODY, VIEWER, REVIEWER, OPERATOR, NOT_EVEN = range(5)
PEOPLE = ("nobody", "viewer", "reviewer", "operator")
ROLES = import_module("streams.migrations.0007_roles").ROLES
SHELL = Actor.of_shell()
API, ADMIN = f"/api/streams/{STREAM}", "/admin/streams"
PLACE = f"?stream={STREAM}&group={GROUP}"
PENDING = f"{API}/groups/{GROUP}/pending"


@dataclass(frozen=True)
class Row:
    """An address with what is sent to it, and the least role that may; `<…>` stand for what the test made."""

    role: int
    path: str
    body: dict[str, Any] | None = None
    writes: bool = True

    def __str__(self) -> str:
        return f"{'GET' if self.body is None else 'POST'} {self.path}"


def looks(role: int, *paths: str) -> list[Row]:
    return [Row(role, path, None) for path in paths]


CHOSEN = {"stream": STREAM, "group": GROUP, "id": "<entry>", "idle": "0", "confirm": "1"}
LETTER = {"stream": STREAM, "id": "<letter>", "confirm": "1"}
FIELDS = {"fields-TOTAL_FORMS": "1", "fields-INITIAL_FORMS": "0", "fields-0-name": "a", "fields-0-value": "1"}
SILENCE = {"stream_pattern": "*", "group_pattern": "*", "until_0": "2099-01-01", "until_1": "00:00", "comment": "x"}
RULE = {"name": "n", "enabled": "on", "severity": "error", "stream_pattern": "*", "group_pattern": "*", "m": "1",
        "watch": "verdict", "verdicts": "STUCK", "n": "1", "sensor_pattern": "*"}  # fmt: skip
CHART = {"sensor_field": "", "fields-TOTAL_FORMS": "1", "fields-INITIAL_FORMS": "0", "fields-0-name": "a",
         "fields-0-order": "0", "sensors-TOTAL_FORMS": "0", "sensors-INITIAL_FORMS": "0"}  # fmt: skip

ROWS = [
    *looks(NOBODY, "/healthz", "/readyz", "/favicon.ico", "/api/openapi.json", "/api/docs", "/admin/login/"),
    *looks(VIEWER, "/", "/streams/", f"/streams/{STREAM}/", f"/streams/{STREAM}/entries/"),
    *looks(VIEWER, f"/streams/{STREAM}/groups/", f"/streams/{STREAM}/groups/{GROUP}/"),
    *looks(VIEWER, f"/streams/{STREAM}/groups/{GROUP}/pending/", "/incidents/", "/incidents/<incident>/", "/metrics"),
    *looks(VIEWER, "/api/monitor/", "/api/streams/", f"{API}/", f"{API}/sensors/", f"{API}/history/"),
    *looks(VIEWER, f"{API}/readings/"),
    *looks(VIEWER, f"{API}/groups/{GROUP}/history/", f"{PENDING}/", f"{PENDING}/survey/", f"{API}/entries/"),
    *looks(VIEWER, f"{API}/entries/search/?field=a", f"{API}/dead/", "/api/incidents/", "/api/incidents/<incident>/"),
    *looks(VIEWER, "/api/jobs/", "/api/jobs/<job>/", "/api/jobs/<job>/results/"),
    Row(OPERATOR, f"{API}/groups/", {"name": "new"}),
    Row(OPERATOR, f"{API}/groups/{GROUP}/move/", {"at": "beginning"}),
    Row(OPERATOR, f"{API}/groups/{GROUP}/destroy/", {"name": GROUP, "pending": 3, "force": True}),
    Row(OPERATOR, f"{API}/groups/{GROUP}/consumers/", {"name": "new"}),
    Row(OPERATOR, f"{API}/groups/{GROUP}/consumers/worker-1/delete/", {"move_to": "other"}),
    Row(OPERATOR, f"{API}/groups/{GROUP}/clean-up/", {"consumers": ["idler"]}),
    Row(REVIEWER, f"{PENDING}/claim/", {"ids": ["<entry>"], "consumer": "fixer"}),
    Row(REVIEWER, f"{PENDING}/reprocess/", {"ids": ["<entry>"]}),
    Row(REVIEWER, f"{PENDING}/acknowledge/", {"ids": ["<entry>"]}),
    Row(REVIEWER, f"{PENDING}/acknowledge/", {"filter": {}}),
    Row(REVIEWER, f"{PENDING}/dead-letter/", {"ids": ["<entry>"], "reason": "why"}),
    Row(REVIEWER, f"{PENDING}/release/", {"ids": ["<entry>"]}, writes=False),  # the server has no XNACK
    Row(OPERATOR, f"{API}/entries/", {"fields": [["a", "1"]]}),
    Row(OPERATOR, f"{API}/trim/", {"keep": "1", "lose": True}),
    Row(OPERATOR, f"{API}/dead/replay/", {"ids": ["<letter>"]}),
    Row(OPERATOR, f"{API}/dead/purge/", {"ids": ["<letter>"]}),
    Row(OPERATOR, f"{API}/dead/<letter>/edit/", {"fields": [["a", "1"]]}),
    Row(REVIEWER, "/api/jobs/<waiting>/cancel/", {}),
    *looks(VIEWER, "/admin/", "/admin/password_change/", "/admin/password_change/done/", "/admin/jsi18n/"),
    *looks(VIEWER, f"{ADMIN}/", f"{ADMIN}/stream/", f"{ADMIN}/consumergroup/", f"{ADMIN}/consumergroup/manage/{PLACE}"),
    *looks(VIEWER, f"{ADMIN}/pendingentry/{PLACE}", f"{ADMIN}/deadletter/?stream={STREAM}", f"{ADMIN}/job/"),
    *looks(VIEWER, f"{ADMIN}/job/<job>/change/", f"{ADMIN}/job/<job>/status/", f"{ADMIN}/job/<job>/results/"),
    *looks(VIEWER, f"{ADMIN}/ledgerentry/", f"{ADMIN}/ledgerentry/export/", f"{ADMIN}/ledgerentry/<ledger>/change/"),
    *looks(VIEWER, f"{ADMIN}/ledgerentry/<ledger>/history/", f"{ADMIN}/incident/", f"{ADMIN}/alertdelivery/"),
    *looks(VIEWER, f"{ADMIN}/incident/<incident>/change/", f"{ADMIN}/incident/<incident>/history/"),
    *looks(VIEWER, f"{ADMIN}/alertrule/", f"{ADMIN}/alertrule/<rule>/change/", f"{ADMIN}/alertrule/<rule>/history/"),
    *looks(VIEWER, f"{ADMIN}/silence/", f"{ADMIN}/silence/<silence>/change/", f"{ADMIN}/silence/<silence>/history/"),
    *looks(VIEWER, f"{ADMIN}/apitoken/", f"{ADMIN}/apitoken/add/"),
    *looks(REVIEWER, f"{ADMIN}/silence/add/"),
    *looks(OPERATOR, f"{ADMIN}/consumergroup/add/", f"{ADMIN}/stream/add/", f"{ADMIN}/stream/trim/?stream={STREAM}"),
    *looks(OPERATOR, f"{ADMIN}/deadletter/edit/?stream={STREAM}&id=<letter>", f"{ADMIN}/alertrule/add/"),
    *looks(OPERATOR, f"{ADMIN}/alertrule/<rule>/delete/", f"{ADMIN}/silence/<silence>/delete/"),
    *looks(OPERATOR, f"{ADMIN}/alertchannel/", f"{ADMIN}/alertchannel/<channel>/change/"),
    *looks(OPERATOR, f"{ADMIN}/alertchannel/<channel>/history/"),
    *looks(OPERATOR, f"{ADMIN}/chartedstream/", f"{ADMIN}/chartedstream/add/"),
    *looks(OPERATOR, *(f"{ADMIN}/chartedstream/<chart>/{page}/" for page in ("change", "history", "delete"))),
    *looks(NOT_EVEN, f"{ADMIN}/alertchannel/add/", f"{ADMIN}/alertchannel/<channel>/delete/"),
    *looks(NOT_EVEN, *(f"{ADMIN}/{what}/add/" for what in ("incident", "alertdelivery", "ledgerentry"))),
    *looks(NOT_EVEN, f"{ADMIN}/incident/<incident>/delete/", f"{ADMIN}/ledgerentry/<ledger>/delete/"),
    *looks(NOT_EVEN, "/admin/auth/user/", "/admin/auth/user/add/", "/admin/auth/group/", "/admin/auth/group/add/"),
    Row(NOT_EVEN, f"{ADMIN}/ledgerentry/<ledger>/delete/", {"post": "yes"}),
    Row(NOT_EVEN, f"{ADMIN}/ledgerentry/<ledger>/change/", {"actor": "somebody else"}),
    Row(NOT_EVEN, "/admin/auth/group/add/", {"name": "mine"}),
    Row(VIEWER, f"{ADMIN}/apitoken/add/", {"name": "mine"}),
    Row(REVIEWER, f"{ADMIN}/pendingentry/claim/", {**CHOSEN, "consumer": "idler", "min_idle": "0", "seen": "idle"}),
    Row(REVIEWER, f"{ADMIN}/pendingentry/act/", {**CHOSEN, "act": "acknowledge", "typed": "1"}),
    Row(REVIEWER, f"{ADMIN}/pendingentry/act/", {**CHOSEN, "act": "give_up", "reason": "why"}),
    Row(REVIEWER, f"{ADMIN}/pendingentry/act/", {**CHOSEN, "act": "reprocess"}),
    Row(REVIEWER, f"{ADMIN}/pendingentry/act/", {**CHOSEN, "act": "release"}, writes=False),
    Row(REVIEWER, f"{ADMIN}/job/<waiting>/cancel/", {}),
    Row(REVIEWER, f"{ADMIN}/silence/add/", SILENCE),
    Row(OPERATOR, f"{ADMIN}/silence/<silence>/change/", SILENCE),
    Row(OPERATOR, f"{ADMIN}/silence/<silence>/delete/", {"post": "yes"}),
    Row(OPERATOR, f"{ADMIN}/alertrule/add/", RULE),
    Row(OPERATOR, f"{ADMIN}/alertrule/<rule>/delete/", {"post": "yes"}),
    Row(OPERATOR, f"{ADMIN}/alertchannel/<channel>/test/", {}),
    Row(OPERATOR, f"{ADMIN}/chartedstream/add/", {**CHART, "stream": "new"}),
    Row(OPERATOR, f"{ADMIN}/chartedstream/<chart>/change/", CHART),
    Row(OPERATOR, f"{ADMIN}/chartedstream/<chart>/delete/", {"post": "yes"}),
    Row(OPERATOR, f"{ADMIN}/consumergroup/add/", {"stream": STREAM, "group": "new", "start": "now"}),
    Row(OPERATOR, f"{ADMIN}/consumergroup/manage/{PLACE}", {"act": "move", "start": "beginning", "confirm": "0"}),
    Row(
        OPERATOR,
        f"{ADMIN}/consumergroup/manage/{PLACE}",
        {"act": "destroy", "name": GROUP, "pending": "3", "force": "on"},
    ),
    Row(OPERATOR, f"{ADMIN}/consumergroup/manage/{PLACE}", {"act": "create", "consumer": "new"}),
    Row(
        OPERATOR,
        f"{ADMIN}/consumergroup/manage/{PLACE}",
        {"act": "delete", "consumer": "worker-1", "fate": "move", "move_to": "other", "pending": "3"},
    ),
    Row(OPERATOR, f"{ADMIN}/consumergroup/manage/{PLACE}", {"act": "delete_dead", "consumer": "idler"}),
    Row(OPERATOR, f"{ADMIN}/stream/add/", {"stream": STREAM, **FIELDS}),
    Row(OPERATOR, f"{ADMIN}/stream/trim/?stream={STREAM}", {"keep": "1", "lose": "on", "confirm": "yes"}),
    Row(OPERATOR, f"{ADMIN}/deadletter/act/", {**LETTER, "act": "replay"}),
    Row(OPERATOR, f"{ADMIN}/deadletter/act/", {**LETTER, "act": "purge", "typed": "1"}),
    Row(OPERATOR, f"{ADMIN}/deadletter/edit/?stream={STREAM}&id=<letter>", {"new-name": "a", "new-value": "1"}),
]
# Django's own, for superusers alone, or without anything of ours behind them.
STOCK = {"logout", "autocomplete", "view_on_site", "app_list", "api-root", None} | {
    f"auth_{model}_{what}" for model in ("user", "group") for what in ("history", "delete", "change", "password_change")
}
STOCK |= {f"streams_alertdelivery_{what}" for what in ("history", "delete", "change")}
STOCK |= {f"streams_apitoken_{what}" for what in ("history", "delete", "change")}


@pytest.fixture(autouse=True)
def surroundings(r: Server, close_hub: None, settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    settings.STREAMWATCH = replace(settings.STREAMWATCH, anonymous_view=False)


def furnish(r: Server) -> dict[str, str]:
    """Something of everything; what `<…>` in the rows stand for."""
    ids = stuck(r, 5)
    r.xgroup_createconsumer(STREAM, GROUP, "idler")
    done = operations.run(operations.give_up(SHELL, STREAM.encode(), GROUP.encode(), chosen(ids[:2]), "broken"))
    waiting = operations.acknowledge(SHELL, STREAM.encode(), GROUP.encode(), chosen(ids[2:]))
    rule = AlertRule.objects.create(name="r", watch="verdict", verdicts=["STUCK"], m=1, n=1)
    incident = Incident.objects.create(
        rule=rule, rule_name="r", severity="error", stream=STREAM, stream_path=STREAM, opened_at=datetime.now(UTC)
    )
    channel = AlertChannel.objects.create(name="c", kind="browser")
    silence = Silence.objects.create(until=datetime.now(UTC) + timedelta(hours=1), by="x")
    return {
        "<entry>": ids[2],
        "<letter>": r.xrange("{sensor_stream}:dead")[0][0].decode(),
        "<job>": str(done.pk),
        "<waiting>": str(waiting.pk),
        "<ledger>": str(LedgerEntry.objects.earliest("pk").pk),
        "<incident>": str(incident.pk),
        "<rule>": str(rule.pk),
        "<channel>": str(channel.pk),
        "<silence>": str(silence.pk),
        "<chart>": str(ChartedStream.objects.create(stream=STREAM).pk),
    }


def chosen(ids: list[str]) -> Any:
    return operations.chosen([EntryId.parse(one) for one in ids])


def state(r: Server) -> tuple[Any, ...]:
    """All that a write could change: every key, and our tables, but for refusals in the ledger."""
    keys = {key: r.dump(key) for key in sorted(r.keys("*"))}
    ledger = list(LedgerEntry.objects.exclude(outcome="refused").values_list("pk", "outcome", "actor"))
    jobs = list(Job.objects.values_list("pk", "state", "cancelled_by"))
    alerts = (AlertRule, AlertChannel, Silence, Incident, Group)
    models = (*alerts, ChartedStream, ChartedField, NamedSensor)
    tables = [list(model.objects.values_list()) for model in models]
    return keys, ledger, jobs, tables


def person(role: int) -> User | None:
    if role == NOBODY:
        return None
    user = User.objects.create_user(PEOPLE[role], is_staff=True)
    group, _ = Group.objects.get_or_create(name=PEOPLE[role])  # a test before may have emptied the database
    group.permissions.set(Permission.objects.filter(content_type__app_label="streams", codename__in=ROLES[group.name]))
    user.groups.add(group)
    return user


def filled(value: Any, made: dict[str, str]) -> Any:
    text = json.dumps(value)
    for mark, found in made.items():
        text = text.replace(mark, found)
    return json.loads(text)


async def ask(row: Row, user: User | None, made: dict[str, str]) -> Any:
    client = AsyncClient()
    if user:
        await client.aforce_login(user)
    path, body = filled(row.path, made), filled(row.body, made)
    if body is None:
        return await client.get(path)
    if path.startswith("/api/"):
        return await client.post(path, json.dumps(body), content_type="application/json")
    return await client.post(path, body)


def is_refusal(answer: Any) -> bool:
    return answer.status_code in {401, 403} or "/login/" in answer.headers.get("Location", "")


def names_of(resolver: Any, prefix: str = "") -> Iterator[tuple[str, str | None]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from names_of(pattern, path)
        else:
            yield path, pattern.name


def test_no_address_is_without_its_row() -> None:
    asked = [get_resolver().resolve(filled(row.path.partition("?")[0], MARKS)) for row in ROWS]
    known = {match.route for match in asked}
    assert {path for path, name in names_of(get_resolver()) if name not in STOCK} <= known | FOR_ANYBODY


MARKS = {f"<{what}>": "1" for what in ("entry", "letter", "job", "waiting", "ledger", "incident", "chart")}
MARKS |= {f"<{what}>": "1" for what in ("rule", "channel", "silence")}
FOR_ANYBODY = {"favicon.ico"}


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_who_may_not_is_refused_and_writes_nothing_and_who_may_gets_in(r: Server, row: Row) -> None:
    made = await sync_to_async(furnish)(r)
    people = [await sync_to_async(person)(role) for role in range(len(PEOPLE))]
    before = await sync_to_async(state)(r)
    for role in range(min(row.role, len(PEOPLE))):
        assert is_refusal(await ask(row, people[role], made)), PEOPLE[role]
        assert await sync_to_async(state)(r) == before, PEOPLE[role]
    if row.role == NOT_EVEN:
        return
    answer = await ask(row, people[row.role], made)
    assert not is_refusal(answer), answer.content[:300]
    assert answer.status_code < 400 or not row.writes, answer.content[:600]
    after = await sync_to_async(state)(r)
    assert (after == before) == (row.body is None or not row.writes)


def posts() -> list[Row]:
    """What is done by POST, asked for by GET with the same words."""
    writes = {row.path.partition("?")[0]: row for row in ROWS if row.body is not None}
    return list(writes.values())


@pytest.mark.parametrize("row", posts(), ids=str)
async def test_a_get_never_writes(r: Server, row: Row) -> None:
    made = await sync_to_async(furnish)(r)
    root = await sync_to_async(User.objects.create_superuser)("root")
    before = await sync_to_async(state)(r)
    client = AsyncClient()
    await client.aforce_login(root)
    path, body = filled(row.path, made), filled(row.body, made)
    query = "&".join(f"{name}={value}" for name, value in (body or {}).items())
    for asking in (client.get, client.head, client.options):
        await asking(path + ("&" if "?" in path else "?") + query)
    assert await sync_to_async(state)(r) == before


async def test_a_socket_is_for_who_may_look_and_its_messages_write_nothing(
    r: Server, connect: Any, settings: Any
) -> None:
    await sync_to_async(furnish)(r)
    viewer = await sync_to_async(person)(VIEWER)
    settings.STREAMWATCH = replace(settings.STREAMWATCH, anonymous_view=False)
    stranger = await sync_to_async(User.objects.create_user)("stranger")
    for refused in (await connect(), await connect(user=stranger)):
        assert json.loads((await refused.receive_output())["text"])["code"] == "no_login"
        assert (await refused.receive_output())["code"] == 4401
    before = await sync_to_async(state)(r)
    socket = await connect(user=viewer)
    assert socket.accepted
    words: list[dict[str, Any]] = [{"type": "select", "sensors": None}, {"type": "resume", "frames": "0-1"}]
    for message, extra in itertools.product([*words, {"type": "claim"}], [{}, {"ids": ["1-1"], "consumer": "x"}]):
        await socket.send_to(json.dumps({**message, **extra}))
    assert await sync_to_async(state)(r) == before
