"""An entry added by hand in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from streams.models import LedgerEntry
from tests.stuck import Server
from tests.web.test_trim_admin import staff, words

pytestmark = pytest.mark.django_db
PAGE = "/admin/streams/stream/add/"


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def posted(*pairs: tuple[str, str], **more: str) -> dict[str, str]:
    rows = {
        f"fields-{n}-{part}": text
        for n, pair in enumerate(pairs)
        for part, text in zip(("name", "value"), pair, strict=True)
    }
    head = {"fields-TOTAL_FORMS": str(max(6, len(pairs))), "fields-INITIAL_FORMS": "0"}
    return {"stream": "s", **head, **rows, **more}


@pytest.fixture
def operator(r: Server) -> Client:
    return staff("add_entry")


def test_the_form_is_named_as_the_newest_entry_and_adds_what_was_typed(r: Server, operator: Client) -> None:
    r.xadd("s", {"sensor_id": "1", "<b>": "2"})
    form = operator.get(f"{PAGE}?stream=s").content.decode()
    assert 'value="sensor_id"' in form
    assert 'value="&lt;b&gt;"' in form
    answer = operator.post(PAGE, posted(("sensor_id", "7"), ("", ""), ("note", "two\r\nlines"), ("empty", "")))
    assert answer["Location"] == "/streams/s/entries/"
    added = r.xrange("s")[-1]
    assert added[1] == {b"sensor_id": b"7", b"note": b"two\nlines", b"empty": b""}
    assert LedgerEntry.objects.get().ids == [added[0].decode()]


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_added(r: Server, operator: Client) -> None:
    assert "Allow it to be created" in words(operator.post(PAGE, posted(("a", "1"))))
    assert "name one" in words(operator.post(PAGE, posted()))
    assert "Which field has this value?" in words(operator.post(PAGE, posted(("", "1"))))
    assert "is not an entry ID" in words(operator.post(PAGE, posted(("a", "1"), id="soon")))
    r.xadd("s", {"n": 1}, id="5-0")
    assert "this ID or a larger one" in words(operator.post(PAGE, posted(("a", "1"), id="5-0")))
    assert r.xlen("s") == 1


def test_more_rows_keep_what_was_typed_and_add_nothing(r: Server, operator: Client) -> None:
    answer = operator.post(PAGE, posted(("a", "typed"), more="yes"))
    assert 'name="fields-11-name"' in answer.content.decode()
    assert "typed" in answer.content.decode()
    assert not r.exists("s")


def test_it_takes_its_own_permission(r: Server) -> None:
    reviewer = staff("claim_pendingentry", "view_stream", "trim_stream")
    assert reviewer.get(PAGE).status_code == 403
    assert reviewer.post(PAGE, posted(("a", "1"), create_stream="on")).status_code == 403
    assert not r.exists("s")
    assert LedgerEntry.objects.get().outcome == "refused"


def test_a_group_is_created_where_another_stands(r: Server) -> None:
    operator = staff("add_consumergroup", "view_consumergroup")
    r.xadd("s", {"n": 1}, id="5-0")
    r.xgroup_create("s", "first", "3-0")
    form = {"stream": "s", "group": "twin", "start": "like"}
    path = "/admin/streams/consumergroup/add/"
    assert "Which group?" in words(operator.post(path, form))
    assert "has no consumer group 'gone'" in words(operator.post(path, {**form, "like": "gone"}))
    assert operator.post(path, {**form, "like": "first"}).status_code == 302
    assert [group["last-delivered-id"] for group in r.xinfo_groups("s")] == [b"3-0", b"3-0"]
