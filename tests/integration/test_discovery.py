"""Streams are found by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streams import conf
from streams.discovery import Discovery
from streams.gateway.client import Client
from tests.stuck import Server

STREAM = b"sensor_stream"


def discovery(**settings: Any) -> Discovery:
    config = replace(conf.current(), **settings)
    return Discovery(Client(config.server_url()), config)


def test_the_first_step_finds_every_stream_and_nothing_else(r: Server) -> None:
    for name in ("orders", "jobs:mail", b"\xff\xfe"):
        r.xadd(name, {"a": 1})
    r.set("text", "x")
    r.lpush("list", "x")
    found = discovery()
    found.step(1.0)
    assert found.watched() == sorted([b"orders", b"jobs:mail", b"\xff\xfe", STREAM])


@pytest.mark.parametrize("every_s", [1.0, 8.0])
def test_a_new_stream_is_found_within_a_minute_among_many_keys(r: Server, every_s: float) -> None:
    r.mset({f"key:{n}": n for n in range(60_000)})
    found = discovery()
    found.step(every_s)
    for n in range(20):
        r.xadd(f"new:{n}", {"a": 1})
    for _ in range(int(60 / every_s)):
        found.step(every_s)
    assert len(found.watched()) == 21


def test_a_step_costs_little_of_the_server(r: Server) -> None:
    r.mset({f"key:{n}": n for n in range(60_000)})
    found = discovery()
    found.step(1.0)
    r.config_resetstat()
    found.step(1.0)
    assert r.info("commandstats")["cmdstat_scan"]["calls"] <= 6


def test_patterns_choose_by_shown_name_and_our_own_logs_are_left_out(r: Server) -> None:
    for name in ("orders:eu", "orders:tmp", "jobs", "streamwatch:health", "{sensor_stream}:frames"):
        r.xadd(name, {"a": 1})
    found = discovery(watch=("orders:*", "streamwatch:health"), watch_exclude=("*:tmp",))
    found.step(1.0)
    assert found.watched() == [b"orders:eu", STREAM, b"streamwatch:health"]
    everything = discovery()
    everything.step(1.0)
    assert everything.watched() == [b"jobs", b"orders:eu", b"orders:tmp", STREAM]


def test_a_stream_that_is_gone_is_forgotten_and_found_again_when_it_is_back(r: Server) -> None:
    r.xadd("orders", {"a": 1})
    found = discovery()
    found.step(1.0)
    found.forget(b"orders")
    r.delete("orders")
    found.step(1.0)
    assert found.watched() == [STREAM]
    r.xadd("orders", {"a": 1})
    found.step(1.0)
    assert b"orders" in found.watched()
