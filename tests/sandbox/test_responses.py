"""/responses as a person's client meets it: whole rounds over the wire."""

from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json, loads_text
from copilot_api.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

MINI, CODEX, SOL, GROK = "gpt-5-mini", "gpt-5.3-codex", "gpt-5.6-sol", "grok-4.7"
SHELL = {
    "type": "function",
    "name": "exec_command",
    "description": "Runs a command.",
    "parameters": {"type": "object", "properties": {"cmd": {"type": "string"}}, "required": ["cmd"]},
}


def text_of(response: Json) -> str:
    messages = (item for item in response["output"] if item["type"] == "message")
    return "".join(part["text"] for item in messages for part in item["content"])


@pytest.mark.parametrize("model", [MINI, CODEX, SOL, GROK])
async def test_it_says_what_it_is_and_what_it_heard(client: "Client", model: str) -> None:
    text = text_of((await client.responses("Hello there", model=model)).json)
    assert text.startswith(f"This is the copilot-api sandbox, answering as {model}.")
    assert "You said: “Hello there”" in text


@pytest.mark.parametrize("model", [MINI, CODEX, SOL, GROK])
async def test_a_command_is_run(client: "Client", model: str) -> None:
    items: list[Json] = [{"role": "user", "content": "Run `echo hello-42` and tell me what it printed"}]
    fields: Json = {
        "model": model,
        "tools": [SHELL],
        "stream": True,
        "reasoning": {"effort": "low"},
        "include": ["reasoning.encrypted_content"],
    }
    first = await client.responses(items, **fields)
    done = [event["item"] for event in first.events if event["type"] == "response.output_item.done"]
    assert [item["type"] for item in done] == ["reasoning", "message", "function_call"]
    assert loads_text(done[2]["arguments"]) == {"cmd": "echo hello-42"}
    # The one item whose id has a meaning goes back under it.
    items += [item if item["type"] == "reasoning" else {k: v for k, v in item.items() if k != "id"} for item in done]
    items += [{"type": "function_call_output", "call_id": done[2]["call_id"], "output": "hello-42"}]
    second = await client.responses(items, **fields)
    assert text_of(second.events[-1]["response"]).endswith("exec_command answered:\nhello-42")


async def test_a_patch_is_handed_to_its_tool(client: "Client") -> None:
    patch = "*** Begin Patch\n*** Add File: a.txt\n+hello\n*** End Patch"
    tools = [{"type": "custom", "name": "apply_patch", "description": "Patches.", "format": {"type": "text"}}]
    said = f"Use apply_patch with this:\n{patch}"
    first = (await client.responses(said, model=CODEX, tools=tools)).json["output"][-1]
    assert (first["type"], first["input"]) == ("custom_tool_call", patch + "\n")
    items = [
        {"role": "user", "content": said},
        {k: v for k, v in first.items() if k != "id"},
        {"type": "custom_tool_call_output", "call_id": first["call_id"], "output": "Done!"},
    ]
    second = (await client.responses(items, model=CODEX, tools=tools)).json
    assert text_of(second).endswith("apply_patch answered:\nDone!")


async def test_a_tool_in_a_namespace_is_called_with_it(client: "Client") -> None:
    inner = [{"type": "custom", "name": "exec", "description": "Runs JavaScript."}]
    namespace = {"type": "namespace", "name": "functions", "description": "Tools.", "tools": inner}
    items = [
        {"type": "additional_tools", "role": "developer", "tools": [namespace]},
        {"role": "user", "content": "Run `ls`"},
    ]
    called = (await client.responses(items, model=SOL)).json["output"][-1]
    assert (called["type"], called["name"], called["namespace"]) == ("custom_tool_call", "exec", "functions")
    assert called["input"] == 'const r = await tools.exec_command({cmd: "ls"});\ntext(r.output);\n'


async def test_it_thinks_when_effort_is_set(client: "Client") -> None:
    assert [item["type"] for item in (await client.responses()).json["output"]] == ["message"]
    body = (await client.responses(reasoning={"effort": "high", "summary": "detailed"})).json
    assert body["output"][0]["summary"][0]["text"].startswith("The newest thing I have is: Hello.")
    assert body["usage"]["output_tokens_details"]["reasoning_tokens"] > 0


async def test_structured_output_is_json(client: "Client") -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    wanted = {"format": {"type": "json_schema", "name": "t", "schema": schema}}
    assert loads_text(text_of((await client.responses('Call it "Hei"', text=wanted)).json)) == {"title": "Hei"}
    free = {"format": {"type": "json_object"}}
    assert loads_text(text_of((await client.responses("As json, please", text=free)).json))["sandbox"] is True


