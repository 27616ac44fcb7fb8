"""A connector that waits for the root certificates where it needs them: to read them takes as long as a tenth of a start."""

import asyncio
import ssl
from collections.abc import Awaitable
from typing import Any

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

Roots = Awaitable[ssl.SSLContext]
"""What connections are checked with, once it is made; to be waited for as often as one likes."""


class Checking(aiohttp.TCPConnector):
    """Checks whom it connects to against `roots`."""

    def __init__(self, roots: Roots, **options: Any) -> None:
        super().__init__(**options)
        self._roots = roots

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own name for it
    ) -> Connection:
        """A connection for `req`, new or from the pool."""
        if self._ssl is True and "https" in {req.url.scheme, req.proxy and req.proxy.scheme}:
            # aiohttp's own place for it, where it finds it from now on.
            self._ssl = await asyncio.shield(self._roots)
        return await super().connect(req, traces, timeout)
