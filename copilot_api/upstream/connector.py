"""How connections to GitHub and Copilot come about: by the right way, kept alive, and thrown away when they may be dead.

What goes wrong between here and a proxy is told as that (`ProxyFailed`), and never as if the far end had failed.
"""

import asyncio
import socket
from contextlib import suppress
from functools import partial

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import AddrInfoType, Connection
from aiohttp.tracing import Trace
from yarl import URL

from copilot_api.upstream import socks
from copilot_api.upstream.hosts import is_loopback
from copilot_api.upstream.network import of_proxy, silent_proxy
from copilot_api.upstream.proxies import Proxies, Proxy
from copilot_api.upstream.response_handler import Steady
from copilot_api.upstream.roots import Checking, Roots
from copilot_api.upstream.watch import Watch
from copilot_api.upstream.ways import Ways

KEPT_ALIVE = {
    # The system asks an idle peer after half a minute, and gives up a minute after the last sign of life: a stream whose
    # network has gone ends then, and not after `idle_timeout_s`. Darwin calls the first of them TCP_KEEPALIVE.
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPALIVE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 60_000,
}


class Connector(Checking):
    """Connects through the network's proxy where there is one, and lets `watch` look before a connection is chosen."""

    def __init__(self, proxies: Proxies, ways: Ways, watch: Watch, *, roots: Roots) -> None:
        # As many connections as there are streams.
        super().__init__(roots, limit=0, socket_factory=self._socket)
        self._factory = partial(Steady, loop=self._loop)  # type: ignore[assignment] # a Steady is a ResponseHandler
        self._proxies = proxies
        self._ways = ways
        self._watch = watch
        self._in_use: dict[URL, Proxy] = {}

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own name for it
    ) -> Connection:
        """A connection for `req`, new or from the pool. Raises ProxyFailed beside what aiohttp raises."""
        self._watch.look()
        while True:
            try:
                return await self._connect(req, traces, timeout)
            except (aiohttp.ClientConnectionError, OSError) as error:
                if isinstance(error, TimeoutError) or not await self._watch.may_try_again(error):
                    raise

    async def _connect(self, req: ClientRequest, traces: list[Trace], limits: aiohttp.ClientTimeout) -> Connection:
        proxy = await self._proxies.towards(req.url.host or "", req.port or 0)
        if proxy is None:
            return await super().connect(req, traces, limits)
        self._in_use[proxy.url] = proxy
        req.update_proxy(proxy.url, None, {"User-Agent": req.headers.get("User-Agent", ""), **proxy.headers()})
        try:
            return await super().connect(req, traces, limits)
        except TimeoutError as error:
            raise silent_proxy(proxy) from error

    def drop_idle(self) -> None:
        """Hangs up on whom nobody talks to at the moment, and forgets what names were looked up."""
        for waiting in self._conns.values():
            for protocol, _ in waiting:
                if protocol.transport is not None:
                    protocol.transport.abort()  # a farewell would wait for an answer
        self._conns.clear()
        self.clear_dns_cache()

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own name for it
    ) -> ResponseHandler:
        proxy = self._in_use.get(req.proxy) if req.proxy else None
        if proxy is None:
            return await super()._create_connection(req, traces, timeout)
        try:
            if proxy.is_socks:
                return await self._by_socks(proxy, req, timeout)
            return await super()._create_connection(req, traces, timeout)
        except (aiohttp.ClientError, OSError, socks.NotSocks, socks.WantsPassword, socks.Refused) as error:
            told = None if isinstance(error, TimeoutError) else of_proxy(error, proxy, req.url.host or "")
            if told is None:
                raise
            raise told from error

    async def _by_socks(self, proxy: Proxy, req: ClientRequest, limits: aiohttp.ClientTimeout) -> ResponseHandler:
        """With `socks5`, the addresses of the host are looked up here, and tried in turn."""
        host = req.url.raw_host or ""
        places = [host] if proxy.scheme == "socks5h" else await self._looked_up(req)
        for place in places[:-1]:
            try:
                return await self._led_to(place, proxy, req, limits)
            except socks.Refused as refusal:
                if refusal.reply not in socks.ELSEWHERE:
                    raise
        return await self._led_to(places[-1], proxy, req, limits)

    async def _looked_up(self, req: ClientRequest) -> list[str]:
        try:
            return [found["host"] for found in await self._resolve_host(req.url.raw_host or "", req.port or 0)]
        except OSError as error:
            raise aiohttp.ClientConnectorDNSError(req.connection_key, error) from error

    async def _led_to(self, place: str, proxy: Proxy, req: ClientRequest, limits: aiohttp.ClientTimeout) -> ResponseHandler:
        asked = ClientRequest("GET", proxy.url, loop=self._loop)
        transport, _ = await self._create_direct_connection(asked, [], limits, client_error=aiohttp.ClientProxyConnectionError)
        try:
            steps = socks.dialogue(place, req.port or 0, proxy.name, proxy.password)
            async with asyncio.timeout(limits.sock_connect):
                await socks.Conversation(transport, steps).hold()
        except BaseException:
            transport.abort()
            raise
        _, protocol = await self._start_tls_connection(transport, req=req, timeout=limits)
        return protocol

    def _socket(self, found: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = found
        if not is_loopback(str(address[0])):
            self._ways.note(socket.AddressFamily(family), str(address[0]))
        made = socket.socket(family, kind, protocol)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEPT_ALIVE.items():
            with suppress(AttributeError, OSError):  # not every system knows each of them
                made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return made
