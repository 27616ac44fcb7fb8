"""By which address of ours a peer is reached: found out without sending anything, and noticed when it is another one."""

import socket

from copilot_api.upstream.ways import MOST_PEERS, Ways
from tests.builders.addresses import SpareAddress

V4, V6 = socket.AF_INET, socket.AF_INET6


def test_ways_that_stay_have_not_changed() -> None:
    ways = Ways()
    assert not ways.have_changed()
    ways.note(V4, "127.0.0.1")
    ways.note(V6, "::1")
    ways.note(V4, "255.255.255.255")  # where no connection can lead
    assert not ways.have_changed()
    assert ways._sources == {(V4, "127.0.0.1"): "127.0.0.1", (V6, "::1"): "::1", (V4, "255.255.255.255"): ""}


def test_only_the_last_peers_are_kept() -> None:
    ways = Ways()
    for number in range(1, MOST_PEERS + 3):
        ways.note(V4, f"127.0.0.{number}")
        ways.note(V4, "127.0.0.1")
    assert list(ways._sources) == [(V4, f"127.0.0.{number}") for number in [*range(4, MOST_PEERS + 3), 1]]


def test_a_peer_that_is_reached_another_way_is_noticed_once(spare_address: SpareAddress) -> None:
    ways, others = Ways(), Ways()
    spare_address.take()
    ways.note(V4, spare_address.host)
    others.note(V4, "127.0.0.1")
    assert not ways.have_changed()
    spare_address.give_back()
    assert ways.have_changed()
    assert not ways.have_changed()
    spare_address.take()
    assert ways.have_changed()
    assert not others.have_changed(), "an address that comes and goes is nothing to who is not reached by it"
