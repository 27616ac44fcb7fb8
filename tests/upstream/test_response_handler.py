"""Answers come whole, whatever their pieces are and however slowly they are read."""

import asyncio
import gzip

import aiohttp
import pytest

from copilot_api.upstream.response_handler import Steady
from tests.builders.detour import Talk, listening

LIMIT_S = 20
PIECES = [b"%06d" % number * 1000 for number in range(400)]


def telling(*, packed: bool) -> Talk:
    """Answers with all pieces, each of them a chunk."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + b"Content-Encoding: gzip\r\n" * packed + b"\r\n")
        for piece in [gzip.compress(b"".join(PIECES))] if packed else PIECES:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    return talk


class Connector(aiohttp.TCPConnector):
    def __init__(self) -> None:
        super().__init__()
        self._factory = lambda: Steady(loop=self._loop)  # type: ignore[assignment] # as good as a partial


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("pause_s", [0, 0.001])
async def test_an_answer_far_beyond_what_is_kept_comes_whole(packed: bool, pause_s: float) -> None:
    """What is kept fills up, so that reading is paused and resumed again and again, by the parser of packed answers, too."""
    found = bytearray()
    async with (
        asyncio.timeout(LIMIT_S),
        listening(telling(packed=packed)) as port,
        aiohttp.ClientSession(connector=Connector()) as http,
        http.get(f"http://127.0.0.1:{port}", read_bufsize=4096) as response,
    ):
        async for piece in response.content.iter_any():
            found += piece
            await asyncio.sleep(pause_s)
    assert found == b"".join(PIECES)


class Noting(Steady):
    """Notes what each resumption asks for."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.parsed: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.parsed.append(data)


async def test_who_was_not_paused_is_not_resumed() -> None:
    handler = Noting(asyncio.get_running_loop())
    handler.resume_reading()
    assert handler.parsed == []
    handler._reading_paused = True
    handler.resume_reading()
    assert handler.parsed == [b""]
