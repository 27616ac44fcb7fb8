"""The client's end of a stream: opened late, kept alive in time."""

import asyncio
import time

import aiohttp

from copilot_api.sandbox import Sandbox
from copilot_api.server.sink import HEADERS_WITHIN_S
from tests.builders.serving import Serve

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
