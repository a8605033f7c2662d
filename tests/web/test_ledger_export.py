"""The ledger as CSV, and the name of an installation on every page."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from streams.models import LedgerEntry
from streams.parsing import Environment

EXPORT = "/admin/streams/ledgerentry/export/"
pytestmark = pytest.mark.django_db


def row(**fields: Any) -> LedgerEntry:
    return LedgerEntry.objects.create(
        **{"at": timezone.now(), "actor": "ann", "action": "claim", "outcome": "done", "stream": "s", **fields}
    )


def exported(client: Client, query: str = "") -> list[dict[str, str]]:
    answer: Any = client.get(EXPORT + query)
    assert answer.status_code == 200
    assert "ledger.csv" in answer["Content-Disposition"]
    return list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines(keepends=True)))


def test_every_row_that_the_filters_choose_is_exported(admin_client: Client) -> None:
    for n in range(120):
        row(group=f"g{n}", asked=n, done=n, ids=["1-1", "1-2"])
    row(outcome="refused", actor="eve")
    found = exported(admin_client)
    assert len(found) == 121
    assert {line["ids"] for line in found} == {"1-1 1-2", ""}
    (refused,) = exported(admin_client, "?outcome__exact=refused")
    assert (refused["actor"], refused["asked"]) == ("eve", "")
    assert [line["group"] for line in exported(admin_client, "?q=g77")] == ["g77"]


def test_hostile_text_is_neither_a_formula_nor_another_line(admin_client: Client) -> None:
    row(stream='=HYPERLINK("x")', group='a\nb,"c', consumer="@sum", actor="+1", detail="-2")
    (line,) = exported(admin_client)
    assert (line["stream"], line["group"]) == ('\'=HYPERLINK("x")', 'a\nb,"c')
    assert (line["consumer"], line["actor"], line["detail"]) == ("'@sum", "'+1", "'-2")


def test_only_who_may_see_the_ledger_exports_it(client: Client, admin_client: Client) -> None:
    assert client.get(EXPORT).status_code == 302
    assert "Export as CSV" in admin_client.get("/admin/streams/ledgerentry/").content.decode()
    assert admin_client.post("/admin/streams/ledgerentry/add/").status_code == 403
    made = row()
    assert admin_client.post(f"/admin/streams/ledgerentry/{made.pk}/delete/", {"post": "yes"}).status_code == 403


def test_the_name_of_the_installation_stands_on_every_page(admin_client: Client, settings: Any) -> None:
    pages = ("/admin/", "/admin/streams/ledgerentry/")
    assert not any("data-colour" in admin_client.get(page).content.decode() for page in pages)
    place = Environment("<prod>", "red")
    settings.STREAMWATCH = replace(settings.STREAMWATCH, environment=place)
    for page in pages:
        assert 'data-colour="red">&lt;prod&gt;<' in admin_client.get(page).content.decode()
