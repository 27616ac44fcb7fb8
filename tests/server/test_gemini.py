"""Google's API over real sockets: answers, streams in both framings, counts, and errors, on every endpoint of Copilot's."""

from typing import Any

import aiohttp
import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.gemini_parts import sealed
from copilot_api.sandbox import Sandbox
from tests.builders.gemini_client import StreamRefused, array_responses, put_together, sdk_responses
from tests.builders.serving import Serve, Serving

HELLO: Json = {"contents": [{"role": "user", "parts": [{"text": "Hei!"}]}]}
TOOLS: Json = {"tools": [{"functionDeclarations": [{"name": "get_weather", "parameters": {"type": "OBJECT"}}]}]}
SHOWN: Json = {"generationConfig": {"thinkingConfig": {"includeThoughts": True, "thinkingLevel": "HIGH"}}}
# One model behind each endpoint.
ENDPOINTS = {"gemini-3.8-flash": "/chat/completions", "claude-opus-5": "/v1/messages", "gpt-5.3-codex": "/responses"}


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Sandbox:
    """The account has accepted every model's terms, claude-opus-5's too."""
    sandbox.models = [entry | {"policy": {"state": "enabled", "terms": ""}} for entry in sandbox.models]
    return sandbox


def address(server: Serving, model: str, method: str = "generateContent", query: str = "") -> str:
    return f"{server.url}/v1beta/models/{model}:{method}{query}"


async def asked(http: aiohttp.ClientSession, url: str, body: Any = HELLO, status: int = 200, key: str = "") -> Json:
    async with http.post(url, json=body, headers={"x-goog-api-key": key} if key else {}) as response:
        assert response.status == status, await response.text()
        assert response.content_type == "application/json"
        answer: Json = await response.json()
        return answer


async def streamed(http: aiohttp.ClientSession, url: str, body: Any = HELLO) -> list[Json]:
    async with http.post(url, json=body) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        return sdk_responses([chunk async for chunk in response.content.iter_any()])


def parts(answer: Json) -> list[Json]:
    found: list[Json] = answer["candidates"][0]["content"]["parts"]
    return found


@pytest.mark.parametrize("model", ENDPOINTS)
async def test_each_endpoint_of_copilots_answers_whole_and_streamed_alike(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, model: str
) -> None:
    for _ in range(3):
        sandbox.script.answer("The answer.", thinking="Hm.", tools=[("get_weather", {"city": "Oslo"})])
    body = HELLO | TOOLS | SHOWN
    whole = await asked(http, address(server, model), body)
    events = await streamed(http, address(server, model, "streamGenerateContent", "?alt=sse"), body)
    async with http.post(address(server, model, "streamGenerateContent"), json=body) as response:
        assert response.headers["Content-Type"] == "application/json; charset=utf-8"
        array = array_responses(await response.read())
    for answer in (whole, put_together(events), put_together(array)):
        thought, text, call = parts(answer)
        assert (thought["text"], thought["thought"], text["text"]) == ("Hm.", True, "The answer.")
        assert (call["functionCall"]["name"], call["functionCall"]["args"]) == ("get_weather", {"city": "Oslo"})
        assert "thoughtSignature" in text
        assert (answer["modelVersion"], answer["candidates"][0]["finishReason"]) == (model, "STOP")
        assert answer["usageMetadata"]["promptTokenCount"] > 0
    sent = [seen for seen in sandbox.seen if seen.path == ENDPOINTS[model]]
    assert [seen.headers["x-initiator"] for seen in sent] == ["user"] * 3


