"""A real Chromium with a profile of its own, and the servers of somebody who is up to no good."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import web

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PAGE = Path(__file__).parent.parent / "pages" / "hostile.html"

QUIET = (
    "--headless",
    "--no-sandbox",  # the tests run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--metrics-recording-only",
    "--autoplay-policy=no-user-gesture-required",
)


def found() -> str | None:
    """The program, where there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@asynccontextmanager
async def visiting(url: str, profile: Path, *options: str) -> AsyncIterator[None]:
    """Somebody has `url` open while the block runs."""
    program = found()
    assert program, "these tests need Chromium"
    process = await asyncio.create_subprocess_exec(
        program,
        *QUIET,
        f"--user-data-dir={profile}",
        *options,
        url,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(profile)},
        start_new_session=True,
    )
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        await process.wait()


class Attacker:
    """A web server that serves one hostile page, and is told what the page learned."""

    def __init__(self) -> None:
        self.told: asyncio.Future[list[dict[str, str]]] = asyncio.get_running_loop().create_future()
        self.port = 0

    def url(self, host: str, targets: list[str], port: int = 0) -> str:
        """The page under a name of the attacker's, with what it is to attack."""
        return f"http://{host}:{port or self.port}/#{quote(json.dumps(targets))}"

    async def page(self, _request: web.Request) -> web.Response:
        return web.Response(body=PAGE.read_bytes(), content_type="text/html")

    async def tell(self, request: web.Request) -> web.Response:
        self.told.set_result(json.loads(await request.read()))
        return web.Response()


@asynccontextmanager
async def attacker(host: str = "127.0.0.1") -> AsyncIterator[Attacker]:
    """One that listens on `host`."""
    one = Attacker()
    app = web.Application()
    app.router.add_get("/", one.page)
    app.router.add_post("/told", one.tell)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    one.port = runner.addresses[0][1]
    try:
        yield one
    finally:
        await runner.cleanup()


class Rebound:
    """A name that leads to the attacker first, and to somebody else once the page is loaded: what DNS rebinding comes to.

    It stands at an address of its own; the browser's idea of name, port and origin is the same before and after.
    """

    def __init__(self, attackers_port: int, victims_port: int) -> None:
        self._attackers_port = attackers_port
        self._victims_port = victims_port
        self.switched = 0
        self._has_served_the_page = False

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Decides by the first line for whom a connection is; a browser opens a new one after the switch."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            line = head.split(b"\r\n")[0]
            port = self._attackers_port if self._is_for_the_attacker(line) else self._victims_port
            self.switched += port == self._victims_port
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
            # One request for each connection, so that the next one is looked at again.
            inner_writer.write(head.replace(b"Connection: keep-alive\r\n", b"Connection: close\r\n"))
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        writer.close()

    def _is_for_the_attacker(self, line: bytes) -> bool:
        """The page itself, once, and what it tells of."""
        if line.startswith(b"POST /told "):
            return True
        is_first = line.startswith(b"GET / HTTP") and not self._has_served_the_page
        self._has_served_the_page |= is_first
        return is_first


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def rebound(host: str, attackers_port: int, victims_port: int) -> AsyncIterator[Rebound]:
    """A rebinding name's server on `host`, at the victim's own port."""
    one = Rebound(attackers_port, victims_port)
    server = await asyncio.start_server(one.accept, host, victims_port)
    try:
        yield one
    finally:
        server.close()


def secrets_in(told: list[dict[str, str]], words: tuple[str, ...]) -> list[Any]:
    """What of it the page should not have learned."""
    return [one for one in told if any(word in one["told"] for word in words)]
