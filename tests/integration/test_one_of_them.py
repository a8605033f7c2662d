"""A single entry is told of as one: by commands and in the log."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from streams.worker import Worker
from tests.integration.conftest import DEAD, GROUP, STREAM, add
from tests.stuck import Server, stuck

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def notices_stay_here(settings: Any) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    call_command(*words)
    return capsys.readouterr().out


def test_an_entry_that_was_trimmed_or_forgotten_is_one(r: Server, capsys: pytest.CaptureFixture[str]) -> None:
    stuck(r, 2)
    assert said(capsys, "trim", STREAM, "--keep=1", "--lose") == "1 entry was trimmed.\n"
    assert said(capsys, "pending", STREAM, GROUP, "--consumer=worker-1", "--min-deliveries=9") == (
        "0 of 2 pending entries.\n"
    )
    r.xack(STREAM, GROUP, r.xrange(STREAM)[0][0])
    told = said(capsys, "group", "destroy", STREAM, GROUP, "--yes", GROUP, "--force")
    assert told == f"Group {GROUP} was destroyed; 1 pending entry was forgotten.\n"


def test_a_dead_letter_is_one_in_the_workers_log(r: Server, worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    add(r, temperature="warm")
    worker.consume_once()
    worker.consume_once()
    assert f"1 entry went to {DEAD}: " in caplog.text
    assert "the first" not in caplog.text
