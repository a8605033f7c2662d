"""Writing over the API: who gets in, and that each call does what its page does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from streams import tokens
from streams.access_models import ApiToken
from streams.job_models import Job
from streams.jobs import running
from streams.models import LedgerEntry
from tests.stuck import GROUP, STREAM, Server, owners, stuck

pytestmark = pytest.mark.django_db(transaction=True)
PENDING = f"groups/{GROUP}/pending/"


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


class Caller:
    """A program with a token."""

    def __init__(self, secret: str) -> None:
        self._client = Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {secret}"})

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        path = path if path.startswith("/") else f"/api/streams/{STREAM}/{path}"
        answer = self._client.post(path, body, content_type="application/json")
        assert answer.status_code == status, answer.content[:500]
        return answer.json()

    def get(self, path: str, status: int = 200) -> Any:
        answer = self._client.get(path)
        assert answer.status_code == status, answer.content[:500]
        return answer.json()


def secret_of(user: User, **more: Any) -> str:
    return tokens.made(ApiToken(user=user, name="deploy", **more))


@pytest.fixture
def root(r: Server, admin_user: User) -> Caller:
    return Caller(secret_of(admin_user))


def test_a_token_acts_as_its_user_and_the_ledger_names_it(root: Caller, r: Server) -> None:
    ids = stuck(r, 3)
    done = root.post(f"{PENDING}claim/", ids=ids[:2], min_idle_ms=1000, consumer="fixer")
    assert (done["done"], done["asked"], done["missed"]) == (2, 2, 0)
    assert done["results"][0] == [ids[0], True, "claimed for fixer"]
    assert owners(r) == {ids[0]: "fixer", ids[1]: "fixer", ids[2]: "worker-1"}
    row = LedgerEntry.objects.get()
    assert (row.actor, row.source, row.action) == ("admin", "127.0.0.1, token deploy", "claim")
    assert ApiToken.objects.get().used_at is not None


@pytest.mark.parametrize("header", ["Bearer sw_wrong", "Bearer ", "Basic YTpi"])
def test_a_wrong_token_is_refused(r: Server, header: str) -> None:
    answer = Client(headers={"authorization": header}).get("/api/streams/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "login_required")


def test_a_token_that_is_too_old_or_of_somebody_who_left_is_refused(r: Server, admin_user: User) -> None:
    old = Caller(secret_of(admin_user, until=datetime.now(UTC) - timedelta(seconds=1)))
    old.get("/api/streams/", 401)
    caller = Caller(secret_of(admin_user))
    caller.get("/api/jobs/")
    User.objects.update(is_active=False)
    caller.get("/api/jobs/", 401)


def test_a_session_needs_its_csrf_token_to_write(r: Server, admin_user: User) -> None:
    stuck(r, 1)
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    path, body = f"/api/streams/{STREAM}/entries/", {"fields": [["a", "1"]]}
    refused = client.post(path, body, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "csrf")
    assert r.xlen(STREAM) == 1
    client.get("/admin/")
    headers = {"x-csrftoken": client.cookies["csrftoken"].value} if "csrftoken" in client.cookies else {}
    if not headers:
        client.get("/admin/streams/stream/add/")
        headers = {"x-csrftoken": client.cookies["csrftoken"].value}
    assert client.post(path, body, content_type="application/json", headers=headers).status_code == 201
    assert r.xlen(STREAM) == 2


def test_everything_that_matches_is_a_job_that_can_be_followed_and_its_results_read(root: Caller, r: Server) -> None:
    ids = stuck(r, 1200)
    started = root.post(f"{PENDING}acknowledge/", 202, filter={"consumer": "worker-1", "min_idle_ms": 1000})
    assert started["state"] == "waiting"
    assert root.get(f"/api/jobs/{started['job']}/")["percent"] is None
    running.run_waiting(running.a_name())
    done = root.get(f"/api/jobs/{started['job']}/")
    assert (done["state"], done["done"], done["percent"]) == ("done", 1200, 100)
    found = root.get(f"/api/jobs/{started['job']}/results/?skip=1199&limit=5")
    assert found == {"results": [[ids[-1], True, "acknowledged"]], "total": 1200}
    assert [job["job"] for job in root.get("/api/jobs/")["jobs"]] == [started["job"]]
    root.get("/api/jobs/999/", 404)


def test_a_job_can_be_cancelled(root: Caller, r: Server) -> None:
    stuck(r, 3)
    started = root.post(f"{PENDING}reprocess/", 202, filter={})
    assert root.post(f"/api/jobs/{started['job']}/cancel/")["cancelling"]
    running.run_waiting(running.a_name())
    assert Job.objects.get().state == "cancelled"


def test_groups_and_consumers_are_made_moved_cleaned_up_and_destroyed(root: Caller, r: Server) -> None:
    ids = stuck(r, 3)
    assert root.post("groups/", 201, name="twin", like=GROUP)["start"] == ids[-1]
    moved = root.post("groups/twin/move/", at="beginning", dry_run=True)
    assert (moved["before"], moved["again"]["entries"], moved["dry_run"]) == (ids[-1], 3, True)
    assert root.post("groups/twin/move/", at=ids[0])["after"] == ids[0]
    assert root.post("groups/twin/consumers/", name="~!", status=400)["error"]["field"] == "name"
    assert root.post("groups/twin/consumers/", name="c") == {"created": True}
    assert root.post("groups/twin/clean-up/", consumers=["c"]) == {"deleted": ["c"]}
    gone = root.post(f"groups/{GROUP}/consumers/worker-1/delete/", move_to="other")
    assert gone == {"moved": 3, "forgotten": 0}
    assert root.post(f"groups/{GROUP}/destroy/", 400, name="twin", pending=3)["error"]["field"] == "name"
    assert root.post(f"groups/{GROUP}/destroy/", 400, name=GROUP, pending=2)["error"]["field"] in {"pending", "force"}
    assert root.post(f"groups/{GROUP}/destroy/", name=GROUP, pending=3, force=True) == {"forgotten": 3}
    assert root.post("/api/streams/new/groups/", 201, name="g", create_stream=True)["start"] == "0"
    root.post("/api/streams/newer/groups/", 400, name="g")
    assert not r.exists("newer")


def test_entries_are_added_trimmed_and_dead_letters_replayed_edited_and_deleted(root: Caller, r: Server) -> None:
    ids = stuck(r, 4)
    added = root.post("entries/", 201, fields=[["a", "é"], ["b", ""]])["id"]
    assert r.xrange(STREAM, added, added)[0][1] == {b"a": "é".encode(), b"b": b""}
    assert root.post("trim/", 400, keep="1")["error"]["field"] == "lose"
    assert root.post("trim/", keep="1", dry_run=True)["removed"]["entries"] == 4
    assert root.post(f"{PENDING}dead-letter/", ids=ids, reason="unit <b>")["done"] == 4
    letters = root.get(f"/api/streams/{STREAM}/dead/?reason=UNIT")["letters"]
    assert [letter["entry_id"] for letter in letters] == ids
    assert root.post("dead/replay/", ids=[letters[0]["id"]])["done"] == 1
    new = root.post(f"dead/{letters[1]['id']}/edit/", 201, fields=[["sensor_id", "9"]])["id"]
    assert r.xrange(STREAM, new, new)[0][1] == {b"sensor_id": b"9", b"replayed_from": ids[1].encode()}
    assert root.post("dead/purge/", ids=[letters[2]["id"]])["done"] == 1
    assert root.post("dead/purge/", 202, reason="nothing has this")["state"] == "waiting"
    assert root.get(f"/api/streams/{STREAM}/dead/")["total"] == 1
    assert root.post("trim/", keep="1", lose=True)["removed"] == 6


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (f"{PENDING}claim/", {"ids": ["soon"], "consumer": "c"}, "ids"),
        (f"{PENDING}claim/", {"consumer": "c"}, "ids"),
        (f"{PENDING}claim/", {"ids": [], "filter": {}, "consumer": "c"}, "ids"),
        (f"{PENDING}claim/", {"ids": ["1-1"]}, "consumer"),
        (f"{PENDING}claim/", {"ids": ["1-1"], "consumer": "c", "deliveries": "lots"}, "deliveries"),
        (f"{PENDING}claim/", {"ids": ["1-1"], "consumer": "c", "min_idle": 5}, "min_idle"),
        (f"{PENDING}acknowledge/", {"ids": ["1-1"], "min_idle_ms": -1}, "min_idle_ms"),
        (f"{PENDING}acknowledge/", {"ids": ["1-1"], "min_idle_ms": "much"}, "min_idle_ms"),
        (f"{PENDING}dead-letter/", {"ids": ["1-1"], "reason": " "}, "reason"),
        (f"groups/{GROUP}/move/", {}, "at"),
        (f"groups/{GROUP}/move/", {"at": "soon"}, "start"),
        ("entries/", {"fields": []}, "fields"),
        ("trim/", {"keep": "some"}, "keep"),
    ],
)
def test_what_makes_no_sense_is_said_with_its_field(
    root: Caller, r: Server, path: str, body: dict[str, Any], field: str
) -> None:
    stuck(r, 1)
    error = root.post(path, 400, **body)["error"]
    assert (error["code"], error["field"]) == ("bad_request", field)


def test_what_is_not_json_or_not_there_is_said(root: Caller, r: Server, admin_user: User) -> None:
    stuck(r, 1)
    client = Client(headers={"authorization": f"Bearer {secret_of(admin_user)}"})
    answer = client.post(f"/api/streams/{STREAM}/entries/", "{", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    root.post(f"/api/streams/{STREAM}/groups/gone/move/", 404, at="now")
    root.post("/api/streams/gone/trim/", 404, keep="1")
    r.set("text", "x")
    root.post("/api/streams/text/trim/", 409, keep="1")
    assert client.put(f"/api/streams/{STREAM}/entries/").status_code == 405


def test_every_call_is_described(r: Server, client: Client) -> None:
    described = client.get("/api/openapi.json").json()
    assert "/api/streams/{stream}/groups/{group}/pending/claim/" in described["paths"]
    for path, calls in described["paths"].items():
        for method, call in calls.items():
            assert call["description"], (method, path)
    assert set(described["components"]["securitySchemes"]) == {"Token", "Session"}
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert b"cdn" not in page.content


def test_a_token_is_made_in_the_admin_and_shown_once(r: Server, admin_client: Client, admin_user: User) -> None:
    made = admin_client.post("/admin/streams/apitoken/add/", {"name": "deploy"}, follow=True)
    secret = next(word for word in made.content.decode().split() if word.startswith("sw_")).split("<")[0]
    assert Caller(secret).get("/api/jobs/")["total"] == 0
    assert secret not in admin_client.get("/admin/streams/apitoken/").content.decode()
    assert LedgerEntry.objects.get().detail == "made token 'deploy'"
    pk = ApiToken.objects.get().pk
    admin_client.post(f"/admin/streams/apitoken/{pk}/delete/", {"post": "yes"})
    Caller(secret).get("/api/jobs/", 401)
    assert LedgerEntry.objects.count() == 2
