"""Network proxies that do as a test says, in this process: they lead every name to this machine, and can be odd."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.builders.tls import pump

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(talk: Talk, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that does as `talk` says with each connection, and hangs up on all of them at the end; gives its port."""
    accepted: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.add(writer)
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()  # who asked has left

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for writer in accepted:
            writer.transport.abort()
        await asyncio.sleep(0)


class Detour:
    """A proxy. `asked` is to where it was asked to connect, `let_in` who (name:password) was let in, in order."""

    def __init__(self, *, wants: str = "", answer: bytes = b"", odd: Talk | None = None) -> None:
        self.port = 0
        self.asked: list[str] = []
        self.let_in: list[str] = []
        self.heads: list[bytes] = []
        self._wants = wants
        self._answer = answer
        self._odd = odd
        self._open: set[asyncio.StreamWriter] = set()

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speaks HTTP."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        assert method == "CONNECT"
        self.asked.append(target)
        given = next(
            (line.split()[-1] for line in head.split(b"\r\n") if line.lower().startswith(b"proxy-authorization:")), b""
        )
        if self._wants and b64decode(given).decode() != self._wants:
            writer.write(b'HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
        elif self._answer:
            writer.write(self._answer)
        else:
            self.let_in.append(b64decode(given).decode())
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._lead(int(target.rpartition(":")[2]), reader, writer)
            return
        await writer.drain()
        writer.close()

    async def socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speaks SOCKS 5."""
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        given = ""
        if self._wants:
            writer.write(b"\x05\x02" if 2 in methods else b"\x05\xff")
            if 2 not in methods:
                return writer.close()
            await reader.readexactly(1)
            name, password = [await reader.readexactly((await reader.readexactly(1))[0]) for _ in range(2)]
            given = f"{name.decode()}:{password.decode()}"
            writer.write(b"\x01\x00" if given == self._wants else b"\x01\x01")
            if given != self._wants:
                return writer.close()
        else:
            writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        size = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        host, port = await reader.readexactly(size), int.from_bytes(await reader.readexactly(2))
        self.asked.append(f"{host.decode() if kind == 3 else '.'.join(map(str, host))}:{port}")
        if self._answer:
            writer.write(self._answer)
            return writer.close()
        self.let_in.append(given)
        writer.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        await self._lead(port, reader, writer)
        return None

    async def _lead(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        self._open.add(inner_writer)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    def cut(self) -> None:
        """Breaks every connection that it has."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    @asynccontextmanager
    async def running(self, kind: str, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        """Gives the URL; `kind` is its scheme."""
        talk = self._odd or (self.socks if kind.startswith("socks") else self.http)
        async with listening(talk, context) as self.port:
            yield f"{kind}://127.0.0.1:{self.port}"
            self.cut()
