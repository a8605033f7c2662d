"""The web server's door: taking a port, or saying in a sentence why not."""

from __future__ import annotations

import errno
import socket

from streams.errors import StreamwatchError

# What the server says, with its address, once it takes connections.
LISTENING = "Listening on "
# What the kernel keeps for a browser that reads nothing; left alone it would grow to megabytes for each.
SEND_BUFFER_BYTES = 128 * 1024


class NotFree(StreamwatchError):
    """The address cannot be listened on; the text says why and what to do."""


def listener(host: str, port: int) -> socket.socket:
    """A socket bound to the address; port 0 takes any that is free. Raises NotFree."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise NotFree(f"{host!r} is not a host name that can be found: choose another --host.") from error
    door = socket.socket(family, kind, protocol)
    try:
        # A port that a server has just left is free; one that somebody listens on is not.
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        door.bind(address)
    except OSError as error:
        door.close()
        raise NotFree(_why_not(error, host, port)) from error
    return door


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use: choose another with --port, or --port 0 for any that is free."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has: choose one above 1023 with --port."
    return f"{host} port {port} cannot be listened on ({error.strerror}): choose another --host or --port."


def url_of(door: socket.socket) -> str:
    """The address a browser on this machine uses."""
    host, port = door.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
