"""Who may come in: the Host asked for, the page that asks, the key it shows. Pure decisions on text, no socket.

A web page anywhere can make a browser call a server on this machine. By rebinding its own name it would arrive with a foreign
Host, directly with a foreign Origin; both are turned away before anything else is looked at.
"""

import ipaddress
from collections.abc import Iterable

from copilot_api.errors import DoorClosed, KeyRefused
from copilot_api.server.key_ring import KeyRing
from copilot_api.settings import Settings

ANY = "*"


class Guard:
    """The rules for one server: bound to `settings.host`, with the further names and origins of the settings, and the keys."""

    def __init__(self, settings: Settings, keys: KeyRing) -> None:
        self._is_loopback = is_loopback(settings.host)
        self._names = {host_name(name) for name in (*settings.allowed_hosts, settings.host)}
        self._origins = frozenset(origin.rstrip("/").lower() for origin in settings.cors_origins)
        self._keys = keys

    @property
    def asks_for_a_key(self) -> bool:
        """Whether clients must show a key at all."""
        return self._keys.is_required or not self._is_loopback

    def check_host(self, header: str | None) -> None:
        """Raises DoorClosed for a Host that is not ours. Its port is not looked at: tunnels and containers change it."""
        if header is None or self._is_ours(host_name(header)):
            return
        name = host_name(header)[:100]
        raise DoorClosed(f"This server does not answer to the name {name!r}", hint=f"if it is yours, pass --allow-host {name}")

    def check_origin(self, origin: str | None, host: str | None) -> None:
        """Raises DoorClosed for a page of another origin, unless it is configured."""
        if origin is None or self.readable_by(origin):
            return
        if host and origin.partition("://")[2].lower() == host.lower():
            return  # a page of our own
        raise DoorClosed(
            f"Web pages of {origin[:100]!r} may not use this server", hint=f"if you trust it, pass --cors-origin {origin[:100]}"
        )

    def readable_by(self, origin: str | None) -> bool:
        """Whether pages of `origin` may read answers (CORS)."""
        return origin is not None and (ANY in self._origins or origin.lower() in self._origins)

    def check_keys(self, shown: Iterable[str]) -> str:
        """The name of the key that is among those shown, "" where none is asked for. Raises KeyRefused."""
        if not self.asks_for_a_key:
            return ""
        name = self._keys.name_of(shown)
        if name is None:
            raise KeyRefused(
                "A valid API key is required",
                hint="copilot-api keys add NAME makes one; send it as x-api-key, or as Authorization: Bearer",
            )
        return name

    def _is_ours(self, name: str) -> bool:
        if name in self._names or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        # Only names can be rebound, so a number is safe; but a loopback server has no business with other numbers.
        return address.is_loopback or not self._is_loopback


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address to bind to, can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str:
    """The name in a Host header: without port, brackets and trailing dot, in small letters."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    # More than one colon without brackets is an IPv6 address written as people write it in settings.
    return text if text.count(":") > 1 else text.partition(":")[0].rstrip(".")
