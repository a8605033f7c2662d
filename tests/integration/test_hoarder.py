"""The demo's stuck consumer."""

from __future__ import annotations

import pytest
import redis

from streams.hoarder import Hoarder
from tests.integration.conftest import STREAM, add


@pytest.fixture
def hoarder(r: redis.Redis) -> Hoarder:
    return Hoarder(STREAM.encode(), b"reports", b"reporter-1", most=3)


def held(r: redis.Redis) -> int:
    return int(r.xpending(STREAM, "reports")["pending"])


def test_it_holds_so_many_and_acknowledges_none(r: redis.Redis, hoarder: Hoarder) -> None:
    add(r, 5)
    for _ in range(5):
        hoarder.take_once(0)
    assert held(r) == 3


def test_it_takes_another_when_one_is_taken_from_it(r: redis.Redis, hoarder: Hoarder) -> None:
    ids = add(r, 5)
    for _ in range(3):
        hoarder.take_once(0)
    r.xack(STREAM, "reports", ids[0])
    hoarder.take_once(0)
    assert held(r) == 3


def test_a_group_that_somebody_destroyed_stays_destroyed(
    r: redis.Redis, hoarder: Hoarder, caplog: pytest.LogCaptureFixture
) -> None:
    r.xgroup_destroy(STREAM, "reports")
    hoarder.take_once(0)
    hoarder.take_once(0)
    assert r.xinfo_groups(STREAM) == []
    assert caplog.text.count("Its group is gone") == 1


def test_a_group_that_is_there_is_used_as_it_is(r: redis.Redis) -> None:
    add(r, 2)
    r.xgroup_create(STREAM, "reports", "0")
    Hoarder(STREAM.encode(), b"reports", b"reporter-1", most=3).take_once(0)
    assert held(r) == 1
