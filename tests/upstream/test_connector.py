"""Connections come about by way of every kind of proxy, are kept and used again, and fail with the name of whoever failed."""

import asyncio
import errno
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from copilot_api.errors import CopilotApiError, UpstreamTimeout, UpstreamUnreachable
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from copilot_api.upstream.connections import Connections, connected
from copilot_api.upstream.connector import Connector
from copilot_api.upstream.github import GitHub
from copilot_api.upstream.grants import Grant
from copilot_api.upstream.hosts import Hosts
from copilot_api.upstream.identity import Identity
from copilot_api.upstream.network import PROXY_FAILED
from tests.builders.detour import Detour, listening
from tests.builders.tls import Authority, Secured, secured
from tests.upstream.conftest import BriskClock, FakeClock

HOST = "copilot.test"
KINDS = ["http", "https", "socks5h"]
CANARY = "pass-canary"


class Far:
    """The sandbox behind TLS, by a name that only a proxy knows, and what is to be had of it."""

    def __init__(self, sandbox: Sandbox, authority: Authority, front: Secured) -> None:
        self.sandbox = sandbox
        self.authority = authority
        self.front = front
        self.clock = FakeClock()
        self.stack = AsyncExitStack()

    def settings(self, **options: Any) -> Settings:
        given = {"ca_file": str(self.authority.root), **self.front.urls(options.pop("host", HOST)), **options}
        return Settings(**given, origins={"proxy": "flag", "ca_file": "flag"})

    async def open(self, **options: Any) -> tuple[Connections, GitHub]:
        """Connections with those settings, and who asks over them."""
        limit_s = options.pop("limit_s", 10)
        settings = self.settings(**options)
        opened = await self.stack.enter_async_context(connected(settings, self.clock))
        return opened, GitHub(opened.http, Hosts.of(settings), Identity(settings), settings, limit_s=limit_s)

    async def login(self, **options: Any) -> str:
        """Whose account it is, asked over connections with those settings."""
        _, github = await self.open(**options)
        return str((await github.user(Grant(self.sandbox.grant)))["login"])

    async def problem(self, **options: Any) -> CopilotApiError:
        """What keeps that from being found out."""
        with pytest.raises(CopilotApiError) as caught:
            await self.login(**options)
        return caught.value

    async def running(self, detour: Detour, kind: str, credentials: str = "") -> str:
        """The URL of a proxy."""
        context = await asyncio.to_thread(self.authority.context, "127.0.0.1") if kind == "https" else None
        url = await self.stack.enter_async_context(detour.running(kind, context))
        return url.replace("://", f"://{credentials}@") if credentials else url


@pytest.fixture
async def far(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Far]:
    authority = Authority(tmp_path)
    context = await asyncio.to_thread(authority.context, HOST)
    async with secured(sandbox, context) as front:
        far = Far(sandbox, authority, front)
        async with far.stack:
            yield far


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_proxy_leads_there_and_is_not_told_more_than_the_way(far: Far, kind: str) -> None:
    detour = Detour()
    assert await far.login(proxy=await far.running(detour, kind)) == "sandbox-dev"
    assert detour.asked == [f"{HOST}:{far.front.github_api}"]
    assert all(far.sandbox.grant.encode() not in head for head in detour.heads)
    assert [head for head in detour.heads if b"User-Agent: GitHubCopilotChat/" not in head] == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_connection_through_a_proxy_is_used_again(far: Far, kind: str) -> None:
    detour = Detour()
    _, github = await far.open(proxy=await far.running(detour, kind))
    for _ in range(3):
        await github.user(Grant(far.sandbox.grant))
    assert len(detour.asked) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_name_and_password_go_to_the_proxy_and_to_nobody_else(far: Far, kind: str) -> None:
    detour = Detour(wants="jürgen:p@ss:word")
    assert await far.login(proxy=await far.running(detour, kind, "j%C3%BCrgen:p%40ss%3Aword")) == "sandbox-dev"
    assert detour.let_in == ["jürgen:p@ss:word"]
    assert not [name for seen in far.sandbox.seen for name in seen.headers if name.lower().startswith("proxy")]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_that_wants_a_password_is_told_as_that(far: Far, kind: str) -> None:
    missing = await far.problem(proxy=await far.running(Detour(wants="me:x"), kind))
    assert missing.code == PROXY_FAILED
    assert missing.message.endswith("wants a name and password")
    assert f"--proxy: {kind}://NAME:PASSWORD@127.0.0.1:" in missing.hint
    wrong = await far.problem(proxy=await far.running(Detour(wants="me:x"), kind, f"me:{CANARY}"))
    assert wrong.message.endswith("does not accept the name and password")


