"""Whose program it is that asks, where only programs of one's own are to be let in: on Linux the system knows.

Anybody with an account on the machine can connect to 127.0.0.1. The other end of such a connection is a socket of this machine,
and /proc/net/tcp says which user it belongs to.
"""

import asyncio
import ipaddress
import logging
import os
import sys
from pathlib import Path
from typing import Any

from copilot_api.errors import DoorClosed
from copilot_api.server.connections import Connection

ROOT = 0
NOBODY = -1

_LINE = 160

_TABLES = Path("/proc/net")
_log = logging.getLogger(__name__)


class Peers:
    """Lets in programs of the user `own`, and of root, who may do everything anyway.

    Where it cannot be told, all are let in: no other system says so much, nor a machine without /proc, and what comes from
    outside a virtual machine may have no socket in it. A server that root runs is there for everyone.
    """

    def __init__(self, own: int | None, *, tables: Path = _TABLES) -> None:
        self._own = own
        self._tables = tables
        self._has_told = False

    @classmethod
    def of(cls, own: int | None, *, wanted: bool) -> "Peers":
        """For a server of the user `own`, if that is wanted."""
        return cls(own if wanted and sys.platform == "linux" and own != ROOT else None)

    async def check(self, connection: Connection) -> None:
        """Looks once for each connection. Raises DoorClosed."""
        if self._own is None:
            return
        if connection.is_ours is None:
            owner = await asyncio.to_thread(self.owner_of, connection.peername, connection.sockname)
            if owner is None and not self._has_told:
                self._has_told = True
                _log.warning("this system does not tell whose program asks, so that every user of it is let in")
            connection.is_ours = owner in {None, self._own, ROOT}
        if not connection.is_ours:
            raise DoorClosed(
                "The program that asks belongs to another user of this machine",
                hint="copilot-api keys add NAME makes an API key for it; same_user_only = false in the settings lets in all",
            )

    def owner_of(self, peer: Any, own: Any) -> int | None:
        """The user to whom the other end of a connection belongs, NOBODY if none any more, None if it is not told. Blocks."""
        for name, needle in _needles(peer, own):
            try:
                table = (self._tables / name).read_bytes()
            except OSError:
                continue
            at = table.find(needle)
            if at >= 0:
                # What follows: state, queues, timer, retransmissions, user, timeout, inode.
                fields = table[at + len(needle) : at + len(needle) + _LINE].split()
                # A socket that its program has closed already is counted as root's, and has no inode.
                return int(fields[4]) if fields[6] != b"0" else NOBODY
        return None


def _needles(peer: Any, own: Any) -> list[tuple[str, bytes]]:
    """How the other end is listed, and where: its own address first, then ours. IPv4 may be spoken through IPv6, too."""
    try:
        (peer_host, peer_port), (own_host, own_port) = peer[:2], own[:2]
        ends = [(ipaddress.ip_address(peer_host.partition("%")[0]), peer_port), (ipaddress.ip_address(own_host), own_port)]
    except (TypeError, ValueError):
        return []
    forms = [("tcp6" if ends[0][0].version == 6 else "tcp", [(address.packed, port) for address, port in ends])]
    if ends[0][0].version == 4:
        forms.append(("tcp6", [(bytes(10) + b"\xff\xff" + address.packed, port) for address, port in ends]))
    return [(name, b" %b %b " % tuple(_end(*end) for end in both)) for name, both in forms]


def _end(packed: bytes, port: int) -> bytes:
    """An address and a port as the table has them: each word in the order of the machine's bytes."""
    words = [int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4)]
    return b"%b:%04X" % (b"".join(b"%08X" % word for word in words), port)


def own_user() -> int | None:
    """Who runs this program; None where there are no numbers for users."""
    return os.geteuid() if hasattr(os, "geteuid") else None
