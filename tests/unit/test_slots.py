import asyncio

from dashboard.slots import Slot
from streams.ids import EntryId


class Browser:
    """Takes what is sent; while stalled, a send waits like one to a full TCP connection."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.slot = Slot(
            self.send, lambda since, skipped: (f"history since {since}, skipped {skipped}", EntryId(99, 0))
        )

    async def send(self, text: str) -> None:
        await self.open.wait()
        self.got.append(text)


async def test_a_frame_is_sent_at_once_without_a_turn_of_the_loop() -> None:
    browser = Browser()
    browser.slot.frame("one", EntryId(1, 0))
    assert browser.got == ["one"]


async def test_a_stalled_browser_gets_one_history_for_all_it_missed() -> None:
    browser = Browser()
    browser.open.clear()
    for n in range(1, 6):
        browser.slot.frame(f"frame {n}", EntryId(n, 0))
    browser.open.set()
    await asyncio.sleep(0.01)
    assert browser.got == ["frame 1", "history since 1-0, skipped 4"]
    assert browser.slot.cursor == EntryId(99, 0)


async def test_of_waiting_figures_only_the_newest_are_sent() -> None:
    browser = Browser()
    browser.open.clear()
    for n in range(5):
        browser.slot.metrics(f"metrics {n}")
    browser.open.set()
    await asyncio.sleep(0.01)
    assert browser.got == ["metrics 0", "metrics 4"]


async def test_notices_wait_in_order_and_are_bounded() -> None:
    browser = Browser()
    browser.open.clear()
    for n in range(100):
        browser.slot.notice(f"notice {n}")
    browser.open.set()
    await asyncio.sleep(0.01)
    assert browser.got == ["notice 0", *(f"notice {n}" for n in range(80, 100))]


async def test_after_catching_up_frames_flow_again() -> None:
    browser = Browser()
    browser.open.clear()
    browser.slot.frame("one", EntryId(1, 0))
    browser.open.set()
    await asyncio.sleep(0.01)
    browser.slot.frame("two", EntryId(2, 0))
    assert browser.got == ["one", "two"]


async def test_a_browser_that_is_gone_is_sent_nothing_more() -> None:
    async def refuse(_: str) -> None:
        raise OSError("gone")

    slot = Slot(refuse, lambda *_: ("", EntryId(0, 0)))
    slot.notice("one")
    slot.notice("two")
    assert slot.is_closed


async def test_closing_ends_a_send_that_is_stuck() -> None:
    browser = Browser()
    browser.open.clear()
    browser.slot.notice("one")
    browser.slot.close()
    await asyncio.sleep(0.01)
    browser.open.set()
    await asyncio.sleep(0.01)
    assert browser.got == []
