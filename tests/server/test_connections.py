"""Slow, silent and greedy clients: each has an end, and none of them keeps one out that asks for something."""

import asyncio
import functools
import json
import logging
import re
import time
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from copilot_api.sandbox import Sandbox
from copilot_api.server.connections import LARGEST_LINE, MOST_HEADERS, RESERVED_DESCRIPTORS, Connections, descriptors_for
from copilot_api.service import Service
from copilot_api.settings import Settings
from tests.builders.program import Program
from tests.builders.raw import Wire
from tests.builders.serving import Serve, Serving
from tests.builders.waiting import eventually
from tests.conftest import MakeService

CHAT: dict[str, Any] = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hei"}]}
PATH = "/v1/chat/completions"
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"


async def asked(http: aiohttp.ClientSession, url: str) -> int:
    async with http.post(url + PATH, json=CHAT) as response:
        await response.read()
        return response.status


def parts(answer: bytes) -> tuple[int, dict[str, Any]]:
    """Status and body of one answer as it came."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


async def one_answer(wire: Wire) -> bytes:
    """The next answer, whole, on a connection that may stay open."""
    head = await wire.until(b"\r\n\r\n")
    length = re.search(rb"Content-Length: (\d+)", head)
    assert length
    return head + await wire.reader.readexactly(int(length[1]))


async def trickle(wire: Wire, data: bytes, every_s: float) -> None:
    """Sends a byte at a time, for as long as somebody listens."""
    try:
        for byte in data:
            await wire.send(bytes([byte]))
            await asyncio.sleep(every_s)
    except ConnectionError:
        return


# Time


async def test_an_unused_connection_is_closed_without_a_word(serve: Serve) -> None:
    server = await serve(keep_alive_s=0.3)
    began = time.monotonic()
    async with Wire(server.url) as fresh, Wire(server.url) as used:
        await used.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await used.until(b"Server running")
        assert await fresh.rest() == await used.rest() == b""
    assert 0.25 < time.monotonic() - began < 5


async def test_a_connection_in_use_is_kept(serve: Serve) -> None:
    server = await serve(keep_alive_s=1.5)
    async with Wire(server.url) as wire:
        for _ in range(5):
            await asyncio.sleep(0.4)
            await wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await wire.until(b"Server running")


async def test_an_answer_may_take_longer_than_a_connection_may_idle(serve: Serve, sandbox: Sandbox) -> None:
    server = await serve(keep_alive_s=0.2, head_timeout_s=0.2)
    sandbox.script.fault("delay", seconds=0.8)
    async with Wire(server.url) as wire:
        await wire.post(PATH, json.dumps(CHAT).encode())
        assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("before", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"], ids=["first", "second"])
async def test_a_head_that_trickles_in_has_an_end(serve: Serve, before: bytes) -> None:
    """Slowloris: each byte comes in time, and the head never ends."""
    server = await serve(head_timeout_s=0.4)
    async with Wire(server.url) as wire:
        if before:
            await wire.send(before)
            await wire.until(b"Server running")
        began = time.monotonic()
        answer, _ = await asyncio.gather(wire.rest(), trickle(wire, b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 200, 0.02))
    assert time.monotonic() - began > 0.35
    status, body = parts(answer)
    assert (status, body["error"]["code"]) == (408, "head_timeout")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (PATH, ("invalid_request_error", "request_timeout")),
        ("/v1/messages", ("invalid_request_error", None)),
        ("/v1/responses", ("invalid_request_error", "request_timeout")),
        ("/v1/embeddings", ("invalid_request_error", "request_timeout")),
        ("/v1/messages/count_tokens", ("invalid_request_error", None)),
        ("/v1beta/models/gpt-4.1:generateContent", (None, 408)),
    ],
)
async def test_a_body_that_trickles_in_has_an_end(serve: Serve, path: str, kind: tuple[Any, Any]) -> None:
    server = await serve(body_timeout_s=0.3)
    async with Wire(server.url) as wire:
        await wire.send(wire.head("POST", path, "Content-Length: 1000", "Content-Type: application/json"))
        answer, _ = await asyncio.gather(one_answer(wire), trickle(wire, b"x" * 30, 0.02))
    status, body = parts(answer)
    error = body["error"]
    assert status == 408
    assert (error.get("type"), error.get("code")) == kind
    assert "did not come in time" in error["message"]


async def test_a_large_body_may_take_longer(serve: Serve) -> None:
    """One second more for each 64 KiB, so that a slow line is not taken for an attack."""
    server = await serve(body_timeout_s=0.2)
    body = json.dumps(CHAT | {"user": "x" * 200_000}).encode()
    async with Wire(server.url) as wire:
        await wire.send(wire.head("POST", PATH, f"Content-Length: {len(body)}", "Content-Type: application/json"))
        for start in range(0, len(body), 50_000):
            await wire.send(body[start : start + 50_000])
            await asyncio.sleep(0.1)
        assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("stream", [True, False])
async def test_who_does_not_read_is_hung_up_on(make_service: MakeService, sandbox: Sandbox, stream: bool) -> None:
    service = await make_service(client_timeout_s=0.5)
    sandbox.script.answer("w" * 12_000_000)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(service.url.rpartition(":")[2]), limit=1024)
    body = json.dumps(CHAT | {"stream": stream, "max_tokens": 4_000_000}).encode()
    writer.write(b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (PATH.encode(), len(body), body))
    await eventually(lambda: service.status.active == 1)
    await eventually(lambda: service.status.active == 0, within_s=30)
    await asyncio.sleep(0 if stream else 1.5)  # a whole answer is no open request any more while its last part is sent
    rest = await reader.read()
    assert rest.startswith(b"HTTP/1.1 200")
    assert len(rest) < 12_000_000
    writer.close()


async def test_who_reads_slowly_is_served(serve: Serve, sandbox: Sandbox) -> None:
    server = await serve(client_timeout_s=1.0)
    sandbox.script.answer("word " * 400_000)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]), limit=1024)
    body = json.dumps(CHAT | {"max_tokens": 1_000_000}).encode()
    writer.write(b"POST %s HTTP/1.0\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (PATH.encode(), len(body), body))
    got = b""
    while piece := await reader.read(200_000):
        got += piece
        await asyncio.sleep(0.05)
    assert got.count(b"word ") == 400_000
    writer.close()


# Number


async def test_who_is_let_in_at_the_very_end_is_hung_up_on() -> None:
    """It may have been accepted before, and made after the others were closed."""

    async def answer(_: web.BaseRequest) -> web.StreamResponse:
        return web.Response()

    connections = Connections(Settings(), None)
    connections.close()
    make = functools.partial(connections.make, web.Server(answer), logging.getLogger())
    async with await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
    assert len(connections) == 0


async def test_the_connection_unused_for_longest_makes_room(make_service: MakeService, http: aiohttp.ClientSession) -> None:
    service = await make_service(max_connections=4)
    async with AsyncExitStack() as held:
        idle = [await held.enter_async_context(Wire(service.url)) for _ in range(4)]
        await idle[0].send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await idle[0].until(b"Server running")
        assert await asked(http, service.url) == 200
        assert await idle[1].rest() == b""
        for wire in (idle[0], idle[2], idle[3]):
            await wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await wire.until(b"Server running")


async def test_an_unused_one_goes_before_one_that_is_asking(make_service: MakeService, http: aiohttp.ClientSession) -> None:
    service = await make_service(max_connections=2)
    async with Wire(service.url) as asking, Wire(service.url) as idle:
        await asking.send(b"GET / HTTP/1.1\r\n")
        await asyncio.sleep(0.05)
        assert await asked(http, service.url) == 200
        assert await idle.rest() == b""
        async with aiohttp.ClientSession() as another:
            assert await asked(another, service.url) == 200
        await asking.send(b"Host: localhost\r\n\r\n")
        assert (await asking.until(b"\r\n")).startswith(b"HTTP/1.1 200")


async def test_one_that_is_answered_never_makes_room(
    make_service: MakeService, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Then new ones are told so, in a shape that OpenAI's and Anthropic's clients read, and may come again."""
    service = await make_service(max_connections=2)
    sandbox.script.fault("stall_mid", times=2)
    async with AsyncExitStack() as held:
        busy = [await held.enter_async_context(Wire(service.url)) for _ in range(2)]
        for wire in busy:
            await wire.post(PATH, json.dumps(CHAT | {"stream": True}).encode())
            await wire.until(b"data: ")
        for _ in range(3):
            async with Wire(service.url) as late:
                answer = await late.rest()
            status, body = parts(answer)
            assert status == 503
            assert b"Retry-After: 1" in answer
            assert (body["type"], body["error"]["code"]) == ("error", "too_many_connections")
        assert service.status.active == 2
    assert caplog.text.count("more are turned away") == 1
    await eventually(lambda: service.status.active == 0)


