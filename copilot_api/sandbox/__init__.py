"""A simulated GitHub and Copilot on loopback: for people without an account at hand, and for every test of this project.

As strict as the real ones and with their quirks, but nothing leaves the machine. `Sandbox` is the whole interface:

    sandbox = Sandbox()
    await sandbox.start()
    sandbox.script.answer("Hei!", tools=[("get_weather", {"city": "Oslo"})])   # the next model answer
    sandbox.script.fault("rate_limited", seconds=7)                            # the next model request is refused
    ...                                                                        # speak to sandbox.copilot_url
    assert sandbox.seen[-1].json["model"] == "gpt-4.1"
    await sandbox.stop()
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from aiohttp import web

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import catalog
from copilot_api.sandbox.accounts import Accounts, GrantKind, Plan
from copilot_api.sandbox.catalog import Catalog
from copilot_api.sandbox.copilot import Copilot
from copilot_api.sandbox.delivery import Delivery
from copilot_api.sandbox.github import GitHub
from copilot_api.sandbox.replies import Reply, text_reply
from copilot_api.sandbox.script import Answer, Call, Fault, Script
from copilot_api.sandbox.seen import Plane, Seen
from copilot_api.sandbox.socket import PATH, Socket
from copilot_api.settings import Settings

__all__ = ["Answer", "Call", "Sandbox", "Script", "Seen"]

BODY_LIMIT_BYTES = 256 * 1024 * 1024


class Sandbox:
    """Three servers on 127.0.0.1, on ports of the system's choosing. The URLs are set by `start`, without a trailing slash.
    A WebSocket at /responses is seen as a GET of "ws:/responses", and each message on it as a "WS" request to "/responses".

    `pace_s` is the time between two pieces of a stream, and may be changed at any time. `plan` is the account's plan,
    `token_life_s` how long a Copilot token lives by `clock` (unix seconds), `poll_interval_s` what the device flow asks clients
    to wait between polls.
    """

    def __init__(
        self,
        *,
        pace_s: float = 0.0,
        plan: Plan = "credits",
        token_life_s: float = 1800.0,
        poll_interval_s: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.github_url = ""
        self.github_api_url = ""
        self.copilot_url = ""
        self.script = Script()
        self.seen: list[Seen] = []
        self.pace_s = pace_s
        self._accounts = Accounts(plan=plan, clock=clock, token_life_s=token_life_s)
        self._catalog = Catalog([])
        self._github = GitHub(accounts=self._accounts, script=self.script, interval_s=poll_interval_s)
        self._copilot = Copilot(accounts=self._accounts, catalog=self._catalog, script=self.script)
        self._runners: list[web.AppRunner] = []
        self._sockets: set[Socket] = set()
        self._closing = asyncio.Event()
        self.grant = self._accounts.issue()
        """A GitHub token (`ghu_…`) that is signed in from the start."""

    async def start(self) -> None:
        """Reads the models and begins to listen."""
        self._catalog.entries = await asyncio.to_thread(catalog.load)
        self._closing.clear()
        self.github_url = await self._listen("login", self._github.login)
        self.github_api_url = await self._listen("api", self._github.api)
        self.copilot_url = await self._listen("copilot", self._copilot.reply)
        self._github.login_url, self._github.copilot_url = self.github_url, self.copilot_url

    async def stop(self) -> None:
        """Ends every silence, cuts what is still under way and stops listening."""
        self._closing.set()
        for socket in tuple(self._sockets):
            await socket.close()
        while self._runners:
            await self._runners.pop().cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def settings(self, settings: Settings) -> Settings:
        """`settings` with nothing left in them that leads outside: addresses and grant are the sandbox's."""
        return replace(
            settings,
            github_url=self.github_url,
            github_api_url=self.github_api_url,
            copilot_url=self.copilot_url,
            enterprise_url="",
            account_type="individual",
            proxy_env=False,
            proxy="",
            github_token=self.grant,
            origins={**settings.origins, "github_token": "the sandbox"},
        )

    @property
    def models(self) -> list[Json]:
        """The entries of `GET /models`; assign a new list to change the catalog."""
        return self._catalog.entries

    @models.setter
    def models(self, entries: list[Json]) -> None:
        self._catalog.entries = entries

    @property
    def plan(self) -> Plan:
        """The account's plan; may be changed at any time."""
        return self._accounts.plan

    @plan.setter
    def plan(self, plan: Plan) -> None:
        self._accounts.plan = plan

    def issue(self, kind: GrantKind = "ghu", *, permitted: bool = True) -> str:
        """A further GitHub token: `ghu`, `gho`, `github_pat` (fine-grained), `ghp` (classic) or `ghs`. A fine-grained one that
        is not `permitted` lacks "Copilot Requests".
        """
        return self._accounts.issue(kind, permitted=permitted)

    def revoke(self, grant: str = "") -> None:
        """GitHub forgets a token (none: `.grant`), and the Copilot tokens expire with it."""
        self._accounts.revoke(grant or self.grant)

    def expire_tokens(self) -> None:
        """Every Copilot token given out so far expires now."""
        self._accounts.expire()

    async def _listen(self, plane: Plane, answer: Callable[[Seen], Reply]) -> str:
        async def serve(request: web.Request) -> web.StreamResponse:
            if (
                plane == "copilot"
                and request.path == "/responses"
                and request.headers.get("upgrade", "").lower() == "websocket"
            ):
                return await self._upgrade(request)
            return await self._serve(request, plane, answer)

        app = web.Application(client_max_size=BODY_LIMIT_BYTES)
        app.router.add_route("*", "/{path:.*}", serve)
        # Cancellation tells us that the client left; a second is plenty for what is under way at the end.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _upgrade(self, request: web.Request) -> web.StreamResponse:
        """A WebSocket. Only faults that strike instead of an answer mean anything to the upgrade itself."""
        seen = await self._see(request, "copilot", path=PATH)
        fault, refused = self.script.take_fault(seen), self._copilot.responses.admit(seen)
        if fault or refused:
            reply = refused or text_reply("the upgrade was refused", status=426)
            delivery = Delivery(request, seen, pace_s=self.pace_s, closing=self._closing)
            return await delivery.send(lambda: reply, fault)
        socket = Socket(request, seen, responses=self._copilot.responses, note=self._note, pace_s=self.pace_s)
        self._sockets.add(socket)
        try:
            return await socket.serve()
        finally:
            self._sockets.discard(socket)

    def _note(self, seen: Seen) -> Fault | None:
        self.seen.append(seen)
        return self.script.take_fault(seen)

    async def _serve(self, request: web.Request, plane: Plane, answer: Callable[[Seen], Reply]) -> web.StreamResponse:
        seen = await self._see(request, plane, path=request.path)
        delivery = Delivery(request, seen, pace_s=self.pace_s, closing=self._closing)
        return await delivery.send(lambda: answer(seen), self.script.take_fault(seen))

    async def _see(self, request: web.Request, plane: Plane, *, path: str) -> Seen:
        seen = Seen(
            plane=plane,
            method=request.method,
            path=path,
            query=request.query_string,
            headers=request.headers,
            body=await request.read(),
            at=time.monotonic(),
        )
        self.seen.append(seen)
        return seen
