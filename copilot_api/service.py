"""The service: puts everything together, starts it, says how it is, and ends it without leaving anything behind."""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from copilot_api import __version__, machine
from copilot_api.errors import StartFailed
from copilot_api.https.authority import Authority
from copilot_api.keys import KeyFile
from copilot_api.server import Deps, approvals, calibration, create_app, today
from copilot_api.server.approvals import Approvals, Decision
from copilot_api.server.calibration import Calibration
from copilot_api.server.door import opened
from copilot_api.server.guard import is_loopback
from copilot_api.server.key_ring import KeyRing
from copilot_api.server.limits import Approver, Limits
from copilot_api.server.listening import bind, reachable
from copilot_api.server.peers import Peers, own_user
from copilot_api.server.picture_fetch import PictureFetcher
from copilot_api.server.pictures import Pictures
from copilot_api.server.repair_book import RepairBook
from copilot_api.server.run_file import Run
from copilot_api.server.serving import Serving, served
from copilot_api.server.status import Listener, Phase, Status
from copilot_api.server.today import Use
from copilot_api.server.traffic import Traffic
from copilot_api.settings import Settings, data_dir
from copilot_api.thrift import keep_trimmed
from copilot_api.tokens import Counter
from copilot_api.upstream import grants
from copilot_api.upstream.auth import CopilotAuth, Signed, Token
from copilot_api.upstream.breaker import Breaker
from copilot_api.upstream.catalog import Catalog
from copilot_api.upstream.client import CopilotClient
from copilot_api.upstream.clock import Clock, SystemClock
from copilot_api.upstream.connections import Connections, connected
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity
from copilot_api.upstream.quota import Quota
from copilot_api.upstream.reach import Reach
from copilot_api.upstream.standing import Standing

SANDBOX_PACE_S = 0.02
FAREWELL_S = 2.0
"""Seconds that streams get to say goodbye once they must end."""

PRIVATE = "private"
"""The folder, in the program's own, for files that nobody else may read."""

_log = logging.getLogger(__name__)


