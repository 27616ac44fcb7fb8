"""The network proxy: which one there is, and which hosts are reached through it.

What `proxy` names wins; else, with `proxy_env`, what the environment names, or on Windows and macOS the system. All that is
said to GitHub and Copilot goes over https, so that HTTP_PROXY, which is for http, is of no use here. This machine itself is
never reached through a proxy.
"""

import asyncio
import re
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from yarl import URL

from copilot_api.errors import SettingsBroken
from copilot_api.settings import Settings, named, proxy_variables
from copilot_api.upstream.hosts import is_loopback
from copilot_api.upstream.no_proxy import Exceptions

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""The kinds of proxy, and the port of one that names none. Of `socks5h` the h says that the proxy looks names up."""

SYSTEM = "the system's settings"
_EXAMPLE = "http://proxy.example:8080"
_ALIASES = {"socks": "socks5"}  # how desktops write it into the environment
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?|[0-9a-f:.]*:[0-9a-f:.%a-z]*", re.IGNORECASE)
_SOCKS_LIMIT = 255
"""Bytes that a name and a password may each have in SOCKS (RFC 1929)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A network proxy. `origin` is the flag, variable or file that names it. What is to be shown of it is its `place`."""

    scheme: str
    host: str
    port: int
    name: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    origin: str

    @property
    def place(self) -> str:
        """Host and port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_socks(self) -> bool:
        """Whether it speaks SOCKS, as opposed to HTTP."""
        return self.scheme.startswith("socks")

    @property
    def url(self) -> URL:
        """What it is to a client, with neither name nor password."""
        return URL.build(scheme=self.scheme, host=self.host, port=self.port)

    def headers(self) -> dict[str, str]:
        """Those that let us through, for a proxy that speaks HTTP."""
        if not self.name and not self.password:
            return {}
        return {"Proxy-Authorization": "Basic " + b64encode(f"{self.name}:{self.password}".encode()).decode()}


@dataclass(frozen=True, slots=True)
class System:
    """What Windows and macOS say of proxies, and what of hosts that are reached without. Both may block for a while."""

    proxies: Callable[[], Mapping[str, str]] = urllib.request.getproxies
    excepts: Callable[[str], object] = urllib.request.proxy_bypass


class Proxies:
    """The proxy of this run, if there is one. Raises SettingsBroken for one that makes no sense."""

    def __init__(
        self, settings: Settings, variables: Mapping[str, tuple[str, str]] | None = None, system: System | None = None
    ) -> None:
        self.proxy: Proxy | None = None
        self.exceptions = ""
        self.idle_variable = ""
        """HTTP_PROXY, where it is all that the environment names: somebody expects something of it."""
        self._system: System | None = None
        self._excepted: dict[str, bool] = {}
        self._is_doubted = False
        if settings.proxy:
            self.proxy = parse(settings.proxy, named(settings, "proxy"))
        elif settings.proxy_env:
            self.proxy = self._in_environment(proxy_variables() if variables is None else variables)
            if self.proxy is None and (system is not None or sys.platform in {"win32", "darwin"}):
                self._system = system or System()
                self._ask(self._system)
        self._exceptions = Exceptions(self.exceptions)

    def doubt(self) -> None:
        """The network is another one: the system is asked anew when its word is needed. What the settings say stays."""
        self._is_doubted = True

    async def towards(self, host: str, port: int) -> Proxy | None:
        """The proxy through which `host` is to be reached. Raises SettingsBroken when the system has come to name nonsense."""
        if is_loopback(host) or self._exceptions.covers(host, port):
            return None
        if self._system is not None:
            if self._is_doubted:
                await asyncio.to_thread(self._ask, self._system)
            if self.proxy is not None and host not in self._excepted:
                self._excepted[host] = bool(await asyncio.to_thread(self._system.excepts, host))
        return None if self._excepted.get(host) else self.proxy

    def _ask(self, system: System) -> None:
        self._excepted = {}
        found = system.proxies()
        text = found.get("https") or re.sub(r"^.*?://", "socks5://", found.get("socks", ""))
        self.proxy = parse(text, SYSTEM) if text else None
        self._is_doubted = False

    def _in_environment(self, variables: Mapping[str, tuple[str, str]]) -> Proxy | None:
        self.exceptions = variables.get("no", ("", ""))[0]
        if found := variables.get("https") or variables.get("all"):
            return parse(*found)
        if "http" in variables:
            self.idle_variable = variables["http"][1]
        return None


def parse(text: str, origin: str) -> Proxy:
    """The proxy that `text` names, a URL or just a host and port. Raises SettingsBroken, which does not repeat it."""
    parts = _split(text if "://" in text else f"http://{text}", origin)
    scheme = _ALIASES.get(parts.scheme, parts.scheme)
    if scheme not in PORTS:
        _refuse(origin, "must begin with http://, https://, socks5:// or socks5h://")
    host = parts.hostname or ""
    if not _HOST.fullmatch(host):
        _refuse(origin, f"must name the proxy's host, as in {_EXAMPLE}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        _refuse(origin, f"must be host and port and nothing behind, as in {_EXAMPLE}")
    name, password = (unquote(part or "") for part in (parts.username, parts.password))
    proxy = Proxy(
        scheme=scheme,
        host=host,
        port=parts.port or PORTS[scheme],
        name=name,
        password=password,
        origin=origin,
    )
    if proxy.is_socks and max(len(name.encode()), len(password.encode())) > _SOCKS_LIMIT:
        _refuse(origin, f"holds a name or password of more than {_SOCKS_LIMIT} bytes, which SOCKS cannot carry")
    if not proxy.is_socks and ":" in name:
        _refuse(origin, "holds a name with a colon in it, which HTTP cannot carry")
    if not (name + password).isprintable():
        _refuse(origin, "holds a name or password with characters that nobody can type")
    return proxy


def _split(url: str, origin: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:
        _refuse(origin, f"must be a URL such as {_EXAMPLE}")
    return parts


def _refuse(origin: str, what: str) -> NoReturn:
    """Without the value: there may be a password in it, at whichever place it was misplaced."""
    hint = "in a name or password write @ as %40, : as %3A, / as %2F, # as %23, % as %25"
    raise SettingsBroken(f"{origin} {what}", hint=hint) from None
