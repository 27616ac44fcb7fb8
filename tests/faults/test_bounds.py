"""What one stream may take of memory, whatever comes from one side and whatever the other side does not take.

The server is a process of its own, so that its memory is its own.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest

from copilot_api.dialects.codec import dumps, loads
from copilot_api.sandbox import Sandbox
from tests.builders.flood import Flood, flooding
from tests.builders.program import Program, Server
from tests.builders.raw import Wire
from tests.builders.serving import serving
from tests.builders.waiting import eventually
from tests.conftest import SettingsFor

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")]

MIB = 1024 * 1024
CHAT = "/v1/chat/completions"
MANY = 20


def asking(text: str, *, model: str = "gpt-4.1", **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], "stream": True, **fields}


@pytest.fixture(autouse=True)
def every_claude_is_enabled(sandbox: Sandbox) -> None:
    for entry in sandbox.models:
        entry.pop("policy", None)


@pytest.fixture
async def flood(sandbox: Sandbox) -> AsyncIterator[Flood]:
    async with flooding(sandbox.copilot_url) as running:
        yield running


@pytest.fixture
async def server(program: Program, settings_for: SettingsFor, flood: Flood) -> AsyncIterator[Server]:
    """Clients are let go after four seconds in which they take nothing."""
    settings = settings_for(copilot_url=flood.url, client_timeout_s=4, heartbeat_s=5, websocket_store_mib=0)
    async with serving(program, settings) as running:
        yield running


def resident_mib(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text("utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


class Peak:
    """The most memory that the server took while the block ran, above what it had before."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.mib = 0.0

    async def __aenter__(self) -> Self:
        self._before = await asyncio.to_thread(resident_mib, self._server)
        self._watching = asyncio.create_task(self._watch(), name="memory")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            now = await asyncio.to_thread(resident_mib, self._server)
            self.mib = max(self.mib, now - self._before)
            await asyncio.sleep(0.02)


async def warmed_up(server: Server, http: aiohttp.ClientSession) -> None:
    async with http.post(server.url + CHAT, json=asking("Hello")) as response:
        assert response.status == 200, await response.text()
        await response.read()


@pytest.mark.parametrize("model", ["gpt-4.1", "claude-opus-5", "gpt-5.3-codex"])
@pytest.mark.parametrize("client", ["chat", "messages"])
async def test_a_line_without_end_ends_as_an_answer_that_broke(
    server: Server, http: aiohttp.ClientSession, client: str, model: str
) -> None:
    await warmed_up(server, http)
    path = CHAT if client == "chat" else "/v1/messages"
    body = asking("a line without end", model=model, max_tokens=100)
    async with Peak(server) as peak, http.post(server.url + path, json=body) as response:
        assert "more than 32 MiB" in await response.text()
    assert peak.mib < 150


async def test_a_body_without_end_ends_as_an_answer_that_broke(server: Server, http: aiohttp.ClientSession) -> None:
    await warmed_up(server, http)
    body = asking("a body without end", stream=False)
    async with Peak(server) as peak, http.post(server.url + CHAT, json=body) as response:
        assert (response.status, "more than 64 MiB" in await response.text()) == (502, True)
    assert peak.mib < 200


async def test_who_does_not_read_holds_up_nobody_but_himself(server: Server, http: aiohttp.ClientSession, flood: Flood) -> None:
    """Many clients ask for an answer without end and read none of it: little is kept of each, and at last they are let go."""
    await warmed_up(server, http)
    body = dumps(asking("an answer without end"))
    async with Peak(server) as peak, AsyncExitStack() as stack:
        for _ in range(MANY):
            wire = await stack.enter_async_context(Wire(server.url))
            wire.writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's transport can
            await wire.post(CHAT, body)
        await eventually(lambda: flood.running == MANY)
        await settled(flood)
        async with http.post(server.url + CHAT, json=asking("Hello")) as response:
            assert b"[DONE]" in await response.read()
        await eventually(lambda: flood.running == 0)
    # A read is up to 256 KiB, and stands once in each form on its way: as it came, as events, as what is said, as what waits.
    assert peak.mib < MANY * 2.5
    assert server.err.count(" 499, ") == MANY
    assert "the client took nothing for 4 s" in server.err


async def settled(flood: Flood) -> None:
    """Returns when nothing more is taken, although there is more: the system's own buffers are full, too."""
    before = -1
    while flood.sent_bytes != before:
        assert flood.running == MANY, "who does not read was let go before"
        before = flood.sent_bytes
        await asyncio.sleep(0.4)


async def test_whole_answers_that_nobody_reads_are_let_go(
    server: Server, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    sandbox.script.answer("x" * 20 * MIB)
    await warmed_up_without_the_script(server, http, sandbox)
    async with Wire(server.url) as wire:
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's transport can
        await wire.post(CHAT, dumps(asking("Write.", stream=False)))
        await eventually(lambda: "the client took nothing for 4 s" in server.err)


async def warmed_up_without_the_script(server: Server, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    async with http.get(server.url + "/v1/models") as response:
        assert response.status == 200


async def test_a_websocket_that_nobody_reads_is_let_go(server: Server, http: aiohttp.ClientSession, flood: Flood) -> None:
    await warmed_up(server, http)
    async with Peak(server) as peak, http.ws_connect(server.url + "/v1/responses", autoping=False) as socket:
        ask = {"type": "response.create", "model": "gpt-4.1", "input": "an answer without end"}
        await socket.send_json(ask)
        await eventually(lambda: flood.running == 1)
        transport = socket._response.connection and socket._response.connection.transport
        assert transport is not None
        transport.pause_reading()
        await eventually(lambda: flood.running == 0)
        await eventually(lambda: "the client took nothing for 4 s" in server.err)
    assert peak.mib < 30


@pytest.mark.parametrize("stream", [True, False])
async def test_a_call_of_17_megabytes_is_carried(
    server: Server, http: aiohttp.ClientSession, sandbox: Sandbox, stream: bool
) -> None:
    """users.md: one was seen. Four at once, one for each kind of client, of which two have to be translated."""
    written = {"content": "y" * 17_000_000}
    sandbox.script.answer(tools=[("write", written)], times=4, when="Write it.")
    await warmed_up(server, http)
    tool = {"name": "write", "description": "Writes", "input_schema": {"type": "object"}}
    function = {"name": "write", "description": "Writes", "parameters": {"type": "object"}}
    asks = [
        (CHAT, asking("Write it.", stream=stream, tools=[{"type": "function", "function": function}])),
        ("/v1/messages", asking("Write it.", stream=stream, max_tokens=60_000, model="claude-opus-5", tools=[tool])),
        ("/v1/messages", asking("Write it.", stream=stream, max_tokens=60_000, tools=[tool])),
        (
            "/v1/responses",
            {
                "model": "claude-opus-5",
                "stream": stream,
                "input": [{"role": "user", "content": "Write it."}],
                "tools": [{"type": "function", **function}],
            },
        ),
    ]
    async with Peak(server) as peak:
        for path, body in asks:
            async with http.post(server.url + path, json=body) as response:
                answer = await response.read()
                assert response.status == 200, answer[:500]
                assert answer.count(b"y") >= 17_000_000
                if not stream:
                    loads(answer)
    assert peak.mib < 500
