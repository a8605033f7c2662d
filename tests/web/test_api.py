import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient

from streams.gateway import logs
from tests.stuck import Server
from tests.web.conftest import HEALTH, STREAM, commit, server_ms

pytestmark = pytest.mark.django_db(transaction=True)
GROUP = "my_group"
Get = Callable[..., Awaitable[Any]]


@pytest.fixture
def get(r: Server, anonymous_may_look: None, close_hub: None) -> Get:
    """GET a path below /api/streams/; the JSON, after checking the status."""

    async def answer(path: str = "", status: int = 200) -> Any:
        response = await AsyncClient().get(path if path.startswith("/") else f"/api/streams/{path}")
        assert response.status_code == status, response.content
        return json.loads(response.content)

    return answer


@pytest.fixture
def stuck(r: Server) -> list[str]:
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    ids = [r.xadd(STREAM, {"sensor_id": n, "temperature": 20, "humidity": 40}).decode() for n in range(5)]
    r.xreadgroup(GROUP, "one", {STREAM: ">"}, count=3)
    return ids


async def test_streams_are_listed_without_our_own_logs(r: Server, get: Get, stuck: list[str]) -> None:
    commit(r, (server_ms(r), "1", 1.0))
    r.xadd("a b", {"x": 1})
    unheard = {"verdict": "UNKNOWN", "severity": None, "reason": None, "dead_letters": None}
    assert await get() == {
        "streams": [{"name": "a b", "path": "~YSBi", **unheard}, {"name": STREAM, "path": STREAM, **unheard}],
        "complete": True,
    }


async def test_a_stream_is_its_latest_snapshot(get: Get, stuck: list[str]) -> None:
    found = await get(f"{STREAM}/")
    assert (found["name"], found["stream"]["length"]) == (STREAM, 5)
    (group,) = found["groups"]
    assert (group["lag"], group["lag_quality"], group["pending"]) == (2, "exact", 3)
    assert group["consumers"][0]["name"] == "one"
    assert group["delivered_per_s"] is None


async def test_a_lag_that_is_not_exact_says_why(r: Server, get: Get, stuck: list[str]) -> None:
    pipe = r.pipeline()
    for n in range(600):
        pipe.xadd(STREAM, {"n": n})
    pipe.execute()
    (group,) = (await get(f"{STREAM}/"))["groups"]
    assert group["lag_quality"] in {"at most", "at least"}
    assert "counting" in group["lag_reason"]


async def test_rates_come_from_the_monitor_while_it_watches(r: Server, get: Get, stuck: list[str]) -> None:
    figures = {
        "t": server_ms(r),
        "stream": {"length": 5, "in_per_s": 2.5},
        "verdict": "OK",
        "groups": [{"name": GROUP, "path": GROUP, "lag": 1, "pending": 1, "delivered_per_s": 1.5, "acked_per_s": 0.0}],
    }
    r.xadd(HEALTH, {"s": STREAM, "m": logs.encode_health(figures)})
    await get(f"{STREAM}/")
    for _ in range(100):
        found = await get(f"{STREAM}/")
        if found["stream"]["in_per_s"]:
            break
    assert found["stream"]["in_per_s"] == 2.5
    assert found["groups"][0]["delivered_per_s"] == 1.5


async def test_sensors_add_up_over_what_the_log_retains(r: Server, get: Get, stuck: list[str]) -> None:
    now = server_ms(r)
    commit(r, (now - 120_000, "2", 10.0), (now, "10", 1.0))
    commit(r, (now, "2", 30.0))
    first, second = (await get(f"{STREAM}/sensors/"))["sensors"]
    assert (first["sensor"], first["count"], first["first_id"]) == ("2", 2, f"{now - 120_000}-0")
    assert first["fields"]["temperature"] == {"count": 2, "last": 30.0, "min": 10.0, "max": 30.0, "mean": 20.0}
    assert second["sensor"] == "10"


async def test_sensors_are_up_to_the_newest_commit_at_once(r: Server, get: Get, stuck: list[str]) -> None:
    for n in range(1, 20):
        commit(r, (server_ms(r), "1", 1.0))
        assert (await get(f"{STREAM}/sensors/"))["sensors"][0]["count"] == n


