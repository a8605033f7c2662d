"""Chart settings in the admin: who may, on which streams, what is refused beside which field, what the ledger keeps."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from streams import chart_settings
from streams.access_models import RoleLimit
from streams.chart_admin import MOST_FIELDS, MOST_SENSORS
from streams.chart_models import ChartedField, ChartedStream, NamedSensor
from streams.models import LedgerEntry
from streams.names import from_path, to_path
from tests.stuck import Server

pytestmark = pytest.mark.django_db
CHARTS = "/admin/streams/chartedstream/"
ROLES = import_module("streams.migrations.0007_roles").ROLES


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    chart_settings.forget()


def person(role: str, patterns: str = "", name: str = "eve") -> Client:
    """Somebody of a role as the migrations make it, limited to some streams."""
    group = Group.objects.create(name=f"{role} of {name}")
    group.permissions.set(Permission.objects.filter(content_type__app_label="streams", codename__in=ROLES[role]))
    if patterns:
        RoleLimit.objects.create(role=group, patterns=patterns)
    user = User.objects.create_user(name, is_staff=True)
    user.groups.add(group)
    client = Client()
    client.force_login(user)
    return client


def inline(prefix: str, rows: list[dict[str, Any]], initial: int = 0) -> dict[str, Any]:
    """The inputs of one inline."""
    inputs = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    return inputs | {f"{prefix}-{at}-{name}": value for at, row in enumerate(rows) for name, value in row.items()}


def form(*fields: dict[str, Any], sensors: Any = (), **changes: Any) -> dict[str, Any]:
    """A new page as a browser sends it, with these fields and sensors."""
    page = {"stream": "orders-1", "sensor_field": "sensor_id", "charts_others": "on", "keeps_history": "on"}
    rows = [{"order": "0", **field} for field in fields]
    return {**page, **inline("fields", rows), **inline("sensors", list(sensors)), **changes}


def errors(client: Client, fields: dict[str, Any], path: str = f"{CHARTS}add/") -> dict[str, list[str]]:
    """What is refused, by the name of the input beside which it is said."""
    answer = client.post(path, fields)
    assert answer.status_code == 200, "it was taken"
    found = {name: list(texts) for name, texts in answer.context["adminform"].form.errors.items()}
    for admin_formset in answer.context["inline_admin_formsets"]:
        for one in admin_formset.formset.forms:
            found |= {f"{one.prefix}-{name}": list(texts) for name, texts in one.errors.items()}
    return found


def test_a_stream_is_added_changed_and_deleted_and_the_ledger_says_so(admin_client: Client) -> None:
    page = form({"name": "a", "unit": "V", "high_bad": "5"}, sensors=[{"sensor": "7", "label": "Boiler"}])
    assert admin_client.post(f"{CHARTS}add/", page).status_code == 302
    made = ChartedStream.objects.get()
    assert (made.stream, made.sensor_field, made.charts_others, made.keeps_history) == (
        "orders-1",
        "sensor_id",
        True,
        True,
    )
    assert made.fields.values_list("name", "unit", "decimals", "high_bad").get() == ("a", "V", None, 5.0)
    assert made.sensors.values_list("sensor", "label").get() == ("7", "Boiler")
    row = {"id": made.fields.get().pk, "stream": made.pk, "name": "b", "order": "3", "is_required": "on"}
    named = {"id": made.sensors.get().pk, "stream": made.pk, "sensor": "7", "label": "x", "DELETE": "on"}
    changed = {"sensor_field": "", **inline("fields", [row], 1), **inline("sensors", [named], 1)}
    assert admin_client.post(f"{CHARTS}{made.pk}/change/", changed).status_code == 302
    made.refresh_from_db()
    assert (made.stream, made.sensor_field, made.charts_others, made.keeps_history) == ("orders-1", "", False, False)
    assert made.fields.values_list("name", "unit", "is_required", "order").get() == ("b", "", True, 3)
    assert not made.sensors.exists()
    assert admin_client.post(f"{CHARTS}{made.pk}/delete/", {"post": "yes"}).status_code == 302
    told = LedgerEntry.objects.order_by("pk").values_list("action", "stream", "actor", "detail")
    assert list(told) == [
        ("change charts", "orders-1", "admin", f"{what} charted stream “orders-1”")
        for what in ("added", "changed", "deleted")
    ]
    assert not ChartedField.objects.exists()


def test_a_ledger_that_cannot_be_written_keeps_the_change_from_being_made(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no ledger")

    monkeypatch.setattr(LedgerEntry, "save", fail)
    with pytest.raises(RuntimeError, match="no ledger"):
        admin_client.post(f"{CHARTS}add/", form({"name": "a"}))
    assert not ChartedStream.objects.exists()


def test_the_list_shows_stream_sensor_field_and_number_of_fields(admin_client: Client) -> None:
    made = ChartedStream.objects.create(stream=to_path("größe <b>".encode()), sensor_field="box-name")
    for name in "abc":
        ChartedField.objects.create(stream=made, name=name)
    listed = admin_client.get(CHARTS).content.decode()
    assert "größe &lt;b&gt;" in listed
    assert '<td class="field-sensor_field">box-name</td>' in listed
    assert '<td class="field-number_of_fields">3</td>' in listed
    for order in ("1", "3", "-3"):
        assert admin_client.get(f"{CHARTS}?o={order}").status_code == 200


def test_the_page_of_a_stream_shows_its_name_to_read_only(admin_client: Client) -> None:
    made = ChartedStream.objects.create(stream=to_path(b"\xffsame"))
    page = admin_client.get(f"{CHARTS}{made.pk}/change/").content.decode()
    assert "\\xffsame" in page
    assert 'name="stream"' not in page
    sent = form(stream="another")
    assert admin_client.post(f"{CHARTS}{made.pk}/change/", sent).status_code == 302
    made.refresh_from_db()
    assert made.key == b"\xffsame"


@pytest.mark.parametrize(
    ("field", "beside", "text"),
    [
        ({"low_bad": "5", "low_warn": "4"}, "low_warn", "must be above 5"),
        ({"low_warn": "5", "high_warn": "5"}, "high_warn", "must be above 5"),
        ({"low_bad": "9", "high_bad": "1"}, "high_bad", "must be above 9"),
        ({"low_bad": "nan"}, "low_bad", "Enter a number"),
        ({"high_bad": "1e999"}, "high_bad", "Enter a number"),
        ({"decimals": "7"}, "decimals", "less than or equal to 6"),
        ({"decimals": "-1"}, "decimals", "greater than or equal to 0"),
        ({"name": ""}, "name", "required"),
        ({"name": "sensor_id"}, "name", "names the sensor"),
        ({"name": "\u202ea", "is_required": "on"}, "is_required", "backslash"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused_beside_its_input(
    admin_client: Client, field: dict[str, str], beside: str, text: str
) -> None:
    found = errors(admin_client, form({"name": "a", "unit": "V", **field}))
    assert list(found) == [f"fields-0-{beside}"]
    assert text in found[f"fields-0-{beside}"][0]
    assert not ChartedStream.objects.exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "required"),
        ("é" * 513, "longer than 1,024 bytes"),
        ("a\x00b", "Null characters"),
        ("taken", "already exists"),
    ],
)
def test_a_name_that_cannot_be_kept_is_refused_beside_its_input(admin_client: Client, name: str, text: str) -> None:
    ChartedStream.objects.create(stream="taken")
    found = errors(admin_client, form(stream=name))
    assert list(found) == ["stream"]
    assert text in found["stream"][0]
    assert ChartedStream.objects.count() == 1


def test_a_name_of_a_kilobyte_is_taken(admin_client: Client) -> None:
    assert admin_client.post(f"{CHARTS}add/", form(stream="é" * 512)).status_code == 302
    assert ChartedStream.objects.get().key == ("é" * 512).encode()


def test_a_name_as_it_is_shown_stands_for_the_stream_that_exists(r: Server, admin_client: Client) -> None:
    r.xadd(b"\xff\x00 odd", {"a": 1})
    for typed in ("\\xff\\x00 odd", "\\xff none", " \u202eblank "):
        assert admin_client.post(f"{CHARTS}add/", form(stream=typed)).status_code == 302
    names = {from_path(path) for path in ChartedStream.objects.values_list("stream", flat=True)}
    assert names == {b"\xff\x00 odd", b"\\xff none", " \u202eblank ".encode()}


def test_a_server_that_is_away_keeps_nobody_from_charting(admin_client: Client) -> None:
    assert admin_client.post(f"{CHARTS}add/", form(stream="\\xff")).status_code == 302
    assert ChartedStream.objects.get().key == b"\\xff"


def test_names_are_kept_as_readings_show_them_and_only_once(admin_client: Client) -> None:
    sensors = [{"sensor": " \u200b7", "label": "Boiler"}]
    assert admin_client.post(f"{CHARTS}add/", form({"name": "a\u200b"}, sensors=sensors)).status_code == 302
    assert ChartedField.objects.get().name == "a\\u200b"
    assert NamedSensor.objects.get().sensor == " \\u200b7"
    twice = form({"name": "a\u200b"}, {"name": "a\\u200b"}, stream="other")
    answer = admin_client.post(f"{CHARTS}add/", twice)
    assert "Please correct the duplicate data for name" in answer.content.decode()
    made = ChartedStream.objects.get()
    again = inline("fields", [{"name": "a\u200b", "order": "0", "stream": made.pk}]) | inline("sensors", [])
    older = errors(admin_client, again, f"{CHARTS}{made.pk}/change/")
    assert older == {"fields-0-name": ["There is one already; the page may be older than it."]}
    again = inline("sensors", [{"sensor": " \u200b7", "label": "x", "stream": made.pk}]) | inline("fields", [])
    older = errors(admin_client, again, f"{CHARTS}{made.pk}/change/")
    assert older == {"sensors-0-sensor": ["There is one already; the page may be older than it."]}
    assert (ChartedField.objects.count(), NamedSensor.objects.get().label) == (1, "Boiler")


def test_a_page_as_full_as_it_may_be_can_be_saved(admin_client: Client) -> None:
    made = ChartedStream.objects.create(stream="full")
    ChartedField.objects.bulk_create(ChartedField(stream=made, name=f"f{at}") for at in range(MOST_FIELDS))
    NamedSensor.objects.bulk_create(NamedSensor(stream=made, sensor=str(at), label="x") for at in range(MOST_SENSORS))
    shown = admin_client.get(f"{CHARTS}{made.pk}/change/")
    sent: dict[str, Any] = {"sensor_field": "new", "_save": "Save"}
    for formset in [one.formset for one in shown.context["inline_admin_formsets"]]:
        for one in [formset.management_form, *formset.forms, formset.empty_form]:
            sent |= {bound.html_name: "" if bound.value() is None else bound.value() for bound in one}
            if "DELETE" in one.fields:
                sent[f"{one.prefix}-DELETE"] = ""
    assert admin_client.post(f"{CHARTS}{made.pk}/change/", sent).status_code == 302
    made.refresh_from_db()
    assert made.sensor_field == "new"


@pytest.mark.parametrize("role", ["viewer", "reviewer"])
def test_whoever_only_looks_or_reviews_sees_and_changes_nothing(role: str) -> None:
    made = ChartedStream.objects.create(stream="orders-1")
    client = person(role)
    assert "chartedstream" not in client.get("/admin/").content.decode()
    for path in ("", "add/", f"{made.pk}/change/", f"{made.pk}/history/", f"{made.pk}/delete/"):
        assert client.get(CHARTS + path).status_code == 403, path
    assert client.post(f"{CHARTS}add/", form(stream="x")).status_code == 403
    assert client.post(f"{CHARTS}{made.pk}/change/", form({"name": "a"})).status_code == 403
    assert client.post(f"{CHARTS}{made.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ChartedStream.objects.get() == made
    assert not ChartedField.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_an_operator_charts_any_stream() -> None:
    client = person("operator")
    assert client.post(f"{CHARTS}add/", form({"name": "a"}, sensors=[{"sensor": "7", "label": "B"}])).status_code == 302
    made = ChartedStream.objects.get()
    assert (made.fields.count(), made.sensors.count()) == (1, 1)
    assert client.post(f"{CHARTS}{made.pk}/change/", form(sensor_field="box")).status_code == 302
    assert ChartedStream.objects.get().sensor_field == "box"
    assert client.post(f"{CHARTS}{made.pk}/delete/", {"post": "yes"}).status_code == 302
    assert LedgerEntry.objects.filter(actor="eve", outcome="done").count() == 3


def test_somebody_limited_to_some_streams_sees_and_changes_only_those() -> None:
    client = person("operator", "orders-*\nüber*")
    orders, secret = (ChartedStream.objects.create(stream=name) for name in ("orders-1", "secret"))
    over = ChartedStream.objects.create(stream=to_path("über".encode()))
    listed = client.get(CHARTS).context["cl"].result_list
    assert {row.pk for row in listed} == {orders.pk, over.pk}
    assert client.get(f"{CHARTS}{orders.pk}/change/").status_code == 200
    assert client.post(f"{CHARTS}{orders.pk}/change/", form(sensor_field="box")).status_code == 302
    for page in ("change", "delete", "history"):
        assert client.get(f"{CHARTS}{secret.pk}/{page}/").status_code != 200, page
    client.post(f"{CHARTS}{secret.pk}/change/", form({"name": "a"}, sensor_field="box"))
    client.post(f"{CHARTS}{secret.pk}/delete/", {"post": "yes"})
    every = {"action": "delete_selected", "_selected_action": [secret.pk, orders.pk], "post": "yes"}
    client.post(CHARTS, every)
    assert set(ChartedStream.objects.values_list("stream", "sensor_field")) == {
        ("secret", "sensor_id"),
        (over.stream, "sensor_id"),
    }
    assert not ChartedField.objects.exists()


def test_somebody_limited_to_some_streams_adds_only_those_and_learns_nothing_of_others() -> None:
    client = person("operator", "orders-*")
    ChartedStream.objects.create(stream="secret")
    for name in ("secret", "none"):
        assert errors(client, form(stream=name)) == {"stream": ["Your roles do not reach this stream."]}
    assert client.post(f"{CHARTS}add/", form(stream="orders-9")).status_code == 302
    assert set(ChartedStream.objects.values_list("stream", flat=True)) == {"secret", "orders-9"}


def test_a_permission_counts_where_its_own_role_reaches() -> None:
    client = person("operator", "orders-*")
    everywhere = Group.objects.create(name="looks everywhere")
    everywhere.permissions.set(Permission.objects.filter(codename__in=("view_stream", "view_chartedstream")))
    User.objects.get().groups.add(everywhere)
    secret = ChartedStream.objects.create(stream="secret")
    field = ChartedField.objects.create(stream=secret, name="a")
    page = client.get(f"{CHARTS}{secret.pk}/change/")
    assert page.status_code == 200
    assert 'name="sensor_field"' not in page.content.decode()
    assert 'name="fields-0-name"' not in page.content.decode()
    changed = form(sensor_field="box") | inline(
        "fields", [{"id": field.pk, "stream": secret.pk, "name": "b", "order": "0"}], 1
    )
    assert client.post(f"{CHARTS}{secret.pk}/change/", changed).status_code == 403
    every = {"action": "delete_selected", "_selected_action": [secret.pk], "post": "yes"}
    client.post(CHARTS, every)
    assert ChartedStream.objects.get().sensor_field == "sensor_id"
    assert ChartedField.objects.get().name == "a"


def test_a_stream_that_may_not_be_looked_at_is_not_charted_either() -> None:
    client = person("viewer", "orders-*")
    everywhere = Group.objects.create(name="charts everywhere")
    everywhere.permissions.set(Permission.objects.filter(codename__in=[f for f in ROLES["operator"] if "chart" in f]))
    User.objects.get().groups.add(everywhere)
    secret = ChartedStream.objects.create(stream="secret")
    assert list(client.get(CHARTS).context["cl"].result_list) == []
    assert client.get(f"{CHARTS}{secret.pk}/change/").status_code == 302
    assert errors(client, form(stream="secret-2")) == {"stream": ["Your roles do not reach this stream."]}
    assert client.post(f"{CHARTS}add/", form(stream="orders-2")).status_code == 302
