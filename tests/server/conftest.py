"""What tests of the server may use: a web server on this machine that holds whatever it is given."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web


class Shelf:
    """Serves what was put on it; `asked` are the paths that somebody wanted."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0
        self._things: dict[str, web.Response] = {}

    def put(self, path: str, body: bytes, *, status: int = 200, **headers: str) -> None:
        """Puts `body` there, with headers whose names have underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._things[path] = web.Response(body=body, status=status, headers=named)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        thing = self._things.get(request.path)
        if thing is None:
            return web.Response(status=404)
        return web.Response(body=thing.body, status=thing.status, headers=thing.headers)


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    held = Shelf()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", held.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    held.port = runner.addresses[0][1]
    yield held
    await runner.cleanup()
