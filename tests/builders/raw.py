"""HTTP by hand: for what no client library would send."""

import asyncio
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Wire:
    """A connection to the server at `url`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 0
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()

    async def send(self, data: bytes) -> None:
        """Sends `data` as it is."""
        self.writer.write(data)
        await self.writer.drain()

    async def post(self, path: str, body: bytes, *headers: str) -> None:
        """Sends a request with a JSON body."""
        await self.send(
            self.head("POST", path, f"Content-Length: {len(body)}", "Content-Type: application/json", *headers) + body
        )

    def head(self, method: str, path: str, *headers: str) -> bytes:
        """The head of a request; a Host is added where none is given."""
        lines = [f"{method} {path} HTTP/1.1"]
        if not any(header.lower().startswith("host:") for header in headers):
            lines.append(f"Host: {self.host}:{self.port}")
        return "\r\n".join([*lines, *headers, "", ""]).encode()

    async def until(self, mark: bytes) -> bytes:
        """What comes up to and including `mark`."""
        return await self.reader.readuntil(mark)

    async def rest(self) -> bytes:
        """What comes until the server hangs up: with a reset, where it had not read all that was sent."""
        came = b""
        try:
            while piece := await self.reader.read(65536):
                came += piece
        except ConnectionError:
            if not came:
                raise
        return came

    async def hang_up(self) -> None:
        """Closes the connection."""
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            return


async def status_of(url: str, head: bytes) -> int:
    """The status with which the server at `url` answers `head`."""
    async with Wire(url) as wire:
        await wire.send(head)
        return int((await wire.until(b"\r\n")).split()[1])
