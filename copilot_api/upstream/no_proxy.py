"""NO_PROXY: which hosts are reached without a proxy, by the rules that curl, Go and Python's own libraries have in common.

Entries stand between commas or blanks. A name covers itself and what is under it, with or without a dot or `*.` in front;
a number covers itself, `10.0.0.0/8` the hosts that are addressed by such numbers; a port behind it narrows it down; `*` is all.
"""

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

_BRACKETED = re.compile(r"\[(?P<host>[^\]]*)\](?::(?P<port>\d+))?")
_NAMED = re.compile(r"(?P<host>[^:]+):(?P<port>\d+)")


@dataclass(frozen=True, slots=True)
class _Entry:
    """`place` is a name in small letters, or the numbers; `port` None stands for every one."""

    place: str | IPv4Network | IPv6Network
    port: int | None

    def covers(self, host: str, number: IPv4Address | IPv6Address | None, port: int) -> bool:
        if self.port not in {None, port}:
            return False
        if isinstance(self.place, str):
            return number is None and (host == self.place or host.endswith(f".{self.place}"))
        return number is not None and number in self.place


class Exceptions:
    """The hosts that `text` excepts."""

    def __init__(self, text: str) -> None:
        words = text.lower().replace(",", " ").split()
        self._all = "*" in words
        self._entries = [entry for word in words if (entry := _entry(word))]

    def covers(self, host: str, port: int) -> bool:
        """Whether `host` (without brackets) is to be reached without a proxy at `port`."""
        host = host.lower().rstrip(".")
        number = _number(host)
        return self._all or any(entry.covers(host, number, port) for entry in self._entries)


def _entry(word: str) -> _Entry | None:
    """What `word` excepts; None where there is nothing in it."""
    found = _BRACKETED.fullmatch(word) or _NAMED.fullmatch(word)
    host, port = (found["host"], found["port"]) if found else (word, None)
    try:
        place: str | IPv4Network | IPv6Network = ipaddress.ip_network(host, strict=False)
    except ValueError:
        place = host.removeprefix("*").strip(".")
    return _Entry(place, int(port) if port else None) if place else None


def _number(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
