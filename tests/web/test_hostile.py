"""Names and payloads that try to be something else: shown as text on every page, in every dialog, CSV, line and log."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.test import AsyncClient, Client

from streams import ledger, notices, operations
from streams.ids import EntryId
from streams.job_models import Job
from streams.ledger import Deed
from streams.models import Action
from streams.names import to_path
from streams.operations import Actor, Deliveries
from streams.snapshot import PendingFilter
from tests.stuck import Server

pytestmark = pytest.mark.django_db(transaction=True)
SCRIPT = b"<script>alert(1)</script>"
STREAM = SCRIPT + b"\"'&\xff\0"
GROUP = b"\"><img src=x onerror=alert(1)>'\n\x1b[31m"
CONSUMER = b"\xe2\x80\xae=cmd|'/c calc'!A1<q>"
FIELD, BIG = b"<svg/onload=alert(1)>", b"<u>" + b"x" * 1_000_000
S, G, C = (to_path(name) for name in (STREAM, GROUP, CONSUMER))
PLACE = f"?stream={quote(S)}&group={quote(G)}"
SHELL = Actor.of_shell()
# What may not stand unescaped in any answer.
RAW = ("<script>alert", "<img src=x", "<svg/onload", "<u>x", "\u202e", "\x1b", "<q>")


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


@pytest.fixture
def ids(r: Server) -> list[str]:
    """Four pending entries of which one is gone; two dead letters; a job and a ledger that speak of them."""
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    r.xgroup_create(STREAM, b"", "0")
    fields = {FIELD: SCRIPT, b"": b"", b"big": BIG, b"bytes": b"\xff\x00\n", "rtl": "\u202eabc"}
    ids = [r.xadd(STREAM, fields).decode() for _ in range(6)]
    r.xreadgroup(GROUP, CONSUMER, {STREAM: ">"}, count=6)
    operations.run(operations.give_up(SHELL, STREAM, GROUP, chosen(ids[4:]), "<u>x \u202e\n=1+1"))
    operations.run(operations.claim(SHELL, STREAM, GROUP, CONSUMER + b"2", chosen(ids[:1]), Deliveries.KEEP))
    everything = PendingFilter(consumer=CONSUMER, having=(FIELD, SCRIPT))
    operations.run(operations.claim(SHELL, STREAM, GROUP, CONSUMER + b"3", everything))
    r.xdel(STREAM, ids[3])
    return ids


def chosen(ids: list[str]) -> Any:
    return operations.chosen([EntryId.parse(one) for one in ids])


def harmless(text: str, at: str, most: int = 400_000) -> str:
    for raw in RAW:
        assert raw not in text, (at, raw, text[max(0, text.find(raw) - 200) : text.find(raw) + 100])
    assert len(text) < most, at
    return text


def live_pages() -> Iterator[str]:
    yield from (f"/streams/{S}/{rest}" for rest in ("", "entries/", "groups/", f"groups/{G}/", f"groups/{G}/pending/"))
    yield f"/streams/{S}/entries/?field={quote(FIELD)}&value={quote(SCRIPT)}"
    yield f"/streams/{S}/entries/?until={quote(SCRIPT)}&from={quote(SCRIPT)}"
    filters = f"consumer={quote(C)}&min_idle={quote(SCRIPT)}&field={quote(FIELD)}&value={quote(SCRIPT)}"
    yield f"/streams/{S}/groups/{G}/pending/?{filters}"
    yield f"/streams/{S}/groups/{quote(SCRIPT, safe='')}/"
    yield from ("/streams/", "/incidents/", f"/incidents/?q={quote(SCRIPT)}", f"/streams/{quote(SCRIPT, safe='')}/")


async def test_the_live_pages(r: Server, ids: list[str], anonymous_may_look: None, close_hub: None) -> None:
    client = AsyncClient()
    for path in live_pages():
        answer = await client.get(path)
        assert answer.status_code < 500, path
        harmless(answer.content.decode(), path)


async def test_the_api_is_json_and_cut(r: Server, ids: list[str], anonymous_may_look: None, close_hub: None) -> None:
    client = AsyncClient()
    for rest in (
        "",
        "entries/",
        f"groups/{G}/pending/",
        f"groups/{G}/pending/survey/",
        f"entries/search/?field={quote(FIELD)}",
    ):
        answer = await client.get(f"/api/streams/{S}/{rest}")
        assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (200, "application/json"), rest
        assert len(answer.content) < 100_000
    row = (await client.get(f"/api/streams/{S}/groups/{G}/pending/")).json()["pending"][0]
    assert row["consumer"] == "\\u202e=cmd|'/c calc'!A1<q>2"
    assert dict(row["fields"])["bytes"] == "\\xff\\x00\\n"


@pytest.mark.parametrize("body", ['{"name": "\\ud800"}', '{"name": "\udfff"}', "{", "[]", '{"name": NaN}'])
def test_what_is_no_json_in_utf8_is_refused(r: Server, admin_client: Client, body: str) -> None:
    data = body.encode("utf-8", "surrogatepass")
    answer = admin_client.post("/api/streams/s/groups/", data, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")


def admin_pages() -> Iterator[str]:
    yield from ("consumergroup/", f"consumergroup/?stream={quote(S)}", f"consumergroup/manage/{PLACE}")
    yield from (f"consumergroup/manage/{PLACE}&delete={quote(C)}", f"consumergroup/add/?stream={quote(S)}")
    yield from (f"pendingentry/{PLACE}", f"pendingentry/{PLACE}&consumer={quote(C)}&field={quote(FIELD)}&value=x")
    yield from (f"deadletter/?stream={quote(S)}", f"deadletter/?stream={quote(S)}&reason={quote(SCRIPT)}")
    yield from (f"stream/add/?stream={quote(S)}", f"stream/trim/?stream={quote(S)}", "job/", "ledgerentry/")
    yield from (f"ledgerentry/?q={quote(SCRIPT)}", f"consumergroup/manage/?stream={quote(S)}&group={quote(SCRIPT)}")


def test_the_admins_lists_and_forms(r: Server, ids: list[str], admin_client: Client) -> None:
    for path in admin_pages():
        answer = admin_client.get(f"/admin/streams/{path}")
        assert answer.status_code < 500, path
        harmless(answer.content.decode(), path)
    letter = r.xrange(next(key for key in r.keys("*dead*")))[0][0].decode()
    edit = admin_client.get(f"/admin/streams/deadletter/edit/?stream={quote(S)}&id={letter}")
    assert "stays as it is: too long, no text" in harmless(edit.content.decode(), "edit")
    for job in (1, 2, 3):
        pk = operations_jobs()[job - 1]
        harmless(admin_client.get(f"/admin/streams/job/{pk}/change/").content.decode(), "job")


@pytest.mark.parametrize("lookup", ["stream", "group__icontains", "consumer__in"])
def test_jobs_cannot_be_asked_for_by_names_which_are_bytes(r: Server, admin_client: Client, lookup: str) -> None:
    assert admin_client.get(f"/admin/streams/job/?{lookup}=x").status_code == 400
    assert admin_client.get("/admin/streams/job/?state=done").status_code == 200


def operations_jobs() -> list[int]:
    return list(Job.objects.order_by("pk").values_list("pk", flat=True))


@pytest.mark.parametrize("act", ["claim", "reprocess", "acknowledge", "give_up"])
def test_the_dialogs_before_an_act(r: Server, ids: list[str], admin_client: Client, act: str) -> None:
    place = {"stream": S, "group": G, "act": act}
    for choice in ({"id": ids[:3], "idle": ["0"] * 3}, {"all": "1", "of_field": FIELD.decode(), "of_consumer": C}):
        typed = {
            "confirm": "1",
            "typed": "<script>alert(1)</script>",
            "reason": "",
            "consumer": "<q>x",
            "min_idle": "<q>",
        }
        for more in ({}, {} if act == "reprocess" else typed):
            answer = admin_client.post("/admin/streams/pendingentry/act/", {**place, **choice, **more})
            assert answer.status_code == 200, answer
            harmless(answer.content.decode(), f"{act} {choice} {more}")


def test_other_dialogs(r: Server, ids: list[str], admin_client: Client) -> None:
    manage = f"/admin/streams/consumergroup/manage/{PLACE}"
    moving = admin_client.post(manage, {"act": "move", "start": "at", "at": "<script>alert(1)</script>"})
    harmless(moving.content.decode(), "move")
    preview = admin_client.post(manage, {"act": "move", "start": "beginning"})
    assert "delivered again" in harmless(preview.content.decode(), "move")
    harmless(admin_client.post(manage, {"act": "destroy", "name": "<q>", "pending": "1"}).content.decode(), "destroy")
    trim = admin_client.post(f"/admin/streams/stream/trim/?stream={quote(S)}", {"keep": "1"})
    assert "would lose" in harmless(trim.content.decode(), "trim")
    letters = {"stream": S, "act": "replay", "all": "1", "reason": ""}
    assert "(empty name)" in harmless(
        admin_client.post("/admin/streams/deadletter/act/", letters).content.decode(), "replay"
    )


def test_csv_is_neither_a_formula_nor_another_line(r: Server, ids: list[str], admin_client: Client) -> None:
    operations.run(operations.claim(SHELL, STREAM, GROUP, b"=cmd|'/c calc'!A1", chosen(ids[:2])))
    pages = ["/admin/streams/ledgerentry/export/"]
    pages += [f"/admin/streams/job/{pk}/results/" for pk in operations_jobs()]
    for path in pages:
        text = admin_client.get(path).getvalue().decode()
        rows = list(csv.reader(io.StringIO(text)))
        assert len({len(row) for row in rows}) == 1, path
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))], path
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_lines_in_a_terminal_and_in_the_log(
    r: Server, ids: list[str], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    names = [name.decode("utf-8", "surrogateescape") for name in (STREAM, GROUP)]
    for words in (["groups", names[0]], ["pending", *names], ["dead", "list", names[0]], ["entries", "list", names[0]]):
        capsys.readouterr()
        call_command(*words)
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert len(out) < 100_000
    logging.getLogger("streams").propagate = True
    with caplog.at_level("INFO"):
        ledger.event(CONSUMER, Deed(Action.LOST, STREAM, GROUP, detail="x"))
    logging.getLogger("streams").propagate = False
    assert "\x1b" not in caplog.text


async def test_a_notice_carries_text(
    r: Server, ids: list[str], close_hub: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(notices, "send", lambda *event: sent.append(event))
    claim = sync_to_async(operations.claim)
    job = await claim(SHELL, STREAM, GROUP, CONSUMER, chosen(ids[:1]))
    await sync_to_async(operations.run)(job)
    assert "\u202e" not in sent[0][1]
    assert "\n" not in sent[0][1]
