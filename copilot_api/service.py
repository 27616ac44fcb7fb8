"""The service: puts everything together, starts it, says how it is, and ends it without leaving anything behind."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

import aiohttp
from aiohttp import web

from copilot_api import own_process
from copilot_api.errors import CopilotApiError, StartFailed
from copilot_api.https.authority import Authority
from copilot_api.keys import KeyFile
from copilot_api.server import Deps, calibration, create_app
from copilot_api.server.calibration import Calibration
from copilot_api.server.connections import Connections
from copilot_api.server.doorway import Doorway
from copilot_api.server.faults import HTTP_LOG
from copilot_api.server.guard import is_loopback
from copilot_api.server.key_ring import KeyRing
from copilot_api.server.limits import Approver, Limits
from copilot_api.server.listening import BACKLOG, bind
from copilot_api.server.peers import Peers, own_user
from copilot_api.server.picture_fetch import PictureFetcher
from copilot_api.server.pictures import Pictures
from copilot_api.server.repair_book import RepairBook
from copilot_api.server.traffic import Traffic
from copilot_api.settings import Settings, data_dir
from copilot_api.tokens import Counter
from copilot_api.upstream import grants
from copilot_api.upstream.auth import CopilotAuth, Signed, Token
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.certificates import verified
from copilot_api.upstream.client import CopilotClient
from copilot_api.upstream.clock import Clock, SystemClock
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity

SANDBOX_PACE_S = 0.02
FAREWELL_S = 2.0
"""Seconds that streams get to say goodbye once they must end."""

ACCEPTED_AT_ONCE = 16
"""Connections taken between two looks at everything else, so that a flood of them does not hold up open streams."""

_log = logging.getLogger(__name__)


class Phase(StrEnum):
    """Where a service is in its life. It goes through it once."""

    NEW = "new"
    STARTING = "starting"
    SERVING = "serving"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the service is. `url` is what clients use ("" before it listens), `reason` why not signed in, `models` how many
    the account has, `active` how many requests are being served.
    """

    phase: Phase = Phase.NEW
    url: str = ""
    signed: Signed = Signed.OUT
    reason: str = ""
    login: str = ""
    models: int = 0
    active: int = 0


