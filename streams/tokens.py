"""Tokens for the API: made once and shown once; what comes back is compared by its digest."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from streams.access_models import ApiToken

PREFIX = "sw_"
# So often at most is it written that a token was used.
_NOTED_EVERY = timedelta(minutes=1)


def made(token: ApiToken) -> str:
    """Give a token its secret and save it; the secret, which nobody can read again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token.digest, token.made_at = _digest(secret), datetime.now(UTC)
    token.save(force_insert=True)
    return secret


def found(secret: str) -> ApiToken | None:
    """The token of this secret, while it is valid and its user active."""
    now = datetime.now(UTC)
    token = ApiToken.objects.select_related("user").filter(digest=_digest(secret)).first()
    if token is None or not token.user.is_active or (token.until and token.until <= now):
        return None
    if token.used_at is None or now - token.used_at > _NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(used_at=now)
    return token


def _digest(secret: str) -> str:
    # A plain hash is enough: the secret is 256 random bits, not a password.
    return hashlib.sha256(secret.encode()).hexdigest()