async def test_pending_entries_are_paged_and_filtered(get: Get, stuck: list[str]) -> None:
    path = f"{STREAM}/groups/{GROUP}/pending/"
    first = await get(f"{path}?limit=2")
    assert [row["id"] for row in first["pending"]] == stuck[:2]
    assert (first["total"], first["next_after"]) == (3, stuck[1])
    rest = await get(f"{path}?limit=2&after={first['next_after']}")
    assert [row["id"] for row in rest["pending"]] == stuck[2:3]
    assert rest["next_after"] is None
    assert (await get(f"{path}?min_deliveries=2"))["pending"] == []
    assert (await get(f"{path}?consumer=nobody"))["total"] == 0


async def test_a_pending_row_has_payload_owner_idle_and_deliveries(get: Get, stuck: list[str]) -> None:
    row = (await get(f"{STREAM}/groups/{GROUP}/pending/"))["pending"][0]
    assert (row["consumer"], row["deliveries"], row["gone"]) == ("one", 1, False)
    assert row["fields"] == [["sensor_id", "0"], ["temperature", "20"], ["humidity", "40"]]


@pytest.mark.parametrize("path", ["nowhere/", "nowhere/sensors/", "nowhere/groups/g/pending/", "~!/"])
async def test_an_unknown_stream_is_a_404_that_names_it(get: Get, path: str) -> None:
    error = (await get(path, 404))["error"]
    assert error["code"] == "no_such_stream"
    assert path.split("/", maxsplit=1)[0] in error["text"]


async def test_an_unknown_group_is_a_404_that_names_it(get: Get, stuck: list[str]) -> None:
    error = (await get(f"{STREAM}/groups/nobody/pending/", 404))["error"]
    assert (error["code"], "nobody" in error["text"]) == ("no_such_group", True)


async def test_a_key_of_another_type_is_a_conflict(r: Server, get: Get) -> None:
    r.set("s", "mine")
    for path in ("s/", "s/groups/g/pending/"):
        assert "'s': the key holds a string" in (await get(path, 409))["error"]["text"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=5000", "limit"),
        ("min_idle_ms=-1", "min_idle_ms"),
        ("after=x", "after"),
    ],
)
async def test_a_bad_parameter_is_named(get: Get, stuck: list[str], query: str, field: str) -> None:
    error = (await get(f"{STREAM}/groups/{GROUP}/pending/?{query}", 400))["error"]
    assert error["field"] == field


async def test_the_api_only_looks(get: Get) -> None:
    assert (await AsyncClient().post("/api/streams/")).status_code == 405


async def test_without_a_login_the_api_answers_401_and_without_the_permission_403(get: Get, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, anonymous_view=False)
    assert (await get("", 401))["error"]["code"] == "login_required"
    client = AsyncClient()
    await client.aforce_login(await User.objects.acreate_user("visitor"))
    assert (await client.get("/api/streams/")).status_code == 403


async def test_redis_away_is_a_503_without_its_password(get: Get, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url="redis://u:hunter2@127.0.0.1:1/0")
    error = (await get(f"{STREAM}/", 503))["error"]
    assert "hunter2" not in error["text"]
    assert "127.0.0.1:1" in error["text"]


async def test_health_and_readiness_are_told_apart(get: Get, settings: Any) -> None:
    assert await get("/healthz") == {"ok": True}
    ready = await get("/readyz")
    assert (ready["ok"], ready["health_log"]["age_ms"]) == (True, None)
    settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url="redis://127.0.0.1:1/0")
    down = await get("/readyz", 503)
    assert (down["redis"]["ok"], down["database"]["ok"]) == (False, True)


async def test_history_of_a_span_nobody_watched_is_empty_and_a_wrong_span_is_said(r: Server, get: Get) -> None:
    found = await get(f"{STREAM}/groups/{GROUP}/history/")
    assert found["t"] == found["marks"] == []
    wrong = await get(f"{STREAM}/groups/{GROUP}/history/?from=20&to=10", status=400)
    assert wrong["error"]["field"] == "from"
