from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json, loads_text
from copilot_api.dialects.events import Counted
from copilot_api.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Got

BASH = {
    "name": "Bash",
    "description": "Runs a command.",
    "input_schema": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
}
FUNCTION = {"type": "function", "function": {"name": "Bash", "parameters": BASH["input_schema"]}}
WEATHER = {
    "name": "get_weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/responses/compact"),
        ("GET", "/responses/r"),
        ("POST", "/v1/responses"),
        ("GET", "/chat/completions"),
        ("POST", "/models"),
        ("GET", "/"),
    ],
)
async def test_what_is_not_there(client: "Client", method: str, path: str) -> None:
    got = await (client.get(path) if method == "GET" else client.post(path, {}))
    assert (got.status, got.text) == (404, "404 page not found\n")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/models/gpt-4o"), ("GET", "/models/gpt-4o/policy"), ("GET", "/models/")]
)
async def test_what_a_model_has_not(client: "Client", method: str, path: str) -> None:
    assert (await (client.get(path) if method == "GET" else client.post(path, {}))).status == 404


async def test_a_ping_needs_no_token(client: "Client") -> None:
    assert (await client.get("/_ping", {"Authorization": ""})).text == "ok\n"


async def test_request_ids_are_echoed_or_minted(client: "Client") -> None:
    headers = {"X-Request-Id": "r-1"}
    assert (await client.post("/chat/completions", {}, headers)).headers["x-request-id"] == "r-1"
    got = await client.chat()
    assert got.headers["x-request-id"].startswith("sandbox-")
    assert got.headers["x-github-request-id"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 600 + b"]" * 600, b"\xff"])
async def test_a_body_that_is_no_object(client: "Client", body: bytes) -> None:
    for path in ("/chat/completions", "/v1/messages", "/v1/messages/count_tokens", "/embeddings", "/models/gpt-4o/policy"):
        got = await client.post(path, body)
        assert (got.status, got.text) == (400, "failed to parse request\n")


async def test_a_body_too_deep_to_read(client: "Client") -> None:
    deep = b'{"model":"gpt-4.1","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f",'
    schema = b'"parameters":{"type":"object","properties":' + b'{"a":{"properties":' * 480 + b"{}" + b"}}" * 480
    got = await client.post("/chat/completions", deep + schema + b"}}}]}")
    assert (got.status, got.text) == (400, "failed to parse request\n")


async def test_quota_headers_come_with_answers_only(client: "Client") -> None:
    for got in (
        await client.chat(),
        await client.chat(stream=True),
        await client.messages(),
        await client.messages(stream=True),
        await client.post("/embeddings", {"model": "text-embedding-3-small", "input": ["x"]}),
    ):
        assert got.headers["x-quota-snapshot-premium_interactions"].startswith("ent=7000&")
    for got in (await client.get("/models"), await client.chat(model="nobody")):
        assert "x-quota-snapshot-premium_interactions" not in got.headers


async def test_answers_cost_credits(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.answer("x", usage=Counted(prompt=1_000_000, output=100_000, cached=400_000, cache_write=100_000))
    got = await client.messages()
    assert got.json["copilot_usage"]["total_nano_aiu"] == (500_000 * 100 + 400_000 * 10 + 100_000 * 125 + 100_000 * 500) * 1000
    used = (await client.github("/copilot_internal/user")).json["quota_snapshots"]["premium_interactions"]["credits_used"]
    assert used == 878.6 + 116.5


async def test_requests_cost_premium_on_the_legacy_plan_when_a_person_asked(client: "Client", sandbox: Sandbox) -> None:
    sandbox.plan = "legacy"
    await client.messages(model="claude-sonnet-4.6")
    body = {"model": "claude-sonnet-4.6", "max_tokens": 10, "messages": [{"role": "user", "content": "x"}]}
    await client.post("/v1/messages", body, {"X-Initiator": "agent"})
    snapshot = (await client.github("/copilot_internal/user")).json["quota_snapshots"]["premium_interactions"]
    assert snapshot["quota_remaining"] == 241.67  # of 300, after 57.33 and 1


async def test_a_model_without_a_price_costs_nothing(client: "Client", sandbox: Sandbox) -> None:
    entry = next(e for e in sandbox.models if e["id"] == "gpt-4.1")
    sandbox.models = [{k: v for k, v in entry.items() if k != "billing"}]
    assert (await client.chat()).json["copilot_usage"]["total_nano_aiu"] == 0


async def test_errors_on_messages_come_in_three_shapes_in_turn(client: "Client") -> None:
    shapes = [(await client.messages(max_tokens=None)).json for _ in range(4)]
    message = "max_tokens: Field required"
    anthropic = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}
    assert shapes[0] == anthropic | {"request_id": "req_sandbox000001"}
    assert shapes[1] == {"error": {"message": message, "code": "invalid_request_body"}}
    assert shapes[2] == {"message": message}
    assert shapes[3] == anthropic | {"request_id": "req_sandbox000004"}