@pytest.mark.parametrize(
    ("kind", "answer", "said"),
    [
        ("http", b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", f"does not connect to {HOST}: it answered 403"),
        ("http", b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", f"does not connect to {HOST}: it answered 502"),
        ("https", b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", f"does not connect to {HOST}: it answered 503"),
        ("http", b"SSH-2.0-OpenSSH\r\n\r\n", "does not speak HTTP"),
        ("socks5h", b"\x05\x02\x00\x01" + bytes(6), f"does not connect to {HOST}: its rules do not allow it"),
        ("socks5h", b"\x05\x04\x00\x01" + bytes(6), f"does not connect to {HOST}: that host cannot be reached"),
        ("socks5h", b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak SOCKS 5"),
    ],
)
async def test_what_a_proxy_says_is_passed_on(far: Far, kind: str, answer: bytes, said: str) -> None:
    problem = await far.problem(proxy=await far.running(Detour(answer=answer), kind, f"me:{CANARY}"))
    assert problem.code == PROXY_FAILED
    assert problem.message.endswith(said)
    assert CANARY not in problem.text


async def hangs_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


@pytest.mark.parametrize("kind", ["http", "socks5h"])
async def test_a_proxy_that_hangs_up_is_told_as_that(far: Far, kind: str) -> None:
    problem = await far.problem(proxy=await far.running(Detour(odd=hangs_up), kind))
    assert problem.message.endswith("hung up")


@pytest.mark.parametrize("kind", ["http", "socks5h"])
async def test_a_proxy_that_says_nothing_is_told_in_time(far: Far, kind: str) -> None:
    problem = await far.problem(proxy=await far.running(Detour(odd=says_nothing), kind), limit_s=0.5)
    assert problem.message.endswith("did not make a connection in time")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_proxy_that_is_not_there_is_told(far: Far, unused_tcp_port: int, kind: str) -> None:
    problem = await far.problem(proxy=f"{kind}://me:{CANARY}@127.0.0.1:{unused_tcp_port}")
    assert problem.message == f"The network proxy 127.0.0.1:{unused_tcp_port} could not be reached"
    problem = await far.problem(proxy=f"{kind}://me:{CANARY}@nowhere.invalid:1")
    assert problem.message == "The address of the network proxy nowhere.invalid:1 could not be looked up"
    assert CANARY not in problem.text


async def test_a_proxys_own_certificate_is_checked(far: Far) -> None:
    problem = await far.problem(proxy=await far.running(Detour(), "https"), ca_file="")
    assert problem.code == PROXY_FAILED
    assert "network proxy 127.0.0.1:" in problem.message
    assert problem.message.endswith("its certificate is signed by 'Corp Root CA', which this system does not trust")


@pytest.mark.parametrize("kind", ["http", "socks5h"])
async def test_the_certificate_behind_a_proxy_is_checked(far: Far, kind: str) -> None:
    """What a company's proxy that looks into everything shows for GitHub's."""
    problem = await far.problem(proxy=await far.running(Detour(), kind), ca_file="")
    assert isinstance(problem, UpstreamUnreachable)
    assert problem.message == (
        "No safe connection to GitHub: its certificate is signed by 'Corp Root CA', which this system does not trust"
    )
    assert "--ca-file" in problem.hint


@pytest.mark.parametrize("kind", ["http", "socks5h"])
async def test_a_proxy_that_leads_somewhere_else_is_found_out(far: Far, kind: str) -> None:
    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (reader.readuntil(b"\r\n\r\n") if kind == "http" else reader.read(64))
        if kind == "http":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            writer.write(b"\x05\x00\x05\x00\x00\x01" + bytes(6))
        await reader.read(600)
        writer.close()

    problem = await far.problem(proxy=await far.running(Detour(odd=elsewhere), kind))
    assert problem.message.endswith(f"lost the connection to {HOST} while it was made safe")


# Names that are looked up here


class Book(AbstractResolver):
    """Looks up names as a test says."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        if not self._addresses:
            raise OSError(None, "no such name")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None: ...


async def looked_up(far: Far, book: Book, **options: Any) -> str:
    opened, github = await far.open(**options)
    assert isinstance(opened.http.connector, Connector)
    opened.http.connector._resolver = book
    return str((await github.user(Grant(far.sandbox.grant)))["login"])


async def test_with_socks5_the_name_is_looked_up_here(far: Far) -> None:
    detour = Detour()
    assert await looked_up(far, Book("192.0.2.7"), proxy=await far.running(detour, "socks5")) == "sandbox-dev"
    assert detour.asked == [f"192.0.2.7:{far.front.github_api}"]


async def test_every_address_of_a_host_is_tried(far: Far) -> None:
    """A proxy without IPv6 refuses the first of them, and the next may do."""
    tried: list[bytes] = []

    async def no_ipv6(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(3)
        writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        tried.append(await reader.readexactly(16 if kind == 4 else 4))
        await reader.readexactly(2)
        if kind == 4:
            writer.write(b"\x05\x08\x00\x01" + bytes(6))
            return writer.close()
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        return await Detour()._lead(far.front.github_api, reader, writer)

    proxy = await far.running(Detour(odd=no_ipv6), "socks5")
    assert await looked_up(far, Book("2001:db8::7", "192.0.2.7"), proxy=proxy) == "sandbox-dev"
    assert [len(address) for address in tried] == [16, 4]


async def test_a_rule_of_the_proxys_is_not_asked_twice(far: Far) -> None:
    detour = Detour(answer=b"\x05\x02\x00\x01" + bytes(6))
    proxy = await far.running(detour, "socks5")
    with pytest.raises(UpstreamUnreachable, match="its rules do not allow it"):
        await looked_up(far, Book("192.0.2.7", "192.0.2.8"), proxy=proxy)
    assert len(detour.asked) == 1


async def test_a_name_that_is_not_known_here_may_be_known_there(far: Far) -> None:
    proxy = await far.running(Detour(), "socks5")
    with pytest.raises(UpstreamUnreachable, match=f"The address of {HOST} could not be looked up") as caught:
        await looked_up(far, Book(), proxy=proxy)
    assert "socks5h://" in caught.value.hint


# Without a proxy


async def test_this_machine_is_reached_without_one(far: Far) -> None:
    detour = Detour()
    proxy = await far.running(detour, "http")
    assert await far.login(proxy=proxy, github_api_url=far.sandbox.github_api_url) == "sandbox-dev"
    assert detour.asked == []


async def test_an_excepted_host_is_reached_without_one(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    detour = Detour()
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", await far.running(detour, "http"))
    assert await far.login(proxy_env=True) == "sandbox-dev"
    monkeypatch.setenv("NO_PROXY", f".test:{far.front.github_api}")
    opened, github = await far.open(proxy_env=True)
    assert isinstance(opened.http.connector, Connector)
    opened.http.connector._resolver = Book("127.0.0.1")
    assert (await github.user(Grant(far.sandbox.grant)))["login"] == "sandbox-dev"
    assert len(detour.asked) == 1


# Idle connections


@pytest.mark.parametrize("kind", ["", *KINDS])
async def test_after_sleep_no_old_connection_is_used(far: Far, kind: str) -> None:
    detour = Detour()
    options = {"proxy": await far.running(detour, kind)} if kind else {"github_api_url": far.sandbox.github_api_url}
    opened, github = await far.open(**options)
    await github.user(Grant(far.sandbox.grant))
    connector = opened.http.connector
    assert isinstance(connector, Connector)
    (old,) = [protocol for waiting in connector._conns.values() for protocol, _ in waiting]
    far.clock.suspend(3600)
    await github.user(Grant(far.sandbox.grant))
    (new,) = [protocol for waiting in connector._conns.values() for protocol, _ in waiting]
    assert new is not old
    assert not old.is_connected()
    assert len(detour.asked) == (2 if kind else 0)


@asynccontextmanager
async def slow_server() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A server that begins an answer, and ends it when that event is set."""
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n")
        await go_on.wait()
        writer.write(b"good")
        await reader.read()
        writer.close()

    async with listening(serve) as port:
        yield f"http://127.0.0.1:{port}", go_on


async def test_who_is_being_talked_to_is_left_alone(far: Far) -> None:
    opened, _ = await far.open()
    async with slow_server() as (url, go_on), opened.http.get(url) as response:
        opened.watch.tell("the machine woke up")
        go_on.set()
        assert await response.text() == "good"


async def test_names_are_looked_up_anew_in_another_network(far: Far) -> None:
    opened, _ = await far.open()
    connector = opened.http.connector
    assert isinstance(connector, Connector)
    connector._resolver = Book("192.0.2.7")
    assert [found["host"] for found in await connector._resolve_host(HOST, 443)] == ["192.0.2.7"]
    connector._resolver = Book("192.0.2.8")
    opened.watch.tell("the network is another one")
    assert [found["host"] for found in await connector._resolve_host(HOST, 443)] == ["192.0.2.8"]


# Waiting for a network


class Unready(Book):
    """The name is known at the third question."""

    def __init__(self, error: OSError) -> None:
        super().__init__("127.0.0.1")
        self.asked = 0
        self._error = error

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        self.asked += 1
        if self.asked < 3:
            raise self._error
        return await super().resolve(host, port, family)


@pytest.mark.parametrize("by_proxy", [False, True])
async def test_right_after_waking_the_network_is_waited_for(far: Far, by_proxy: bool) -> None:
    """Wi-Fi takes some seconds, in which people have typed their question."""
    far.clock = BriskClock()
    detour = Detour()
    url = (await far.running(detour, "http")).replace("127.0.0.1", "proxy.test")
    opened, github = await far.open(**({"proxy": url} if by_proxy else {}))
    assert isinstance(opened.http.connector, Connector)
    book = Unready(OSError(errno.ENETUNREACH, "no network"))
    opened.http.connector._resolver = book
    opened.watch.tell("the machine woke up")
    assert (await github.user(Grant(far.sandbox.grant)))["login"] == "sandbox-dev"
    assert book.asked == 3
    assert len(far.clock.slept) == 2


async def test_at_other_times_it_is_not(far: Far) -> None:
    opened, github = await far.open()
    assert isinstance(opened.http.connector, Connector)
    book = Unready(OSError(errno.ENETUNREACH, "no network"))
    opened.http.connector._resolver = book
    with pytest.raises(UpstreamUnreachable, match="could not be looked up"):
        await github.user(Grant(far.sandbox.grant))
    assert far.clock.slept == []


async def test_time_is_not_stretched_by_waking(far: Far) -> None:
    """Whoever is there and says nothing is not asked again."""
    async with listening(says_nothing) as port:
        opened, github = await far.open(github_api_url=f"https://127.0.0.1:{port}", limit_s=0.5)
        opened.watch.tell("the machine woke up")
        with pytest.raises(UpstreamTimeout, match="GitHub did not answer in time"):
            await github.user(Grant(far.sandbox.grant))


# Sockets


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have these options under other names")
async def test_the_system_notices_a_peer_that_has_gone(far: Far) -> None:
    opened, _ = await far.open()
    async with slow_server() as (url, _), opened.http.get(url) as response:
        assert response.connection is not None
        assert response.connection.transport is not None
        used = response.connection.transport.get_extra_info("socket")
        assert used.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        assert [used.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [30, 10, 3, 60000]


@pytest.mark.parametrize("kind", ["http", "socks5h"])
async def test_nothing_that_can_be_printed_holds_the_password(far: Far, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for detour in (Detour(), Detour(wants="me:x"), Detour(odd=hangs_up)):
        opened, github = await far.open(proxy=await far.running(detour, kind, f"somebody:{CANARY}"))
        shown = repr(vars(opened.http.connector)) + repr(opened)
        try:
            await github.user(Grant(far.sandbox.grant))
        except CopilotApiError as problem:
            chain: BaseException | None = problem
            while chain is not None:
                shown += repr(chain) + str(chain) + repr(chain.args)
                chain = chain.__cause__ or chain.__context__
        assert CANARY not in shown + caplog.text
        assert "somebody" not in shown + caplog.text


def test_the_parts_of_aiohttp_that_are_taken_further_are_there() -> None:
    """They are not public: this says which, where a newer version has others."""
    for name in ("_create_connection", "_create_direct_connection", "_start_tls_connection", "_resolve_host"):
        assert callable(getattr(aiohttp.TCPConnector, name))