@pytest.mark.parametrize("model", ENDPOINTS)
async def test_reasoning_comes_back_to_who_wrote_it_though_the_client_forgets_the_thought(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, model: str
) -> None:
    """Gemini CLI keeps the sealed part and drops the thought."""
    sandbox.script.answer("", thinking="Hm.", tools=[("get_weather", {"city": "Oslo"})])
    first = await asked(http, address(server, model), HELLO | TOOLS | SHOWN)
    kept = [part for part in parts(first) if not part.get("thought")]
    name = kept[-1]["functionCall"]["name"]
    answered = {"functionResponse": {"name": name, "response": {"output": "rain"}, "id": kept[-1]["functionCall"]["id"]}}
    contents = [*HELLO["contents"], {"role": "model", "parts": kept}, {"role": "user", "parts": [answered]}]
    async with http.post(address(server, model), json={"contents": contents} | TOOLS | SHOWN) as response:
        assert response.status == 200, await response.text()
        assert "Signature" not in response.headers.get("x-copilot-api-losses", "")
    sent = next(seen for seen in reversed(sandbox.seen) if seen.path == ENDPOINTS[model])
    assert sent.headers["x-initiator"] == "agent"
    field = {"/chat/completions": "reasoning_opaque", "/v1/messages": "signature", "/responses": "encrypted_content"}
    assert f'"{field[ENDPOINTS[model]]}"' in sent.body.decode()


async def test_losses_are_named_in_a_header(server: Serving, http: aiohttp.ClientSession) -> None:
    body = HELLO | {"safetySettings": [{"category": "HARM_CATEGORY_HATE_SPEECH"}], "generation_config": {"top_k": 40}}
    async with http.post(address(server, "gpt-4.1"), json=body) as response:
        assert response.headers["x-copilot-api-losses"] == "generationConfig.topK,safetySettings"


@pytest.mark.parametrize("query", ["?key=secret", "?$alt=json&key=secret"])
async def test_the_key_may_stand_where_google_has_it(serve: Serve, http: aiohttp.ClientSession, query: str) -> None:
    server = await serve(api_keys=("secret",))
    await asked(http, address(server, "gpt-4.1", query=query))
    await asked(http, address(server, "gpt-4.1"), key="secret")
    refused = await asked(http, address(server, "gpt-4.1"), status=401)
    assert refused["error"]["status"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("url", "body", "code", "status"),
    [
        ("/v1beta/models/nothing:generateContent", HELLO, 404, "NOT_FOUND"),
        ("/v1beta/models/:generateContent", HELLO, 404, "NOT_FOUND"),
        ("/v1beta/models/gpt-4.1:embedContent", HELLO, 404, "NOT_FOUND"),
        ("/v1beta/models/gpt-4.1:generateContent", {}, 400, "INVALID_ARGUMENT"),
        ("/v1beta/models/gpt-4.1:countTokens", {"contents": []}, 400, "INVALID_ARGUMENT"),
        ("/v1beta/models/gpt-4.1:generateContent", HELLO | {"cachedContent": "c"}, 400, "INVALID_ARGUMENT"),
        ("/v1beta/models/gpt-4.1:streamGenerateContent", HELLO | {"cachedContent": "c"}, 400, "INVALID_ARGUMENT"),
        ("/v1beta/models/text-embedding-3-small:generateContent", HELLO, 400, "INVALID_ARGUMENT"),
    ],
)
async def test_mistakes_are_told_in_googles_shape(
    server: Serving, http: aiohttp.ClientSession, url: str, body: Any, code: int, status: str
) -> None:
    error = (await asked(http, server.url + url, body, code))["error"]
    assert (error["code"], error["status"], bool(error["message"])) == (code, status, True)


@pytest.mark.parametrize(
    ("fault", "code", "status"), [("rate_limited", 429, "RESOURCE_EXHAUSTED"), ("quota", 402, "RESOURCE_EXHAUSTED")]
)
async def test_refusals_of_copilots_keep_their_meaning(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, fault: Any, code: int, status: str
) -> None:
    sandbox.script.fault(fault)
    error = (await asked(http, address(server, "gpt-4.1", "streamGenerateContent", "?alt=sse"), status=code))["error"]
    assert (error["code"], error["status"]) == (code, status)


