"""Token counts: Copilot's own where there is one, an estimate else, and never an invention."""

import asyncio
from typing import Any

import aiohttp
import pytest

from copilot_api.sandbox import Sandbox
from copilot_api.server import count
from copilot_api.service import Service
from copilot_api.tokens import Counter
from tests.builders.models import model
from tests.builders.serving import Serve, Serving

PATH = "/v1/messages/count_tokens"
TALK = [{"role": "user", "content": "How is the weather in Oslo? " * 20}]
CLAUDE: dict[str, Any] = {"model": "claude-sonnet-4-6", "messages": TALK}


async def counted(server: Serving, http: aiohttp.ClientSession, body: Any, **headers: str) -> tuple[int, str]:
    async with http.post(server.url + PATH + "?beta=true", json=body, headers=headers) as response:
        assert response.status == 200, await response.text()
        return (await response.json())["input_tokens"], response.headers["x-copilot-api-token-method"]


def asked(sandbox: Sandbox) -> list[Any]:
    return [seen for seen in sandbox.seen if seen.path == PATH]


async def test_claude_is_counted_by_copilot(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    tokens, method = await counted(server, http, CLAUDE)
    assert method == "upstream"
    assert tokens > 100
    assert asked(sandbox)[0].json["model"] == "claude-sonnet-4.6"
    assert "X-Initiator" not in asked(sandbox)[0].headers, "counting is not a turn"


async def test_what_only_answers_need_is_left_out(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    body = CLAUDE | {"max_tokens": 5, "stream": True, "temperature": 1, "metadata": {"user_id": "u"}, "system": "Be kind"}
    tokens, method = await counted(
        server, http, body, **{"anthropic-beta": "claude-code-20250219, context-management-2025-06-27"}
    )
    assert (method, tokens > 100) == ("upstream", True)
    sent = asked(sandbox)[0]
    assert set(sent.json) == {"model", "messages", "system"}
    assert sent.headers["anthropic-beta"] == "context-management-2025-06-27"


async def test_other_models_are_estimated(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    tokens, method = await counted(server, http, CLAUDE | {"model": "gpt-4.1"})
    assert method == "estimate"
    assert tokens == await asyncio.to_thread(Counter().count_messages, CLAUDE, model("gpt-4.1"))
    assert not asked(sandbox)


@pytest.mark.parametrize("fault", ["rate_limited", "overloaded", "html", "reset", "quota"])
async def test_where_copilot_fails_the_estimate_holds(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, fault: Any
) -> None:
    """compat.md §2.9: the original answered 1, and clients believed it."""
    sandbox.script.fault(fault, path=PATH, times=5)
    tokens, method = await counted(server, http, CLAUDE)
    assert (method, tokens > 100) == ("estimate", True)
    before = len(asked(sandbox))
    assert (await counted(server, http, CLAUDE))[1] == "estimate"
    assert len(asked(sandbox)) == before, "Copilot is left alone for a while"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"input_tokens":"many"}'])
async def test_a_count_that_is_none_is_not_believed(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, body: bytes
) -> None:
    sandbox.script.fault("status", path=PATH, status=200, body=body)
    assert (await counted(server, http, CLAUDE))[1] == "estimate"


async def test_a_slow_count_is_not_waited_for(
    service: Service, http: aiohttp.ClientSession, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count, "WITHIN_S", 0.1)
    sandbox.script.fault("stall", path=PATH)
    assert (await counted(service, http, CLAUDE))[1] == "estimate"


async def test_copilot_is_asked_again_after_a_rest(
    service: Service, http: aiohttp.ClientSession, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count, "REST_S", 0.0)
    sandbox.script.fault("overloaded", path=PATH)
    assert (await counted(service, http, CLAUDE))[1] == "estimate"
    assert (await counted(service, http, CLAUDE))[1] == "upstream"


async def test_a_burst_is_cheap(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    """Claude Code's /context asks 36 times at once (clients.md §4.1)."""
    sandbox.script.fault("delay", path=PATH, seconds=0.3, times=36)
    bodies = [CLAUDE | {"messages": [{"role": "user", "content": f"foo {n}"}]} for n in range(36)]
    results = await asyncio.gather(*(counted(server, http, body) for body in bodies))
    methods = [method for _, method in results]
    assert methods.count("upstream") == len(asked(sandbox)) == count.AT_ONCE
    assert all(tokens > 1 for tokens, _ in results)


@pytest.mark.parametrize(
    ("body", "status", "type_"),
    [
        ({"messages": TALK}, 400, "invalid_request_error"),
        ({"model": "claude-sonnet-4.6"}, 400, "invalid_request_error"),
        ({"model": "claude-sonnet-4-7", "messages": TALK}, 404, "not_found_error"),
        ({"model": "text-embedding-3-small", "messages": TALK}, 400, "invalid_request_error"),
        (
            CLAUDE | {"tools": [{"name": f"t{n}", "input_schema": {"type": "object"}} for n in range(129)]},
            400,
            "invalid_request_error",
        ),
    ],
)
async def test_errors_are_errors(
    server: Serving, http: aiohttp.ClientSession, body: dict[str, Any], status: int, type_: str
) -> None:
    """compat.md §2.9: the original answered 1 with status 200 to anything it could not count."""
    async with http.post(server.url + PATH, json=body) as response:
        assert response.status == status
        assert (await response.json())["error"]["type"] == type_


async def test_counting_asks_nobody_and_costs_no_turn(serve: Serve, http: aiohttp.ClientSession) -> None:
    server = await serve(rate_limit=1000)
    for _ in range(3):
        await counted(server, http, CLAUDE)


# Counts that OpenAI's and Google's programs ask for

INPUT_TOKENS = "/v1/responses/input_tokens"
WEATHER: dict[str, Any] = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False}
AS_RESPONSES: dict[str, Any] = {
    "model": "claude-sonnet-4-6",
    "instructions": "Be kind.",
    "input": TALK,
    "tools": [WEATHER],
    "temperature": 0.5,
}
AS_GEMINI: dict[str, Any] = {
    "contents": [{"role": "user", "parts": [{"text": TALK[0]["content"]}]}],
    "systemInstruction": {"parts": [{"text": "Be kind."}]},
    "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "object", "properties": {}}}]}],
}
FOREIGN = pytest.mark.parametrize("client", ["responses", "gemini"])


async def counted_for(server: Serving, http: aiohttp.ClientSession, client: str, name: str, **fields: Any) -> tuple[int, str]:
    """The count and the method for a client of Responses or of Gemini."""
    at_google = f"/v1beta/models/{name}:countTokens"
    path, body = (INPUT_TOKENS, AS_RESPONSES | {"model": name}) if client == "responses" else (at_google, AS_GEMINI)
    async with http.post(server.url + path, json=body | fields) as response:
        assert response.status == 200, await response.text()
        told = await response.json()
        return told.get("input_tokens", told.get("totalTokens")), response.headers["x-copilot-api-token-method"]


@FOREIGN
@pytest.mark.parametrize("name", ["claude-sonnet-4.6", "claude-sonnet-4-6"])
async def test_claude_is_counted_by_copilot_in_every_dialect(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, client: str, name: str
) -> None:
    tokens, method = await counted_for(server, http, client, name)
    assert (method, tokens > 100) == ("upstream", True)
    [sent] = asked(sandbox)
    assert set(sent.json) - {"tool_choice", "thinking"} == {"model", "messages", "system", "tools"}
    assert sent.json["model"] == "claude-sonnet-4.6"
    own = {key: value for key, value in sent.json.items() if key != "model"} | {"model": "claude-sonnet-4.6"}
    assert await counted(server, http, own) == (tokens, "upstream"), "the same as for who asks in Claude's own dialect"


@FOREIGN
async def test_other_models_are_estimated_in_every_dialect(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, client: str
) -> None:
    tokens, method = await counted_for(server, http, client, "gpt-5-mini")
    assert (method, tokens > 100) == ("estimate", True)
    assert not asked(sandbox)


@FOREIGN
async def test_where_copilot_fails_the_estimate_holds_in_every_dialect(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, client: str
) -> None:
    sandbox.script.fault("overloaded", path=PATH, times=9)
    for _ in range(2):
        tokens, method = await counted_for(server, http, client, "claude-sonnet-4.6")
        assert (method, tokens > 100) == ("estimate", True)
    assert len(asked(sandbox)) == 1, "one that fails is left alone for a while, whoever asks"


async def test_what_can_only_be_sized_is_estimated(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    """Copilot counts messages; a count may be asked of what holds none."""
    tokens, method = await counted_for(server, http, "responses", "claude-sonnet-4.6", input=[])
    assert (method, tokens > 3) == ("estimate", True)
    assert not asked(sandbox)


async def test_items_that_are_referred_to_are_counted(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    sandbox.script.answer("Cold and bright, " * 50)
    body = {"model": "claude-sonnet-4.6", "input": TALK}
    async with http.post(server.url + "/v1/responses", json=body) as response:
        [said] = (await response.json())["output"]
    longer = [*TALK, {"type": "item_reference", "id": said["id"]}, {"role": "user", "content": "And now?"}]
    short, _ = await counted_for(server, http, "responses", "claude-sonnet-4.6")
    long, method = await counted_for(server, http, "responses", "claude-sonnet-4.6", input=longer)
    assert (method, long > short + 100) == ("upstream", True)
