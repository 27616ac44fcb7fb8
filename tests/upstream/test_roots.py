"""Only who is checked waits for what is checked against."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from copilot_api.upstream.roots import Checking
from tests.builders.detour import listening
from tests.builders.tls import Authority, nobody

LIMIT_S = 5


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


@asynccontextmanager
async def asking(roots: "asyncio.Future[ssl.SSLContext]") -> AsyncIterator[aiohttp.ClientSession]:
    async with asyncio.timeout(LIMIT_S), aiohttp.ClientSession(connector=Checking(roots, force_close=True)) as http:
        yield http


async def status(http: aiohttp.ClientSession, url: str) -> int:
    async with http.get(url) as response:
        return response.status


def trusting(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=authority.root)
    return context


async def test_who_is_not_checked_does_not_wait() -> None:
    never = asyncio.get_running_loop().create_future()
    async with listening(greet) as port, asking(never) as http:
        assert await status(http, f"http://127.0.0.1:{port}") == 200


async def test_all_who_are_checked_wait_and_one_that_gives_up_spoils_it_for_nobody(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    roots = asyncio.get_running_loop().create_future()
    async with listening(greet, authority.context("127.0.0.1")) as port, asking(roots) as http:
        first, second, impatient = (asyncio.create_task(status(http, f"https://127.0.0.1:{port}")) for _ in range(3))
        await asyncio.sleep(0.05)
        assert not first.done()
        impatient.cancel()
        await asyncio.sleep(0)
        roots.set_result(trusting(authority))
        assert (await first, await second) == (200, 200)
        assert await status(http, f"https://127.0.0.1:{port}") == 200


async def test_who_is_not_trusted_is_refused(tmp_path: Path) -> None:
    async with listening(greet, Authority(tmp_path).context("127.0.0.1")) as port, asking(await nobody()) as http:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await status(http, f"https://127.0.0.1:{port}")


async def test_roots_that_cannot_be_read_are_told_to_who_is_checked() -> None:
    broken = asyncio.get_running_loop().create_future()
    broken.set_exception(PermissionError(13, "Permission denied"))
    async with asking(broken) as http:
        with pytest.raises(aiohttp.ClientOSError, match="Permission denied"):
            await status(http, "https://127.0.0.1:1")
