"""The monitor killed while an incident is open."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.processes import Process, eventually, run
from tests.receiver import Receiver
from tests.stuck import Server

SECRET = "whsec_" + "A" * 32
SET_UP = """
from streams.alert_models import AlertChannel, AlertRule
channel = AlertChannel.objects.create(name="hook", kind="webhook", url={url!r}, secret={secret!r})
rule = AlertRule.objects.create(name="lag", watch="lag", threshold=10, clear=5)
rule.channels.add(channel)
"""


def test_an_incident_outlives_the_monitor_that_opened_it(
    r: Server, redis_url: str, tmp_path: Path, receiver: Receiver
) -> None:
    place = {"REDIS_URL": redis_url, "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3", "STREAM": "s"}
    assert run("migrate", **place)[0] == 0
    status, _, errors = run("shell", "-c", SET_UP.format(url=receiver.url, secret=SECRET), **place)
    assert status == 0, errors
    r.xgroup_create("s", "g", id="0", mkstream=True)
    for n in range(20):
        r.xadd("s", {"a": n})
    monitor = Process("monitor", **place)
    assert eventually(lambda: receiver.events == ["opened"], within_s=20), monitor.text
    monitor.send(signal.SIGKILL)
    monitor.wait()
    r.xreadgroup("g", "c", {"s": ">"})
    monitor = Process("monitor", **place)
    assert eventually(lambda: receiver.events == ["opened", "closed"], within_s=40), monitor.text
    assert monitor.stop() == 0
    opened, closed = receiver.verified(SECRET)
    assert (opened["reason"], closed["reason"]) == ("the lag is 20 entries", "the lag is 0 entries")
    assert opened["incident"] == closed["incident"]
