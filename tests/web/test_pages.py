import re
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import AsyncClient, Client

from streams import conf
from streams.names import to_path
from tests.stuck import Server
from tests.web.conftest import STREAM, commit, server_ms

pytestmark = pytest.mark.django_db(transaction=True)
GROUP = "my_group"
CREATE = "/admin/streams/consumergroup/add/"
PENDING = f"/streams/{STREAM}/groups/{GROUP}/pending/"


@pytest.fixture
async def browser(r: Server, anonymous_may_look: None, close_hub: None) -> AsyncClient:
    return AsyncClient()


@pytest.fixture
def stuck(r: Server, anonymous_may_look: None) -> list[bytes]:
    """Sixty entries that a consumer read and never acknowledged."""
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    ids = [r.xadd(STREAM, {"sensor_id": n, "temperature": 20, "humidity": 40}) for n in range(60)]
    r.xreadgroup(GROUP, "stuck-1", {STREAM: ">"})
    return ids


def page(url: str, status: int = 200, client: Client | None = None) -> str:
    answer = (client or Client()).get(url)
    assert answer.status_code == status
    return answer.content.decode()


async def test_the_first_page_is_complete_without_scripts(r: Server, browser: AsyncClient) -> None:
    commit(r, (server_ms(r), "7", 21.25))
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    r.xadd(STREAM, {"a": 1})
    text = (await browser.get("/")).content.decode()
    assert "21.25 °C" in text
    assert f"/streams/{STREAM}/groups/{GROUP}/pending/" in text
    assert "<dt>Lag</dt><dd>1</dd>" in text


async def test_a_stream_that_does_not_exist_yet_is_said_to_be_awaited(browser: AsyncClient) -> None:
    text = (await browser.get("/")).content.decode()
    assert "There is no stream of this name yet" in text
    assert "No readings yet" in text


@pytest.mark.parametrize(
    ("stream", "may_create", "said"),
    [
        (STREAM, False, "creates its own. Others are created in the admin."),
        (STREAM, True, f'creates its own. <a href="{CREATE}?stream={STREAM}">Create another</a>.'),
        ("orders", False, "No groups yet. A group is created in the admin."),
        ("orders", True, f'No groups yet. <a href="{CREATE}?stream=orders">Create one</a>.'),
    ],
)
async def test_a_stream_without_groups_says_how_it_gets_one(
    r: Server, browser: AsyncClient, stream: str, may_create: bool, said: str
) -> None:
    r.xadd(stream, {"a": 1})
    if may_create:
        user = await User.objects.acreate_user("operator", is_staff=True)
        await user.user_permissions.aadd(await Permission.objects.aget(codename="add_consumergroup"))
        await browser.aforce_login(user)
    text = (await browser.get(f"/streams/{stream}/")).content.decode()
    drawn, _, for_scripts = text.partition('<template id="no-groups">')
    assert said in drawn
    assert said in for_scripts
    assert ("manage.py consume" in text) is (stream == STREAM)


@pytest.mark.parametrize("path", ["/", "/streams/{}/groups/"])
async def test_a_lag_that_is_not_exact_explains_itself_to_who_points_at_it_and_to_who_hears_it(
    r: Server, browser: AsyncClient, path: str
) -> None:
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    pipe = r.pipeline()
    for n in range(600):
        pipe.xadd(STREAM, {"n": n})
    pipe.execute()
    text = (await browser.get(path.format(STREAM))).content.decode()
    lag = re.search(r"<dt>Lag</dt><dd>(.*?)</dd>", text)
    assert lag
    shown = re.fullmatch(r'<span class="hedged" title="(.+?)">at .+?</span><span class="unseen">: (.+?)</span>', lag[1])
    assert shown
    assert shown[1] == shown[2]
    assert "counting" in shown[1]


async def test_entries_that_name_no_sensor_are_not_called_one(r: Server, browser: AsyncClient) -> None:
    r.xadd("orders", {"total": 12.5})
    text = (await browser.get("/streams/orders/")).content.decode()
    assert "<span data-subject>Last values</span>" in text
    assert '<th scope="col">Entries</th>' in text
    r.xadd("orders", {"total": 12.5, "sensor_id": "till"})
    text = (await browser.get("/streams/orders/")).content.decode()
    assert "<span data-subject>Sensors</span>" in text
    assert '<th scope="col">Sensor</th>' in text


async def test_an_unknown_stream_is_a_404_that_names_it(browser: AsyncClient) -> None:
    answer = await browser.get("/streams/nowhere/")
    assert answer.status_code == 404
    assert "There is no stream &#x27;nowhere&#x27;." in answer.content.decode()


async def test_a_key_of_another_type_is_reported_and_not_touched(r: Server, browser: AsyncClient) -> None:
    r.set(STREAM, "mine")
    assert "the key holds a string, not a stream" in (await browser.get("/")).content.decode()
    assert r.get(STREAM) == b"mine"


