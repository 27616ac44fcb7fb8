"""Serving an application on sockets: it begins, it empties, it ends, and nothing is left of it."""

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web

from copilot_api.server.connections import Connection, State
from copilot_api.server.listening import bind
from copilot_api.server.serving import served
from copilot_api.settings import Settings
from tests.builders.raw import Wire


async def hello(request: web.Request) -> web.Response:
    assert isinstance(request.protocol, Connection)
    request.protocol.become(State.BUSY)  # as the first of the middlewares does
    await asyncio.sleep(float(request.query.get("for", 0)))
    return web.Response(text="hello")


def application() -> web.Application:
    app = web.Application()
    app.router.add_get("/", hello)
    return app


async def test_it_is_there_while_the_block_runs_and_gone_afterwards(http: aiohttp.ClientSession) -> None:
    sockets = await bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    async with served(application(), sockets, Settings(), farewell_s=1.0) as serving:
        connections = serving._connections
        async with http.get(url) as response:
            assert await response.text() == "hello"
        assert len(connections) == 1
        idle = await Wire(url).__aenter__()
    assert await idle.rest() == b""
    await idle.hang_up()
    assert len(connections) == 0
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(url)


async def test_emptied_it_lets_nobody_in_and_answers_what_it_was_asked(http: aiohttp.ClientSession) -> None:
    sockets = await bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    async with served(application(), sockets, Settings(), farewell_s=1.0) as serving:
        asked = asyncio.gather(http.get(url + "/?for=0.3"))
        await asyncio.sleep(0.1)
        async with Wire(url) as idle:
            await serving.empty()
            assert await idle.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            await Wire(url).__aenter__()
        [response] = await asked
        assert await response.text() == "hello"


async def test_what_fails_to_begin_leaves_nothing_behind() -> None:
    closed = socket.socket()
    closed.close()
    with pytest.raises((OSError, ValueError)):
        async with served(application(), [closed], Settings(), farewell_s=1.0):
            pytest.fail("it was served")
