"""The sockets that clients connect to: bound before anything slow is done, so that a port in use is known at once."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from copilot_api.errors import StartFailed

ATTEMPTS = 20
BACKLOG = 256

ACCEPTED_AT_ONCE = 16
"""Connections taken between two looks at everything else, so that a flood of them does not hold up open streams."""
PORT_IN_USE = "port_in_use"

_TAKEN = {errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)}
_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}


class Listening:
    """Sockets on which clients are let in, each as what `make` makes."""

    def __init__(self) -> None:
        self._servers: list[asyncio.Server] = []

    async def begin(self, sockets: Iterable[socket.socket], make: Callable[[], asyncio.BaseProtocol]) -> None:
        """Lets clients in. Those that came before wait in the queue."""
        for bound in sockets:
            self._servers.append(await asyncio.get_running_loop().create_server(make, sock=bound, backlog=ACCEPTED_AT_ONCE))
            bound.listen(BACKLOG)  # which that call made as short as what is accepted at once

    async def end(self) -> None:
        """Lets nobody else in. Who was just being let in is one of those who are in."""
        loop = asyncio.get_running_loop()
        servers, self._servers = self._servers, []
        for bound in (bound for server in servers for bound in server.sockets):
            with suppress(NotImplementedError):  # on Windows, where nobody is let in by halves
                loop.remove_reader(bound.fileno())
        # That takes two turns, and before Python 3.12 a close between them leaves the connection open for good, and unheard.
        for _ in range(2):
            await asyncio.sleep(0)
        for server in servers:
            server.close()


async def bind(host: str, port: int) -> list[socket.socket]:
    """Bound sockets for `host`; port 0 is any free one. Raises StartFailed.

    For 127.0.0.1 also ::1, where the machine has it: programs look up localhost and take what they find, and what they find
    there must not be somebody else's server.
    """
    addresses = await _addresses(host, port)
    attempts = 0
    while True:
        attempts += 1
        sockets: list[socket.socket] = []
        try:
            for address in addresses:
                sockets += _bound(address, sockets[0].getsockname()[1] if sockets else port, must=not sockets)
        except OSError as error:
            for bound in sockets:
                bound.close()
            # With port 0 the first address's free port can be taken on the second.
            if port or error.errno not in _TAKEN or attempts == ATTEMPTS:
                raise _failed(error, host, port) from error
        else:
            return sockets


def reachable(host: str) -> str:
    """The host of a URL with which clients on this machine reach a server bound to `host`."""
    address = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{address}]" if ":" in address else address


def _bound(address: str, port: int, *, must: bool) -> Iterator[socket.socket]:
    """The socket bound to `address`, or none where the machine has no such address and can do without."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        bound = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        if must:
            raise
        return
    try:
        # On Windows SO_REUSEADDR would let any other program listen on our port; this is its opposite.
        reuse = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        bound.setsockopt(socket.SOL_SOCKET, reuse, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address != "::")
        bound.bind((address, port))
        # Listening is what takes the port for good; clients that come before we are ready wait in the queue.
        bound.listen(BACKLOG)
        bound.setblocking(False)
    except OSError as error:
        bound.close()
        if must or error.errno not in _ABSENT:
            raise
        return
    yield bound


async def _addresses(host: str, port: int) -> list[str]:
    if host in {"127.0.0.1", "localhost"}:
        return ["127.0.0.1", "::1"]
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise StartFailed(f"{host} is no address of this machine", hint="pass --host 127.0.0.1, or 0.0.0.0 for all") from error
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def _failed(error: OSError, host: str, port: int) -> StartFailed:
    if error.errno in _TAKEN:
        problem = StartFailed(
            f"port {port} is in use", hint=f"another copilot-api may be running; end it, or pass --port {port % 65535 + 1}"
        )
        problem.code = PORT_IN_USE
        return problem
    if error.errno in {errno.EACCES, errno.EPERM}:
        return StartFailed(f"port {port} may not be used by this account", hint="pass --port 4141, or another above 1023")
    if error.errno in _ABSENT:
        return StartFailed(f"{host} is no address of this machine", hint="pass --host 127.0.0.1, or 0.0.0.0 for all")
    return StartFailed(f"cannot listen on {host} port {port}: {error.strerror}")
