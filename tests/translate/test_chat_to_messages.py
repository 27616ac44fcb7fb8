"""The fields of a chat request, one by one, as an Anthropic request; what happens to its messages stands next door."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes
from copilot_api.translate.chat_to_messages import request
from copilot_api.translate.request import Request
from tests.builders.models import model

HELLO: Json = {"role": "user", "content": "Hei!"}
MARK = {"cache_control": {"type": "ephemeral"}}
SENT_HELLO: Json = {"role": "user", "content": [{"type": "text", "text": "Hei!"} | MARK]}
CALLS: list[Json] = [
    {"role": "user", "content": "go"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "files.read", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "a", "content": "1"},
]
ADAPTIVE = {"type": "adaptive", "display": "summarized"}


def translated(model_id: str = "claude-opus-5", **fields: Any) -> Request:
    return request({"model": "asked-for", "messages": [HELLO]} | fields, model(model_id))


def function(name: str = "f", **fields: Any) -> Json:
    return {"type": "function", "function": {"name": name} | fields}


@pytest.mark.parametrize(
    ("fields", "sent", "losses"),
    [
        ({}, {}, set()),
        ({"max_tokens": 100}, {"max_tokens": 100}, set()),
        ({"max_tokens": 100, "max_completion_tokens": 200}, {"max_tokens": 200}, set()),
        ({"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2, "top_p": 0.9}, set()),
        ({"temperature": 1.7}, {"temperature": 1}, {"temperature"}),
        ({"top_p": -1}, {"top_p": 0}, {"top_p"}),
        ({"stop": "END"}, {"stop_sequences": ["END"]}, set()),
        ({"stop": ["a", "b"]}, {"stop_sequences": ["a", "b"]}, set()),
        ({"stop": ["a", "\n", ""]}, {"stop_sequences": ["a"]}, {"stop"}),
        ({"stop": None}, {}, set()),
        ({"n": 1}, {}, set()),
        ({"user": "u1"}, {"metadata": {"user_id": "u1"}}, set()),
        ({"user": "u1", "safety_identifier": "s1"}, {"metadata": {"user_id": "s1"}}, set()),
        ({"metadata": {"user_id": "m1"}}, {}, {"metadata"}),
        ({"stream": True, "stream_options": {"include_usage": True}}, {"stream": True}, set()),
        ({"stream": False}, {"stream": False}, set()),
        ({"stream_options": {"include_obfuscation": True}}, {}, {"stream_options.include_obfuscation"}),
        ({"seed": 1, "logprobs": True, "top_logprobs": 3, "presence_penalty": 0.1}, {},
         {"seed", "logprobs", "top_logprobs", "presence_penalty"}),
        ({"store": True, "service_tier": "auto", "verbosity": "low"}, {}, {"store", "service_tier", "verbosity"}),
        ({"response_format": {"type": "json_object"}}, {}, {"response_format"}),
        ({"reasoning_effort": "high"}, {"thinking": ADAPTIVE, "output_config": {"effort": "high"}}, set()),
    ],
)  # fmt: skip
def test_each_field_has_its_place_or_is_named_as_lost(fields: Json, sent: Json, losses: set[str]) -> None:
    done = translated(**fields)
    assert done.body == {"model": "claude-opus-5", "max_tokens": 64_000, "messages": [SENT_HELLO]} | sent
    assert done.losses == losses


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"max_tokens": 0}, "max_completion_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"stop": [1]}, "stop"),
        ({"stop": 1}, "stop"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream_options": "usage"}, "stream_options"),
        ({"user": 7}, "user"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "Only that."}]}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages"),
        ({"messages": "Hei!"}, "messages"),
        ({"tools": [{"type": "function"}]}, "tools.0.function.name"),
    ],
)
def test_a_field_that_cannot_be_understood_is_refused_by_name(fields: Json, param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        translated(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_a_body_nested_beyond_reason_is_refused() -> None:
    deep: Json = {"type": "object"}
    for _ in range(3000):
        deep = {"type": "object", "properties": {"a": deep}}
    shape = {"type": "json_schema", "json_schema": {"schema": deep}}
    with pytest.raises(ClientMistake, match="nested too deeply"):
        translated(response_format=shape)


@pytest.mark.parametrize(("limit", "cap"), [(32_000, 32_000), (128_000, 64_000), (None, 4096)])
def test_a_cap_is_filled_in_where_there_is_none(limit: int | None, cap: int) -> None:
    assert request({"messages": [HELLO]}, Model(id="claude-x", max_output=limit)).body["max_tokens"] == cap


# System prompt and structured output


def test_system_and_developer_messages_that_lead_are_the_system_prompt() -> None:
    leading = [{"role": "system", "content": "Be kind."}, {"role": "developer", "content": "Be brief."}]
    body = translated(messages=[*leading, HELLO]).body
    assert body["system"] == [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be brief."} | MARK]
    assert body["messages"] == [SENT_HELLO]


def test_a_closed_schema_is_promised_beside_the_effort() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    shape = {"type": "json_schema", "json_schema": {"schema": schema}}
    assert translated(response_format=shape, reasoning_effort="low").body["output_config"] == {
        "format": {"type": "json_schema", "schema": schema},
        "effort": "low",
    }


def test_an_open_schema_is_asked_for_at_the_end_of_the_system_prompt() -> None:
    shape = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    done = translated(messages=[{"role": "system", "content": "Be kind."}, HELLO], response_format=shape)
    assert [block["text"] for block in done.body["system"]] == ["Be kind.", notes.only_json('{"type":"object"}')]
    assert done.losses == {"response_format"}


# Cache marks


def marked(body: Json) -> list[str]:
    blocks = [*body.get("system", []), *(block for message in body["messages"] for block in message["content"])]
    return [block.get("text") or block["type"] for block in blocks if "cache_control" in block]


def test_a_client_that_cannot_mark_gets_marks_where_they_help() -> None:
    talk = [{"role": "system", "content": "s"}, HELLO, {"role": "assistant", "content": "b"}, *CALLS]
    assert marked(translated(messages=talk).body) == ["s", "go", "tool_result"]


def test_a_client_that_marks_gets_its_own_marks_and_no_others() -> None:
    parts = [{"type": "text", "text": "a"} | MARK, {"type": "text", "text": "b"}]
    talk = [{"role": "system", "content": "s"} | MARK, {"role": "user", "content": parts}]
    assert marked(translated(messages=talk).body) == ["s", "a"]


def test_the_mark_of_copilots_chat_is_understood() -> None:
    talk = [{"role": "system", "content": "s", "copilot_cache_control": {"type": "ephemeral"}}, HELLO]
    done = translated(messages=talk)
    assert marked(done.body) == ["s"]
    assert done.losses == set()


def test_of_too_many_marks_the_last_four_stay() -> None:
    parts = [{"type": "text", "text": str(number)} | MARK for number in range(6)]
    done = translated(messages=[{"role": "user", "content": parts}])
    assert marked(done.body) == ["2", "3", "4", "5"]
    assert done.losses == {"messages.content.cache_control"}


def test_a_mark_on_a_tool_counts() -> None:
    done = translated(tools=[function() | MARK])
    assert done.body["tools"][0]["cache_control"] == {"type": "ephemeral"}
    assert marked(done.body) == []


# Thinking


def test_a_claude_that_thinks_takes_hardly_any_sampling() -> None:
    done = translated(reasoning_effort="high", temperature=0.2, top_p=0.5)
    assert "temperature" not in done.body
    assert "top_p" not in done.body
    assert done.losses == {"temperature", "top_p"}


def test_the_sampling_that_thinking_allows_stays() -> None:
    done = translated(reasoning_effort="high", temperature=2, top_p=0.99)
    assert (done.body["temperature"], done.body["top_p"]) == (1, 0.99)
    assert done.losses == {"temperature"}


def test_no_thinking_leaves_sampling_alone() -> None:
    body = translated(reasoning_effort="none", temperature=0.2).body
    assert (body["thinking"], body["temperature"]) == ({"type": "disabled"}, 0.2)


@pytest.mark.parametrize(("cap", "budget"), [(30_000, 24_000), (10_000, 9999), (99_999, 24_000)])
def test_a_budget_is_smaller_than_what_the_model_may_write(cap: int, budget: int) -> None:
    body = translated("claude-haiku-4.5", reasoning_effort="high", max_tokens=cap).body
    assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}


def test_a_forced_call_keeps_claude_from_thinking() -> None:
    done = translated(reasoning_effort="high", tools=[function()], tool_choice="required")
    assert "thinking" not in done.body
    assert done.losses == {"reasoning_effort"}


def test_a_call_without_its_thinking_keeps_claude_from_budgeted_thinking_only() -> None:
    tools = [function("files.read")]
    assert "thinking" not in translated("claude-haiku-4.5", messages=CALLS, tools=tools, reasoning_effort="high").body
    assert translated("claude-opus-5", messages=CALLS, tools=tools, reasoning_effort="high").body["thinking"] == ADAPTIVE


# Tools


def test_tools_their_choice_and_their_names_go_up_together() -> None:
    done = translated(
        messages=CALLS,
        tools=[function("files.read", description="Reads.", parameters={"type": "object"})],
        tool_choice={"type": "function", "function": {"name": "files.read"}},
        parallel_tool_calls=False,
    )
    schema = {"type": "object", "properties": {}}
    assert done.body["tools"] == [{"name": "files_read", "description": "Reads.", "input_schema": schema}]
    assert done.body["tool_choice"] == {"type": "tool", "name": "files_read", "disable_parallel_tool_use": True}
    assert done.body["messages"][1]["content"][0]["name"] == "files_read"
    assert done.tool_names == {"files_read": "files.read"}


def test_custom_tools_are_remembered_for_the_way_back() -> None:
    assert translated(tools=[{"type": "custom", "custom": {"name": "patch"}}]).custom_tools == {"patch"}


def test_allowed_tools_leave_the_others_out() -> None:
    allowed = {"mode": "auto", "tools": [function("g")]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    body = translated(tools=[function("f"), function("g")], tool_choice=choice).body
    assert [tool["name"] for tool in body["tools"]] == ["g"]


@pytest.mark.parametrize("tools", [[], None, [{"type": "web_search"}]])
def test_no_tools_are_no_field(tools: Any) -> None:
    body = translated(tools=tools, tool_choice="auto").body
    assert "tools" not in body
    assert "tool_choice" not in body


def test_stubs_stand_for_tools_that_were_called_before_and_may_not_be_called() -> None:
    body = translated(messages=CALLS).body
    assert [tool["name"] for tool in body["tools"]] == ["files_read"]
    assert body["tool_choice"] == {"type": "none"}


def test_strict_tools_are_promised_where_the_catalog_says_so() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    tools = [function(parameters=schema, strict=True)]
    assert translated("claude-opus-5", tools=tools).body["tools"][0]["strict"] is True
    done = translated("claude-haiku-4.5", tools=tools)
    assert "strict" not in done.body["tools"][0]
    assert done.losses == {"tools.function.strict"}
