"""The connections to GitHub and Copilot of one run: who is trusted, which proxy they take, and when they are made anew."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from copilot_api.settings import Settings
from copilot_api.upstream import portal
from copilot_api.upstream.certificates import trusted
from copilot_api.upstream.clock import Clock
from copilot_api.upstream.connector import Connector
from copilot_api.upstream.proxies import Proxies
from copilot_api.upstream.roots import Roots
from copilot_api.upstream.watch import Watch
from copilot_api.upstream.ways import Ways

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """`http` is what everything is said over. `watch` knows when the machine slept or changed networks."""

    http: aiohttp.ClientSession
    roots: Roots
    proxies: Proxies
    watch: Watch


@asynccontextmanager
async def connected(settings: Settings, clock: Clock) -> AsyncIterator[Connections]:
    """Opens them as `settings` want them. Raises SettingsBroken for a proxy or a file of certificates that make no sense."""
    async with _reading(settings) as roots, _connected(settings, clock, roots) as opened:
        yield opened


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[Roots]:
    """Makes what connections are checked with while the rest starts. What the person named for it is waited for."""
    roots = asyncio.get_running_loop().run_in_executor(None, trusted, settings)
    try:
        if settings.ca_file:
            await roots
        yield roots
    finally:
        await asyncio.gather(roots, return_exceptions=True)


@asynccontextmanager
async def _connected(settings: Settings, clock: Clock, roots: Roots) -> AsyncIterator[Connections]:
    proxies = await asyncio.to_thread(Proxies, settings)
    if proxies.idle_variable:
        _log.warning(
            "%s is for http:// only, and GitHub is reached over https: set HTTPS_PROXY to the same", proxies.idle_variable
        )
    ways = Ways()
    watch = Watch(clock, ways)
    connector = Connector(proxies, ways, watch, roots=roots)
    watch.subscribe(connector.drop_idle)
    watch.subscribe(proxies.doubt)
    async with aiohttp.ClientSession(
        connector=connector,
        # Cookies would only tell requests of one person from each other.
        cookie_jar=aiohttp.DummyCookieJar(),
        # Said here because aiohttp would offer whatever this Python can unpack.
        headers={"Accept-Encoding": "gzip, deflate"},
        middlewares=(portal.guard,),
    ) as http:
        yield Connections(http=http, roots=roots, proxies=proxies, watch=watch)
