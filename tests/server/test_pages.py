"""The small pages, in the shapes that copilot-api 0.7 gave them."""

from urllib.parse import quote

import aiohttp
import pytest

from copilot_api import __version__
from copilot_api.sandbox import Sandbox
from copilot_api.service import Service
from tests.builders.serving import Serving
from tests.conftest import MakeService


async def test_the_root_says_what_probes_look_for(server: Serving, http: aiohttp.ClientSession) -> None:
    async with http.get(server.url + "/") as response:
        assert (response.status, await response.text()) == (200, "Server running")
        assert response.content_type == "text/plain"
    async with http.head(server.url + "/") as response:
        assert response.status == 200


async def test_claude_codes_knock_is_answered_quietly(
    service: Service, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "copilot_api")
    async with http.head(service.url + "/api/hello") as response:
        assert response.status == 200
    async with http.get(service.url + "/api/hello") as response:
        assert (response.status, await response.read()) == (200, b"")
    assert "hello" not in caplog.text


async def test_health_tells_nothing_that_is_secret(service: Service, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    async with http.get(service.url + "/health") as response:
        body = await response.json()
    assert body == {"status": "ok", "signed": "in", "version": __version__, "uptime_s": 0, "models": len(service.catalog.known)}
    assert body["models"] > 10


async def test_health_says_when_nobody_is_signed_in_any_more(
    service: Service, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    sandbox.revoke()
    chat = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hei"}]}
    async with http.post(service.url + "/v1/chat/completions", json=chat) as response:
        assert response.status == 401
        assert "run copilot-api auth" in (await response.json())["error"]["message"]
    async with http.get(service.url + "/health") as response:
        assert (response.status, (await response.json())["signed"]) == (200, "out")
    assert service.status.signed == "out"
    assert service.status.reason


@pytest.mark.parametrize("path", ["/models", "/v1/models", "/v1/models/", "/v1/v1/models"])
async def test_all_models_are_listed_as_the_original_did(service: Service, http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(service.url + path) as response:
        body = await response.json()
    assert (body["object"], body["has_more"]) == ("list", False)
    assert [one["id"] for one in body["data"]] == list(service.catalog.known)


@pytest.mark.parametrize(
    "headers",
    [
        {"anthropic-version": "2023-06-01"},
        {"x-api-key": "dummy"},
        {"User-Agent": "claude-code/2.1.329"},
        {"anthropic-version": "2023-06-01", "Authorization": "Bearer dummy"},
    ],
)
async def test_claude_code_finds_the_models_that_would_answer(
    server: Serving, http: aiohttp.ClientSession, headers: dict[str, str]
) -> None:
    async with http.get(server.url + "/v1/models?limit=1000", headers=headers) as response:
        ids = [one["id"] for one in (await response.json())["data"]]
    assert "claude-sonnet-4.6" in ids
    assert "claude-opus-4.5" not in ids


async def test_a_key_in_both_headers_is_openais_way(server: Serving, http: aiohttp.ClientSession) -> None:
    headers = {"x-api-key": "dummy", "Authorization": "Bearer dummy"}
    async with http.get(server.url + "/v1/models", headers=headers) as response:
        assert "claude-opus-4.5" in [one["id"] for one in (await response.json())["data"]]


async def test_pages_of_the_list(server: Serving, http: aiohttp.ClientSession) -> None:
    async with http.get(server.url + "/v1/models?limit=2&after_id=gpt-4.1") as response:
        assert len((await response.json())["data"]) == 2
    async with http.get(server.url + "/v1/models?limit=none") as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("gpt-4.1", "gpt-4.1"),
        ("claude-sonnet-4-6-20260217", "claude-sonnet-4.6"),
        ("text-embedding-3-small", "text-embedding-3-small"),
        ("claude-opus-4.5", "claude-opus-4.5"),
        ("sonnet[1m]", "claude-sonnet-5"),
    ],
)
async def test_one_model_is_found_by_any_of_its_names(
    server: Serving, http: aiohttp.ClientSession, name: str, id_: str
) -> None:
    """compat.md §2.4: the original had no such route."""
    for slash in ("", "/"):
        async with http.get(f"{server.url}/v1/models/{quote(name)}{slash}") as response:
            assert (response.status, (await response.json())["id"]) == (200, id_)


async def test_a_model_nobody_knows_is_not_found(server: Serving, http: aiohttp.ClientSession) -> None:
    async with http.get(server.url + "/v1/models/gpt-4.2") as response:
        error = (await response.json())["error"]
        assert (response.status, error["code"]) == (404, "model_not_found")
        assert "gpt-4.1" in error["message"]
    async with http.get(server.url + "/v1/models/x", headers={"anthropic-version": "2023-06-01"}) as response:
        assert (response.status, (await response.json())["error"]["type"]) == (404, "not_found_error")
    async with http.get(server.url + "/v1/models//") as response:
        assert response.status == 404


async def test_usage_is_githubs_own_words(server: Serving, http: aiohttp.ClientSession) -> None:
    async with http.get(server.url + "/usage") as response:
        body = await response.json()
    assert response.status == 200
    assert body["copilot_plan"] == "individual_pro"
    assert body["quota_snapshots"]["premium_interactions"]["entitlement"] > 0


async def test_usage_fails_as_the_original_did(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    sandbox.revoke()
    async with http.get(server.url + "/usage") as response:
        body = await response.json()
    assert (response.status, body["error"]) == (500, "Failed to fetch Copilot usage")
    assert body["hint"]


async def test_the_token_is_not_given_out(server: Serving, http: aiohttp.ClientSession) -> None:
    """compat.md §2.4: the original gave it to everybody who asked."""
    async with http.get(server.url + "/token") as response:
        text = await response.text()
    assert response.status == 403
    assert "tid=" not in text
    assert "--serve-token" in text


async def test_the_token_is_given_out_where_that_is_wanted(
    make_service: MakeService, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    service = await make_service(serve_token=True)
    async with http.get(service.url + "/token") as response:
        assert response.status == 200
        assert (await response.json())["token"].startswith("tid=")
    sandbox.revoke()
    service.auth.discard(await service.auth.token())
    async with http.get(service.url + "/token") as response:
        body = await response.json()
    assert response.status == 500
    assert (body["error"], body["token"]) == ("Failed to fetch token", None)
