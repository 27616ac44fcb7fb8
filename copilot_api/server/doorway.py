"""One port for http and https: what a client sends first says which of them it speaks."""

import asyncio
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from ssl import SSLContext

from copilot_api.server.connections import Connection, Connections, State

HANDSHAKE = 0x16
"""The first byte of TLS. No method of HTTP begins so."""

HANDSHAKE_WITHIN_S = 10
FAREWELL_S = 2


class Doorway(asyncio.Protocol):
    """A connection of which nobody knows yet what it is. It counts as one of the others, and may have to make room for them."""

    def __init__(self, others: Connections, make: Callable[[], Connection], context: SSLContext) -> None:
        self._others = others
        self._make = make
        self._context = context
        self._loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None
        self.state = State.IDLE
        self.since = self._loop.time()
        self.stuck_since: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's
        self.transport = transport
        self._others.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """It left before it said anything."""
        self._leave()

    def data_received(self, data: bytes) -> None:
        """The first words: from here on somebody else listens."""
        transport = self.transport
        if transport is None:
            return
        connection = self._make()
        if data[0] != HANDSHAKE:
            self._leave()
            transport.set_protocol(connection)
            connection.connection_made(transport)
            connection.data_received(data)
            return
        self.state, self.since = State.HEAD, self._loop.time()
        done: asyncio.Future[object] = self._loop.create_future()
        done.add_done_callback(self._shaken)
        tls = SSLProtocol(
            self._loop,
            connection,
            self._context,
            done,
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE_WITHIN_S,
            ssl_shutdown_timeout=FAREWELL_S,
        )
        connection.came_by(self)
        transport.set_protocol(tls)
        tls.connection_made(transport)
        _feed(tls, data)

    def force_close(self) -> None:
        """Hangs up."""
        if self.transport is not None:
            self.transport.abort()
        self._leave()

    def turn_away(self, _status: int, _kind: str, _code: str, _words: str) -> None:
        """Hangs up: in which language should it be said?"""
        self.force_close()

    def _shaken(self, done: "asyncio.Future[object]") -> None:
        """The handshake is over, and one way or another this is not the doorway of anything any more."""
        if not done.cancelled():
            done.exception()  # which asyncio has closed the connection for
        self._leave()

    def _leave(self) -> None:
        self.transport = None
        self._others.remove(self)


def _feed(tls: SSLProtocol, data: bytes) -> None:
    """Hands on what was read already, in the way in which transports do."""
    rest = memoryview(data)
    while rest:
        room = tls.get_buffer(len(rest))
        size = min(len(room), len(rest))
        room[:size] = rest[:size]
        tls.buffer_updated(size)
        rest = rest[size:]
