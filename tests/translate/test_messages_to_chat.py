"""The fields of an Anthropic request, one by one, as a chat request; what happens to its messages stands next door."""

import hashlib
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes
from copilot_api.translate.messages_to_chat import request
from copilot_api.translate.request import Request
from tests.builders.models import model

HELLO: Json = {"role": "user", "content": "Hei!"}
CALLS: list[Json] = [
    {"role": "user", "content": "go"},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "files.read", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "1"}]},
]
MARK = {"cache_control": {"type": "ephemeral"}}
SENT_MARK = {"copilot_cache_control": {"type": "ephemeral"}}


def translated(model_id: str = "gpt-4.1", **fields: Any) -> Request:
    return request({"model": "asked-for", "messages": [HELLO]} | fields, model(model_id))


@pytest.mark.parametrize(
    ("fields", "sent", "losses"),
    [
        ({}, {}, set()),
        ({"max_tokens": 1000}, {"max_tokens": 1000}, set()),
        ({"max_tokens": 0}, {"max_tokens": 1}, {"max_tokens"}),
        ({"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2, "top_p": 0.9}, set()),
        ({"top_k": 5}, {}, {"top_k"}),
        ({"stop_sequences": ["a", "", "b"]}, {"stop": ["a", "b"]}, set()),
        ({"stop_sequences": ["a", "b", "c", "d", "e"]}, {"stop": ["a", "b", "c", "d"]}, {"stop_sequences"}),
        ({"stop_sequences": []}, {}, set()),
        ({"metadata": {"user_id": "u1", "session": "s"}}, {"user": "u1"}, {"metadata.session"}),
        ({"metadata": {"user_id": "x" * 65}}, {"user": hashlib.sha256(b"x" * 65).hexdigest()}, set()),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}, set()),
        ({"stream": False}, {"stream": False}, set()),
        ({"service_tier": "auto", "container": "c", "mcp_servers": [{}], "betas": ["b"]}, {},
         {"service_tier", "container", "mcp_servers", "betas"}),
        ({"context_management": {"edits": [1]}, "thread": {"type": "create"}}, {}, {"context_management", "thread"}),
        ({"cache_control": {"type": "ephemeral"}}, {}, {"cache_control"}),
    ],
)  # fmt: skip
def test_each_field_has_its_place_or_is_named_as_lost(fields: Json, sent: Json, losses: set[str]) -> None:
    done = translated(**fields)
    assert done.body == {"model": "gpt-4.1", "messages": [HELLO]} | sent
    assert done.losses == losses


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"stop_sequences": [1]}, "stop_sequences"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"metadata": "u1"}, "metadata"),
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "user", "content": " \n"}]}, "messages"),
        ({"messages": [{"role": "system", "content": "Only that."}]}, "messages"),
        ({"system": [{"type": "image"}]}, "system.0.type"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
    ],
)
def test_a_field_that_cannot_be_understood_is_refused_by_name(fields: Json, param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        translated(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_a_body_nested_beyond_reason_is_refused() -> None:
    deep: Json = {}
    for _ in range(3000):
        deep = {"a": deep}
    use = {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": deep}]}
    with pytest.raises(ClientMistake, match="nested too deeply"):
        translated(messages=[HELLO, use])


# System prompt


@pytest.mark.parametrize(
    ("system", "sent"),
    [
        ("Be kind.", "Be kind."),
        ([{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be brief."}], "Be kind.\n\nBe brief."),
        ([{"type": "text", "text": " "}, {"type": "text", "text": "Be brief."}], "Be brief."),
    ],
)
def test_the_system_prompt_is_one_leading_message(system: Any, sent: str) -> None:
    assert translated(system=system).body["messages"] == [{"role": "system", "content": sent}, HELLO]


@pytest.mark.parametrize("system", ["", [], None, [{"type": "text", "text": ""}]])
def test_an_empty_system_prompt_is_none(system: Any) -> None:
    assert translated(system=system).body["messages"] == [HELLO]


def test_the_billing_header_is_no_part_of_the_prompt() -> None:
    header = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329.8f8;"}
    done = translated(system=[header, {"type": "text", "text": "Be kind."}])
    assert done.body["messages"][0] == {"role": "system", "content": "Be kind."}
    assert done.losses == {"system.x-anthropic-billing-header"}


def test_a_system_message_before_anything_else_joins_the_system_prompt() -> None:
    messages = [{"role": "system", "content": "Be brief."}, HELLO]
    assert translated(system="Be kind.", messages=messages).body["messages"] == [
        {"role": "system", "content": "Be kind.\n\nBe brief."},
        HELLO,
    ]


def test_a_mark_on_a_leading_instruction_marks_the_system_prompt() -> None:
    messages = [{"role": "system", "content": [{"type": "text", "text": "Be brief."} | MARK]}, HELLO]
    assert translated("claude-haiku-4.5", messages=messages).body["messages"][0] == (
        {"role": "system", "content": "Be brief."} | SENT_MARK
    )


def test_a_schema_that_the_model_cannot_promise_is_asked_for_at_the_end_of_the_system_prompt() -> None:
    config = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    done = translated("gpt-4o", system="Be kind.", output_config=config)
    words = notes.only_json('{"type":"object"}')
    assert done.body["messages"][0] == {"role": "system", "content": f"Be kind.\n\n{words}"}
    assert done.losses == {"output_config.format"}


def test_a_schema_that_the_model_can_promise_is_a_response_format() -> None:
    config = {"format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False}}}
    assert translated(output_config=config).body["response_format"]["json_schema"]["strict"] is True


# Cache marks


def test_claude_keeps_its_cache_marks() -> None:
    system = [{"type": "text", "text": "Be kind."} | MARK, {"type": "text", "text": "Be brief."}]
    messages = [{"role": "user", "content": [{"type": "text", "text": "a"} | MARK, {"type": "text", "text": "b"}]}, *CALLS[1:]]
    done = translated("claude-haiku-4.5", system=system, messages=messages)
    assert [message.get("copilot_cache_control") for message in done.body["messages"]] == [
        {"type": "ephemeral"}, {"type": "ephemeral"}, None, None,
    ]  # fmt: skip
    assert done.losses == set()


def test_a_mark_for_the_whole_request_goes_to_its_last_message() -> None:
    done = translated("claude-haiku-4.5", cache_control={"type": "ephemeral", "ttl": "1h"})
    assert done.body["messages"] == [HELLO | SENT_MARK]
    assert done.losses == {"cache_control.ttl"}


def test_other_models_need_no_marks_and_the_loss_is_named() -> None:
    block = {"type": "text", "text": "Be kind."} | MARK
    done = translated(system=[block], messages=[{"role": "user", "content": [block]}])
    assert done.losses == {"system.cache_control", "messages.content.cache_control"}
    assert "copilot_cache_control" not in str(done.body)


# Thinking


def test_a_claude_that_thinks_takes_hardly_any_sampling() -> None:
    thinking = {"type": "enabled", "budget_tokens": 2000}
    done = translated("claude-haiku-4.5", thinking=thinking, temperature=0.3, top_p=0.5)
    assert done.body == {"model": "claude-haiku-4.5", "messages": [HELLO], "thinking_budget": 2000}
    assert done.losses == {"temperature", "top_p"}


@pytest.mark.parametrize(
    ("model_id", "fields"),
    [
        ("claude-haiku-4.5", {"thinking": {"type": "disabled"}}),
        ("claude-haiku-4.5", {}),
        ("gpt-5-mini", {"output_config": {"effort": "high"}}),
    ],
)
def test_anybody_else_takes_all_of_it(model_id: str, fields: Json) -> None:
    body = translated(model_id, temperature=0.3, top_p=0.5, **fields).body
    assert (body["temperature"], body["top_p"]) == (0.3, 0.5)


def test_the_sampling_that_thinking_allows_stays() -> None:
    body = translated("claude-sonnet-4.6", output_config={"effort": "high"}, temperature=1, top_p=0.95).body
    assert (body["reasoning_effort"], body["temperature"], body["top_p"]) == ("high", 1, 0.95)


@pytest.mark.parametrize(("cap", "budget"), [({"max_tokens": 4000}, 3999), ({}, 31_999), ({"max_tokens": 99_999}, 31_999)])
def test_a_budget_is_smaller_than_what_the_model_may_write(cap: Json, budget: int) -> None:
    thinking = {"type": "enabled", "budget_tokens": 40_000}
    assert translated("claude-opus-4.5", thinking=thinking, **cap).body["thinking_budget"] == budget


def test_a_forced_call_keeps_claude_from_thinking() -> None:
    done = translated(
        "claude-haiku-4.5",
        thinking={"type": "enabled", "budget_tokens": 2000},
        tools=[{"name": "f"}],
        tool_choice={"type": "any"},
    )
    assert "thinking_budget" not in done.body
    assert done.losses == {"thinking.type", "thinking.budget_tokens"}


def test_a_call_whose_thinking_is_lost_keeps_claude_from_budgeted_thinking() -> None:
    tool = {"name": "files.read"}
    done = translated("claude-haiku-4.5", thinking={"type": "enabled", "budget_tokens": 2000}, messages=CALLS, tools=[tool])
    assert "thinking_budget" not in done.body


# Tools


def test_tools_their_choice_and_their_names_go_up_together() -> None:
    done = translated(
        messages=CALLS,
        tools=[{"name": "files.read", "description": "Reads.", "input_schema": {"type": "object"}}],
        tool_choice={"type": "tool", "name": "files.read", "disable_parallel_tool_use": True},
    )
    assert done.body["tools"][0]["function"]["name"] == "files_read"
    assert done.body["tool_choice"] == {"type": "function", "function": {"name": "files_read"}}
    assert done.body["parallel_tool_calls"] is False
    assert done.body["messages"][1]["tool_calls"][0]["function"]["name"] == "files_read"
    assert done.tool_names == {"files_read": "files.read"}


@pytest.mark.parametrize("tools", [[], None, [{"type": "web_search_20250305", "name": "web_search"}]])
def test_no_tools_are_no_field(tools: Any) -> None:
    body = translated(tools=tools, tool_choice={"type": "auto"}).body
    assert "tools" not in body
    assert "tool_choice" not in body


def test_claude_gets_stubs_for_tools_it_called_before_and_may_not_call_them() -> None:
    body = translated("claude-haiku-4.5", messages=CALLS).body
    assert [tool["function"]["name"] for tool in body["tools"]] == ["files_read"]
    assert body["tool_choice"] == "none"
    assert "tools" not in translated("gpt-4.1", messages=CALLS).body
