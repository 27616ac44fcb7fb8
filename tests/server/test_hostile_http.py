"""What no client library sends: each shape gets one defined answer, and nothing hides a second request in the first."""

import asyncio
import gzip
import json
import logging
import re
from typing import Any

import pytest

from copilot_api import log
from copilot_api.sandbox import Sandbox
from copilot_api.server import connections
from copilot_api.service import Service
from tests.builders.raw import Wire
from tests.builders.serving import Serve, Serving
from tests.conftest import MakeService

PATH = "/v1/chat/completions"
BODY = json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "hei"}]}).encode()
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
TE = b"Transfer-Encoding: chunked\r\n"


def post(head: bytes, body: bytes = BODY, *, version: bytes = b"1.1") -> bytes:
    return b"POST /v1/chat/completions HTTP/%s\r\nHost: localhost\r\n%s\r\n%s" % (version, head, body)


def get(path: bytes, *headers: bytes, host: bytes = b"localhost") -> bytes:
    return b"\r\n".join([b"GET %s HTTP/1.1" % path, b"Host: %s" % host, *headers, b"", b""])


STATUS = re.compile(rb"HTTP/[01]\.\d (\d{3}) ")


async def answers(url: str, sent: bytes, *, at_least: int = 1, then_s: float = 0.05) -> tuple[list[int], bool, bytes]:
    """The statuses of all that comes back, whether the server hung up within `then_s` from then on, and the bytes."""
    got, hung_up = b"", False
    async with Wire(url) as wire:
        await wire.send(sent)
        try:
            # Patient until what is expected came, then not any more: there may be one answer too many.
            while True:
                async with asyncio.timeout(then_s if len(STATUS.findall(got)) >= at_least else 5):
                    piece = await wire.reader.read(65536)
                got += piece
                if not piece:
                    hung_up = True
                    break
        except TimeoutError:
            pass
        except ConnectionError:
            hung_up = True
    return [int(status) for status in STATUS.findall(got)], hung_up, got


SMUGGLED = b"GET /token HTTP/1.1\r\nHost: localhost\r\n\r\n"

