"""What operators do, in a real browser: with the mouse, and with nothing but the keyboard."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Site, logged_in
from tests.processes import run

STREAM, GROUP = "orders", "ship"
REVIEW = f"/streams/{STREAM}/groups/{GROUP}/pending/"


@pytest.fixture(scope="module")
def state(site: Site, chromium: Browser) -> str:
    return logged_in(site, chromium, "olga")


@pytest.fixture
def operator(site: Site, chromium: Browser, state: str) -> Iterator[Page]:
    """A page of somebody who may do everything, on a stream of its own; its scripts may not fail."""
    site.redis.delete(STREAM, f"{{{STREAM}}}:dead")
    site.redis.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    for n in range(120):
        site.redis.xadd(STREAM, {"kind": "book" if n % 3 else "<b>map", "n": n})
    site.redis.xreadgroup(GROUP, "ann", {STREAM: ">"}, count=100)
    ids = [row["message_id"] for row in site.redis.xpending_range(STREAM, GROUP, "-", "+", 60)]
    site.redis.xclaim(STREAM, GROUP, "ann", 0, ids, idle=3_700_000, retrycount=6, justid=True)
    context = chromium.new_context(base_url=site.url, storage_state=state, viewport={"width": 1300, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(15_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield page
    context.close()
    assert not wrong


def owners(site: Site) -> dict[str, int]:
    found = site.redis.xpending(STREAM, GROUP)["consumers"]
    return {row["name"].decode(): row["pending"] for row in found}


def tab_to(page: Page, target: Locator) -> None:
    """Reach something with the Tab key alone."""
    for _ in range(250):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the Tab key does not lead to {target}")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    tab_to(page, target)
    page.keyboard.press(key)


def test_two_ticked_entries_are_claimed_for_a_new_consumer(site: Site, operator: Page) -> None:
    operator.goto(f"{REVIEW}?min_idle=1h")
    expect(operator.locator(".tally")).to_contain_text("50 of 60 pending entries that match; 100 are pending")
    boxes = operator.locator("tbody input[name=id]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    operator.wait_for_timeout(2500)  # a refresh would take the choice away
    expect(boxes.nth(1)).to_be_checked()
    operator.get_by_role("button", name="Claim…").click()
    expect(operator.locator("#content")).to_contain_text("2 of the 2 chosen entries are pending, owned by ann")
    operator.get_by_label("Claim for consumer").fill("bob")
    operator.locator(".submit-row input").click()
    expect(operator.locator(".caution").last).to_contain_text("is not a consumer of this group: the claim makes it")
    operator.get_by_role("button", name="Claim anyway").click()
    expect(operator.locator(".messagelist")).to_contain_text("Claimed 2 of 2 for bob.")
    assert owners(site) == {"ann": 98, "bob": 2}


def test_everything_that_a_bar_of_the_histogram_stands_for_is_acknowledged_by_a_job(site: Site, operator: Page) -> None:
    operator.goto(REVIEW)
    bar = operator.locator(".histogram[data-name=min_deliveries] li", has_text="5 – 9")
    expect(bar.locator(".bar-count")).to_have_text("60")
    bar.get_by_role("link").click()
    expect(operator.locator(".tally")).to_contain_text("of 60 pending entries that match")
    operator.get_by_role("button", name="Acknowledge…").click()
    expect(operator.get_by_role("alert").last).to_have_text("Choose entries first, or everything that matches.")
    operator.locator("input[name=all]").check()
    operator.get_by_role("button", name="Acknowledge…").click()
    expect(operator.locator("#content")).to_contain_text("60 pending entries match: delivered at least 5 times")
    operator.locator("input[name=typed]").fill(GROUP)
    operator.locator(".submit-row input").click()
    expect(operator.locator("#job-state")).to_have_text("done")
    expect(operator.locator("[data-figure=done]")).to_have_text("60")
    with operator.expect_download() as waiting:
        operator.get_by_role("link", name="A result per entry, as CSV").click()
    rows = list(csv.DictReader(waiting.value.path().read_text().splitlines()))
    assert [row["result"] for row in rows] == ["done"] * 60
    assert owners(site) == {"ann": 40}


def test_a_review_needs_no_mouse(site: Site, operator: Page) -> None:
    operator.goto(REVIEW)
    tab_to(operator, operator.locator("input[name=field]"))
    operator.keyboard.type("kind")
    tab_to(operator, operator.locator("input[name=value]"))
    operator.keyboard.type("<b>map")
    operator.keyboard.press("Enter")
    expect(operator.locator(".tally")).to_contain_text("34 of 34 pending entries that match")
    press(operator, operator.locator("input[name=all]"), "Space")
    press(operator, operator.get_by_role("button", name="Dead-letter…"))
    tab_to(operator, operator.get_by_label("Reason"))
    operator.keyboard.type("no maps any more")
    operator.keyboard.press("Enter")
    expect(operator.locator("#job-state")).to_have_text("done")
    assert site.redis.xlen(f"{{{STREAM}}}:dead") == 34
    assert owners(site) == {"ann": 66}


def test_dead_letters_are_found_edited_replayed_and_deleted(site: Site, operator: Page) -> None:
    ids = [row["message_id"].decode() for row in site.redis.xpending_range(STREAM, GROUP, "-", "+", 3)]
    status, _, errors = run("dead", "add", STREAM, GROUP, *ids, "--reason", "wrong unit", **site.environ)
    assert status == 0, errors
    operator.goto(f"/admin/streams/deadletter/?stream={STREAM}&reason=UNIT")
    expect(operator.locator("#result_list tbody tr")).to_have_count(3)
    operator.get_by_role("link", name="Edit and replay").first.click()
    operator.get_by_label("Value of n").fill("99")
    operator.get_by_role("button", name="Replay").click()
    expect(operator.locator(".messagelist")).to_contain_text("Added to the stream as")
    assert site.redis.xrevrange(STREAM, count=1)[0][1][b"n"] == b"99"
    operator.locator("input[name=all]").check()
    operator.get_by_role("button", name="Delete…").click()
    expect(operator.locator("#content")).to_contain_text("all 2 dead letters there are now")
    operator.get_by_label("Type the stream's name").fill(STREAM)
    operator.locator(".submit-row input").click()
    expect(operator.locator("#job-state")).to_have_text("done")
    assert site.redis.xlen(f"{{{STREAM}}}:dead") == 0


def test_a_group_is_made_moved_and_destroyed_without_a_mouse(site: Site, operator: Page) -> None:
    operator.goto(f"/streams/{STREAM}/groups/")
    press(operator, operator.get_by_role("link", name="Create a group…"))
    tab_to(operator, operator.get_by_label("Group name"))
    operator.keyboard.type("audit")
    tab_to(operator, operator.locator("input[name=start]").first)
    operator.keyboard.press("ArrowDown")  # now
    operator.keyboard.press("Enter")
    expect(operator.locator(".messagelist")).to_contain_text("Group audit was created on stream orders.")
    row = operator.locator("#result_list tr", has_text="audit")
    press(operator, row.get_by_role("link", name="Manage"))
    tab_to(operator, operator.locator("#move input[name=start]").first)
    operator.keyboard.press("Space")  # the beginning
    operator.keyboard.press("Enter")
    expect(operator.locator("#move .caution")).to_have_text("120 entries are delivered again.")
    press(operator, operator.get_by_role("button", name="Move the group"))
    expect(operator.locator(".messagelist")).to_contain_text("120 entries are delivered again")
    tab_to(operator, operator.get_by_label("Type the group's name"))
    operator.keyboard.type("ship")
    operator.keyboard.press("Enter")
    expect(operator.locator("#destroy")).to_contain_text("This is not the group's name.")
    tab_to(operator, operator.get_by_label("Type the group's name"))
    operator.keyboard.press("Control+A")
    operator.keyboard.type("audit")
    operator.keyboard.press("Enter")
    expect(operator.locator(".messagelist")).to_contain_text("Group audit was destroyed")
    assert [group["name"] for group in site.redis.xinfo_groups(STREAM)] == [b"ship"]


def test_a_consumer_is_deleted_once_its_entries_have_moved(site: Site, operator: Page) -> None:
    operator.goto(f"/streams/{STREAM}/groups/")
    operator.locator(f"section[data-path={GROUP}]").get_by_role("link", name="Manage…").click()
    operator.locator("#consumers tr", has_text="ann").get_by_role("link", name="Delete…").click()
    expect(operator.locator("#delete .caution")).to_have_text("Delete ann? It owns 100 pending entries.")
    operator.get_by_role("button", name="Delete the consumer").click()
    expect(operator.locator("#delete")).to_contain_text("Who gets its pending entries?")
    operator.get_by_role("textbox", name="Other consumer").fill("carol")
    operator.get_by_role("button", name="Delete the consumer").click()
    expect(operator.locator(".messagelist")).to_contain_text("100 pending entries were moved, 0 forgotten")
    assert owners(site) == {"carol": 100}


def test_entries_flow_in_are_held_and_are_searched(site: Site, operator: Page) -> None:
    operator.goto(f"/streams/{STREAM}/entries/")
    first = operator.locator("tbody .id").first
    before = first.inner_text()
    operator.keyboard.press("Space")
    expect(operator.locator("#state")).to_have_text("paused")
    added = site.redis.xadd(STREAM, {"kind": "new"}).decode()
    expect(operator.locator("#state")).to_have_text("paused, 1 new", timeout=6000)
    assert first.inner_text() == before
    press(operator, operator.get_by_role("button", name="Go on"))
    expect(first).to_have_text(added, timeout=6000)
    operator.get_by_label("Field").fill("kind")
    operator.get_by_label("is", exact=True).fill("<b>map")
    operator.get_by_role("button", name="Show").click()
    expect(operator.locator("#tally")).to_have_text(re.compile("40 found in 121 entries: that is all of them"))
    assert operator.locator("tbody tr").count() == 40


def test_a_long_search_goes_on_by_itself_and_shows_how_far_it_is(site: Site, operator: Page) -> None:
    pipeline = site.redis.pipeline(transaction=False)
    now = 1_700_000_000_000
    site.redis.delete("long")
    for n in range(150_000):
        pipeline.xadd("long", {"kind": "rare" if n % 50_000 == 7 else "x"}, id=f"{now + n}-0")
    pipeline.execute()
    operator.goto("/streams/long/entries/?field=kind&value=rare")
    expect(operator.locator("#tally")).to_contain_text("3 found in 150,000 entries: that is all of them")
    expect(operator.locator("tbody .id")).to_have_text([f"{now + n}-0" for n in (100_007, 50_007, 7)])
    expect(operator.get_by_role("progressbar")).to_have_count(0)


def test_an_entry_is_added_by_hand_without_a_mouse(site: Site, operator: Page) -> None:
    operator.goto(f"/streams/{STREAM}/entries/")
    press(operator, operator.get_by_role("link", name="Add an entry…"))
    expect(operator.get_by_label("Name of field 1")).to_have_value("kind")
    tab_to(operator, operator.get_by_label("Value of field 1"))
    operator.keyboard.type("by hand <i>")
    press(operator, operator.get_by_role("button", name="Add entry"))
    expect(operator.locator("tbody tr").first).to_contain_text("by hand <i>")


def test_a_trim_is_refused_while_a_group_would_lose_something(site: Site, operator: Page) -> None:
    operator.goto(f"/streams/{STREAM}/entries/")
    operator.get_by_role("link", name="Trim…").click()
    operator.get_by_label("Keep").fill("10")
    operator.get_by_role("button", name="Show what it means").click()
    expect(operator.locator(".caution")).to_contain_text("ship would lose 10 unread and 100 pending entries")
    operator.get_by_role("button", name="Trim", exact=True).click()
    expect(operator.locator("#content")).to_contain_text("Let them finish first, or trim whatever is lost.")
    assert site.redis.xlen(STREAM) == 120
    operator.get_by_label("Also what groups have not finished with").check()
    operator.get_by_role("button", name="Show what it means").click()
    operator.get_by_role("button", name="Trim", exact=True).click()
    expect(operator.locator(".messagelist")).to_contain_text("110 entries of orders were trimmed.")
    assert site.redis.xlen(STREAM) == 10


def test_the_description_of_the_api_works_under_the_sites_policy(operator: Page) -> None:
    operator.goto("/api/docs")
    expect(operator.get_by_role("heading", name="Streamwatch")).to_be_visible()
    expect(operator.locator(".opblock").first).to_be_visible()
