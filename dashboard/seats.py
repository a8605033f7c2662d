"""How many sockets one process serves, and how many of them one user may have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable


class Full(Exception):
    """This process serves as many sockets as it may: another may have room, or this one a little later."""


class TooMany(Exception):
    """This user has as many sockets here as one may have."""


class Seats:
    """Counts sockets; `user` is None for people without a login, who share the process's limit only."""

    def __init__(self, most: int, most_a_user: int) -> None:
        self.most, self.most_a_user = most, most_a_user
        self.taken = 0
        self._by_user: Counter[Hashable] = Counter()

    def take(self, user: Hashable | None) -> None:
        """Count one more. Raises Full or TooMany, and counts nothing then."""
        if self.taken >= self.most:
            raise Full(f"this web process serves {self.most} pages already, as many as SOCKETS lets it")
        if user is not None and self._by_user[user] >= self.most_a_user:
            raise TooMany(f"you have {self.most_a_user} live pages open here already, as many as one user may")
        self.taken += 1
        if user is not None:
            self._by_user[user] += 1

    def leave(self, user: Hashable | None) -> None:
        """Count one less."""
        self.taken -= 1
        if user is not None:
            self._by_user[user] -= 1
            if not self._by_user[user]:
                del self._by_user[user]
