"""Sockets: the port at once, both ways to say localhost, and clear words when it cannot be had."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from copilot_api.errors import StartFailed
from copilot_api.server import listening
from copilot_api.server.listening import Listening, bind


@contextmanager
def taken(host: str, port: int = 0) -> Iterator[int]:
    """A port that somebody else listens on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as other:
        if family == socket.AF_INET6:
            other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        other.bind((host, port))
        other.listen()
        yield other.getsockname()[1]


async def addresses(host: str, port: int = 0) -> list[tuple[str, int]]:
    sockets = await bind(host, port)
    found = [bound.getsockname()[:2] for bound in sockets]
    for bound in sockets:
        bound.close()
    return found


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_localhost_is_served_by_both_its_numbers_on_one_port(host: str) -> None:
    found = await addresses(host)
    assert [address for address, _ in found] == ["127.0.0.1", "::1"]
    assert len({port for _, port in found}) == 1


async def test_an_address_of_ones_own_is_bound_alone() -> None:
    assert [address for address, _ in await addresses("::1")] == ["::1"]
    assert [address for address, _ in await addresses("[::1]")] == ["::1"]
    assert [address for address, _ in await addresses("127.0.0.2")] == ["127.0.0.2"]
    assert [address for address, _ in await addresses("0.0.0.0")] == ["0.0.0.0"]  # noqa: S104 - what is tested
    assert [address for address, _ in await addresses("::")] == ["::"]


async def test_a_port_in_use_is_named_with_a_way_out() -> None:
    with taken("127.0.0.1") as port, pytest.raises(StartFailed) as caught:
        await bind("127.0.0.1", port)
    assert caught.value.message == f"port {port} is in use"
    assert caught.value.hint == f"another copilot-api may be running; end it, or pass --port {port + 1}"


async def test_somebody_else_behind_localhost_is_a_port_in_use() -> None:
    with taken("::1") as port, pytest.raises(StartFailed, match=f"port {port} is in use"):
        await bind("127.0.0.1", port)


async def test_the_port_is_taken_before_anybody_is_served() -> None:
    sockets = await bind("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    with pytest.raises(StartFailed, match="in use"):
        await bind("127.0.0.1", port)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    await writer.wait_closed()
    for bound in sockets:
        bound.close()
    assert reader is not None


async def test_any_free_port_must_be_free_on_both_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Crowded(socket.socket):
        def bind(self, address: Any) -> None:
            if self.family == socket.AF_INET6:
                asked.append(address[1])
                raise OSError(errno.EADDRINUSE, "taken")
            super().bind(address)

    monkeypatch.setattr("socket.socket", Crowded)
    with pytest.raises(StartFailed, match="in use"):
        await bind("127.0.0.1", 0)
    assert len(asked) == listening.ATTEMPTS
    assert 0 not in asked


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-name.invalid"])
async def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(StartFailed, match="is no address of this machine"):
        await bind(host, 0)


async def test_a_machine_without_ipv6_is_served_without(monkeypatch: pytest.MonkeyPatch) -> None:
    class OldSocket(socket.socket):
        def __init__(self, family: int = -1, kind: int = -1) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "no IPv6 here")
            super().__init__(family, kind)

    monkeypatch.setattr("socket.socket", OldSocket)
    assert [address for address, _ in await addresses("127.0.0.1")] == ["127.0.0.1"]
    with pytest.raises(StartFailed):
        await bind("::1", 0)


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.EACCES, "may not be used by this account"), (errno.EIO, "cannot listen on"), (errno.EADDRNOTAVAIL, "no address")],
)
async def test_other_troubles_are_named(monkeypatch: pytest.MonkeyPatch, number: int, said: str) -> None:
    class StrictSocket(socket.socket):
        def bind(self, address: Any) -> None:
            raise OSError(number, f"no {address}")

    monkeypatch.setattr("socket.socket", StrictSocket)
    with pytest.raises(StartFailed, match=said):
        await bind("127.0.0.1", 80)


class Rude(asyncio.Protocol):
    """Hangs up on whoever comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


@pytest.mark.parametrize("turns", range(6))
async def test_who_comes_just_before_the_end_is_not_left_waiting(turns: int) -> None:
    """However far asyncio was with letting it in."""
    sockets, door = await bind("127.0.0.1", 0), Listening()
    await door.begin(sockets, Rude)
    with socket.create_connection(sockets[0].getsockname()) as client:
        client.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)
        await door.end()
        async with asyncio.timeout(5):
            try:
                assert await asyncio.get_running_loop().sock_recv(client, 1) == b""
            except ConnectionResetError:
                return
