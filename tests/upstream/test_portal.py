"""A page that the network puts in place of an answer is recognised, and never taken for one."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import aiohttp
import pytest
from aiohttp import web

from copilot_api.upstream import portal
from copilot_api.upstream.network import PageMet
from tests.builders.detour import listening

PAGE = "<html><head><meta charset=utf-8><TITLE>\n Grand Hotel  Wi-Fi </TITLE></head><body>Room number?</body></html>"


class Portal:
    """A server that answers everything in the same way."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.headers: Mapping[str, str] = {"content-type": "text/html; charset=utf-8"}
        self.body = PAGE.encode()

    async def answer(self, _request: web.BaseRequest) -> web.Response:
        return web.Response(status=self.status, headers=self.headers, body=self.body)


@pytest.fixture
async def met() -> AsyncIterator[Portal]:
    met = Portal()
    runner = web.ServerRunner(web.Server(met.answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    met.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield met
    await runner.cleanup()


@pytest.fixture
async def guarded() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(middlewares=(portal.guard,)) as session:
        yield session


async def title(session: aiohttp.ClientSession, url: str) -> str:
    """What the page is called that is met there."""
    with pytest.raises(PageMet) as caught:
        await session.get(url, allow_redirects=False)
    return caught.value.title


async def test_a_page_where_an_answer_was_due_is_named(met: Portal, guarded: aiohttp.ClientSession) -> None:
    assert await title(guarded, met.url) == "Grand Hotel Wi-Fi"


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"<html></html>", ""),
        (b"", ""),
        (b"<title>\xff\x1b[2J</title>", "\N{REPLACEMENT CHARACTER} [2J"),
        (b"<title>" + b"x" * 500 + b"</title>", ""),
        ("<title>旅館</title>".encode(), "旅館"),
    ],
)
async def test_its_name_is_shown_as_it_may_be(met: Portal, guarded: aiohttp.ClientSession, body: bytes, name: str) -> None:
    met.body = body
    assert await title(guarded, met.url) == name


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream", "text/plain", "application/octet-stream"])
async def test_answers_are_left_alone(met: Portal, guarded: aiohttp.ClientSession, content_type: str) -> None:
    met.headers, met.body = {"content-type": content_type}, b"{}"
    async with guarded.get(met.url) as response:
        assert await response.read() == b"{}"


@pytest.mark.parametrize("status", [403, 404, 500, 502])
async def test_a_gateways_error_may_be_a_page(met: Portal, guarded: aiohttp.ClientSession, status: int) -> None:
    """Its title is shown as the error's text (`refusals`)."""
    met.status = status
    async with guarded.get(met.url) as response:
        assert response.status == status
        assert await response.text() == PAGE


@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "application/json"])
async def test_a_network_that_wants_a_sign_in_may_say_so_in_numbers(
    met: Portal, guarded: aiohttp.ClientSession, content_type: str
) -> None:
    """RFC 6585: 511."""
    met.status, met.headers = 511, {"content-type": content_type}
    assert await title(guarded, met.url) == ("Grand Hotel Wi-Fi" if content_type == "text/html" else "")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("https://login.zscaler.example/auD?origurl=https%3A%2F%2Fapi.github.com", "login.zscaler.example"),
        ("http://10.0.0.1/welcome", "10.0.0.1"),
        ("//portal.example/", "portal.example"),
        ("http://[", ""),
    ],
)
async def test_who_is_sent_to_another_host_has_met_one(
    met: Portal, guarded: aiohttp.ClientSession, status: int, location: str, name: str
) -> None:
    met.status, met.headers = status, {"location": location}
    assert await title(guarded, met.url) == name


@pytest.mark.parametrize(
    "location", ["", "/elsewhere", "http://127.0.0.1:9/", "https://api.business.githubcopilot.com/x", "https://github.com/"]
)
async def test_who_is_sent_elsewhere_within_github_has_not(met: Portal, guarded: aiohttp.ClientSession, location: str) -> None:
    """It is refused as any other redirect: nothing is followed with a token."""
    met.status, met.headers = 307, {"location": location} if location else {}
    async with guarded.get(met.url, allow_redirects=False) as response:
        assert response.status == 307


@pytest.mark.parametrize("ending", ["stall", "cut"])
async def test_a_page_that_does_not_come_is_one_without_a_name(
    guarded: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(portal, "TITLE_S", 0.05)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/html", "content-length": "100"})
        await response.prepare(request)
        if ending == "stall":
            await asyncio.sleep(1)
        assert request.transport is not None
        request.transport.abort()
        return response

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    assert await title(guarded, f"http://127.0.0.1:{runner.addresses[0][1]}") == ""
    await runner.cleanup()


async def test_a_request_that_is_given_up_meanwhile_leaves_nothing(guarded: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(5):
        async with listening(_stalls) as port:
            asking = asyncio.create_task(_ask(guarded, f"http://127.0.0.1:{port}"))
            await asyncio.sleep(0.1)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert guarded.connector is not None
            assert not guarded.connector._acquired


async def _stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n")
    await reader.read()
    writer.close()


async def _ask(session: aiohttp.ClientSession, url: str) -> None:
    await session.get(url)