async def test_a_websocket_makes_room_only_while_nothing_is_answered(make_service: MakeService, sandbox: Sandbox) -> None:
    service = await make_service(max_connections=2)
    ask = {"type": "response.create", "model": "gpt-4.1", "input": "hei", "store": False}
    async with aiohttp.ClientSession() as http:
        resting = await http.ws_connect(service.url + "/v1/responses")
        busy = await http.ws_connect(service.url + "/v1/responses")
        sandbox.script.fault("stall_mid", after=6)
        await busy.send_json(ask)
        while (await busy.receive_json())["type"] != "response.output_text.delta":
            pass
        async with Wire(service.url) as wire:
            await wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 200")
        assert (await resting.receive()).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
        assert not busy.closed
        await resting.close()
        await busy.close()


@pytest.mark.parametrize(
    ("wanted", "descriptors", "most"),
    [(1024, None, 1024), (1024, 100_000, 1024), (1024, 1024, 480), (1024, 64, 1), (3, 1024, 3)],
)
def test_there_are_never_more_than_can_be_opened(wanted: int, descriptors: int | None, most: int) -> None:
    assert Connections(Settings(max_connections=wanted), descriptors).most == most


@pytest.mark.parametrize("wanted", [1, 64, 1024])
def test_with_as_many_files_as_it_asks_for_all_that_are_wanted_are_served(wanted: int) -> None:
    settings = Settings(max_connections=wanted)
    assert Connections(settings, descriptors_for(wanted)).most == wanted
    assert Connections(settings, descriptors_for(wanted) - 1).most == max(1, wanted - 1)


