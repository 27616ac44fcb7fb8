"""The hosted search of the web, end to end: on only where the person has it so, and only for who can be handed its answer."""

from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from copilot_api.dialects.codec import loads
from copilot_api.dialects.sse import SseDecoder
from copilot_api.sandbox import Sandbox
from copilot_api.settings import Settings
from tests.builders.serving import Serve, Serving

TOOL: dict[str, Any] = {"type": "web_search"}
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False}
ASKED = "Search the web for cats"
ASK: dict[str, Any] = {"model": "gpt-5.3-codex", "input": ASKED, "tools": [TOOL, FUNCTION]}
SEARCHED = {"type": "search", "query": ASKED}


@pytest.fixture
async def searching(serve: Serve, sandbox: Sandbox) -> Serving:
    """A service whose owner wants searches, before a Copilot that lets models search."""
    sandbox.script.web_search = True
    return await serve(web_search=True)


async def posted(server: Serving, http: aiohttp.ClientSession, path: str, body: Any, *, status: int = 200) -> Any:
    async with http.post(server.url + path, json=body) as response:
        assert response.status == status, await response.text()
        return await response.json()


def sent(sandbox: Sandbox) -> Any:
    """The newest request for an answer that reached Copilot."""
    asked = [seen for seen in sandbox.seen if seen.path in {"/responses", "/v1/messages", "/chat/completions"}]
    return asked[-1].json


def kinds(answer: Any) -> list[str]:
    return [item["type"] for item in answer["output"]]


def test_it_is_off_unless_somebody_wants_it() -> None:
    assert Settings().web_search is False


async def test_a_responses_client_gets_its_search(searching: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    async with http.post(searching.url + "/v1/responses", json=ASK) as response:
        answer = await response.json()
        assert "hosted-tools-dropped" not in response.headers.get("x-copilot-api-repairs", "")
    assert sent(sandbox)["tools"] == [TOOL, FUNCTION]
    [search] = [item for item in answer["output"] if item["type"] == "web_search_call"]
    assert search["action"] == SEARCHED


async def test_it_is_streamed(searching: Serving, http: aiohttp.ClientSession) -> None:
    async with http.post(searching.url + "/v1/responses", json=ASK | {"stream": True}) as response:
        events = [loads(frame.data) for frame in SseDecoder().feed(await response.read()) if frame.data]
    assert "response.web_search_call.searching" in [event["type"] for event in events]
    assert "web_search_call" in kinds(events[-1]["response"])


async def test_it_comes_over_a_websocket(searching: Serving, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(searching.url + "/v1/responses") as socket:
        await socket.send_json({"type": "response.create"} | ASK)
        event: Any = {}
        while event.get("type") != "response.completed":
            message = await socket.receive(timeout=10)
            assert message.type is WSMsgType.TEXT
            event = loads(message.data.encode())
    assert "web_search_call" in kinds(event["response"])


async def test_the_search_comes_back_in_the_history(searching: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    answer = await posted(searching, http, "/v1/responses", ASK | {"store": False})
    said = {"type": "message", "role": "user", "content": "Go on"}
    follows = ASK | {"input": [*answer["output"], said], "include": ["web_search_call.results"], "store": False}
    await posted(searching, http, "/v1/responses", follows)
    assert "web_search_call" in [item["type"] for item in sent(sandbox)["input"]]
    assert sent(sandbox)["include"] == ["web_search_call.results"]


async def test_a_search_may_be_demanded(searching: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    await posted(searching, http, "/v1/responses", ASK | {"tool_choice": TOOL})
    assert sent(sandbox)["tool_choice"] == TOOL


async def test_other_hosted_tools_stay_out(searching: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    await posted(searching, http, "/v1/responses", ASK | {"tools": [TOOL, {"type": "file_search"}, {"type": "mcp"}]})
    assert sent(sandbox)["tools"] == [TOOL]


async def test_while_it_is_off_the_tool_is_dropped_by_name(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox
) -> None:
    sandbox.script.web_search = True
    async with http.post(server.url + "/v1/responses", json=ASK) as response:
        assert response.status == 200
        assert "hosted-tools-dropped" in response.headers["x-copilot-api-repairs"]
    assert sent(sandbox)["tools"] == [FUNCTION]
    error = await posted(server, http, "/v1/responses", ASK | {"tool_choice": TOOL}, status=400)
    assert "web_search" in error["error"]["message"]


async def test_a_model_that_refuses_it_answers_without(serve: Serve, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    server = await serve(web_search=True)
    async with http.post(server.url + "/v1/responses", json=ASK) as response:
        assert response.status == 200
        assert "refused-tool-dropped" in response.headers["x-copilot-api-repairs"]
    assert sent(sandbox)["tools"] == [FUNCTION]


@pytest.mark.parametrize("name", ["claude-sonnet-4.6", "gpt-4.1"])
async def test_where_the_model_is_behind_another_endpoint_it_is_a_named_loss(
    searching: Serving, http: aiohttp.ClientSession, name: str
) -> None:
    async with http.post(searching.url + "/v1/responses", json=ASK | {"model": name}) as response:
        assert response.status == 200
        assert "tools.web_search" in response.headers["x-copilot-api-losses"].split(",")


ANTHROPICS = {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}


async def test_anthropics_search_is_a_named_loss_on_the_way_to_responses(
    searching: Serving, http: aiohttp.ClientSession
) -> None:
    own = {"name": "f", "input_schema": {"type": "object"}}
    body = {
        "model": "gpt-5.3-codex",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": ASKED}],
        "tools": [ANTHROPICS, own],
    }
    async with http.post(searching.url + "/v1/messages", json=body) as response:
        assert response.status == 200
        assert "tools.web_search_20250305" in response.headers["x-copilot-api-losses"].split(",")
    forced = body | {"tool_choice": {"type": "tool", "name": "web_search"}}
    error = await posted(searching, http, "/v1/messages", forced, status=400)
    assert error["error"]["type"] == "invalid_request_error"


async def test_claude_itself_is_not_asked_to_search(searching: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    body = {"model": "claude-sonnet-4.6", "max_tokens": 100, "messages": [{"role": "user", "content": ASKED}]}
    await posted(searching, http, "/v1/messages", body | {"tools": [ANTHROPICS]})
    assert "tools" not in sent(sandbox)


async def test_googles_search_and_chats_are_named_losses(searching: Serving, http: aiohttp.ClientSession) -> None:
    asked = {"contents": [{"role": "user", "parts": [{"text": ASKED}]}], "tools": [{"googleSearch": {}}]}
    async with http.post(searching.url + "/v1beta/models/gpt-5.3-codex:generateContent", json=asked) as response:
        assert response.status == 200
        assert "googleSearch" in response.headers["x-copilot-api-losses"]
    chat = {
        "model": "gpt-5.3-codex",
        "messages": [{"role": "user", "content": ASKED}],
        "web_search_options": {"search_context_size": "low"},
    }
    async with http.post(searching.url + "/v1/chat/completions", json=chat) as response:
        assert response.status == 200
        assert "web_search_options" in response.headers["x-copilot-api-losses"]
