"""Names of streams, groups and consumers: any bytes, in a path and on a page."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Iterable

_PLAIN = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9._:-]*")
# Servers refuse request lines much longer than this.
LONGEST_IN_PATH = 1024
# Whom entries are claimed for that workers of ours are to process again: nobody, whose name stands on their roll.
NOBODY = b"streamwatch-again"


def to_path(name: bytes) -> str:
    """One path segment: the name itself when plain, else `~` and base64url, else (over 1 kB) `~~` and its sha256."""
    if len(name) > LONGEST_IN_PATH:
        return "~~" + hashlib.sha256(name).hexdigest()
    if _PLAIN.fullmatch(name):
        return name.decode("ascii")
    return "~" + base64.urlsafe_b64encode(name).decode("ascii").rstrip("=")


def from_path(segment: str) -> bytes:
    """The name behind a path segment. Raises ValueError for one that `to_path` cannot have made, or a digest."""
    if segment.startswith("~~"):
        raise ValueError("a digest stands for a name that must be looked up")
    if not segment.startswith("~"):
        return segment.encode()
    text = segment[1:]
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{segment!r} is not an encoded name") from error


def is_digest(segment: str) -> bool:
    """Whether the segment stands for a long name, to be found by comparing `to_path` over the listing."""
    return segment.startswith("~~")


def shown(value: bytes) -> str:
    r"""Text to show for any bytes: bytes that are not UTF-8 as \xNN, control and direction marks as escapes."""
    text = value.decode("utf-8", "backslashreplace")
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def meant(text: str, existing: Iterable[bytes]) -> bytes:
    """The name somebody typed: an existing one that is shown like this, else the text itself."""
    encoded = text.encode()
    for name in existing:
        if name != encoded and shown(name) == text:
            return name
    return encoded


def plain_text(text: str) -> str:
    """What somebody typed or wrote, safe to show and to keep: as `shown`."""
    if text.isascii() and text.isprintable():
        return text
    return shown(text.encode("utf-8", "surrogatepass"))


def as_kept(segment: str) -> tuple[str, str]:
    """Path and shown name of what a path segment stands for, as tables keep them: neither holds a NUL.

    A digest, whose name is not known here, and what stands for no name are both by themselves.
    """
    try:
        name = from_path(segment)
    except ValueError:
        return plain_text(segment), plain_text(segment)
    return to_path(name), shown(name)


def _visible(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp", "Cs"}:
        return character.encode("unicode_escape").decode("ascii")
    return character


def beside(stream: bytes, suffix: str) -> bytes:
    """The key of ours that lives in the stream's hash slot, so that one script may touch both.

    `s` gives `{s}:suffix`; a name that already carries a hash tag keeps it
    (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags).
    """
    tag = b"" if has_hash_tag(stream) else b"{%s}"
    return (tag % stream if tag else stream) + b":" + suffix.encode()


def has_hash_tag(key: bytes) -> bool:
    """Whether the cluster would hash only a part of this key."""
    start = key.find(b"{")
    return start >= 0 and key.find(b"}", start + 1) > start + 1


def is_ambiguous(stream: bytes) -> bool:
    """Whether braces in the name keep `{name}:suffix` out of the name's own slot."""
    return not has_hash_tag(stream) and (b"{" in stream or b"}" in stream)


OWN_SUFFIXES = (b":frames", b":dead")


def is_ours(key: bytes, prefix: bytes) -> bool:
    """Whether a key is one of this program's own logs, which are not watched unless asked for."""
    return key.startswith(prefix + b":") or (b"{" in key and key.endswith(OWN_SUFFIXES))
