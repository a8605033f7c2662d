import asyncio
import time
from typing import Any

import pytest

from dashboard import turns as module
from dashboard.turns import TOGETHER, Turns, in_turns, turns


async def test_work_is_done_in_order_and_leaves_turns_of_the_loop_to_others() -> None:
    done: list[int] = []
    seen: list[int] = []

    def work(n: int) -> None:
        time.sleep(0.002)
        done.append(n)

    waiting = Turns(asyncio.get_running_loop())
    for n in range(20):
        waiting.add(lambda n=n: work(n))  # type: ignore[misc]
    while len(done) < 20:
        await asyncio.sleep(0)
        seen.append(len(done))
    assert done == list(range(20))
    assert len({*seen} - {0, 20}) >= 3


async def test_a_lone_piece_is_done_in_the_next_turn() -> None:
    done: list[int] = []
    turns(asyncio.get_running_loop()).add(lambda: done.append(1))
    await asyncio.sleep(0)
    assert done == [1]


async def test_a_piece_that_fails_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    done: list[int] = []
    asyncio.get_running_loop().set_exception_handler(lambda *_: done.append(0))
    waiting = Turns(asyncio.get_running_loop())
    waiting.add(lambda: 1 / 0)
    waiting.add(lambda: done.append(1))
    await asyncio.sleep(0.01)
    assert done == [0, 1]


async def opened(app: Any, count: int) -> list[asyncio.Future[None]]:
    async def send(_: Any) -> None:
        pass

    made: list[asyncio.Future[None]] = [asyncio.ensure_future(in_turns(app)({}, None, send)) for _ in range(count)]
    await asyncio.sleep(0.01)
    return made


async def test_only_so_many_are_let_in_at_a_time_and_those_that_are_in_hold_up_nobody() -> None:
    asking, admitted, stay = 0, 0, asyncio.Event()
    answer = asyncio.Event()

    async def app(_: Any, __: Any, send: Any) -> None:
        nonlocal asking, admitted
        asking += 1
        await answer.wait()
        await send({"type": "websocket.accept"})
        admitted += 1
        await stay.wait()

    sockets = await opened(app, 3 * TOGETHER)
    assert (asking, admitted) == (TOGETHER, 0)
    answer.set()
    await asyncio.sleep(0.01)
    assert (asking, admitted) == (3 * TOGETHER, 3 * TOGETHER)
    stay.set()
    await asyncio.gather(*sockets)


async def test_one_that_is_refused_or_fails_gives_its_place_to_the_next() -> None:
    async def refusing(_: Any, __: Any, send: Any) -> None:
        await send({"type": "websocket.close"})

    async def failing(_: Any, __: Any, ___: Any) -> None:
        raise OSError("gone")

    await asyncio.gather(*await opened(refusing, 2 * TOGETHER))
    failed = await asyncio.gather(*await opened(failing, 2 * TOGETHER), return_exceptions=True)
    assert all(isinstance(error, OSError) for error in failed)
    assert not module._gates[asyncio.get_running_loop()].locked()
