import asyncio
from collections.abc import Iterator

from dashboard.messages import Message
from dashboard.slots import Slot
from streams.ids import EntryId


class Browser:
    """Takes what is sent; while stalled, a send waits like one to a full TCP connection."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.slot = Slot(self)

    def write(self, _: Message) -> bool:
        return False

    async def send(self, message: Message) -> None:
        await self.open.wait()
        self.got.append(message.text)

    def catch_up(self, since: EntryId, skipped: int) -> tuple[Message, EntryId]:
        return said(f"history since {since}, skipped {skipped}"), EntryId(99, 0)


def said(text: str) -> Message:
    return Message(text.encode())


def several(*texts: str) -> Iterator[Message]:
    return map(said, texts)


def nothing_more() -> tuple[None, EntryId]:
    return None, EntryId(50, 0)


async def test_a_frame_is_sent_at_once_without_a_turn_of_the_loop() -> None:
    browser = Browser()
    browser.slot.frame(said("one"), EntryId(1, 0))
    assert browser.got == ["one"]


async def test_what_can_be_written_straight_away_needs_no_sending() -> None:
    class Quick(Browser):
        def write(self, message: Message) -> bool:
            self.got.append(f"written {message.text}")
            return True

    browser = Quick()
    browser.slot.frame(said("one"), EntryId(1, 0))
    assert browser.got == ["written one"]


async def test_a_stalled_browser_gets_one_history_for_all_it_missed() -> None:
    browser = Browser()
    browser.open.clear()
    for n in range(1, 6):
        browser.slot.frame(said(f"frame {n}"), EntryId(n, 0))
    browser.open.set()
    await asyncio.sleep(0.01)
    assert browser.got == ["frame 1", "history since 1-0, skipped 4"]
    assert browser.slot.cursor == EntryId(99, 0)


async def test_of_waiting_figures_only_the_newest_are_sent() -> None:
    browser = Browser()
    browser.open.clear()
    for n in range(5):
        browser.slot.metrics(said(f"metrics {n}"))
    browser.open.set()
    await asyncio.sleep(0.01)
    assert browser.got == ["metrics 0", "metrics 4"]


async def test_notices_wait_in_order_and_are_bounded() -> None:
    browser = Browser()
    browser.open.clear()
    for n in range(100):
        browser.slot.notice(said(f"notice {n}"))
    browser.open.set()
    await asyncio.sleep(0.01)
    assert browser.got == ["notice 0", *(f"notice {n}" for n in range(80, 100))]


async def test_after_catching_up_frames_flow_again() -> None:
    browser = Browser()
    browser.open.clear()
    browser.slot.frame(said("one"), EntryId(1, 0))
    browser.open.set()
    await asyncio.sleep(0.01)
    browser.slot.frame(said("two"), EntryId(2, 0))
    assert browser.got == ["one", "two"]


async def test_a_browser_that_is_gone_is_sent_nothing_more() -> None:
    class Gone(Browser):
        async def send(self, _: Message) -> None:
            raise OSError("gone")

    slot = Gone().slot
    slot.notice(said("one"))
    slot.notice(said("two"))
    assert slot.is_closed


async def test_closing_ends_a_send_that_is_stuck() -> None:
    browser = Browser()
    browser.open.clear()
    browser.slot.notice(said("one"))
    browser.slot.close()
    await asyncio.sleep(0.01)
    browser.open.set()
    await asyncio.sleep(0.01)
    assert browser.got == []


async def test_while_it_is_filled_a_browser_gets_no_frames_but_what_they_held_at_the_end() -> None:
    browser = Browser()
    browser.slot.fill(several("part 1", "part 2"), lambda: (said("what came meanwhile"), EntryId(7, 0)))
    browser.slot.frame(said("a frame"), EntryId(6, 0))
    await asyncio.sleep(0.01)
    browser.slot.frame(said("a later frame"), EntryId(8, 0))
    assert browser.got == ["part 1", "part 2", "what came meanwhile", "a later frame"]


async def test_a_browser_to_which_nothing_came_meanwhile_stands_where_its_filling_ended() -> None:
    browser = Browser()
    browser.slot.fill(several("all"), nothing_more)
    await asyncio.sleep(0.01)
    assert (browser.got, browser.slot.cursor) == (["all"], EntryId(50, 0))


async def test_a_browser_that_stalls_while_it_is_filled_gets_the_rest_when_it_thaws() -> None:
    browser = Browser()
    browser.open.clear()
    browser.slot.fill(several("part 1", "part 2"), nothing_more)
    await asyncio.sleep(0.01)
    browser.slot.frame(said("a frame"), EntryId(6, 0))
    browser.open.set()
    await asyncio.sleep(0.01)
    assert browser.got == ["part 1", "part 2"]


async def test_being_filled_anew_leaves_out_the_rest_of_what_was_begun() -> None:
    browser = Browser()
    browser.slot.fill(several("old 1", "old 2"), nothing_more)
    browser.slot.fill(several("new 1", "new 2"), nothing_more)
    await asyncio.sleep(0.01)
    assert browser.got == ["old 1", "new 1", "new 2"]


async def test_how_long_a_browser_has_taken_nothing_is_known() -> None:
    browser, now_s = Browser(), asyncio.get_running_loop().time
    browser.slot.notice(said("one"))
    assert browser.slot.stalled_s(now_s() + 5) == 0
    browser.open.clear()
    browser.slot.notice(said("two"))
    assert 4 < browser.slot.stalled_s(now_s() + 5) < 10
    browser.open.set()
    await asyncio.sleep(0.01)
    assert browser.slot.stalled_s(now_s() + 5) == 0
