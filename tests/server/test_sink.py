"""The client's end of a stream: opened late, kept alive in time."""

import asyncio
import json
import time

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.server.sink import HEADERS_WITHIN_S
from tests.builders.raw import Wire
from tests.builders.serving import Serve
from tests.builders.waiting import eventually
from tests.conftest import MakeService

STREAM = {"model": "gpt-4.1", "stream": True, "messages": [{"role": "user", "content": "Hei"}]}


async def test_a_silent_upstream_does_not_keep_the_client_waiting_for_headers(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    server = await serve(heartbeat_s=0.1)
    sandbox.script.fault("stall")
    started = time.monotonic()
    async with asyncio.timeout(5), http.post(server.url + "/v1/chat/completions", json=STREAM) as response:
        assert response.status == 200
        assert time.monotonic() - started < HEADERS_WITHIN_S
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["X-Accel-Buffering"] == "no"
        for _ in range(3):
            assert await response.content.readuntil(b"\n\n") == b": keep-alive\n\n"


async def test_heartbeats_come_only_in_silence(serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    server = await serve(heartbeat_s=5)
    sandbox.script.answer("one two three")
    async with http.post(server.url + "/v1/chat/completions", json=STREAM) as response:
        assert b"keep-alive" not in await response.read()


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_takes_nothing_is_let_go(
    make_service: MakeService, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    caplog.set_level("INFO", "copilot_api.server")
    service = await make_service(client_timeout_s=0.5)
    sandbox.script.answer("x" * 24_000_000)
    async with Wire(service.url) as wire:
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's transport can
        await wire.post("/v1/chat/completions", json.dumps(STREAM | {"stream": stream}).encode())
        await eventually(lambda: "499, " in caplog.text)
        assert "the client took nothing for 0.5 s" in caplog.text
    assert service.status.active == 0


async def test_a_client_that_takes_little_at_a_time_is_waited_for(serve: Serve, sandbox: Sandbox) -> None:
    server = await serve(client_timeout_s=2)
    sandbox.script.answer("x" * 16_000_000)
    size, end, began = 0, b"", time.monotonic()
    async with Wire(server.url) as wire:
        await wire.post("/v1/chat/completions", json.dumps(STREAM).encode())
        while piece := await wire.reader.read(2_000_000):
            size, end = size + len(piece), (end + piece)[-100:]
            if b"[DONE]" in end:
                break
            await asyncio.sleep(0.05)
    assert size > 16_000_000
    assert time.monotonic() - began > 2
