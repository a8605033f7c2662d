"""What can go wrong between us and the server, in our own words; the driver's errors stop at the gateway."""

from __future__ import annotations


class StreamwatchError(Exception):
    """Base of every error this program raises on purpose; its text is a sentence for people."""


class Unreachable(StreamwatchError):
    """No answer: refused, cut, timed out, still loading. Trying again later may help."""


class AccessDenied(StreamwatchError):
    """The server refused the password, the user or the command."""


class ServerRefused(StreamwatchError):
    """The server answered with an error of its own (OOM, READONLY, MISCONF, BUSY …)."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class WrongType(StreamwatchError):
    """A key that should hold a stream holds something else; it is never touched."""


class NoSuchStream(StreamwatchError):
    """The stream does not exist."""


class NoSuchGroup(StreamwatchError):
    """The stream has no such consumer group."""


class NoSuchIncident(StreamwatchError):
    """There is no incident of that number, or no longer."""


class NoSuchJob(StreamwatchError):
    """There is no job of that number, or none that may be seen."""


class GroupExists(StreamwatchError):
    """A consumer group of that name is there already."""


class NotAllowed(StreamwatchError):
    """The person lacks the permission for this action."""


class BadRequest(StreamwatchError):
    """What was asked for makes no sense; `field` names the input it belongs to."""

    def __init__(self, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.field = field
