"""A Copilot that never stops: what asks it for a flood gets one, all else is answered by the sandbox behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from copilot_api.dialects.codec import dumps
from copilot_api.dialects.sse import encode

EVENTS, JSON = "text/event-stream", "application/json"
WORDS = encode(
    dumps(
        {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "delta": {"content": "on and on " * 400}, "finish_reason": None}],
        }
    )
)
# What is asked for by its name -> content type, beginning, and what follows for ever.
FLOODS: dict[bytes, tuple[str, bytes, bytes]] = {
    b"a line without end": (EVENTS, b'data: {"choices":[{"delta":{"content":"', b"x" * 65536),
    b"a body without end": (JSON, b'{"choices":[{"message":{"content":"', b"x" * 65536),
    b"an answer without end": (EVENTS, b"", WORDS),
}


class Flood:
    """Where it stands, and how many bytes of floods it got rid of."""

    def __init__(self, behind: str, http: aiohttp.ClientSession) -> None:
        self.url = ""
        self.sent_bytes = 0
        self.running = 0
        self._behind = behind
        self._http = http

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        for name, flood in FLOODS.items():
            if name in body:
                return await self._flood(request, *flood)
        async with self._http.request(
            request.method, self._behind + request.raw_path, headers=request.headers, data=body
        ) as response:
            return web.Response(status=response.status, body=await response.read(), content_type=response.content_type)

    async def _flood(self, request: web.Request, content_type: str, begin: bytes, more: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type})
        response.enable_chunked_encoding()
        await response.prepare(request)
        self.running += 1
        try:
            await response.write(begin)
            while True:
                await response.write(more)
                self.sent_bytes += len(more)
        except ConnectionError:
            return response
        finally:
            self.running -= 1


@asynccontextmanager
async def flooding(behind: str) -> AsyncIterator[Flood]:
    """A flood in front of the server at `behind`."""
    async with aiohttp.ClientSession(auto_decompress=False) as http:
        flood = Flood(behind, http)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", flood.serve)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        flood.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield flood
        finally:
            await runner.cleanup()
