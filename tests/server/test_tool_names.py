"""Names of tools that Copilot does not take, end to end: the client reads and sends its own, whatever goes up."""

from typing import Any

import aiohttp
import pytest

from copilot_api.dialects.codec import loads
from copilot_api.dialects.sse import SseDecoder
from copilot_api.sandbox import Sandbox
from copilot_api.sandbox.script import Call
from tests.builders.serving import Serving

PATH = "/v1/responses"
LONG = "mcp__" + "x" * 80
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}}
READ = {"type": "function", "name": "read", "description": "Reads.", "parameters": SCHEMA}
TOOLS: list[dict[str, Any]] = [
    {
        "type": "namespace",
        "name": "mcp.files",
        "description": "Files.",
        "tools": [{"type": "custom", "name": "read", "description": "Reads.", "format": {"type": "text"}}],
    },
    {"type": "namespace", "name": "mcp.net", "description": "The net.", "tools": [READ]},
    READ | {"name": "files.read"},
    READ | {"name": LONG},
]
ASK: dict[str, Any] = {"input": [{"role": "user", "content": "Read it."}], "tools": TOOLS, "tool_choice": "auto"}
FREE, WRAPPED, PATHS = "a.txt", '{"input":"a.txt"}', '{"path":"b.txt"}'
TO_CODEX = [Call(name="read", custom=True, namespace="mcp_files", arguments=FREE)]
TO_MINI = [Call(name="read", namespace="mcp_files", arguments=WRAPPED)]
INSIDE = [Call(name="read", namespace="mcp_net", arguments=PATHS), Call(name="files_read", arguments=PATHS)]
JOINED = [
    Call(name="mcp_files__read", arguments=WRAPPED),
    Call(name="mcp_net__read", arguments=PATHS),
    Call(name="files_read", arguments=PATHS),
]
# Passed through with free text and without, and translated to each of the other endpoints: what is called there.
MODELS = pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("gpt-5.3-codex", TO_CODEX + INSIDE),
        ("gpt-5-mini", TO_MINI + INSIDE),
        ("claude-opus-5", JOINED),
        ("gpt-4.1", JOINED),
    ],
)


@pytest.fixture(autouse=True)
def every_claude_is_enabled(sandbox: Sandbox) -> None:
    for entry in sandbox.models:
        entry.pop("policy", None)


def told(item: Any) -> tuple[str, str, str, str]:
    """What a client reads of a call."""
    return item["type"], item.get("namespace", ""), item["name"], item.get("input", item.get("arguments"))


CALLED = [
    ("custom_tool_call", "mcp.files", "read", FREE),
    ("function_call", "mcp.net", "read", PATHS),
    ("function_call", "", "files.read", PATHS),
]


@MODELS
@pytest.mark.parametrize("stream", [False, True])
async def test_each_call_comes_under_the_name_that_the_client_knows(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, name: str, calls: list[Call], stream: bool
) -> None:
    sandbox.script.answer(tools=calls)
    async with http.post(server.url + PATH, json=ASK | {"model": name, "stream": stream}) as response:
        assert response.status == 200, await response.text()
        body = await response.read()
    events = [loads(frame.data) for frame in SseDecoder().feed(body) if frame.data] if stream else []
    answer = events[-1]["response"] if stream else loads(body)
    output = [item for item in answer["output"] if item["type"] != "reasoning"]
    assert [told(item) for item in output] == CALLED
    assert [tool["name"] for tool in answer["tools"]] == [tool["name"] for tool in TOOLS]
    assert b"mcp_" not in body.replace(LONG.encode(), b"")
    assert b"files_read" not in body
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert sorted(told(item) for item in done if item["type"] != "reasoning") == (sorted(CALLED) if stream else [])


@MODELS
async def test_the_conversation_goes_on_under_the_clients_names(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, name: str, calls: list[Call]
) -> None:
    sandbox.script.answer(tools=calls)
    async with http.post(server.url + PATH, json=ASK | {"model": name}) as response:
        output = (await response.json())["output"]
    results = [
        {"type": f"{item['type']}_output", "call_id": item["call_id"], "output": "Hei"} for item in output if "call_id" in item
    ]
    sandbox.script.answer("It says Hei.")
    body = ASK | {"model": name, "input": [*ASK["input"], *output, *results]}
    body["tool_choice"] = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "files.read"}]}
    async with http.post(server.url + PATH, json=body) as response:
        assert response.status == 200, await response.text()
        assert "It says Hei." in await response.text()