async def test_connections_that_are_gone_are_not_counted(make_service: MakeService, http: aiohttp.ClientSession) -> None:
    service = await make_service(max_connections=3)
    for _ in range(10):
        async with Wire(service.url) as wire:
            await wire.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert b"200 OK" in await wire.rest()
    assert await asked(http, service.url) == 200


# Size


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /%s HTTP/1.1\r\n" % (b"x" * LARGEST_LINE), 431),
        (b"GET / HTTP/1.1\r\nX-Long: %s\r\n" % (b"x" * LARGEST_LINE), 431),
        (b"GET / HTTP/1.1\r\n%s: x\r\n" % (b"x" * LARGEST_LINE), 431),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: x\r\n" % number for number in range(MOST_HEADERS + 1)), 400),
    ],
    ids=["path", "value", "name", "many"],
)
async def test_a_head_has_a_size(server: Serving, head: bytes, status: int) -> None:
    async with Wire(server.url) as wire:
        await wire.send(head + b"Host: localhost\r\n\r\n")
        answer = await wire.rest()
    found, body = parts(answer)
    assert found == status
    assert (body["type"], body["error"]["code"]) == ("error", "bad_http")
    assert b"Server: copilot-api\r\n" in answer
    assert b"x" * 50 not in answer


async def test_a_head_that_is_large_but_not_too_large_is_read(server: Serving) -> None:
    """Codex sends its state in a header."""
    async with Wire(server.url) as wire:
        many = [f"X-{number}: {'x' * 100}" for number in range(MOST_HEADERS - 2)]
        await wire.send(wire.head("GET", "/?" + "y" * (LARGEST_LINE - 100), f"X-Long: {'x' * (LARGEST_LINE - 100)}", *many))
        assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 200")


