"""Whether there is a newer version is asked in GitHub's form, and an answer is not believed for what it may not say."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from copilot_api.desktop.glance import Update
from copilot_api.desktop.updates import newer
from copilot_api.errors import UpstreamBroke, UpstreamProblem, UpstreamUnreachable

Page = Callable[[web.Response], Awaitable[str]]
NO_VERSION = "does not tell a version"


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page of releases with one answer; gives its URL."""
    runners: list[web.AppRunner] = []

    async def serve(answer: web.Response) -> str:
        async def handle(_request: web.Request) -> web.Response:
            return answer

        app = web.Application()
        app.router.add_get("/repos/octo/copilot-api/releases/latest", handle)
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        site = web.TCPSite(runners[-1], "127.0.0.1", 0)
        await site.start()
        assert site._server
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined] # asyncio's, which has it
        return f"http://127.0.0.1:{port}/repos/octo/copilot-api/releases/latest"

    yield serve
    for runner in runners:
        await runner.cleanup()


def release(tag: str, at: str = "http://127.0.0.1/octo/copilot-api/releases/tag/x") -> web.Response:
    return web.json_response({"tag_name": tag, "html_url": at, "body": "x" * 300_000})


@pytest.mark.parametrize(
    ("tag", "here", "version"),
    [
        ("v1.1.0", "1.0.0", "1.1.0"),
        ("1.0.10", "1.0.9", "1.0.10"),
        ("v2.0.0", "1.9.9", "2.0.0"),
        ("v1.0.0", "1.0.0", None),
        ("v0.9.9", "1.0.0", None),
    ],
)
async def test_a_version_is_newer_by_its_numbers(
    http: aiohttp.ClientSession, page: Page, tag: str, here: str, version: str | None
) -> None:
    found = await newer(http, await page(release(tag)), here)
    assert found == (Update(version=version, page="http://127.0.0.1/octo/copilot-api/releases/tag/x") if version else None)


@pytest.mark.parametrize(
    "answer",
    [
        release("nightly"),
        release("v1.1.0-rc1"),
        release("v1.1.0", "http://evil.example/octo/copilot-api"),
        release("v1.1.0", "file:///etc/passwd"),
        release("v1.1.0", "http://127.0.0.1@evil.example/"),
        web.json_response(["v1.1.0"]),
        web.json_response({}),
        web.Response(text="<html>sign in to this network</html>", content_type="text/html"),
    ],
)
async def test_what_is_no_release_is_not_believed(http: aiohttp.ClientSession, page: Page, answer: web.Response) -> None:
    with pytest.raises(UpstreamBroke, match=NO_VERSION):
        await newer(http, await page(answer), "1.0.0")


async def test_a_refusal_is_told_with_its_status(http: aiohttp.ClientSession, page: Page) -> None:
    with pytest.raises(UpstreamProblem, match="status 403"):
        await newer(http, await page(web.Response(status=403)), "1.0.0")


async def test_a_page_that_is_not_there_is_told(http: aiohttp.ClientSession) -> None:
    with pytest.raises(UpstreamUnreachable, match="could not be reached"):
        await newer(http, "http://127.0.0.1:9/latest", "1.0.0")


async def test_an_answer_without_an_end_is_read_no_further_than_a_release_goes(http: aiohttp.ClientSession, page: Page) -> None:
    with pytest.raises(UpstreamBroke, match=NO_VERSION):
        await newer(http, await page(web.Response(body=b" " * (4 * 1024 * 1024))), "1.0.0")