REFUSED = {
    "both lengths": post(LENGTH + TE, b"0\r\n\r\n" + SMUGGLED),
    "both lengths, the other way round": post(TE + LENGTH, b"0\r\n\r\n" + SMUGGLED),
    "two lengths": post(LENGTH + b"Content-Length: 3\r\n", BODY + SMUGGLED),
    "the same length twice": post(LENGTH + LENGTH, BODY + SMUGGLED),
    "a list of lengths": post(b"Content-Length: %d, %d\r\n" % (len(BODY), len(BODY)), BODY + SMUGGLED),
    "a length with a sign": post(b"Content-Length: +5\r\n", SMUGGLED),
    "a length below nothing": post(b"Content-Length: -1\r\n", SMUGGLED),
    "a length in hex": post(b"Content-Length: 0x10\r\n", SMUGGLED),
    "a length in Python": post(b"Content-Length: 1_0\r\n", SMUGGLED),
    "a length without end": post(b"Content-Length: %s\r\n" % (b"9" * 40), SMUGGLED),
    "a length that has a space": post(b"Content-Length : 5\r\n", SMUGGLED),
    "nearly chunked": post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "chunked, but not last": post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n" + SMUGGLED),
    "chunked twice": post(TE + TE, b"0\r\n\r\n" + SMUGGLED),
    "chunked and not": post(TE + b"Transfer-Encoding: identity\r\n", b"0\r\n\r\n" + SMUGGLED),
    "chunked behind a control character": post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "chunked with a space": post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "chunked on the next line": post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n" + SMUGGLED),
    "lines that end as on Unix": post(LENGTH).replace(b"\r\n", b"\n"),
    "a head that ends as on Unix": b"GET / HTTP/1.1\r\nHost: localhost\n\r\n",
    "a line in a line": b"GET / HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n",
    "a zero in a header": get(b"/", b"X: a\x00b"),
    "an escape in a header": get(b"/", b"X: a\x1b[31mb"),
    "a chunk below nothing": post(TE, b"-1\r\n"),
    "a chunk in Python": post(TE, b"0x10\r\n"),
    "a chunk without end": post(TE, b"fffffffffffffffff\r\n"),
    "a chunk that is no number": post(TE, b"zz\r\n"),
    "a chunk that ends as on Unix": post(TE, CHUNKED.replace(b"\r\n", b"\n")),
    "a chunk that is longer than it says": post(TE, b"%x\r\n%sXX0\r\n\r\n" % (len(BODY), BODY)),
    "a chunk's note with a line": post(TE, b"%x;a\nb\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "two hosts": get(b"/", b"Host: evil.example"),
    "two hosts, the other way round": get(b"/", b"Host: localhost", host=b"evil.example"),
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a zero in the path": get(b"/he\x00alth"),
    "an escape in the path": get(b"/no\x1b[31mwhere"),
    "bytes in the path": get(b"/no\xff\xfewhere"),
    "a path from nowhere": get(b"health"),
    "a path for Windows": get(b"\\health"),
    "another server's name for a path": get(b"localhost:80"),
    "a version that is none": b"GET / HTTP/1.2\r\nHost: localhost\r\n\r\n",
    "the next version": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "the first version": b"GET /\r\n\r\n",
    "a method in small letters": b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED.keys())
async def test_what_may_be_read_in_two_ways_is_not_read(server: Serving, sandbox: Sandbox, sent: bytes) -> None:
    asked = len(sandbox.seen)
    statuses, hung_up, got = await answers(server.url, sent, then_s=5)
    assert (statuses, hung_up) == ([400], True)
    assert json.loads(got.partition(b"\r\n\r\n")[2])["error"]["code"] in {"bad_http", "invalid_json"}
    assert len(sandbox.seen) == asked


SERVED = {
    "a tab before chunked": (post(b"Transfer-Encoding:\tchunked\r\n", CHUNKED), [200]),
    "chunked": (post(TE, CHUNKED), [200]),
    "a chunk with a note": (post(TE, b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)), [200]),
    "a key behind the body": (post(TE, b"%x\r\n%s\r\n0\r\nX-Api-Key: no\r\n\r\n" % (len(BODY), BODY)), [200]),
    "two at once": (post(LENGTH) + get(b"/health"), [200, 200]),
    "a GET with a body": (get(b"/", b"Content-Length: 5") + b"hello" + get(b"/health"), [200, 200]),
    "a body that holds a request": (post(b"Content-Length: %d\r\n" % len(SMUGGLED), SMUGGLED), [400]),
    "empty lines before": (b"\r\n\r\n" + get(b"/"), [200]),
    "HTTP/1.0, and on": (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", [200]),
    "an upgrade to HTTP/2": (
        get(b"/", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMA"),
        [200],
    ),
    "an upgrade where there is none": (post(LENGTH + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"), [200]),
    "a body that is packed otherwise": (post(LENGTH + b"Content-Encoding: gzip\r\n"), [400]),
    "a body that is packed twice": (post(LENGTH + b"Content-Encoding: gzip, gzip\r\n"), [415]),
    "an expectation": (post(LENGTH + b"Expect: 100-continue\r\n"), [100, 200]),
    "an expectation that nobody knows": (post(LENGTH + b"Expect: the-unexpected\r\n"), [200]),
    "a name for somebody else's proxy": (get(b"http://evil.example/health"), [403]),
    "one that looks like ours": (get(b"http://localhost@evil.example/health"), [403]),
    "our own name in full": (get(b"http://localhost/health"), [200]),
    "our own name in full for somebody else": (get(b"http://localhost/health", host=b"evil.example"), [403]),
    "a tunnel": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", [403]),
    "a tunnel to us": (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", [404]),
    "an echo": (b"TRACE / HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: secret\r\n\r\n", [405]),
    "the whole server": (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", [404]),
    "two slashes": (get(b"//health"), [404]),
    "two slashes and a name": (get(b"//evil.example/health"), [404]),
    "up and down": (get(b"/v1/../token"), [404]),
    "up and down, hidden": (get(b"/v1/%2e%2e/token"), [404]),
    "a hidden slash": (get(b"/v1%2fmodels"), [404]),
    "a hidden zero": (get(b"/health%00"), [404]),
    "a hidden line": (get(b"/v1/models/a%0d%0aSet-Cookie:%20x=y"), [404]),
    "percent signs": (get(b"/no%zzwhere%f"), [404]),
    "a fragment": (get(b"/health#/token"), [200]),
    "a model called by another path": (get(b"/v1/models/..%2f..%2ftoken"), [404]),
    "somebody else's idea of the host": (get(b"/", b"X-Forwarded-Host: evil.example", b"X-Original-URL: /token"), [200]),
    "only the head": (b"HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n", [200]),
}


@pytest.mark.parametrize(("sent", "statuses"), SERVED.values(), ids=SERVED.keys())
async def test_what_is_odd_but_clear_has_one_answer(server: Serving, sent: bytes, statuses: list[int]) -> None:
    found, _, got = await answers(server.url, sent, at_least=len(statuses))
    assert found == statuses
    assert b"Set-Cookie" not in got.partition(b"\r\n\r\n")[0]
    assert b"secret" not in got
    assert b"sandbox-dev" not in got


async def test_a_body_that_goes_wrong_on_its_way_is_told(serve: Serve) -> None:
    """The head was fine, and its handler waits for a rest that cannot be read."""
    server = await serve(body_timeout_s=0.5)
    async with Wire(server.url) as wire:
        await wire.send(post(TE, b'5\r\n{"mod\r\n'))
        await asyncio.sleep(0.1)
        await wire.send(b"zz\r\n")
        assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 408")


async def test_http_1_0_gets_a_stream_that_ends_with_the_connection(server: Serving) -> None:
    body = json.dumps(json.loads(BODY) | {"stream": True}).encode()
    async with Wire(server.url) as wire:
        await wire.send(post(b"Content-Length: %d\r\n" % len(body), body, version=b"1.0"))
        answer = await wire.rest()
    assert b"Transfer-Encoding" not in answer
    assert answer.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("options", "headers", "status"),
    [
        ({}, b"Host: evil.example\r\n", b"403"),
        ({}, b"Host: localhost\r\nOrigin: https://evil.example\r\n", b"403"),
        ({"api_keys": ("key",)}, b"Host: localhost\r\n", b"401"),
    ],
)
async def test_who_is_not_let_in_is_not_asked_for_the_body(
    serve: Serve, options: dict[str, Any], headers: bytes, status: bytes
) -> None:
    server = await serve(**options)
    head = b"POST /v1/chat/completions HTTP/1.1\r\n" + headers + b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n"
    async with Wire(server.url) as wire:
        await wire.send(head)
        assert (await wire.until(b"\r\n")).startswith(b"HTTP/1.1 " + status)


async def test_only_the_head_of_each_page_is_served(server: Serving) -> None:
    for path in ("/", "/health", "/api/hello", "/usage", "/v1/models", "/v1/models/gpt-4.1", "/v1beta/models"):
        async with Wire(server.url) as wire:
            await wire.send(b"HEAD %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path.encode())
            head, _, body = (await wire.rest()).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), path
        assert body == b"", path


LINE = re.compile(r"\d\d:\d\d:\d\d (DEBUG|INFO|WARNING|ERROR) ")


async def test_nobody_writes_a_line_of_the_log(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    """Names of models, paths and programs are the client's words: they may hold lines, colours and directions of writing."""
    root, ours = logging.getLogger(), logging.getLogger("copilot_api")
    before = (root.handlers[:], root.level, ours.level)
    log.set_up(verbose=True)
    evil = "x\r\n12:00:00 ERROR forged \x1b[31mred\x1b[0m \u202eback \u2028line \x9b31m\ttab"
    try:
        for path in ("/v1/chat/completions", "/v1/messages", "/v1/responses"):
            body = json.dumps({"model": evil, "max_tokens": 1, "messages": [{"role": "user", "content": "q"}], "input": "q"})
            async with Wire(service.url) as wire:
                await wire.post(path, body.encode(), "User-Agent: x\tforged", "Connection: close")
                assert b" 404 " in await wire.rest()
        async with Wire(service.url) as wire:
            await wire.send(get(b"/%0d%0a12:00:00%20ERROR%20forged%1b[31m" + b"x" * 9000, b"Connection: close"))
            await wire.rest()
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        ours.setLevel(before[2])
    err = capfd.readouterr().err
    assert "forged" in err
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]", err)
    lines = err.splitlines()
    assert all(LINE.match(line) or line.startswith("    ") for line in lines)
    assert not any(LINE.match(line) and line.split()[1] == "ERROR" for line in lines)
    assert max(map(len, lines)) < 1000


async def test_what_clients_name_does_not_come_back_in_a_head(server: Serving) -> None:
    """Ids, losses and repairs are told in response headers; none of them holds what a client wrote."""
    body = {
        "model": "gpt-4.1",
        "messages": [{"role": "user", "content": "q"}],
        "x\r\nSet-Cookie: a=b": 1,
        "prompt_cache_key": "x\r\nSet-Cookie: a=b",
        "user": "x\r\nSet-Cookie: a=b",
    }
    for path in (PATH, "/v1/responses", "/v1/messages"):
        async with Wire(server.url) as wire:
            await wire.post(
                path,
                json.dumps(body | {"input": "q", "max_tokens": 5}).encode(),
                "x-request-id: forged",
                "session-id: forged",
                "Connection: close",
            )
            head = (await wire.rest()).partition(b"\r\n\r\n")[0]
        assert b"set-cookie" not in head.lower()
        assert b"forged" not in head


async def test_more_than_fits_is_refused_and_forgotten(
    make_service: MakeService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Bodies that are half there are kept until they are whole: together they may not take all memory."""
    monkeypatch.setattr(connections, "MOST_MIB", 1)
    service = await make_service(body_limit_mib=1)
    size = 900_000
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (size + len(BODY))
    async with Wire(service.url) as one, Wire(service.url) as two:
        for wire in (one, two):
            await wire.send(head + b" " * size)
        await asyncio.sleep(0.2)
        statuses, hung_up, _ = await answers(service.url, head + b" " * size)
        assert (statuses in ([], [503]), hung_up) == (True, True)  # who is still sending may not get to read it
        assert "so more is refused" in caplog.text
        await two.hang_up()
        await asyncio.sleep(0.1)
        assert (await answers(service.url, head + b" " * size + BODY))[0] == [200]


async def test_small_bodies_that_unpack_to_large_ones_fit_together_or_are_refused(
    make_service: MakeService, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_MIB", 1)
    service = await make_service(body_limit_mib=1)
    packed = gzip.compress(b" " * 1_000_000 + BODY)
    sandbox.script.fault("stall", times=2)
    async with Wire(service.url) as one, Wire(service.url) as two, Wire(service.url) as three:
        for wire in (one, two):
            await wire.post(PATH, packed, "Content-Encoding: gzip")
        await asyncio.sleep(0.3)
        await three.post(PATH, packed, "Content-Encoding: gzip", "Connection: close")
        answer = await three.rest()
    assert answer.startswith(b"HTTP/1.1 503")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_much_at_once"
