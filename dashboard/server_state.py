"""Whether Redis answers, since when, and in words: what the banner on every page says."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.messages import Message, encode


@dataclass
class ServerState:
    """Changes when reading a log fails or works again; times are this machine's clock in ms."""

    since_ms: int
    is_down: bool = False
    text: str = ""

    def up(self, now_ms: int) -> bool:
        """Note an answer; whether that is news."""
        news, self.is_down = self.is_down, False
        if news:
            self.since_ms, self.text = now_ms, ""
        return news

    def down(self, text: str, now_ms: int) -> bool:
        """Note a failure with its sentence; whether that is news."""
        news, self.is_down, self.text = not self.is_down, True, text
        if news:
            self.since_ms = now_ms
        return news

    def message(self, now_ms: int) -> Message:
        """The state as a message to sockets."""
        state = "down" if self.is_down else "up"
        return encode("state", redis=state, since=self.since_ms, text=self.text, now=now_ms)
