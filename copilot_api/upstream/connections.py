"""The connections to GitHub and Copilot of one run: who is trusted, which proxy they take, and when they are made anew."""

import asyncio
import logging
import ssl
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
from copilot_api.upstream.watch import Watch
from copilot_api.upstream.ways import Ways

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """`http` is what everything is said over. `watch` knows when the machine slept or changed networks."""

    http: aiohttp.ClientSession
    roots: ssl.SSLContext | bool
    proxies: Proxies
    watch: Watch


@asynccontextmanager
async def connected(settings: Settings, clock: Clock) -> AsyncIterator[Connections]:
    """Opens them as `settings` want them. Raises SettingsBroken for a proxy or a file of certificates that make no sense."""
    roots, proxies = await asyncio.to_thread(lambda: (trusted(settings), Proxies(settings)))
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
