"""Linux's own news of its network, as they come."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator

import pytest

from copilot_api.machine import rtnetlink
from tests.builders.addresses import SpareAddress
from tests.builders.waiting import eventually


class Told:
    """What was heard so far."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def listening(told: Told) -> AsyncIterator["asyncio.Task[None]"]:
    """Whoever listens, from now on."""
    task = asyncio.create_task(rtnetlink.listen(told))
    await asyncio.sleep(0)
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_address_that_comes_or_goes_is_news(
    spare_address: SpareAddress, told: Told, listening: "asyncio.Task[None]"
) -> None:
    for change in (spare_address.take, spare_address.give_back):
        before = told.times
        await asyncio.to_thread(change)
        await eventually(lambda before=before: told.times > before)  # type: ignore[misc] # mypy knows no default of a lambda's


async def test_where_nothing_is_told_nothing_is_listened_to(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some containers and hardened units know no such sockets."""

    def no_socket(*_: object) -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", no_socket)
    await rtnetlink.listen(told)
    assert told.times == 0


class Ear:
    """A socket with news in it."""

    def __init__(self, *news: bytes | OSError) -> None:
        self._news = list(news)

    def recv(self, _size: int) -> bytes:
        found = self._news.pop(0)
        if isinstance(found, OSError):
            raise found
        return found


async def heard(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    async def sock_recv(_ear: Ear, size: int) -> bytes:
        return ear.recv(size)

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_recv", sock_recv)
    await rtnetlink._news(ear)  # type: ignore[arg-type] # all that is asked of one


async def test_news_that_come_together_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    await heard(Ear(b"one", b"two", b"three", BlockingIOError()), monkeypatch)


async def test_too_many_news_at_once_are_news(monkeypatch: pytest.MonkeyPatch) -> None:
    await heard(Ear(OSError(errno.ENOBUFS, "No buffer space available")), monkeypatch)
    with pytest.raises(OSError, match="odd"):
        await heard(Ear(OSError(errno.EBADF, "odd")), monkeypatch)