async def test_the_shape_can_be_pinned(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.error_shape = "message"
    assert [set((await client.messages(max_tokens=None)).json) for _ in range(2)] == [{"message"}] * 2


async def test_errors_on_chat_have_one_shape(client: "Client") -> None:
    for _ in range(2):
        assert set((await client.chat(messages=[])).json) == {"error"}


async def test_counting_agrees_with_the_answer(client: "Client") -> None:
    body: Json = {
        "model": "claude-haiku-4.5",
        "system": "You are kind.",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello there"}]}],
        "tools": [BASH],
    }
    counted = (await client.post("/v1/messages/count_tokens", body)).json
    answered = (await client.post("/v1/messages", body | {"max_tokens": 100})).json
    assert counted == {"input_tokens": answered["usage"]["input_tokens"]} == {"input_tokens": 14}


async def test_counting_is_as_strict_about_what_is_read(client: "Client") -> None:
    body: Json = {"model": "claude-haiku-4.5", "messages": [{"role": "user", "content": " "}]}
    assert (await client.post("/v1/messages/count_tokens", body)).status == 400
    assert (await client.post("/v1/messages/count_tokens", body | {"model": "gpt-4.1"})).status == 400
    got = await client.post("/v1/messages/count_tokens", body, {"anthropic-beta": "unheard-of"})
    assert got.status == 400


async def test_a_repeated_prompt_is_read_from_the_cache(client: "Client") -> None:
    marked = {"type": "text", "text": "word " * 2000, "cache_control": {"type": "ephemeral"}}
    turn = [{"role": "user", "content": [marked, {"type": "text", "text": "Hello"}]}]
    first, second = [(await client.messages(messages=turn)).json["usage"] for _ in range(2)]
    assert (first["cache_creation_input_tokens"], first["cache_read_input_tokens"], first["input_tokens"]) == (2500, 0, 2)
    assert (second["cache_creation_input_tokens"], second["cache_read_input_tokens"], second["input_tokens"]) == (0, 2500, 2)
    chat = [(await client.chat("word " * 2000)).json["usage"]["prompt_tokens_details"] for _ in range(2)]
    assert chat == [{"cached_tokens": 0}, {"cached_tokens": 2500}]


async def test_any_answer_can_be_given_byte_by_byte(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.raw(b"event: ping\n", b"data: {}\n\n", times=2)
    assert (await client.messages(stream=True)).frames == (await client.chat(stream=True)).frames == [("ping", b"{}")]


async def run_a_command(client: "Client", model: str, prompt: str, **fields: Any) -> "Got":
    """A whole round: the question, the call of the tool, the result, the answer."""
    turns: list[Json] = [{"role": "user", "content": prompt}]
    first = (await client.messages(model=model, messages=turns, tools=[BASH, WEATHER], **fields)).json
    assert first["stop_reason"] == "tool_use"
    calls = [block for block in first["content"] if block["type"] == "tool_use"]
    results = [
        {"type": "tool_result", "tool_use_id": c["id"], "content": c["input"]["command"].removeprefix("echo ")} for c in calls
    ]
    turns += [{"role": "assistant", "content": first["content"]}, {"role": "user", "content": results}]
    return await client.messages(model=model, messages=turns, tools=[BASH, WEATHER], **fields)


async def test_a_command_is_run_and_its_output_told(client: "Client") -> None:
    prompt = "Run the shell command `echo hello-42` with your Bash tool and tell me what it printed"
    got = await run_a_command(client, "claude-haiku-4.5", prompt)
    assert got.json["content"][0]["text"].endswith("Bash answered:\nhello-42")
    assert got.json["stop_reason"] == "end_turn"


async def test_several_commands_run_at_once(client: "Client") -> None:
    got = await run_a_command(client, "claude-haiku-4.5", "Run `echo one` and `echo two`")
    assert got.json["content"][0]["text"].endswith("Bash answered:\none\n\nBash answered:\ntwo")


async def test_thinking_goes_with_tools(client: "Client") -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    got = await run_a_command(client, "claude-sonnet-4.6", "Run `echo hi`", thinking=thinking, max_tokens=4000)
    assert [block["type"] for block in got.json["content"]] == ["thinking", "text"]


async def test_thinking_that_led_to_a_call_must_come_back(client: "Client") -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    fields: dict[str, Any] = {"model": "claude-sonnet-4.6", "tools": [BASH], "max_tokens": 4000}
    turns: list[Json] = [{"role": "user", "content": "Run `echo hi`"}]
    first = (await client.messages(messages=turns, thinking=thinking, **fields)).json["content"]
    call = first[-1]
    turns += [
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call["id"], "content": "hi"}]},
    ]
    got = await client.messages(messages=turns, thinking=thinking, **fields)
    assert (got.status, "Expected `thinking` or `redacted_thinking`, but found `tool_use`" in got.message) == (400, True)
    assert (await client.messages(messages=turns, **fields)).status == 200, "without thinking nothing is missed"


