"""The client's end of a stream: opened as late as possible, so that failures before it keep their real status."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

from aiohttp import web

from copilot_api.settings import Settings

HEADERS_WITHIN_S = 10.0
"""After that the stream is opened even if nothing came: clients and the machines between give up on silent connections."""

FAREWELL_S = 1.0
"""Seconds in which a client must take the last words, when the whole service ends."""

STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}


SMALL_BYTES = 32 * 1024
"""What a system surely takes at once from who has nothing else under way, so that no clock is needed."""


class NotReading(ConnectionError):
    """A client that is there and takes nothing."""


async def taken(request: web.Request, size_bytes: int, writing: Awaitable[object], within_s: float) -> None:
    """Awaits `writing`, for as long as the client takes something now and then. Raises ConnectionError when it is gone.

    What is written waits in memory, so a client that does not read holds up its own answer, and at last is hung up on.
    """
    transport = request.transport
    if transport is None or (size_bytes <= SMALL_BYTES and not transport.get_write_buffer_size()):
        await writing
        return
    pending = asyncio.gather(writing)
    try:
        is_taken = await _is_taken(pending, transport, within_s)
    finally:
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
    if not is_taken:
        transport.abort()  # which cancels us, too, as soon as we wait for anything
        raise NotReading(f"the client took nothing for {within_s:g} s")
    pending.result()


async def _is_taken(pending: asyncio.Future[tuple[object]], transport: asyncio.WriteTransport, within_s: float) -> bool:
    """Waits until `pending` is done; False when for so long nothing of what waits has gone."""
    loop = asyncio.get_running_loop()
    left_bytes, since = sys.maxsize, loop.time()
    while not (await asyncio.wait({pending}, timeout=within_s / 4))[0]:
        before, left_bytes = left_bytes, transport.get_write_buffer_size()
        if left_bytes < before:
            since = loop.time()
        elif loop.time() - since >= within_s:
            return False
    return True


class Outlet(Protocol):
    """The client's end of a stream, whatever carries it. Writing raises ConnectionError when the client is gone."""

    @property
    def is_open(self) -> bool:
        """Whether it was said that all is well, so that a failure can only be told inside the stream."""

    def quiet_for_s(self) -> float:
        """Seconds for which the client may still hear nothing."""

    async def write(self, data: bytes) -> None:
        """Sends whole frames, and waits for a slow client."""

    async def end(self) -> None:
        """Nothing follows."""

    async def farewell(self, data: bytes) -> None:
        """The last words, for a client that may have stopped reading long ago; it is not waited for."""


class Sink:
    """Writes to one client, and knows when it should hear something, be it a heartbeat.

    `notes` gives further headers, asked for when the stream is opened; `seen` is shown all that is written.
    """

    def __init__(
        self,
        request: web.Request,
        settings: Settings,
        notes: Callable[[], Mapping[str, str]],
        seen: Callable[[bytes], None] | None = None,
    ) -> None:
        self._request = request
        self._seen = seen
        self._heartbeat_s = settings.heartbeat_s
        self._patience_s = settings.client_timeout_s
        self._notes = notes
        self._loop = asyncio.get_running_loop()
        self.response = web.StreamResponse(headers=STREAM_HEADERS)
        self._due_at = self._loop.time() + min(HEADERS_WITHIN_S, settings.heartbeat_s)

    @property
    def is_open(self) -> bool:
        """Whether the status line is gone, so that a failure can only be told inside the stream."""
        return self.response.prepared

    def quiet_for_s(self) -> float:
        """Seconds for which the client may still hear nothing."""
        return max(0.0, self._due_at - self._loop.time())

    async def write(self, data: bytes) -> None:
        """Sends `data`, and waits for a slow client. Raises ConnectionError when it is gone."""
        if not self.is_open:
            self.response.headers.update(self._notes())
            await self.response.prepare(self._request)
        await taken(self._request, len(data), self.response.write(data), self._patience_s)
        if self._seen:
            self._seen(data)
        self._due_at = self._loop.time() + self._heartbeat_s

    async def end(self) -> None:
        """Nothing follows. A client may hang up as soon as it has read the last event, as Codex does."""
        with suppress(ConnectionError):
            await self.response.write_eof()

    async def farewell(self, data: bytes) -> None:
        """The last words, for a client that may have stopped reading long ago; it is not waited for."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self.response.write(data)
                await self.response.write_eof()
        # Where the interrupted write was waiting for the client, aiohttp keeps that wait, cancelled, for every write to come.
        except (TimeoutError, ConnectionError, asyncio.CancelledError):
            if self._request.transport is not None:
                self._request.transport.abort()