async def test_a_stream_that_breaks_is_no_clean_answer(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    for _ in range(2):
        sandbox.script.fault("cut", after=4)
        sandbox.script.answer("an answer that breaks off in the middle of it")
    with pytest.raises(StreamRefused):
        await streamed(http, address(server, "gpt-4.1", "streamGenerateContent", "?alt=sse"))
    async with http.post(address(server, "gpt-4.1", "streamGenerateContent"), json=HELLO) as response:
        assert array_responses(await response.read())[-1]["error"]["status"] == "UNAVAILABLE"


async def test_a_silent_model_is_bridged_with_signs_of_life_that_the_sdk_survives(
    serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    server = await serve(heartbeat_s=0.05)
    sandbox.script.fault("delay", seconds=0.3)
    sandbox.script.answer("After a while.")
    async with http.post(address(server, "gpt-4.1", "streamGenerateContent", "?alt=sse"), json=HELLO) as response:
        chunks = [chunk async for chunk in response.content.iter_any()]
    assert b"\n" in chunks
    assert parts(put_together(sdk_responses(chunks))) == [{"text": "After a while."}]


# Counts and models


@pytest.mark.parametrize("key", ["generateContentRequest", "generate_content_request", None])
async def test_tokens_are_counted_however_the_request_is_wrapped(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, key: str | None
) -> None:
    body = HELLO if key is None else {key: HELLO | {"model": "models/gpt-4.1"}}
    async with http.post(address(server, "gpt-4.1", "countTokens"), json=body) as response:
        assert (await response.json())["totalTokens"] > 3
        assert response.headers["x-copilot-api-token-method"] == "estimate"
    assert not [seen for seen in sandbox.seen if seen.path in ENDPOINTS.values()]


async def test_a_model_is_found_by_any_of_its_names(server: Serving, http: aiohttp.ClientSession) -> None:
    for name in ("claude-sonnet-4.6", "claude-sonnet-4-6", "models/claude-sonnet-4.6"):
        async with http.get(f"{server.url}/v1beta/models/{name}") as response:
            assert (await response.json())["name"] == "models/claude-sonnet-4.6"
    async with http.get(f"{server.url}/v1beta/models/nothing") as response:
        assert (response.status, (await response.json())["error"]["status"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/v1beta/models", "/v1alpha/models/", "/v1/models", "/v1beta/v1/models"])
async def test_the_models_are_listed(server: Serving, http: aiohttp.ClientSession, path: str) -> None:
    """google-genai for Python asks below /v1, where OpenAI's list is: its header tells the two apart."""
    headers = {"x-goog-api-client": "google-genai-sdk/3.4.0"}
    async with http.get(f"{server.url}{path}?pageSize=3", headers=headers) as response:
        answer = await response.json()
    assert (len(answer["models"]), answer["nextPageToken"]) == (3, answer["models"][-1]["baseModelId"])
    async with http.get(f"{server.url}/v1/models/gpt-4.1", headers=headers) as response:
        assert (await response.json())["name"] == "models/gpt-4.1"
    async with http.get(f"{server.url}/v1/models/nothing", headers=headers) as response:
        assert (await response.json())["error"]["status"] == "NOT_FOUND"


async def test_a_foreign_signature_does_no_harm(server: Serving, http: aiohttp.ClientSession) -> None:
    """Gemini CLI puts a stand-in where it has none; another model's seal is left out."""
    called = {"functionCall": {"name": "get_weather", "args": {}}, "thoughtSignature": "skip_thought_signature_validator"}
    other = called | {"thoughtSignature": sealed(["cap1.c.another.c2ln"])}
    response = {"functionResponse": {"name": "get_weather", "response": {"output": "rain"}}}
    contents = [
        *HELLO["contents"],
        {"role": "model", "parts": [called, other]},
        {"role": "user", "parts": [response, response]},
    ]
    await asked(http, address(server, "gpt-4.1"), {"contents": contents} | TOOLS)
