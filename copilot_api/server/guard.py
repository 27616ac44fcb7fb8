"""Who may come in: the Host asked for, the page that asks, the key it shows. Pure decisions on text, no socket.

A web page anywhere can make a browser call a server on this machine. By rebinding its own name it would arrive with a foreign
Host, directly with a foreign Origin; what is fetched without an Origin, such as an image, with a Sec-Fetch-Site that tells, and
from browsers too old for that with the kinds of body that a form can send. All of it is turned away before anything is done.
"""

import ipaddress
import re
from collections.abc import Iterable

from copilot_api.errors import DoorClosed, KeyRefused
from copilot_api.server.key_ring import KeyRing
from copilot_api.settings import Settings

ANY = "*"

_AUTHORITY = re.compile(r"(?:\[(?P<number>[0-9a-f:.]+)\]|(?P<name>[^\s:/@\\?#\[\],]*?))\.?(?::\d{0,5})?")
"""A Host, in small letters: what is more than a name and a port is a trick."""

_FORMS = frozenset({"text/plain", "multipart/form-data", "application/x-www-form-urlencoded"})
"""What a page can send anywhere without being allowed to."""


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
        raise DoorClosed(
            f"This server does not answer to the name {header[:100]!r}",
            hint=f"if it is yours, pass --allow-host {name}" if name else "ask for it as it is, such as 127.0.0.1:4141",
        )

    def check_origin(self, origin: str | None, host: str | None) -> None:
        """Raises DoorClosed for a page of another origin, unless it is configured."""
        if origin is None or self.readable_by(origin):
            return
        if host and origin.partition("://")[2].lower() == host.lower():
            return  # a page of our own
        raise DoorClosed(
            f"Web pages of {origin[:100]!r} may not use this server", hint=f"if you trust it, pass --cors-origin {origin[:100]}"
        )

    def check_site(self, site: str | None, origin: str | None) -> None:
        """Raises DoorClosed for what another site's page fetches; `site` is what browsers say in Sec-Fetch-Site."""
        if site is None or site.lower() in {"same-origin", "none"} or ANY in self._origins or self.readable_by(origin):
            return
        raise DoorClosed("Web pages of other sites may not use this server", hint="if you trust one, pass --cors-origin")

    def check_form(self, content_type: str, user_agent: str, origin: str | None) -> None:
        """Raises DoorClosed for a body that a form can send, from a browser that does not say for whom."""
        essence = content_type.partition(";")[0].strip().lower()
        if essence not in _FORMS or not user_agent.startswith("Mozilla/") or origin is not None or ANY in self._origins:
            return
        raise DoorClosed("A browser sent this as a form", hint="send it as application/json")

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
    """The name in a Host header: without port, brackets and trailing dot, in small letters; "" where it is none."""
    text = header.strip().lower()
    if text.count(":") > 1 and not text.startswith("["):
        # An IPv6 address as people write it in settings.
        return text if re.fullmatch(r"[0-9a-f:.]+", text) else ""
    found = _AUTHORITY.fullmatch(text)
    return (found["number"] or found["name"]) if found else ""
