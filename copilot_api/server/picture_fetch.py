"""Pictures that requests name by address, fetched without letting anybody look into the networks that this machine can reach.

Whoever writes a prompt chooses the address, be it a page that a model has read. So only addresses that all the world can reach
are connected to: those that were looked up are the ones that are checked and used, at every redirect anew.
"""

import asyncio
import base64
import ipaddress
import re
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from copilot_api import __version__
from copilot_api.errors import ClientMistake
from copilot_api.translate.pictures import Picture, kind_of
from copilot_api.upstream.roots import Checking, Roots

MOST_BYTES = 20 * 1024 * 1024
MOST_REDIRECTS = 3
WITHIN_S = 15.0
AT_ONCE = 4
WEB_PORTS = frozenset({80, 443})
"""Below 1024 the others are of mail, files and terminals, which shall not be spoken to in HTTP."""

IsAllowed = Callable[[str], bool]
"""Says of an IP address, written out, whether it may be connected to."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NUMBER = re.compile(r":|(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$", re.IGNORECASE)
# What no router leads to, or only one nearby; Python's own list is older than some of it.
_NOWHERE = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "fec0::/10")))
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # IPv4 behind NAT64


def is_public(address: str) -> bool:
    """Whether all the world can reach `address`: not this machine, not its networks, not by a detour through IPv6."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _is_public(found)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if address in _TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(inner)
    if any(address in network for network in _NOWHERE):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class _Guarded(AbstractResolver):
    """Looks names up, and knows no name that leads, in whatever way, to an address that is not allowed."""

    def __init__(self, is_allowed: IsAllowed) -> None:
        self._is_allowed = is_allowed
        self._inner = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not all(self._is_allowed(result["host"]) for result in found):
            raise OSError("the name leads to an address that is not public")
        return found

    async def close(self) -> None:
        await self._inner.close()


class PictureFetcher:
    """Fetches pictures over connections of its own: no proxy, no cookies, nothing of the account's."""

    def __init__(self, roots: Roots, *, is_allowed: IsAllowed = is_public) -> None:
        self._is_allowed = is_allowed
        self._resolver = _Guarded(is_allowed)
        # A proxy would look the name up itself, and connect to whatever it finds.
        self._http = aiohttp.ClientSession(
            connector=Checking(
                roots, resolver=self._resolver, socket_factory=self._socket, use_dns_cache=False, force_close=True
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=WITHIN_S, connect=WITHIN_S / 3),
            headers={"User-Agent": f"copilot-api/{__version__}", "Accept": "image/*", "Accept-Encoding": "identity"},
        )
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        """Hangs up."""
        await self._http.close()
        await self._resolver.close()

    async def fetch(self, url: str) -> Picture:
        """The picture at `url`. Raises ClientMistake, saying why there is none."""
        try:
            async with self._turn, asyncio.timeout(WITHIN_S):
                return _picture(await self._followed(URL(url)))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise _unfetched(url, _why(error)) from error

    async def _followed(self, place: URL) -> bytes:
        for _ in range(MOST_REDIRECTS + 1):
            self._check(place)
            async with self._http.get(place, allow_redirects=False) as response:
                if response.status in _REDIRECTS and "Location" in response.headers:
                    place = place.join(URL(response.headers["Location"]))
                    continue
                if response.status != 200:
                    raise ValueError(f"the answer was {response.status}")
                return await _received(response)
        raise ValueError("it leads from one place to the next")

    def _socket(self, found: AddrInfoType) -> socket.socket:
        """The socket for a connection to be made, whatever led to its address: nothing comes past this."""
        family, kind, protocol, _, address = found
        if not self._is_allowed(str(address[0])):
            raise OSError("the address is not public")
        return socket.socket(family, kind, protocol)

    def _check(self, place: URL) -> None:
        """Raises ValueError for what is no plain web address, and for a number in it that is not allowed."""
        host = place.raw_host
        if place.scheme not in {"http", "https"} or not host or place.user or place.password:
            raise ValueError("it is not a plain web address")
        if (place.port or 0) < 1024 and place.port not in WEB_PORTS:
            raise ValueError("no pictures are fetched from that port")
        # A number is not looked up, so it does not come by the resolver; and there are more ways to write one than are told.
        if _NUMBER.search(host) and not self._is_allowed(host):
            raise ValueError("the address is not public")


def _picture(data: bytes) -> Picture:
    """What was fetched, as what it is and not as what its server says."""
    media_type = kind_of(data[:12])
    if media_type is None:
        raise ValueError("it is not a picture that models see")
    return Picture(media_type=media_type, data=base64.b64encode(data).decode())


async def _received(response: aiohttp.ClientResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES // (1024 * 1024)} MiB")
        pieces.append(piece)
    return b"".join(pieces)


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not come in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is unknown, or leads to an address that is not public"
    return "the connection failed" if isinstance(error, aiohttp.ClientError | OSError) else str(error)


def _unfetched(url: str, why: str) -> ClientMistake:
    """Names the host only: the rest of an address may be a secret."""
    host = re.match(r"https?://(?:[^/@]*@)?([^/?#]*)", url, re.IGNORECASE)
    return ClientMistake(
        f"The picture at {host[1][:100] if host else 'that address'!r} could not be fetched: {why}",
        hint="send the picture itself, as base64",
        code="invalid_image_url",
    )
