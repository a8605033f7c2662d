"""Consumers of one group, each the way its library wants it: `python -m benchmarks.contenders NAME URL STREAM GROUP N`.

Each reads until it has N entries, parses both numbers, acknowledges, and prints its seconds and CPU seconds as JSON,
from the first read to the last acknowledgement.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

COUNT = 1000
BLOCK_MS = 200

_Run = Callable[[str, str, str, int], None]


def textbook(url: str, stream: str, group: str, wanted: int) -> None:
    """The guide's consumer: redis-py, one entry at a time, acknowledged one by one."""
    import redis  # noqa: PLC0415 - each contender loads its own library only

    client = redis.Redis.from_url(url)
    done = 0
    while done < wanted:
        for _, entries in client.xreadgroup(group, "c", {stream: ">"}, count=1, block=BLOCK_MS) or []:
            for entry_id, fields in entries:
                float(fields[b"temperature"]), float(fields[b"humidity"])
                client.xack(stream, group, entry_id)
                done += 1


def redis_py(url: str, stream: str, group: str, wanted: int) -> None:
    """redis-py in batches, one XACK a batch."""
    import redis  # noqa: PLC0415

    client = redis.Redis.from_url(url)
    done = 0
    while done < wanted:
        for _, entries in client.xreadgroup(group, "c", {stream: ">"}, count=COUNT, block=BLOCK_MS) or []:
            for _, fields in entries:
                float(fields[b"temperature"]), float(fields[b"humidity"])
            client.xack(stream, group, *[entry_id for entry_id, _ in entries])
            done += len(entries)


def redis_asyncio(url: str, stream: str, group: str, wanted: int) -> None:
    """redis.asyncio in batches, one XACK a batch."""
    import redis.asyncio  # noqa: PLC0415

    async def run() -> None:
        client = redis.asyncio.Redis.from_url(url)
        done = 0
        while done < wanted:
            for _, entries in await client.xreadgroup(group, "c", {stream: ">"}, count=COUNT, block=BLOCK_MS) or []:
                for _, fields in entries:
                    float(fields[b"temperature"]), float(fields[b"humidity"])
                await client.xack(stream, group, *[entry_id for entry_id, _ in entries])
                done += len(entries)
        await client.aclose()

    asyncio.run(run())


def walrus(url: str, stream: str, group: str, wanted: int) -> None:
    """walrus's consumer group in batches."""
    from walrus import Database  # noqa: PLC0415

    consumer = Database.from_url(url).consumer_group(group, [stream], consumer="c")
    key = getattr(consumer, stream)
    done = 0
    while done < wanted:
        entries = key.read(count=COUNT, block=BLOCK_MS)
        for _, fields in entries:
            float(fields[b"temperature"]), float(fields[b"humidity"])
        if entries:
            key.ack(*[entry_id for entry_id, _ in entries])
        done += len(entries)


def faststream(url: str, stream: str, group: str, wanted: int) -> None:
    """FastStream's batch subscriber, which acknowledges each batch after its handler."""
    import logging  # noqa: PLC0415

    import redis.asyncio  # noqa: PLC0415
    from faststream.redis import RedisBroker, StreamSub  # noqa: PLC0415
    from faststream.redis.annotations import RedisBatchStreamMessage  # noqa: PLC0415

    async def run() -> None:
        broker = RedisBroker(url, logger=None, log_level=logging.CRITICAL)
        sub = StreamSub(stream, group=group, consumer="c", batch=True, max_records=COUNT, polling_interval=BLOCK_MS)
        done, all_done = 0, asyncio.Event()

        @broker.subscriber(stream=sub)
        async def handle(message: RedisBatchStreamMessage) -> None:
            nonlocal done
            entries = message.raw_message["data"]
            for fields in entries:
                float(fields[b"temperature"]), float(fields[b"humidity"])
            done += len(entries)
            if done >= wanted:
                all_done.set()

        await broker.start()
        await all_done.wait()
        client = redis.asyncio.Redis.from_url(url)
        while (await client.xpending(stream, group))["pending"]:
            await asyncio.sleep(0.001)
        await client.aclose()
        await broker.stop()

    asyncio.run(run())


def bare(url: str, stream: str, group: str, wanted: int) -> None:
    """Our own gateway: read and acknowledge in batches, nothing parsed."""
    from streams.gateway.client import Client  # noqa: PLC0415

    client = Client(url)
    done = 0
    while done < wanted:
        reply = client.call(
            "XREADGROUP", "GROUP", group, "c", "COUNT", COUNT, "BLOCK", BLOCK_MS, "STREAMS", stream, ">"
        )
        entries = reply[0][1] if reply else []
        if entries:
            client.call("XACK", stream, group, *[entry_id for entry_id, _ in entries])
        done += len(entries)


def streamwatch(url: str, stream: str, group: str, wanted: int) -> None:
    """The worker: parses, aggregates, commits exactly once."""
    worker = _worker(url, stream, group)
    _started()
    while worker.readings < wanted:
        worker.consume_once()
    worker.leave()


def streamwatch_pair(url: str, stream: str, group: str, _: int) -> None:
    """One of two workers: works until the group has nothing left."""
    from streams.gateway.client import Client  # noqa: PLC0415

    worker = _worker(url, stream, group)
    _started()
    while worker.consume_once():
        _at[2] = time.perf_counter()
    client = Client(url)
    while client.call("XPENDING", stream, group)[0]:
        time.sleep(0.005)
    worker.leave()


def _worker(url: str, stream: str, group: str) -> Any:
    os.environ.update(REDIS_URL=url, VAR_DIR=tempfile.mkdtemp(), DJANGO_SETTINGS_MODULE="dashboard.settings")
    import logging  # noqa: PLC0415

    import django  # noqa: PLC0415

    django.setup()
    logging.disable(logging.CRITICAL)
    from streams import conf  # noqa: PLC0415
    from streams.worker import Worker  # noqa: PLC0415

    config = replace(conf.current(), stream=stream.encode(), group=group.encode())
    return Worker(config, consumer=None, count=COUNT, block_ms=BLOCK_MS)


_at = [0.0, 0.0, 0.0]


def _started() -> None:
    """From here on time counts: loading libraries is not what is measured."""
    _at[:] = [time.perf_counter(), time.process_time(), 0.0]


CONTENDERS: dict[str, _Run] = {
    "textbook": textbook,
    "redis-py": redis_py,
    "redis.asyncio": redis_asyncio,
    "walrus": walrus,
    "FastStream": faststream,
    "bare loop": bare,
    "Streamwatch": streamwatch,
    "two of it": streamwatch_pair,
}


def main() -> None:
    name, url, stream, group, wanted = sys.argv[1:6]
    for library in ("redis.asyncio", "walrus", "faststream.redis", "streams.gateway.client"):
        if name in {"walrus": ["walrus"], "faststream.redis": ["FastStream"]}.get(library, [name]):
            __import__(library)
    _started()
    CONTENDERS[name](url, stream, group, int(wanted))
    ended = _at[2] or time.perf_counter()  # a contender that waits in vain at last says when it had done its work
    took, cpu = ended - _at[0], time.process_time() - _at[1]
    print(json.dumps({"seconds": took, "cpu": cpu}))


if __name__ == "__main__":
    main()