async def test_a_command_is_run_over_chat_as_well(client: "Client") -> None:
    turns: list[Json] = [{"role": "user", "content": "Please run `echo hello-42`"}]
    first = (await client.chat(model="gpt-5-mini", messages=turns, tools=[FUNCTION])).json["choices"][0]["message"]
    call = first["tool_calls"][0]
    assert loads_text(call["function"]["arguments"]) == {"command": "echo hello-42"}
    turns += [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "hello-42"},
    ]
    second = (await client.chat(model="gpt-5-mini", messages=turns, tools=[FUNCTION])).json["choices"][0]
    assert second["message"]["content"].endswith("Bash answered:\nhello-42")


async def test_a_limit_is_kept(client: "Client") -> None:
    got = (await client.chat(max_tokens=3)).json
    assert (got["choices"][0]["finish_reason"], got["usage"]["completion_tokens"]) == ("length", 3)
    assert (await client.messages(max_tokens=3)).json["stop_reason"] == "max_tokens"
    warm_up = (await client.messages(max_tokens=0)).json
    assert (warm_up["content"], warm_up["stop_reason"]) == ([], "max_tokens")


async def test_a_stop_sequence_is_kept(client: "Client") -> None:
    assert (await client.messages("one two", stop_sequences=["two"])).json["stop_sequence"] == "two"
    assert (await client.chat("one two", stop="two")).json["choices"][0]["message"]["content"].endswith("one ")


async def test_structured_output_is_json(client: "Client") -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "t", "schema": schema}}
    content = (await client.chat('Call it "Hei"', response_format=wanted)).json["choices"][0]["message"]["content"]
    assert loads_text(content) == {"title": "Hei"}
    config = {"format": {"type": "json_schema", "schema": schema}}
    got = await client.messages('Call it "Hei"', model="claude-sonnet-4.6", output_config=config)
    assert loads_text(got.json["content"][0]["text"]) == {"title": "Hei"}
