"""An application that is served on sockets: who is let in, with which limits, and how that ends."""

import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web

from copilot_api import own_process
from copilot_api.server.connections import Connections
from copilot_api.server.doorway import Doorway
from copilot_api.server.faults import HTTP_LOG
from copilot_api.server.listening import Listening
from copilot_api.settings import Settings


class Serving:
    """One that is being served."""

    def __init__(self, runner: web.AppRunner, connections: Connections) -> None:
        self._runner = runner
        self._connections = connections
        self._listening = Listening()

    async def begin(self, sockets: Sequence[socket.socket], tls: ssl.SSLContext | None) -> None:
        """Lets clients in; with `tls` they may speak https on the same port."""
        server = self._runner.server
        assert server is not None  # noqa: S101 - it was set up
        make = partial(self._connections.make, server, HTTP_LOG)
        await self._listening.begin(sockets, partial(Doorway, self._connections, make, tls) if tls else make)

    async def end(self) -> None:
        """Lets nobody else in."""
        await self._listening.end()

    async def empty(self) -> None:
        """Lets nobody else in, closes what is idle now and what is busy after its answer, WebSockets likewise."""
        await self.end()
        self._connections.close_unused()
        if self._runner.server is not None:
            self._runner.server.pre_shutdown()
        await self._runner.shutdown()


@asynccontextmanager
async def served(
    app: web.Application,
    sockets: Sequence[socket.socket],
    settings: Settings,
    *,
    farewell_s: float,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Serving]:
    """Serves `app` within the bounds of `settings` while the block runs; what is under way then gets `farewell_s` seconds."""
    connections = Connections(settings, own_process.descriptors())
    # Off by default in production, and without it a client that leaves would not end what runs for it upstream.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=farewell_s)
    await runner.setup()
    serving = Serving(runner, connections)
    try:
        await serving.begin(sockets, tls)
        yield serving
    finally:
        await serving.end()
        await runner.cleanup()
        connections.close()