class Service:
    """One run of copilot-api; a `Handle` for whoever shows it to a person.

    `approver` is asked for each request with `--manual`, on the terminal; `is_attended`: somebody can decide elsewhere, as at
    a tray. `announce` is told each new Copilot token (`--show-token`); `grant` finds the GitHub token (default: flag,
    environment, vault). Other programs find it by a file in `run_folder`; without that it is not to be found. `kept` is the
    folder for what outlives it, by default the system's for this program. Where no API key is asked for, only programs of
    `user` are served (default: who runs this one).
    """

    def __init__(
        self,
        settings: Settings,
        *,
        approver: Approver | None = None,
        is_attended: bool = False,
        announce: Callable[[Token], None] | None = None,
        grant: Callable[[Settings], Awaitable[Grant]] = grants.find,
        clock: Clock | None = None,
        run_folder: Path | None = None,
        kept: Path | None = None,
        user: int | None = None,
    ) -> None:
        self.settings = settings
        self.status = Status(
            is_manual=settings.manual,
            is_sandbox=settings.sandbox,
            account_type=settings.account_type,
            version=__version__,
            pid=os.getpid(),
        )
        self._can_be_asked = approver is not None or is_attended
        self._announce = announce
        self._find_grant = grant
        self._clock = clock or SystemClock()
        self._run_folder = run_folder
        self._kept = kept or data_dir()
        self._keys = KeyRing(settings.api_keys, KeyFile.of(self._kept), self._clock)
        self._peers = Peers.of(own_user() if user is None else user, wanted=settings.same_user_only)
        self._listeners: list[Listener] = []
        self._traffic = Traffic(lambda: self._publish(active=self._traffic.active))
        self._reach = Reach(self._reach_changed)
        self._approvals = Approvals(
            self._clock,
            asker=approver,
            path=None if settings.sandbox else self._kept / PRIVATE / approvals.FILE_NAME,
            changed=self._approvals_changed,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._owned = AsyncExitStack()
        self._door = AsyncExitStack()
        self._serving: Serving | None = None
        self._tls: ssl.SSLContext | None = None
        self._started_at = 0.0
        self._is_to_stop = False
        self._stopping: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._stopped = asyncio.Event()
        self._counter = Counter()
        self.breakers = (Breaker("GitHub", self._clock), Breaker("Copilot", self._clock))
        self._calibration: Calibration
        self._connections: Connections
        self._use: Use
        self._standing: Standing | None = None
        self.run: Run
        """How other programs reach this service, once it has begun to start."""
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

    def network_changed(self) -> None:
        """The network is another, or the machine has slept: what could not be reached before may be reached now."""
        for breaker in self.breakers:
            breaker.reset()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` with each new status, on the loop's thread. Returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def start(self, *, is_patient: bool = False) -> None:
        """Listens, signs in, reads the models, serves. When it raises, nothing is left running.

        `is_patient`: serves although nobody is signed in or GitHub cannot be reached; requests are told so until that changes.

        Raises StartFailed (SettingsBroken, a port in use, an unsafe host), and unless it is patient NotSignedIn,
        SubscriptionMissing, KeyringUnusable, UpstreamProblem.
        """
        self._check()
        self._publish(phase=Phase.STARTING)
        try:
            await self._start(is_patient=is_patient)
        except BaseException:
            await self._close()
            raise
        self._publish(phase=Phase.SERVING, since=self._clock.wall())
        if self._is_to_stop:
            self.ask_to_stop()

    def ask_to_stop(self, *, at_once: bool = False) -> None:
        """Begins what `stop` does, or with `at_once` what `hurry` does; while it starts, as soon as it has started."""
        self._is_to_stop = self.status.phase is not Phase.NEW
        if at_once and self._is_to_stop:
            self._hurry.set()
        if self.status.phase is Phase.SERVING:
            self._publish(phase=Phase.STOPPING)
            self._stopping = asyncio.create_task(self._stop(), name="stop")

    async def stop(self) -> None:
        """Stops accepting, lets open requests finish for `drain_s` seconds, ends the rest and closes everything."""
        self.ask_to_stop()
        await self._ended()

    async def hurry(self) -> None:
        """Stops at once, also while it is stopping: open requests end with an error of their dialect."""
        self.ask_to_stop(at_once=True)
        await self._ended()

    async def follow(self) -> None:
        """Returns when it serves no more."""
        await self._stopped.wait()

    async def approve(self, waiting_id: str, decision: Decision) -> bool:
        """Decides on a request that waits; False when it does not wait any more."""
        return self._approvals.decide(waiting_id, decision)

    async def ask_again(self, client: str) -> bool:
        """Takes back that `client` needs no approval; whether it needed none."""
        return self._approvals.ask_again(client)

    async def look_again(self) -> None:
        """The person has signed in, out or anew: goes by what is found now. Raises KeyringUnusable."""
        if self._standing is not None:
            await self.auth.look_again()
            self._standing.look_again()

    async def _ended(self) -> None:
        if self._stopping is not None:
            await asyncio.shield(self._stopping)  # who waits may give up; what was begun goes on
        elif self.status.phase is Phase.STARTING:
            await self._stopped.wait()

    def _check(self) -> None:
        settings = self.settings
        if self.status.phase is not Phase.NEW:
            raise StartFailed("this service was started before")
        if settings.manual and not self._can_be_asked:
            raise StartFailed(
                "--manual needs a terminal to ask on", hint="start copilot-api in a terminal, or leave --manual out"
            )

    async def _start(self, *, is_patient: bool) -> None:
        await self._unlock()
        sockets = await bind(self.settings.host, self.settings.port)
        for bound in sockets:
            self._owned.callback(bound.close)
        port = sockets[0].getsockname()[1]
        url = f"http://{reachable(self.settings.host)}:{port}"
        # Open until the very end, so that a stop can be watched, and hurried.
        door = opened(self, self._run_folder, port=port, url=url, since=self._clock.wall())
        self.run = await self._door.enter_async_context(door)
        if self.settings.sandbox:
            await self._enter_sandbox()
        standing = self._standing = await self._build()
        if not is_patient:
            await standing.enter()
        if self.settings.manual:
            await self._approvals.load()
            self._keep("approvals", self._approvals.run())
        await self._listen(sockets)
        self._publish(url=url, address=url.removeprefix("http://"))
        self._keep("account", standing.keep())
        self._keep("copilot-token", self.auth.keep_fresh())
        self._keep("reachability", self.client.keep_reachable())
        self._keep("model-list", self.catalog.keep_fresh())
        self._keep("token-calibration", self._calibration.run())
        self._keep("thrift", keep_trimmed(self._clock.sleep, lambda: self._traffic.total))
        self._keep("today", self._use.run())
        self._follow_the_machine(standing)

    def _follow_the_machine(self, standing: Standing) -> None:
        """Notices when the machine has slept or changed networks, and sees to it that the next request finds all in order."""
        watch = self._connections.watch
        watch.subscribe(self.network_changed)
        self._keep("connection-watch", watch.run())
        self._keep("catching-up", standing.catch_up(watch))
        for name, body in machine.listeners(woke=partial(watch.tell, "the machine woke up"), moved=watch.look_around).items():
            self._keep(name, body)

    async def _unlock(self) -> None:
        """Reads what clients are told from each other by, and what https is served with."""
        await self._keys.open()
        if self._keys.is_empty and not is_loopback(self.settings.host):
            raise StartFailed(
                f"{self.settings.host} can be reached from other machines, and there is no API key",
                hint="make one with copilot-api keys add NAME, or leave --host out",
            )
        if self.settings.https:
            self._tls = await asyncio.to_thread(Authority.of(self._kept).context)

    async def _enter_sandbox(self) -> None:
        from copilot_api.sandbox import Sandbox

        sandbox = await self._owned.enter_async_context(Sandbox(pace_s=SANDBOX_PACE_S))
        self.settings = sandbox.settings(self.settings)
        self._find_grant = grants.find

    async def _build(self) -> Standing:
        settings = self.settings
        self._connections = await self._owned.enter_async_context(connected(settings, self._clock))
        http, hosts, identity = self._connections.http, Hosts.of(settings), Identity(settings)
        self.github = GitHub(http, hosts, identity, settings)
        find = partial(self._find_grant, settings)
        github, copilot = self.breakers
        self.auth = CopilotAuth(self.github, find, hosts, self._clock, breaker=github, announce=self._announce)
        self.client = CopilotClient(
            http, self.auth, identity, settings, clock=self._clock, breaker=copilot, quoted=self._heard, reach=self._reach
        )
        self.catalog = Catalog(self.client, settings, self._clock)
        # What a simulated Copilot counts is nothing to learn from for good, and nothing that anybody has used.
        kept = None if settings.copilot_url else self._kept
        self._calibration = Calibration(self._counter, self._clock, kept and kept / calibration.FILE_NAME)
        self._use = Use(self._clock, kept and kept / PRIVATE / today.FILE_NAME, self._use_changed)
        standing = Standing(self.auth, self.github, self.catalog, self._reach, self._clock, self._account_changed)
        self._owned.callback(self.auth.subscribe(lambda *_: self._signed_changed()))
        self._publish(is_token_given=bool(settings.github_token), account_type=settings.account_type)
        return standing

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
                limits=Limits(self.settings, self._approvals, self._clock),
                pictures=Pictures(self._fetcher()),
                repairs=RepairBook(self._clock),
                traffic=self._traffic,
                use=self._use,
                uptime_s=lambda: self._clock.monotonic() - self._started_at,
            )
        )
        serving = served(app, sockets, self.settings, farewell_s=FAREWELL_S, tls=self._tls)
        self._serving = await self._owned.enter_async_context(serving)
        self._started_at = self._clock.monotonic()

    def _fetcher(self) -> PictureFetcher | None:
        """What fetches pictures, if that is wanted: not where nothing is to leave the machine."""
        if not self.settings.fetch_images or self.settings.sandbox:
            return None
        fetcher = PictureFetcher(self._connections.roots)
        self._owned.push_async_callback(fetcher.close)
        return fetcher

    def _keep(self, name: str, body: Coroutine[object, object, None]) -> None:
        self._tasks.append(asyncio.create_task(body, name=name))

    async def _stop(self) -> None:
        try:
            await self._drain()
        finally:
            await self._close()

    async def _drain(self) -> None:
        assert self._serving is not None  # noqa: S101 - or there would be nothing to drain
        await self._serving.empty()
        if self._traffic.active:
            _log.info("waiting for %d open requests", self._traffic.active)
        if not await self._traffic.drained_within(self.settings.drain_s, unless=self._hurry):
            self._traffic.interrupt()
            await self._traffic.drained_within(FAREWELL_S, unless=self._hurry)

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._owned.aclose()
        # Those who watch are told of it before their door is closed, too.
        self._publish(phase=Phase.STOPPED, url="", address="", waiting=())
        await self._door.aclose()
        self._stopped.set()

    def _heard(self, quotas: Mapping[str, Quota]) -> None:
        if self._standing is not None:
            self._standing.hear(quotas)

    def _approvals_changed(self) -> None:
        self._publish(waiting=self._approvals.waiting, approved=self._approvals.approved)

    def _reach_changed(self) -> None:
        self._signed_changed()
        if self._standing is not None and self._reach.is_down and self.auth.signed is Signed.IN:
            self._standing.look_again()  # which goes on until it is reached again, be there requests or not

    def _signed_changed(self) -> None:
        """Told together, so that nobody takes an outage for a token that a person must see to."""
        self._publish(signed=self.auth.signed, is_github_down=self._reach.is_down, reason=self._reason())

    def _account_changed(self) -> None:
        if (standing := self._standing) is not None:
            self._publish(login=standing.login, models=len(self.catalog.known), balance=standing.balance, reason=self._reason())
            self._use_changed()

    def _use_changed(self) -> None:
        balance = self._standing.balance if self._standing else None
        # Copilot names its prices in credits, also where the plan counts requests.
        is_alike = balance is not None and balance.unit == "AI credits"
        self._publish(today=self._use.today if is_alike else replace(self._use.today, spent=None))

    def _reason(self) -> str:
        problem = self.auth.problem or (self._standing.problem if self._standing else None)
        return problem.text if problem else ""

    def _publish(self, **changes: object) -> None:
        if all(getattr(self.status, name) == value for name, value in changes.items()):
            return
        self.status = replace(self.status, **changes)  # type: ignore[arg-type] # names and types are those of Status
        for listener in tuple(self._listeners):
            listener(self.status)
