"""Taking connections a few at a time."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from streams import accepting
from streams.accepting import A_TURN, Accepting
from streams.listening import listener


class Counted(asyncio.Protocol):
    """Notes in which turn of the loop each connection was handed over."""

    turn: ClassVar[int] = 0
    made: ClassVar[list[int]]

    def connection_made(self, transport: Any) -> None:
        self.made.append(type(self).turn)
        transport.write(b"hello")


@pytest.fixture
async def counted() -> AsyncIterator[type[Counted]]:
    class Here(Counted):
        made: ClassVar[list[int]] = []

    def count() -> None:
        Here.turn += 1
        loop.call_soon(count)

    loop = asyncio.get_running_loop()
    count()
    yield Here
    Here.turn = -(10**9)


async def all_there(counted: type[Counted], count: int) -> None:
    async with asyncio.timeout(10):
        while len(counted.made) < count:
            await asyncio.sleep(0)


@contextlib.contextmanager
def crowd(door: socket.socket, count: int) -> Any:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(door.getsockname())) for _ in range(count)]


async def test_a_herd_is_taken_a_few_in_each_turn_and_nobody_is_left_out(counted: type[Counted]) -> None:
    with listener("127.0.0.1", 0) as door:
        accepts = Accepting(door, counted)
        with crowd(door, 60) as browsers:
            await all_there(counted, 60)
            assert max(counted.made.count(turn) for turn in counted.made) <= A_TURN
            assert [browser.recv(5) for browser in browsers] == [b"hello"] * 60
        accepts.close()
        await accepts.wait_closed()


async def test_a_closed_door_takes_nobody(counted: type[Counted]) -> None:
    with listener("127.0.0.1", 0) as door:
        accepts = Accepting(door, counted)
        accepts.close()
        with crowd(door, 1):
            await asyncio.sleep(0.1)
            assert not counted.made


async def test_without_file_descriptors_it_rests_and_goes_on(
    counted: type[Counted], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Poor(socket.socket):
        tries = 0

        def accept(self) -> Any:
            Poor.tries += 1
            if Poor.tries <= 2:
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    monkeypatch.setattr(accepting, "REST_S", 0.05)
    with listener("127.0.0.1", 0) as bound, Poor(fileno=bound.detach()) as door:
        accepts = Accepting(door, counted)
        with crowd(door, 1):
            await all_there(counted, 1)
        accepts.close()
    assert [record.getMessage() for record in caplog.records] == [
        "No connection can be taken just now (Too many open files): trying again every 0.05 s."
    ] * 2