class Service:
    """One run of copilot-api.

    `approver` is asked for each request with `--manual`; `announce` is told each new Copilot token (`--show-token`); `grant`
    finds the GitHub token (default: flag, environment, vault), `keys` is where the API keys are (default: the data folder),
    `user` whose programs are served (default: who runs this one).
    """

    def __init__(
        self,
        settings: Settings,
        *,
        approver: Approver | None = None,
        announce: Callable[[Token], None] | None = None,
        grant: Callable[[Settings], Awaitable[Grant]] = grants.find,
        clock: Clock | None = None,
        keys: KeyFile | None = None,
        user: int | None = None,
    ) -> None:
        self.settings = settings
        self.status = Status()
        self._approver = approver
        self._announce = announce
        self._find_grant = grant
        self._clock = clock or SystemClock()
        self._keys = KeyRing(settings.api_keys, keys or KeyFile.of(data_dir()), self._clock)
        self._peers = Peers.of(own_user() if user is None else user, wanted=settings.same_user_only)
        self._listeners: list[Callable[[Status], None]] = []
        self._traffic = Traffic(self._publish_active)
        self._tasks: list[asyncio.Task[None]] = []
        self._owned = AsyncExitStack()
        self._runner: web.AppRunner | None = None
        self._listening: list[asyncio.Server] = []
        self._tls: ssl.SSLContext | None = None
        self._started_at = 0.0
        self._roots: ssl.SSLContext | bool = True
        self._hurry = asyncio.Event()
        self._stopped = asyncio.Event()
        self._counter = Counter()
        self._calibration: Calibration
        self.catalog: Catalog
        self.client: CopilotClient
        self.auth: CopilotAuth
        self.github: GitHub

    @property
    def asks_for_a_key(self) -> bool:
        """Whether clients must show an API key."""
        return self._keys.is_required

    @property
    def url(self) -> str:
        """The base URL for clients, without a trailing slash."""
        return self.status.url

    def subscribe(self, listener: Callable[[Status], None]) -> Callable[[], None]:
        """Calls `listener` with each new status, on the loop's thread. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def start(self) -> None:
        """Listens, signs in, reads the models, serves. When it raises, nothing is left running.

        Raises StartFailed (SettingsBroken, a port in use, an unsafe host), NotSignedIn, SubscriptionMissing, KeyringUnusable,
        UpstreamProblem.
        """
        self._check()
        self._publish(phase=Phase.STARTING)
        try:
            await self._start()
        except BaseException:
            await self._close()
            raise
        self._publish(phase=Phase.SERVING)

    async def stop(self) -> None:
        """Stops accepting, lets open requests finish for `drain_s` seconds, ends the rest and closes everything.

        Called again meanwhile: at once.
        """
        if self.status.phase is Phase.STOPPING:
            self._hurry.set()
            await self._stopped.wait()
        if self.status.phase is not Phase.SERVING:
            return
        self._publish(phase=Phase.STOPPING)
        await self._drain()
        await self._close()

    def _check(self) -> None:
        settings = self.settings
        if self.status.phase is not Phase.NEW:
            raise StartFailed("this service was started before")
        if settings.manual and self._approver is None:
            raise StartFailed(
                "--manual needs a terminal to ask on", hint="start copilot-api in a terminal, or leave --manual out"
            )

    async def _start(self) -> None:
        await self._keys.open()
        if self.settings.https:
            self._tls = await asyncio.to_thread(Authority.of(data_dir()).context)
        if self._keys.is_empty and not is_loopback(self.settings.host):
            raise StartFailed(
                f"{self.settings.host} can be reached from other machines, and there is no API key",
                hint="make one with copilot-api keys add NAME, or leave --host out",
            )
        sockets = await bind(self.settings.host, self.settings.port)
        for bound in sockets:
            self._owned.callback(bound.close)
        if self.settings.sandbox:
            await self._enter_sandbox()
        await self._build()
        await asyncio.gather(self._sign_in(), self._name_account())
        await self._listen(sockets)
        self._keep("copilot-token", self.auth.keep_fresh())
        self._keep("model-list", self.catalog.keep_fresh())
        self._keep("token-calibration", self._calibration.run())

    async def _enter_sandbox(self) -> None:
        from copilot_api.sandbox import Sandbox

        sandbox = await self._owned.enter_async_context(Sandbox(pace_s=SANDBOX_PACE_S))
        self.settings = sandbox.settings(self.settings)
        self._find_grant = grants.find

    async def _build(self) -> None:
        settings = self.settings
        self._roots = await asyncio.to_thread(verified)
        http = aiohttp.ClientSession(
            # As many connections as there are streams; cookies would only tell requests of one person from each other.
            connector=aiohttp.TCPConnector(limit=0, ssl=self._roots),
            cookie_jar=aiohttp.DummyCookieJar(),
            # Said here because aiohttp would offer whatever this Python can unpack.
            headers={"Accept-Encoding": "gzip, deflate"},
            trust_env=settings.proxy_env,
        )
        await self._owned.enter_async_context(http)
        hosts, identity = Hosts.of(settings), Identity(settings)
        self.github = GitHub(http, hosts, identity, settings)
        find = partial(self._find_grant, settings)
        self.auth = CopilotAuth(self.github, find, hosts, self._clock, announce=self._announce)
        self._owned.callback(self.auth.subscribe(lambda signed, reason: self._publish(signed=signed, reason=reason)))
        self.client = CopilotClient(http, self.auth, identity, settings)
        self.catalog = Catalog(self.client, settings, self._clock)
        # What a simulated Copilot counts is nothing to learn from for good.
        path = None if settings.copilot_url else data_dir() / calibration.FILE_NAME
        self._calibration = Calibration(self._counter, self._clock, path)

    async def _sign_in(self) -> None:
        await self.auth.token()
        models = await self.catalog.models()
        self._publish(models=len(models))

    async def _name_account(self) -> None:
        """Whose account it is: good to know, but nothing depends on it."""
        try:
            user = await self.github.user(await self.auth.grant())
        except CopilotApiError as problem:
            _log.debug("the account has no name: %s", problem.code or problem.kind)
        else:
            self._publish(login=str(user["login"]))

    async def _listen(self, sockets: list[socket.socket]) -> None:
        app = create_app(
            Deps(
                settings=self.settings,
                clock=self._clock,
                auth=self.auth,
                github=self.github,
                catalog=self.catalog,
                client=self.client,
                counter=self._counter,
                calibration=self._calibration,
                keys=self._keys,
                peers=self._peers,
                limits=Limits(self.settings, self._approver, self._clock),
                pictures=Pictures(self._fetcher()),
                repairs=RepairBook(self._clock),
                traffic=self._traffic,
                uptime_s=lambda: self._clock.monotonic() - self._started_at,
            )
        )
        # Off by default in production, and without it a client that leaves would not end what runs for it upstream.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=FAREWELL_S)
        await self._runner.setup()
        connections = Connections(self.settings, own_process.descriptors())
        self._owned.callback(connections.close)
        self._owned.push_async_callback(self._runner.cleanup)
        self._owned.callback(self._stop_listening)
        await self._accept(sockets, self._runner, connections)
        self._started_at = self._clock.monotonic()
        port = sockets[0].getsockname()[1]
        self._publish(url=f"http://{reachable(self.settings.host)}:{port}")

    async def _accept(self, sockets: list[socket.socket], runner: web.AppRunner, connections: Connections) -> None:
        assert runner.server is not None  # noqa: S101 - it was set up
        make = partial(connections.make, runner.server, HTTP_LOG)
        either = make if self._tls is None else partial(Doorway, connections, make, self._tls)
        for bound in sockets:
            self._listening.append(await asyncio.get_running_loop().create_server(either, sock=bound, backlog=ACCEPTED_AT_ONCE))
            bound.listen(BACKLOG)  # which that call made as short as what is accepted at once

    def _stop_listening(self) -> None:
        for listening in self._listening:
            listening.close()
        self._listening.clear()

    def _fetcher(self) -> PictureFetcher | None:
        """What fetches pictures, if that is wanted: not where nothing is to leave the machine."""
        if not self.settings.fetch_images or self.settings.sandbox:
            return None
        fetcher = PictureFetcher(roots=self._roots)
        self._owned.push_async_callback(fetcher.close)
        return fetcher

    def _keep(self, name: str, body: Coroutine[object, object, None]) -> None:
        self._tasks.append(asyncio.create_task(body, name=name))

    async def _drain(self) -> None:
        assert self._runner is not None  # noqa: S101 - serving, so it is there
        self._stop_listening()
        if self._runner.server is not None:
            self._runner.server.pre_shutdown()  # idle connections close, busy ones after their answer
        await self._runner.shutdown()  # WebSockets likewise
        if self._traffic.active:
            _log.info("waiting for %d open requests", self._traffic.active)
        if not await self._drained_within(self.settings.drain_s):
            self._traffic.interrupt()
            await self._drained_within(FAREWELL_S)

    async def _drained_within(self, seconds: float) -> bool:
        """Whether every request ended in time, or before somebody got impatient."""
        try:
            async with asyncio.timeout(seconds):
                await _first(self._traffic.drained(), self._hurry.wait())
        except TimeoutError:
            return self._traffic.active == 0
        return self._traffic.active == 0

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._owned.aclose()
        self._publish(phase=Phase.STOPPED, url="")
        self._stopped.set()

    def _publish_active(self) -> None:
        self._publish(active=self._traffic.active)

    def _publish(self, **changes: object) -> None:
        status = replace(self.status, **changes)  # type: ignore[arg-type] # names and types are those of Status, a few lines up
        if status == self.status:
            return
        self.status = status
        for listener in tuple(self._listeners):
            listener(status)


async def _first(*waits: Coroutine[object, object, object]) -> None:
    """Returns when the first of these has."""
    tasks = [asyncio.create_task(wait, name=f"drain-{n}") for n, wait in enumerate(waits)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def reachable(host: str) -> str:
    """The host of a URL with which clients on this machine reach a server bound to `host`."""
    address = {"localhost": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{address}]" if ":" in address else address
