"""Server addresses as people may see them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_PASSWORD = re.compile(r"(\w+://[^:@/\s]*):[^@/\s]*@")


def place(url: str) -> str:
    """Where a URL points, without its user and password: safe for logs and pages."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    return f"{parts.hostname}:{parts.port or 6379}"


def without_password(text: str) -> str:
    """The text with the password of every URL in it blotted out."""
    return _PASSWORD.sub(r"\1:***@", text)