async def test_a_limit_is_kept(client: "Client") -> None:
    body = (await client.responses("Hello", max_output_tokens=16)).json
    assert (body["status"], body["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert (body["usage"]["output_tokens"], body["output"][0]["status"]) == (16, "incomplete")


async def test_a_search_of_the_web_where_that_is_on(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.web_search = True
    body = (await client.responses("Search the web for cats", tools=[{"type": "web_search"}])).json
    assert body["output"][0]["action"] == {"type": "search", "query": "Search the web for cats"}


async def test_a_repeated_prompt_is_read_from_the_cache(client: "Client") -> None:
    fields: Json = {"instructions": "Be kind.", "tools": [SHELL]}
    used = [(await client.responses("word " * 2000, **fields)).json["usage"] for _ in range(2)]
    assert [u["input_tokens_details"]["cached_tokens"] for u in used] == [0, used[0]["input_tokens"]]


async def test_quota_headers_come_with_answers(client: "Client") -> None:
    for got in (await client.responses(), await client.responses(stream=True)):
        assert got.headers["x-quota-snapshot-premium_interactions"].startswith("ent=7000&")


async def test_an_answer_may_be_given_byte_by_byte(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.raw(b"data: {}\n\n", b"data: [DONE]\n\n", path="/responses")
    assert (await client.responses(stream=True)).body == b"data: {}\n\ndata: [DONE]\n\n"


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
async def test_a_body_that_is_no_object(client: "Client", body: bytes) -> None:
    got = await client.post("/responses", body)
    assert (got.status, got.text) == (400, "failed to parse request\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/responses/compact"), ("POST", "/responses/input_tokens"), ("GET", "/responses/r"), ("GET", "/responses")],
)
async def test_what_is_not_offered(client: "Client", method: str, path: str) -> None:
    got = await (client.get(path) if method == "GET" else client.post(path, {}))
    assert (got.status, got.text) == (404, "404 page not found\n")


async def test_an_early_failure_came_before_any_output(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("failed")
    got = await client.responses(stream=True)
    assert [event["type"] for event in got.events] == ["response.created", "response.in_progress", "response.failed"]
    assert [event["sequence_number"] for event in got.events] == [0, 1, 2]
    failed = got.events[-1]["response"]
    assert failed["error"] == {"code": "server_error", "message": "Internal server error"}
    assert (failed["status"], failed["output"], failed["model"]) == ("failed", [], "gpt-5-mini-2025-08-07")


async def test_a_late_failure_comes_after_output(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("failed", after=6, message="Broke.", code="rate_limit_exceeded")
    got = await client.responses(stream=True)
    assert [event["type"] for event in got.events][-2:] == ["response.output_text.delta", "response.failed"]
    assert got.events[-1]["response"]["error"] == {"code": "rate_limit_exceeded", "message": "Broke."}


async def test_the_end_of_an_answer_never_comes_before_its_failure(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("failed", after=999)
    types = [event["type"] for event in (await client.responses(stream=True)).events]
    assert (types[-1], "response.completed" in types) == ("response.failed", False)


async def test_a_whole_answer_may_have_failed(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("failed")
    got = await client.responses()
    assert (got.status, got.json["status"], got.json["output"]) == (200, "failed", [])
    assert got.json["error"]["message"] == "Internal server error"


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"tools": [SHELL | {"name": "files.read"}]}, "tools[0].name"),
        ({"input": [{"type": "reasoning", "summary": [], "encrypted_content": "gAAAAABoqw=="}]}, "could not be verified"),
        ({"verbosity": "low"}, "Unknown parameter: 'verbosity'."),
    ],
)
async def test_what_is_wrong_may_be_found_out_late(client: "Client", sandbox: Sandbox, fields: Json, about: str) -> None:
    said = await client.responses(**fields)
    sandbox.script.late_refusals = True
    late, whole = await client.responses(**fields, stream=True), await client.responses(**fields)
    assert (said.status, late.status, whole.status) == (400, 200, 200)
    assert about in said.message
    assert [event["type"] for event in late.events] == ["response.created", "response.in_progress", "response.failed"]
    assert late.events[-1]["response"]["error"]["message"] == whole.json["error"]["message"] == said.message
    assert (await client.responses("Hello", tools=[SHELL])).json["status"] == "completed"


async def test_without_an_input_there_is_nothing_to_begin(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.late_refusals = True
    assert (await client.responses([], stream=True)).status == 400


async def test_an_error_event_stands_alone(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("error_event", after=3)
    got = await client.responses(stream=True)
    assert got.frames[-1][0] == "error"
    assert got.events[-1] == {
        "type": "error",
        "sequence_number": 3,
        "code": "server_error",
        "message": "Upstream model failed",
        "param": None,
    }


async def test_a_silent_end(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("eof")
    types = [event["type"] for event in (await client.responses(stream=True)).events]
    assert types[-1] == "response.output_item.done"


async def other_failure(client: "Client", **fields: Any) -> Json:
    body: Json = (await client.chat(**fields)).events[-1]
    return body


async def test_where_no_event_says_failed_it_is_an_error(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.fault("failed", times=2)
    assert (await other_failure(client, stream=True))["error"]["message"] == "Upstream model failed"
    assert (await client.chat()).status == 500