async def test_while_redis_is_away_the_page_says_so_instead_of_failing(browser: AsyncClient, settings: Any) -> None:
    settings.STREAMWATCH = replace(settings.STREAMWATCH, redis_url="redis://127.0.0.1:1/0")
    answer = await browser.get("/")
    text = answer.content.decode()
    assert "Redis at 127.0.0.1:1 cannot be reached" in text
    assert "Unknown: Redis cannot be asked right now" in text


def test_pending_entries_come_a_page_at_a_time_with_the_true_total(stuck: list[bytes]) -> None:
    first = page(PENDING)
    assert "<strong>50 of 60 pending entries</strong>" in first
    second = page(f"{PENDING}?after={stuck[49].decode()}")
    assert "<strong>10 of 60 pending entries</strong>" in second
    assert stuck[50].decode() in second
    assert f">{stuck[49].decode()}<" not in second.split("<tbody>")[1].split("</tbody>")[0]


def test_a_pending_row_shows_owner_deliveries_and_payload(stuck: list[bytes]) -> None:
    text = page(PENDING)
    assert stuck[0].decode() in text
    assert "stuck-1" in text
    assert "temperature" in text


def test_an_entry_that_no_longer_exists_is_marked(r: Server, stuck: list[bytes]) -> None:
    r.xdel(STREAM, stuck[0])
    assert "gone: trimmed or deleted while pending" in page(PENDING)


def test_nothing_pending_and_nothing_matching_are_different_sentences(r: Server, stuck: list[bytes]) -> None:
    assert "None of 60 pending entries match" in page(f"{PENDING}?min_idle=1d")
    r.xack(STREAM, GROUP, *stuck)
    assert "Nothing is pending: every delivered entry was acknowledged" in page(PENDING)


def test_a_filter_that_makes_no_sense_is_explained_beside_its_field(stuck: list[bytes]) -> None:
    text = page(f"{PENDING}?min_idle=soon&min_deliveries=x", status=400)
    assert "is not a duration" in text
    assert "is not a whole number" in text


def test_the_refreshing_part_is_the_table_alone(stuck: list[bytes]) -> None:
    fragment = page(f"{PENDING}?fragment=1")
    assert "<html" not in fragment
    assert "of 60 pending" in fragment
    assert "fragment" not in fragment


def test_an_unknown_group_is_a_404_that_names_it(stuck: list[bytes]) -> None:
    assert "has no consumer group &#x27;nobody&#x27;" in page(f"/streams/{STREAM}/groups/nobody/pending/", 404)


@pytest.mark.parametrize("name", [b"", b"..", b"a/b?c#d%2f", b"\x00\xff", b"<img onerror=x>", b"x" * 3000])
def test_any_name_has_a_page_and_is_only_text_on_it(r: Server, anonymous_may_look: None, name: bytes) -> None:
    r.xgroup_create(b"s" + name, b"g" + name, id="0", mkstream=True)
    entry_id = r.xadd(b"s" + name, {b"<b>" + name: b"<script>" + name})
    r.xreadgroup(b"g" + name, b"<i>" + name, {b"s" + name: ">"})
    text = page(f"/streams/{to_path(b's' + name)}/groups/{to_path(b'g' + name)}/pending/")
    assert entry_id.decode() in text
    assert "<script>" not in text.split("<main>")[1]
    assert "<img" not in text


def test_redis_away_is_a_503_that_explains_itself(stuck: list[bytes], settings: Any) -> None:
    settings.STREAMWATCH = replace(conf.current(), redis_url="redis://127.0.0.1:1/0")
    text = page(PENDING, status=503)
    assert "cannot be reached" in text
    assert "Nothing is lost" in text


def test_who_is_not_logged_in_is_sent_to_the_login(r: Server) -> None:
    answer = Client().get(PENDING)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/?next=/streams/")


def test_who_lacks_the_permission_is_told_which(r: Server) -> None:
    client = Client()
    client.force_login(User.objects.create_user("visitor"))
    assert "may look at streams" in page(PENDING, 403, client)


def test_the_permission_to_look_suffices(r: Server) -> None:
    r.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    user = User.objects.create_user("viewer")
    user.user_permissions.add(Permission.objects.get(codename="view_stream"))
    client = Client()
    client.force_login(user)
    assert "Claim them in the admin" not in page(PENDING, 200, client)


def test_pages_only_look(stuck: list[bytes]) -> None:
    assert Client().post(PENDING).status_code == 405


def test_pages_name_the_only_places_scripts_may_come_from(stuck: list[bytes]) -> None:
    assert "script-src 'self'" in Client().get(PENDING)["Content-Security-Policy"]
