"""A door in front of the sandbox that fails as networks do: before any HTTP is spoken, where the sandbox has no say."""

import asyncio
import socket
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

Mode = Literal["open", "gone", "unread", "cut"]
"""What happens to who connects: passed on to the sandbox; refused; heard but never read; hung up on at the first byte."""

PIECE_BYTES = 65536


class Front:
    """Stands at `url` for the server at `behind`. `tls` is what it shows to who connects by https; it may be changed."""

    def __init__(self, behind: str, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        parts = urlsplit(behind)
        self._behind = (parts.hostname or "", parts.port or 0)
        self.tls = tls
        self._host = host
        self._scheme = "https" if tls else "http"
        self._port = 0
        self._mode: Mode = "open"
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[object]] = set()
        self.connections = 0
        """How many came so far."""

    @property
    def url(self) -> str:
        """Where it stands."""
        return f"{self._scheme}://{self._host}:{self._port}"

    async def set(self, mode: Mode) -> None:
        """From now on this happens to who connects; what stood is hung up on."""
        self._mode = mode
        await self._close()
        if mode != "gone":
            await self._listen()

    async def _listen(self) -> None:
        # A small buffer, so that who is not read soon notices.
        sock = socket.create_server(("127.0.0.1", self._port), backlog=512)
        if self._mode == "unread":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        tls = self.tls if self._mode == "open" else None
        self._server = await asyncio.start_server(self._serve, sock=sock, limit=PIECE_BYTES, ssl=tls)
        self._port = sock.getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        serving = tuple(self._open)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await asyncio.sleep(0)  # in which what was aborted is closed

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            with suppress(ConnectionError, TimeoutError):
                if self._mode == "open":
                    await self._pass_on(reader, writer)
                elif self._mode == "cut":
                    await reader.read(1)
                else:
                    writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's transport can
                    await asyncio.sleep(3600)
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_behind, to_behind = await asyncio.open_connection(*self._behind, limit=PIECE_BYTES)
        try:
            await asyncio.gather(_pump(reader, to_behind), _pump(from_behind, writer))
        finally:
            to_behind.transport.abort()

    async def __aenter__(self) -> Self:
        await self.set("open")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carries bytes until either side ends, which ends both."""
    while piece := await reader.read(PIECE_BYTES):
        writer.write(piece)
        await writer.drain()
    raise ConnectionResetError
