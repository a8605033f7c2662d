"""Many browsers as bare sockets: what each got and when, measured where it arrives.

`python -m benchmarks.browsers HOST PORT PATH` takes one JSON command a line (`Crowd`'s methods and their arguments) and
answers each with one line of JSON. A message tells when it was sent by its reading "at": monotonic milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import statistics
import sys
import time
from array import array
from collections import Counter
from typing import Any

import uvloop

_AT = re.compile(rb'"at":\[[0-9]+,[-0-9.e]+,[-0-9.e]+,[-0-9.e]+,([-0-9.e]+)\]')
_AT_COLUMN = re.compile(rb'"at":\{"mean":\[([^]]*)\]')
_KIND = slice(9, 16)
_SMALL_BUFFER = 4096
_CONNECTING = 100
_SLOW_S = 0.2


def now_ms() -> float:
    """The clock that all processes of this machine share."""
    return time.monotonic() * 1000


class Browser(asyncio.Protocol):
    """One socket: shakes hands, takes frames apart, notes when which reading arrived."""

    def __init__(self, crowd: Crowd, path: str, *, reads: str) -> None:
        self._crowd, self._path, self.reads = crowd, path, reads
        self._buffer, self._is_open = bytearray(), False
        self._newest = 0.0
        self.arrivals: list[tuple[float, float]] = []
        self.filled = asyncio.get_running_loop().create_future()
        self.frames_id = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        lines = [
            f"GET {self._path} HTTP/1.1",
            f"Host: {self._crowd.host}:{self._crowd.port}",
            f"Origin: http://{self._crowd.host}:{self._crowd.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
        ]
        transport.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                self._crowd.closed["refused"] += 1
                self.transport.close()
                return
            self._is_open = True
            self._crowd.opened += 1
            del self._buffer[: end + 4]
        self._take_all()
        self._rest()

    def _rest(self) -> None:
        """Slow browsers read little at a time, stalled ones nothing more."""
        if self.reads != "all" and not self.transport.is_closing():
            self.transport.pause_reading()
        if self.reads == "slowly":
            asyncio.get_running_loop().call_later(_SLOW_S, self.transport.resume_reading)

    def _take_all(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            length, start = buffer[at + 1] & 127, at + 2
            if length == 126:
                length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif length == 127:
                length, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if len(buffer) < start + length or start > len(buffer):
                break
            self._take(buffer[at] & 15, start, start + length)
            at = start + length
        del buffer[:at]

    def _take(self, opcode: int, start: int, end: int) -> None:
        if opcode == 8:
            self._crowd.closed[str(int.from_bytes(self._buffer[start : start + 2], "big"))] += 1
            self.transport.close()
        elif opcode == 9:
            payload = bytes(self._buffer[start:end])
            self.transport.write(bytes([0x8A, 0x80 | len(payload), 0, 0, 0, 0]) + payload)
        else:
            self._text(start, end)

    def _text(self, start: int, end: int) -> None:
        crowd = self._crowd
        crowd.messages += 1
        crowd.bytes += end - start
        kind = bytes(self._buffer[start + _KIND.start : start + _KIND.stop])
        if kind == b"history":
            self._history(start, end)
            return
        found = _AT.search(self._buffer, start, end)
        self._arrived(float(found[1]) if found else 0.0)

    def _history(self, start: int, end: int) -> None:
        found = _AT_COLUMN.search(self._buffer, start, end)
        if found:
            readings = [float(text) for text in found[1].split(b",") if text not in {b"null", b""}]
            at = max(readings, default=0.0)
            if self.filled.done():
                self._arrived(at)
            self._newest = max(self._newest, at)
        self.frames_id = bytes(self._buffer[start : start + 200]).partition(b'"id":"')[2].partition(b'"')[0]
        if not self.filled.done() and self.frames_id != b"0-0":
            self.filled.set_result(now_ms())

    def _arrived(self, at: float) -> None:
        if at > self._newest:
            self._newest, now = at, now_ms()
            self._crowd.late.append(now - at)
            self.arrivals.append((at, now))

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        self._crowd.lost += 1
        self._crowd.all.discard(self)
        if not self.filled.done():
            self.filled.cancel()


class Crowd:
    """All browsers of this process, and what was counted since `begin`."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self.host, self.port, self.path = host, port, path
        self.all: set[Browser] = set()
        self._begin()

    def _begin(self) -> None:
        self.late, self.closed = array("d"), Counter[str]()
        self.messages = self.bytes = self.lost = self.opened = 0
        for browser in self.all:
            browser.arrivals.clear()

    async def begin(self) -> dict[str, Any]:
        """Count from now on."""
        self._begin()
        return {}

    async def open(
        self, count: int, *, reads: str = "all", query: str = "", at_once: bool = False, waits: bool = True
    ) -> dict[str, Any]:
        """Open so many more; how long until each was filled with a history, or if none is waited for, shook hands."""
        began, gate = now_ms(), asyncio.Semaphore(max(1, count if at_once else _CONNECTING))
        took = await asyncio.gather(*(self._one(gate, reads, query, waits and reads == "all") for _ in range(count)))
        return {
            "opened": len(took),
            "seconds": (max(took, default=began) - began) / 1000,
            "spread": _spread([t - began for t in took]),
        }

    async def _one(self, gate: asyncio.Semaphore, reads: str, query: str, waits: bool) -> float:
        async with gate:
            loop = asyncio.get_running_loop()
            door = socket.socket()
            door.setblocking(False)
            if reads != "all":
                door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
            await loop.sock_connect(door, (self.host, self.port))
            _, browser = await loop.create_connection(lambda: Browser(self, self.path + query, reads=reads), sock=door)
            self.all.add(browser)
            if not waits:
                while not browser._is_open and not browser.transport.is_closing():  # noqa: SLF001 - its own module
                    await asyncio.sleep(0.005)
                return now_ms()
            return float(await asyncio.wait_for(browser.filled, 60))

    async def drop(self) -> dict[str, Any]:
        """Close every socket at once, as when a browser is gone."""
        for browser in list(self.all):
            browser.transport.abort()
        await asyncio.sleep(0.2)
        return {}

    async def thaw(self) -> dict[str, Any]:
        """Stalled browsers read again, for a while."""
        for browser in self.all:
            if browser.reads == "nothing":
                browser.reads = "all"
                browser.transport.resume_reading()
        await asyncio.sleep(3)
        return await self.report()

    async def arrivals(self) -> dict[str, Any]:
        """Of each socket, the times of the newest readings and when they arrived, in ms."""
        return {"sockets": [browser.arrivals for browser in self.all]}

    async def report(self) -> dict[str, Any]:
        """What was counted; times in ms."""
        return {
            "sockets": len(self.all),
            "arrivals": len(self.late),
            "messages": self.messages,
            "bytes": self.bytes,
            "late": _spread(self.late),
            "closed": dict(self.closed),
            "lost": self.lost,
            "cpu": time.process_time(),
        }

    async def obey(self, line: str) -> dict[str, Any]:
        """Do what one line of JSON says."""
        command: dict[str, Any] = json.loads(line)
        return await getattr(self, command.pop("do"))(**command)  # type: ignore[no-any-return]


def _spread(times: Any) -> dict[str, float]:
    if not len(times):
        return {}
    ordered = sorted(times)
    at = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
    found = {name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2) for name, share in at.items()}
    return {**found, "max": round(ordered[-1], 2), "mean": round(statistics.fmean(ordered), 2)}


async def _main(host: str, port: str, path: str) -> None:
    crowd = Crowd(host, int(port), path)
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(0, "rb"))
    while line := await reader.readline():
        print(json.dumps(await crowd.obey(line.decode())), flush=True)


if __name__ == "__main__":
    uvloop.run(_main(*sys.argv[1:]))
