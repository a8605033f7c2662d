"""Jobs in processes of their own: two that want the same entries, and one that is killed half-way."""

from __future__ import annotations

import json
import signal
import sqlite3
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Process, eventually, free_port, run
from tests.stuck import GROUP, STREAM, Server


class Database:
    """A file that processes share."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        status, _, errors = run("migrate", "-v0", DATABASE_URL=self.url)
        assert status == 0, errors
        self._file = sqlite3.connect(path, timeout=10)

    def job(self) -> dict[str, Any]:
        """The counts of the one job there is."""
        self._file.row_factory = sqlite3.Row
        return dict(self._file.execute("SELECT * FROM streams_job").fetchone() or {})

    def results(self) -> list[tuple[str, bool | None]]:
        rows = self._file.execute("SELECT rows FROM streams_jobresult ORDER BY number")
        return [(one, done) for row in rows for one, done, _ in json.loads(zlib.decompress(row["rows"]))]

    def close(self) -> None:
        self._file.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "db.sqlite3")
    yield made
    made.close()


def fill(r: Server, count: int) -> set[str]:
    """IDs of entries that are all pending for a consumer that is idle for a minute."""
    r.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    ids: set[str] = set()
    for start in range(0, count, 10_000):
        pipeline = r.pipeline(transaction=False)
        for n in range(start, min(start + 10_000, count)):
            pipeline.xadd(STREAM, {"sensor_id": n % 10, "temperature": 20})
        made = pipeline.execute()
        r.xreadgroup(GROUP, "dead", {STREAM: ">"}, count=len(made))
        r.xclaim(STREAM, GROUP, "dead", 0, made, idle=60_000, justid=True)
        ids |= {one.decode() for one in made}
    return ids


def owners(r: Server) -> dict[str, str]:
    rows = r.xpending_range(STREAM, GROUP, "-", "+", 1_000_000)
    return {row["message_id"].decode(): row["consumer"].decode() for row in rows}


def test_two_who_claim_the_same_ten_thousand_own_every_entry_once(
    r: Server, redis_url: str, database: Database
) -> None:
    ids = fill(r, 10_000)

    def claim(who: str) -> Any:
        words = ("claim", STREAM, GROUP, "--all", "--min-idle-ms", "30000", "--to", who, "--json")
        status, out, errors = run(*words, DATABASE_URL=database.url, REDIS_URL=redis_url)
        assert status == 0, errors
        return json.loads(out)

    with ThreadPoolExecutor(2) as both:
        first, second = both.map(claim, ("a", "b"))
    assert not set(first["claimed_ids"]) & set(second["claimed_ids"])
    assert {*first["claimed_ids"], *second["claimed_ids"]} == ids
    told = {**dict.fromkeys(first["claimed_ids"], "a"), **dict.fromkeys(second["claimed_ids"], "b")}
    assert owners(r) == told
    for one in (first, second):
        assert (one["asked"], one["unsure"]) == (one["claimed"] + one["missed"], 0)


def test_a_job_killed_half_way_is_finished_by_a_web_process(r: Server, redis_url: str, database: Database) -> None:
    ids = fill(r, 60_000)
    place = {"DATABASE_URL": database.url, "REDIS_URL": redis_url}
    job = Process("claim", STREAM, GROUP, "--all", "--min-idle-ms", "30000", "--to", "alive", **place)
    assert eventually(lambda: database.job().get("asked", 0) > 2000, 30)
    job.send(signal.SIGKILL)
    job.wait()
    left = database.job()
    assert (left["state"], left["asked"] < 60_000) == ("running", True)
    web = Process("serve", "--port", str(free_port()), **place)
    try:
        assert eventually(lambda: database.job()["state"] == "done", 60), web.text
    finally:
        assert web.stop() == 0
    done = database.job()
    assert (done["asked"], done["done"], done["missed"], done["unsure"]) == (60_000, 60_000, 0, 0)
    assert owners(r) == dict.fromkeys(ids, "alive")
    results = database.results()
    assert (len(results), {one for one, claimed in results if claimed}) == (60_000, ids)
