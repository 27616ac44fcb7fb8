"""Bodies: large, compressed, wrong and hostile."""

import gzip
import io
import json
import sys
import threading
import zlib
from collections.abc import Callable

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.server.body import LARGE_BYTES, aside
from copilot_api.service import Service
from tests.builders.raw import Wire
from tests.builders.serving import Serve, Serving
from tests.builders.waiting import eventually

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1024 * 1024
PATH = "/v1/chat/completions"


def chat(text: str) -> bytes:
    return json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": text}]}).encode()


async def test_small_work_is_done_at_once_and_large_work_in_a_thread() -> None:
    assert await aside(LARGE_BYTES, threading.get_ident) == threading.get_ident()
    assert await aside(LARGE_BYTES + 1, threading.get_ident) != threading.get_ident()
    assert await aside(0, int, "11", base=2) == 3


def bare_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(chat("Hei"), mtime=0)),
        ("GZip", gzip.compress(chat("Hei"), mtime=0)),
        ("deflate", zlib.compress(chat("Hei"))),
        ("deflate", bare_deflate(chat("Hei"))),
        ("zstd", zstd.compress(chat("Hei"))),
        ("zstd", zstd.compress(chat("Hei"), options={zstd.CompressionParameter.window_log: 27})),
        ("identity", chat("Hei")),
    ],
)
async def test_compressed_bodies_are_read(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, encoding: str, packed: bytes
) -> None:
    async with http.post(server.url + PATH, data=packed, headers={"Content-Encoding": encoding}) as response:
        assert response.status == 200
    assert sandbox.seen[-1].json["messages"] == [{"role": "user", "content": "Hei"}]


@pytest.mark.parametrize("encoding", ["br", "zstd, zstd", "gzip, gzip", "x" * 1000])
async def test_other_compressions_are_refused_by_name(server: Serving, encoding: str) -> None:
    async with Wire(server.url) as wire:
        await wire.post(PATH, b"{}", f"Content-Encoding: {encoding}", "Connection: close")
        answer = await wire.rest()
    assert answer.startswith(b"HTTP/1.1 415")
    assert b"send the body plain, or as gzip" in answer


# The head of a frame that wants a window of 2 GiB.
WIDE = b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + zstd.compress(chat("Hei"))[6:]


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", b"this is not gzip"),
        ("gzip", b""),
        ("gzip", gzip.compress(chat("Hei"), mtime=0)[:-5]),
        ("gzip", b"\x78\x9c????"),
        ("gzip", gzip.compress(chat("Hei"), mtime=0) * 2),
        ("deflate", zlib.compress(chat("Hei")) + b"more"),
        ("zstd", b"this is not zstd"),
        ("zstd", b""),
        ("zstd", zstd.compress(chat("Hei"))[:-5]),
        ("zstd", zstd.compress(chat("Hei")) * 2),
        ("zstd", WIDE),
    ],
)
async def test_what_is_not_compressed_as_announced_is_refused(
    server: Serving, http: aiohttp.ClientSession, encoding: str, packed: bytes
) -> None:
    async with http.post(server.url + "/v1/messages", data=packed, headers={"Content-Encoding": encoding}) as response:
        assert response.status == 400
        assert "compressed" in (await response.json())["error"]["message"]


async def test_a_body_over_the_limit_is_refused_in_the_clients_dialect(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    server = await serve(body_limit_mib=1)
    asked = len(sandbox.seen)
    large = chat("x" * MIB)
    async with http.post(server.url + PATH, data=io.BytesIO(large)) as response:
        assert response.status == 413
        error = (await response.json())["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", "request_too_large")
        assert "1 MiB" in error["message"]
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        async with http.post(server.url + path, data=io.BytesIO(large)) as response:
            assert response.status == 413
            assert (await response.json())["error"]["type"] == "request_too_large"
    assert len(sandbox.seen) == asked


async def test_the_limit_holds_where_no_length_is_announced(serve: Serve) -> None:
    server = await serve(body_limit_mib=1)
    async with Wire(server.url) as wire:
        await wire.send(wire.head("POST", PATH, "Transfer-Encoding: chunked", "Connection: close"))
        for _ in range(20):
            await wire.send(b"%x\r\n%s\r\n" % (65536, b"x" * 65536))
        await wire.send(b"0\r\n\r\n")
        answer = await wire.rest()
    assert answer.startswith(b"HTTP/1.1 413")


async def test_a_body_that_breaks_off_is_refused(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    async with Wire(service.url) as wire:
        await wire.send(wire.head("POST", PATH, "Transfer-Encoding: chunked", "Connection: close"))
        await wire.send(b"5\r\nHello\r\n")
        await wire.send(b"this is no chunk size\r\n")
        answer = await wire.rest()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert "Traceback" not in caplog.text


async def test_a_client_that_leaves_while_it_uploads_is_forgotten(
    service: Service, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with Wire(service.url) as wire:
        await wire.send(wire.head("POST", PATH, "Content-Length: 1000") + b"{")
        await eventually(lambda: service.status.active == 1)
    await eventually(lambda: service.status.active == 0)
    async with http.get(service.url + "/health") as response:
        assert response.status == 200
    assert "Traceback" not in caplog.text
    assert "fault of our own" not in caplog.text


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
async def test_a_small_body_that_unpacks_to_a_huge_one_is_stopped(
    serve: Serve, http: aiohttp.ClientSession, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    server = await serve(body_limit_mib=1)
    bomb = pack(bytes(200 * MIB))
    assert len(bomb) < MIB
    async with http.post(server.url + PATH, data=bomb, headers={"Content-Encoding": encoding}) as response:
        assert response.status == 413


async def test_sixty_mib_pass(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    """compat.md §2.6 knew no limit; ours is 64 MiB by default."""
    sandbox.script.fault("status", status=200, body=b'{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}]}')
    body = chat("x" * (60 * MIB))
    async with http.post(server.url + PATH, data=io.BytesIO(body)) as response:
        assert response.status == 200
    assert len(sandbox.seen[-1].body) == len(body)


async def test_a_client_that_is_asked_to_go_on_goes_on(server: Serving) -> None:
    body = chat("Hei")
    async with Wire(server.url) as wire:
        await wire.send(wire.head("POST", PATH, f"Content-Length: {len(body)}", "Expect: 100-continue", "Connection: close"))
        assert (await wire.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        await wire.send(body)
        assert (await wire.rest()).startswith(b"HTTP/1.1 200")
