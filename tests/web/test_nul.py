"""A NUL wherever a request or Redis can bring one: text in PostgreSQL cannot hold it, nor be asked for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import AsyncClient, Client
from django.urls import URLPattern

from dashboard import health_views, views
from dashboard.rest import api
from dashboard.urls import urlpatterns
from streams import courier, dead_letters, health, ledger, looking, notices, operations, telling
from streams.alert_models import AlertChannel
from streams.gateway import logs
from streams.incidents import Alerts
from streams.models import Action, LedgerEntry
from streams.names import to_path
from streams.operations import Actor, Deed
from streams.recorder import Recorder
from streams.snapshot import PendingFilter
from tests.integration.alerting import observe, rule
from tests.stuck import Server

pytestmark = pytest.mark.django_db(transaction=True)
# As it is, in a name, as it stands in our own paths, and where an encoded name or a digest would be.
NULS = ("%00", "a%00b", "~AA", "~%00", "~~%00")
FILTERS = ("consumer", "min_idle", "min_age", "min_deliveries", "field", "value", "after", "until", "from", "at")
ASKED_BY_PAGES = (*FILTERS, "q", "severity", "state", "span", "skip")
ASKED_BY_ADMIN = (*FILTERS, "q", "stream", "group", "act", "id", "reason", "o", "p", "all", "_to_field")


@pytest.fixture(autouse=True)
def nothing_is_waited_for(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setattr(health_views, "_HEARD_WITHIN_S", 0)
    monkeypatch.setattr(views, "_SENSORS_WITHIN_S", 0.01)


@pytest.fixture
def web(r: Server, anonymous_may_look: None, close_hub: None) -> AsyncClient:
    return AsyncClient(raise_request_exception=False)


@pytest.fixture
def entries(r: Server) -> None:
    """A pending entry and one that waits: of a group on `s`, and where names have a NUL."""
    for stream, group in ((b"s", b"g"), (b"s", b"\0"), (b"\0", b"a\0b")):
        r.xgroup_create(stream, group, "0", mkstream=True)
        r.xadd(stream, {b"a\0": b"\0"})
        r.xreadgroup(group, b"c\0", {stream: ">"})
        r.xadd(stream, {b"a": b"1"})


def with_nuls(path: str, queries: Iterable[str]) -> Iterator[str]:
    """The path with a NUL in each of its places by turns, then in each query."""
    places = {name: name[0] for name in re.findall(r"\{(\w+)\}", path)}
    for name in places:
        yield from (path.format_map({**places, name: nul}) for nul in NULS)
    yield from (f"{path.format_map(places)}?{name}=%00" for name in queries)


def api_paths() -> Iterator[str]:
    for path, calls in api.get_openapi_schema()["paths"].items():
        parameters = calls.get("get", {}).get("parameters", [])
        yield from with_nuls(path, [one["name"] for one in parameters if one["in"] == "query"])


def pages() -> Iterator[str]:
    for page in urlpatterns:
        if isinstance(page, URLPattern):
            yield from with_nuls("/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(page.pattern)), ASKED_BY_PAGES)


def admin_pages() -> Iterator[str]:
    for model in admin.site._registry:
        names = [field.name for field in model._meta.concrete_fields if model._meta.managed]
        home = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield from with_nuls(home, [*names, *ASKED_BY_ADMIN])
        yield from with_nuls(home + "{pk}/change/", ())


async def test_no_page_and_no_call_of_the_api_breaks_on_one(web: AsyncClient, entries: None) -> None:
    asked = [*api_paths(), *pages()]
    assert len(asked) > 200
    broken = [path for path in asked if (await web.get(path)).status_code >= 500]
    assert not broken


async def test_a_session_of_one_is_nobodys(web: AsyncClient) -> None:
    web.cookies["sessionid"] = "abcdefgh\0"
    answers = [await web.get(path) for path in ("/streams/", "/api/streams/", "/admin/")]
    assert [answer.status_code for answer in answers] == [200, 200, 302]


def test_no_page_of_the_admin_breaks_on_one(entries: None, admin_client: Client) -> None:
    admin_client.raise_request_exception = False
    broken = [path for path in admin_pages() if admin_client.get(path).status_code >= 500]
    assert not broken


def test_what_is_known_of_names_with_one_is_kept_and_found(entries: None, admin_client: Client) -> None:
    rule(threshold=0, clear=0)
    figures = health.described([looking.snapshot(b"\0")])
    recorder = Recorder()
    recorder.take([{**figures, "verdict": "OK"}])
    recorder.close()
    observe(Alerts(reload_every_s=0), [figures])
    assert admin_client.get("/api/incidents/?q=%00").json()["matching"] == 1
    for stream, group in (("%00", "a%00b"), (to_path(b"\0"), to_path(b"a\0b"))):
        found = admin_client.get(f"/api/streams/{stream}/groups/{group}/history/").json()
        assert len(found["t"]) == 1
        assert [mark["kind"] for mark in found["marks"]] == ["incident"]


def test_what_people_write_with_one_is_kept_as_it_is_shown(r: Server, entries: None) -> None:
    actor = Actor.of_shell()
    everything = PendingFilter(consumer=b"c\0", having=(b"a\0", b"\0"))
    assert operations.run(operations.give_up(actor, b"\0", b"a\0b", everything, "no\0good")).done == 1
    assert [letter.reason for letter in looking.letters(b"\0", reason="o\0g").rows] == [rf"no\x00good ({actor.name})"]
    assert operations.run(dead_letters.replay(actor, b"\0", "o\0g")).done == 1
    given_up, replayed = LedgerEntry.objects.order_by("pk")
    assert (given_up.stream, given_up.group, replayed.stream) == (r"\x00", r"a\x00b", r"\x00")
    assert given_up.detail.startswith(r"no\x00good; everything that matches: of c\x00, with a\x00 = \x00")


def test_an_error_whose_text_has_one_is_recorded_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a\0b")

    with pytest.raises(RuntimeError), ledger.recorded(Actor.of_shell(), Deed(Action.TRIM, b"s", b"")):
        fail()
    assert [(row.outcome, row.detail) for row in LedgerEntry.objects.all()] == [("failed", r"a\x00b")]
    monkeypatch.setattr(notices, "send", fail)
    delivery = telling.test_delivery(AlertChannel.objects.create(name="pages", kind="browser"), "me")
    assert courier.deliver_test(delivery) == r"pages could not be told: a\x00b"


def test_a_frame_that_somebody_else_wrote_brings_none_in() -> None:
    plain = b'{"v":1,"b":[[0,{"\\u0000":[1,"1-0","1-0",{"t\\u0000":[1,1.0,1.0,1.0,1.0,"1-0"]}]}]]}'
    ((sensor, stats),) = logs.decode_frame(plain).buckets[0].items()
    assert (sensor, list(stats.fields)) == ("\\x00", ["t\\x00"])
