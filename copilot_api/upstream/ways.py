"""The ways that lead to whom we talk to: another way means another network, be it Wi-Fi, a cable or a VPN.

A way is known by the address of ours from which the peer is reached, which the system tells without sending anything. It is
asked about peers only, and of them about the last few.
"""

import socket
from contextlib import closing

MOST_PEERS = 8

Peer = tuple[socket.AddressFamily, str]


class Ways:
    """Which address of ours each peer was last reached from; "" where no way leads there."""

    def __init__(self) -> None:
        self._sources: dict[Peer, str] = {}

    def note(self, family: socket.AddressFamily, address: str) -> None:
        """Somebody is about to connect to that number."""
        peer = (family, address)
        known = self._sources.pop(peer, None)  # the one that was used last stands last
        self._sources[peer] = _source(peer) if known is None else known
        while len(self._sources) > MOST_PEERS:
            del self._sources[next(iter(self._sources))]

    def have_changed(self) -> bool:
        """Whether some peer is reached another way than when this was last asked, or is no longer or again."""
        before = self._sources
        self._sources = {peer: _source(peer) for peer in before}
        return self._sources != before


def _source(peer: Peer) -> str:
    family, address = peer
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
        probe.setblocking(False)
        try:
            probe.connect((address, 443))  # of datagrams: looks up the way, and sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return ""
