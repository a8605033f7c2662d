"""Django's sessions in the database, for cookies that anybody may write: PostgreSQL cannot be asked for a NUL."""

from __future__ import annotations

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A session; a new one for a key that none can have."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(None if session_key and "\0" in session_key else session_key)
