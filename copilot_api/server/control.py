"""What other programs of the person on this machine may know of a running server, and do to it: the tray, the command line.

They show a secret that is made anew for each run and lies in a file of the person's own (`run_file`). It opens these routes and
nothing else, and no API key opens them. They have a door of their own, on loopback, which stays open until the very end: when
clients are no longer let in, and whatever address the server listens on.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from copilot_api.dialects.codec import Json, dumps, loads_request
from copilot_api.dialects.read import string
from copilot_api.errors import ClientMistake, DoorClosed, SlowDown
from copilot_api.server.approvals import DECISIONS, Decision
from copilot_api.server.body import Intake, read_body
from copilot_api.server.guard import is_loopback
from copilot_api.server.key_ring import KeyRing
from copilot_api.server.middleware import Entrance, Handler
from copilot_api.server.peers import Peers
from copilot_api.server.sink import STREAM_HEADERS
from copilot_api.server.status import Listener, Phase, Status, told
from copilot_api.server.traffic import Traffic
from copilot_api.settings import Settings
from copilot_api.upstream.clock import SystemClock

PREFIX = "/control"
MOST_WATCHERS = 16
INTAKE = Intake(most_bytes=64 * 1024, within_s=10.0)
HEARTBEAT_S = 15.0
PAUSE_S = 0.1
"""Between two changes that a watcher is told: those in between are left out, and the last one never is."""

STUCK_S = 20.0
"""Seconds in which a watcher must take what it is told."""


class Handle(Protocol):
    """A service as a tray or a command holds it: in this process (`Service`) or in another (`Remote`)."""

    @property
    def status(self) -> Status:
        """How it is, as far as is known here."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` with each new status, on the loop's thread. Returns what ends that."""

    async def follow(self) -> None:
        """Returns when it serves no more. The listeners of a service in another process are told only meanwhile."""

    async def stop(self) -> None:
        """Lets in nobody else, lets open requests finish for `drain_s` seconds, and returns when all is closed."""

    async def hurry(self) -> None:
        """Like `stop`, also while it stops, but open requests end at once, each with an error of its dialect."""

    async def approve(self, waiting_id: str, decision: Decision) -> bool:
        """Decides on a request that waits; False when it does not wait any more."""

    async def ask_again(self, client: str) -> bool:
        """Takes back that `client` needs no approval; whether it needed none."""

    async def look_again(self) -> None:
        """The person has signed in, out or anew: goes by what is found now."""


class Subject(Protocol):
    """What the routes need of the service that they control: `Handle`, but nothing that takes long."""

    @property
    def status(self) -> Status: ...
    def subscribe(self, listener: Listener) -> Callable[[], None]: ...
    def ask_to_stop(self, *, at_once: bool = False) -> None: ...
    async def approve(self, waiting_id: str, decision: Decision) -> bool: ...
    async def ask_again(self, client: str) -> bool: ...
    async def look_again(self) -> None: ...


class Control:
    """The handlers, and the guard before them."""

    def __init__(self, subject: Subject, secret: str) -> None:
        self._subject = subject
        self._secret = _digest(secret)
        self._watchers = 0

    def app(self) -> web.Application:
        """The server of these routes."""
        # The settings of a server on loopback with no exceptions: nobody has allowed further names or pages in here. Who knows
        # the secret needs no key, and has read it in a file that no other user can read.
        entrance = Entrance(Settings(), Traffic(lambda: None), KeyRing((), None, SystemClock()), Peers(None))
        app = web.Application(middlewares=[entrance.identify, entrance.draw_errors, entrance.guard, self.guard])
        app.on_response_prepare.append(entrance.sign)
        routes: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "/status", self.status),
            ("GET", "/watch", self.watch),
            ("POST", "/stop", self.stop),
            ("POST", "/hurry", self.hurry),
            ("POST", "/approve", self.approve),
            ("POST", "/ask-again", self.ask_again),
            ("POST", "/look-again", self.look_again),
        )
        for method, path, handler in routes:
            app.router.add_route(method, PREFIX + path, handler)
        return app

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets in who is on this machine and knows the secret."""
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        # Digests are of one length, whatever is shown.
        is_known = hmac.compare_digest(_digest(shown.strip()), self._secret) and scheme.lower() == "bearer"
        if not (is_known and is_loopback(request.remote or "")):
            raise DoorClosed("This is for programs of the person who started this server", hint="use copilot-api status")
        return await handler(request)

    async def status(self, _request: web.Request) -> web.Response:
        """GET /control/status."""
        return _json(told(self._subject.status))

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """GET /control/watch: an event with the status now, and one after each change, until it serves no more.

        Raises SlowDown where too many watch.
        """
        if self._watchers >= MOST_WATCHERS:
            raise SlowDown("Too many programs watch this server", retry_after_s=10, hint="ask for the status instead")
        response = web.StreamResponse(headers=STREAM_HEADERS)
        self._watchers += 1
        changed = asyncio.Event()
        end = self._subject.subscribe(lambda _: changed.set())
        try:
            await response.prepare(request)
            await self._tell(response, changed)
            await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()  # it has not read for long, and nothing that we say would reach it
        finally:
            end()
            self._watchers -= 1
        return response

    async def stop(self, _request: web.Request) -> web.Response:
        """POST /control/stop."""
        self._subject.ask_to_stop()
        return _json(told(self._subject.status))

    async def hurry(self, _request: web.Request) -> web.Response:
        """POST /control/hurry."""
        self._subject.ask_to_stop(at_once=True)
        return _json(told(self._subject.status))

    async def approve(self, request: web.Request) -> web.Response:
        """POST /control/approve: `id` of a request that waits, and `decision`. Raises ClientMistake."""
        body = await _read(request)
        decision = next((each for each in DECISIONS if each == body.get("decision")), None)
        if decision is None:
            raise ClientMistake(f"decision must be one of {', '.join(DECISIONS)}", param="decision")
        return _json({"done": await self._subject.approve(string(body.get("id")), decision)})

    async def ask_again(self, request: web.Request) -> web.Response:
        """POST /control/ask-again: the `client` that shall need approval again. Raises ClientMistake."""
        return _json({"done": await self._subject.ask_again(string((await _read(request)).get("client")))})

    async def look_again(self, _request: web.Request) -> web.Response:
        """POST /control/look-again. Raises KeyringUnusable."""
        await self._subject.look_again()
        return _json({"done": True})

    async def _tell(self, response: web.StreamResponse, changed: asyncio.Event) -> None:
        while True:
            changed.clear()
            status = self._subject.status
            await _write(response, b"data: " + dumps(told(status)) + b"\n\n")
            if status.phase is Phase.STOPPED:
                return
            await asyncio.sleep(PAUSE_S)
            while not changed.is_set():
                try:
                    async with asyncio.timeout(HEARTBEAT_S):
                        await changed.wait()
                except TimeoutError:
                    await _write(response, b":\n\n")


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(STUCK_S):
        await response.write(data)


async def _read(request: web.Request) -> Json:
    return loads_request(await read_body(request, INTAKE))


def _json(value: Json) -> web.Response:
    return web.Response(body=dumps(value), content_type="application/json")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
