"""What happens around every request: ids, guards, CORS, and errors in the client's own dialect."""

import json
from typing import Any

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.service import Service
from tests.builders.raw import Wire, status_of
from tests.builders.serving import Serve, Serving
from tests.builders.waiting import eventually
from tests.conftest import MakeService

CHAT = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "canary-prompt"}]}
MESSAGES = {"model": "claude-sonnet-4.6", "max_tokens": 50, "messages": [{"role": "user", "content": "canary-prompt"}]}


async def test_every_answer_carries_its_id_under_both_names(server: Serving, http: aiohttp.ClientSession) -> None:
    """compat.md §2.5: the original forwarded no request id."""
    ids = set()
    for path in ("/", "/health", "/v1/models", "/nowhere"):
        async with http.get(server.url + path) as response:
            assert response.headers["x-request-id"] == response.headers["request-id"]
            assert response.headers["Server"] == "copilot-api"
            ids.add(response.headers["x-request-id"])
    assert len(ids) == 4


async def test_the_id_goes_up_with_the_request(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    async with http.post(server.url + "/v1/chat/completions", json=CHAT) as response:
        assert response.headers["x-request-id"] == sandbox.seen[-1].headers["X-Request-Id"]


async def test_a_rebound_name_reaches_nothing(server: Serving) -> None:
    """A page at evil.example that lets its own name point here arrives with that name as Host."""
    async with Wire(server.url) as wire:
        await wire.send(wire.head("GET", "/v1/models", "Host: evil.example:4141", "Connection: close"))
        answer = await wire.rest()
    assert answer.startswith(b"HTTP/1.1 403")
    assert b"gpt-4.1" not in answer
    assert b"--allow-host evil.example" in answer


async def test_an_old_client_without_a_host_is_served(server: Serving) -> None:
    assert await status_of(server.url, b"GET / HTTP/1.0\r\n\r\n") == 200


async def test_a_foreign_page_cannot_spend_the_quota(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    """A form or a fetch without preflight (text/plain) carries the page's origin, and nothing is sent upstream."""
    asked = len(sandbox.seen)
    headers = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
    async with http.post(server.url + "/v1/chat/completions", data=json.dumps(CHAT), headers=headers) as response:
        assert response.status == 403
        assert "Access-Control-Allow-Origin" not in response.headers
        assert (await response.json())["error"]["type"] == "permission_error"
    assert len(sandbox.seen) == asked


async def test_a_terminal_need_not_name_the_content_type(server: Serving, http: aiohttp.ClientSession) -> None:
    async with http.post(server.url + "/v1/chat/completions", data=json.dumps(CHAT)) as response:
        assert response.status == 200


async def test_no_page_may_read_answers_unless_configured(server: Serving, http: aiohttp.ClientSession) -> None:
    """compat.md §2.4: the original allowed every origin."""
    own = server.url
    async with http.get(own + "/v1/models", headers={"Origin": own}) as response:
        assert response.status == 200
        assert "Access-Control-Allow-Origin" not in response.headers
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with http.options(own + "/v1/messages", headers=preflight) as response:
        assert response.status == 403
    async with http.options(own + "/v1/messages", headers=preflight | {"Origin": own}) as response:
        assert response.status == 405
    async with http.options(own + "/v1/messages") as response:
        assert response.status == 405


async def test_a_configured_origin_may_read_answers(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await serve(cors_origins=("https://app.example",))
    preflight = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    async with http.options(server.url + "/v1/chat/completions", headers=preflight) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert response.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
        assert "POST" in response.headers["Access-Control-Allow-Methods"]
        assert response.headers["Vary"] == "Origin"
    stream = CHAT | {"stream": True}
    async with http.post(
        server.url + "/v1/chat/completions", json=stream, headers={"Origin": "https://app.example"}
    ) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "https://app.example"
        assert "x-request-id" in response.headers["Access-Control-Expose-Headers"]
        await response.read()


async def test_a_star_brings_the_originals_behaviour_back(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await serve(cors_origins=("*",))
    async with http.get(server.url + "/usage", headers={"Origin": "https://ericc-ch.github.io"}) as response:
        assert response.status == 200
        assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": "local-key"},
        {"Authorization": "Bearer local-key"},
        {"Authorization": "bearer  local-key "},
        {"api-key": "local-key"},
        {"x-goog-api-key": "local-key"},
        {"x-api-key": "stale", "Authorization": "Bearer local-key"},
        {"x-api-key": "local-key", "Authorization": "Bearer stale"},
    ],
)
async def test_a_key_is_taken_from_wherever_clients_put_it(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox, headers: dict[str, str]
) -> None:
    server = await serve(api_keys=("local-key", "other-key"))
    async with http.post(server.url + "/v1/chat/completions", json=CHAT, headers=headers) as response:
        assert response.status == 200
    sent = sandbox.seen[-1]
    assert "local-key" not in str(sent.headers), "the client's credential never goes upstream"
    assert "stale" not in str(sent.headers)


async def test_a_key_in_the_address_will_do_and_is_not_logged(
    make_service: MakeService, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "copilot_api")
    service = await make_service(api_keys=("local-key",))
    async with http.get(service.url + "/v1/models?key=local-key") as response:
        assert response.status == 200
    assert "GET /v1/models 200" in caplog.text
    assert "local-key" not in caplog.text


@pytest.mark.parametrize(
    "headers", [{}, {"x-api-key": "wrong"}, {"Authorization": "Basic local-key"}, {"Authorization": "local-key"}]
)
async def test_without_the_key_nothing_is_served(serve: Serve, http: aiohttp.ClientSession, headers: dict[str, str]) -> None:
    server = await serve(api_keys=("local-key",))
    async with http.post(server.url + "/v1/chat/completions", json=CHAT, headers=headers) as response:
        assert response.status == 401
        assert (await response.json())["error"]["code"] == "invalid_api_key"
        assert response.headers["x-should-retry"] == "false"
    async with http.post(server.url + "/v1/messages", json=MESSAGES, headers=headers) as response:
        assert response.status == 401
        assert (await response.json())["error"]["type"] == "authentication_error"
    for path in ("/v1/models", "/usage", "/token", "/nowhere"):
        async with http.get(server.url + path, headers=headers) as response:
            assert response.status == 401


async def test_signs_of_life_need_no_key(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await serve(api_keys=("local-key",))
    for method, path in (("GET", "/"), ("HEAD", "/"), ("GET", "/health"), ("HEAD", "/health"), ("HEAD", "/api/hello")):
        async with http.request(method, server.url + path) as response:
            assert response.status == 200


async def read_error(response: aiohttp.ClientResponse) -> Any:
    assert response.content_type == "application/json"
    return await response.json()


@pytest.mark.parametrize("path", ["/nowhere", "/v1/files", "/v1/batches", "/v1/audio/speech"])
async def test_an_unknown_path_is_told_in_openais_shape(server: Serving, http: aiohttp.ClientSession, path: str) -> None:
    """compat.md §2.4: the original answered with plain text."""
    async with http.post(server.url + path, json={}) as response:
        assert response.status == 404
        error = (await read_error(response))["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "not_found")
    assert path in error["message"]


@pytest.mark.parametrize(
    ("path", "headers"), [("/v1/messages/batches", {}), ("/v1/files", {"anthropic-version": "2023-06-01"}), ("/messages/x", {})]
)
async def test_an_unknown_path_is_told_anthropics_clients_in_their_shape(
    server: Serving, http: aiohttp.ClientSession, path: str, headers: dict[str, str]
) -> None:
    async with http.post(server.url + path, json={}, headers=headers) as response:
        assert response.status == 404
        body = await read_error(response)
        assert body["request_id"] == response.headers["request-id"]
    assert (body["type"], body["error"]["type"]) == ("error", "not_found_error")


@pytest.mark.parametrize(
    "path", ["/v1beta/cachedContents", "/v1alpha/nothing", "/v1beta/models/x:embedContent", "/v1/models/gpt-4.1:predict"]
)
async def test_an_unknown_path_is_told_googles_clients_in_their_shape(
    server: Serving, http: aiohttp.ClientSession, path: str
) -> None:
    async with http.post(server.url + path, json={}) as response:
        assert response.status == 404
        error = (await read_error(response))["error"]
    assert (error["code"], error["status"]) == (404, "NOT_FOUND")


async def test_a_wrong_method_names_the_right_one(server: Serving, http: aiohttp.ClientSession) -> None:
    async with http.get(server.url + "/v1/messages") as response:
        assert response.status == 405
        assert "it takes POST" in (await read_error(response))["error"]["message"]
    async with http.delete(server.url + "/v1/models") as response:
        assert response.status == 405
        assert (await read_error(response))["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"text"', b"\xff", b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_the_clients_mistake(
    server: Serving, http: aiohttp.ClientSession, raw: bytes
) -> None:
    """compat.md §2.5: bad JSON was a 500 in the original."""
    async with http.post(server.url + "/v1/chat/completions", data=raw) as response:
        assert response.status == 400
        assert (await read_error(response))["error"]["code"] == "invalid_json"
    async with http.post(server.url + "/v1/messages", data=raw) as response:
        assert response.status == 400
        assert (await read_error(response))["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "head", [b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n"]
)
async def test_what_is_no_http_is_refused_without_harm(
    service: Service, http: aiohttp.ClientSession, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with Wire(service.url) as wire:
        await wire.send(head)
        answer = await wire.rest()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert b"Traceback" not in answer
    async with http.get(service.url + "/health") as response:
        assert response.status == 200
    assert "Traceback" not in caplog.text


async def test_upstreams_refusal_keeps_status_words_and_waiting_time(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    """compat.md §2.5: the original wrapped upstream's JSON in a string and dropped Retry-After."""
    said = {"error": {"message": "Sorry, slow down.", "code": "user_model_rate_limited"}}
    sandbox.script.fault("status", status=429, body=said, headers={"Retry-After": "17"}, times=2)
    async with http.post(server.url + "/v1/chat/completions", json=CHAT) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "17")
        error = (await read_error(response))["error"]
        assert error["message"].startswith("Sorry, slow down.")
        assert (error["type"], error["code"]) == ("rate_limit_error", "user_model_rate_limited")
        assert "x-should-retry" not in response.headers
    async with http.post(server.url + "/v1/messages", json=MESSAGES) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "17")
        body = await read_error(response)
        assert (body["type"], body["error"]["type"]) == ("error", "rate_limit_error")


async def test_spent_quota_tells_clients_not_to_hammer(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    sandbox.script.fault("quota", times=2)
    async with http.post(server.url + "/v1/chat/completions", json=CHAT) as response:
        assert response.headers["x-should-retry"] == "false"
        assert (await read_error(response))["error"]["type"] == "insufficient_quota"
    async with http.post(server.url + "/v1/messages", json=MESSAGES) as response:
        assert (response.status, response.headers["x-should-retry"]) == (402, "false")
        assert (await read_error(response))["error"]["type"] == "billing_error"


async def test_the_log_has_sizes_and_codes_and_never_words(
    service: Service, http: aiohttp.ClientSession, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """compat.md §2.1: the original's --verbose dumped bodies."""
    caplog.set_level("DEBUG")
    sandbox.script.fault(
        "status", status=400, body={"error": {"message": "canary-prompt is bad", "code": "invalid_request_body"}}
    )
    async with http.post(service.url + "/v1/chat/completions", json=CHAT) as response:
        assert "canary-prompt is bad" in (await read_error(response))["error"]["message"]
    async with http.post(service.url + "/v1/messages", json=MESSAGES) as response:
        assert response.status == 200
        await response.read()
    async with http.post(service.url + "/v1/chat/completions", data=b'{"canary-prompt') as response:
        assert response.status == 400
    await eventually(lambda: "POST /v1/messages 200" in caplog.text)
    assert " 400, 0 tokens in (0 cached), 0 out" in caplog.text
    assert caplog.text.count("invalid_request_body") == 1
    assert f"{len(json.dumps(MESSAGES))} bytes in" in caplog.text
    assert "canary-prompt" not in caplog.text
    assert sandbox.grant not in caplog.text
    assert "tid=" not in caplog.text