async def test_an_endless_head_is_cut_off(server: Serving) -> None:
    """Not kept until it ends, which it does not."""
    async with Wire(server.url) as wire:
        sent = 0
        await wire.send(b"GET / HTTP/1.1\r\nX-Long: ")
        with pytest.raises(ConnectionError):
            while sent < 50_000_000:
                await wire.send(b"x" * 65536)
                sent += 65536
    assert sent < 10_000_000


# All of it


async def hold(url: str, count: int, sent: bytes) -> list[Wire]:
    wires = []
    for _ in range(count):
        wire = await Wire(url).__aenter__()
        await wire.send(sent)
        wires.append(wire)
    return wires


@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 512], ids=["as many files as one likes", "512 files"])
async def test_two_thousand_silent_connections_and_a_slowloris_keep_nobody_out(
    program: Program, http: aiohttp.ClientSession, limit: int
) -> None:
    import resource  # which Windows has not

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if limit:
        program.starts = ("/bin/sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *program.starts)
    wires: list[Wire] = []
    try:
        async with program.serving("--sandbox") as server:
            wires += await hold(server.url, 2000, b"")
            assert await asked(http, server.url) == 200
            wires += await hold(server.url, 1000, b"GET / HTTP/1.1\r\nX-Slow: ")
            wires += await hold(server.url, 200, HEAD + b"{")
            for _ in range(5):
                began = time.monotonic()
                async with aiohttp.ClientSession() as fresh:
                    assert await asked(fresh, server.url) == 200
                assert time.monotonic() - began < 2
            server.process.terminate()
            for wire in wires:
                wire.writer.close()
            ended = await server.ended()
            assert ended.code == 0
            assert "Traceback" not in ended.err
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.slow
async def test_a_flood_of_connections_does_not_hold_up_a_stream(program: Program, http: aiohttp.ClientSession) -> None:
    async with program.serving("--sandbox") as server:
        port = int(server.url.rpartition(":")[2])
        is_over = False

        async def flood() -> int:
            count = 0
            while not is_over:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.transport.abort()
                count += 1
            return count

        flooding = [asyncio.create_task(flood()) for _ in range(50)]
        gaps: list[float] = []
        async with http.post(server.url + PATH, json=CHAT | {"stream": True}) as response:
            seen = time.monotonic()
            async for _ in response.content.iter_any():
                gaps.append(time.monotonic() - seen)
                seen = time.monotonic()
        is_over = True
        made = sum(await asyncio.gather(*flooding))
        assert made > 100
        assert max(gaps) < 2, f"{made} connections"


def test_the_settings_have_the_times_that_other_servers_have() -> None:
    """A client that reuses a connection must not meet one that was closed at that very moment: 60 s is what they count on."""
    settings = Settings()
    assert (settings.keep_alive_s, settings.head_timeout_s, settings.client_timeout_s) == (65, 66, 300)
    assert settings.max_connections > 2 * 200
    assert RESERVED_DESCRIPTORS < 256  # macOS gives a process no more to begin with


async def test_the_limits_hold_after_the_service_is_gone(make_service: MakeService) -> None:
    """Nothing is swept where nobody is connected any more."""
    service: Service = await make_service(keep_alive_s=0.1)
    async with Wire(service.url) as wire:
        assert await wire.rest() == b""
    await service.stop()
    await asyncio.sleep(0.2)
