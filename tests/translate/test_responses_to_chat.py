"""The fields of a Responses request, one by one, as a chat request; what happens to its items stands next door."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes
from copilot_api.translate.request import Request
from copilot_api.translate.responses_to_chat import request
from tests.builders.models import model

SCHEMA: Json = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
EMPTY: Json = {"type": "object", "properties": {}}
CALL: Json = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
OUTPUT: Json = {"type": "function_call_output", "call_id": "a", "output": "1"}


def translated(model_id: str = "gpt-4.1", **fields: Any) -> Request:
    return request({"model": "asked-for", "input": "Hei!"} | fields, model(model_id))


@pytest.mark.parametrize(
    ("fields", "sent", "losses"),
    [
        ({}, {}, set()),
        ({"max_output_tokens": 100}, {"max_tokens": 100}, set()),
        ({"temperature": 0.2, "top_p": 0.9}, {"temperature": 0.2, "top_p": 0.9}, set()),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}, set()),
        ({"stream": False}, {"stream": False}, set()),
        ({"stream_options": {"include_obfuscation": True}}, {}, {"stream_options"}),
        ({"user": "u"}, {"user": "u"}, set()),
        ({"user": "u", "safety_identifier": "s"}, {"user": "s"}, set()),
        ({"prompt_cache_key": "k"}, {"prompt_cache_key": "k"}, set()),
        ({"text": {"verbosity": "low", "format": {"type": "text"}}}, {"verbosity": "low"}, set()),
        ({"text": {"format": {"type": "json_object"}}}, {"response_format": {"type": "json_object"}}, set()),
        ({"text": {"format": {"type": "json_schema", "name": "person", "strict": True, "schema": SCHEMA}}},
         {"response_format": {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": SCHEMA}}},
         set()),
        ({"store": False, "include": ["reasoning.encrypted_content"], "truncation": "disabled"}, {}, set()),
        ({"store": True, "include": ["message.output_text.logprobs"], "truncation": "auto"}, {},
         {"store", "include", "truncation"}),
        ({"metadata": {"a": "b"}, "service_tier": "flex", "max_tool_calls": 3, "top_logprobs": 2}, {},
         {"metadata", "service_tier", "max_tool_calls", "top_logprobs"}),
        ({"client_metadata": {"session_id": "1"}, "background": False}, {}, {"client_metadata"}),
        ({"context_management": [{"type": "compaction"}], "prompt_cache_retention": "24h"}, {},
         {"context_management", "prompt_cache_retention"}),
    ],
)  # fmt: skip
def test_each_field_has_its_place_or_is_named_as_lost(fields: Json, sent: Json, losses: set[str]) -> None:
    done = translated(**fields)
    assert done.body == {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hei!"}]} | sent
    assert done.losses == losses


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": [{"role": "system", "content": "Only that."}]}, "input"),
        ({"input": 7}, "input"),
        ({"input": ["Hei!"]}, "input.0"),
        ({"instructions": ["Be kind."]}, "instructions"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": "many"}, "max_output_tokens"),
        ({"include": "all"}, "include"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema"),
        ({"tools": [{"type": "function"}]}, "tools.0.name"),
        ({"tool_choice": "maybe"}, "tool_choice"),
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
    with pytest.raises(ClientMistake, match="nested too deeply"):
        translated("gpt-4o", text={"format": {"type": "json_schema", "schema": deep}})


def test_what_only_openais_models_know_is_not_asked_of_others() -> None:
    done = translated("gemini-3.8-flash", prompt_cache_key="k", text={"verbosity": "low"})
    assert not done.body.keys() & {"prompt_cache_key", "verbosity"}
    assert done.losses == {"prompt_cache_key", "text.verbosity"}


# Instructions


def test_instructions_and_messages_that_lead_are_the_system_message() -> None:
    leading = [
        {"role": "system", "content": "Be kind."},
        {"role": "developer", "content": [{"type": "input_text", "text": "Hm."}]},
    ]
    body = translated(instructions="Be brief.", input=[*leading, {"role": "user", "content": "Hei!"}]).body
    system, user = body["messages"]
    assert system == {"role": "system", "content": "Be brief.\n\nBe kind.\n\nHm."}
    assert user == {"role": "user", "content": "Hei!"}


def test_a_model_that_no_schema_holds_is_asked_in_words_after_everything_else() -> None:
    done = translated("gpt-4o", instructions="Be kind.", text={"format": {"type": "json_schema", "schema": {}}})
    assert done.body["messages"][0]["content"] == f"Be kind.\n\n{notes.only_json('{}')}"
    assert done.losses == {"text.format"}


# Reasoning


@pytest.mark.parametrize(
    ("model_id", "reasoning", "sent", "losses"),
    [
        ("gpt-5-mini", {"effort": "high", "summary": "auto"}, {"reasoning_effort": "high"}, set()),
        ("gpt-5-mini", {"effort": "xhigh"}, {"reasoning_effort": "high"}, {"reasoning.effort"}),
        ("gpt-5-mini", {"summary": "auto", "context": "all_turns"}, {}, {"reasoning.context"}),
        ("gpt-4.1", {"effort": "none"}, {}, set()),
        ("claude-haiku-4.5", {"effort": "medium"}, {"thinking_budget": 10_000}, set()),
    ],
)
def test_reasoning_as_the_model_takes_it(model_id: str, reasoning: Json, sent: Json, losses: set[str]) -> None:
    done = translated(model_id, reasoning=reasoning)
    assert {key: done.body[key] for key in ("reasoning_effort", "thinking_budget") if key in done.body} == sent
    assert done.losses == losses


def test_a_claude_that_thinks_is_left_its_temperature() -> None:
    done = translated("claude-haiku-4.5", reasoning={"effort": "low"}, temperature=0.2)
    assert "temperature" not in done.body
    assert done.losses == {"temperature"}


# Tools


def test_tools_of_a_namespace_have_joined_names_that_lead_back() -> None:
    namespace = {
        "type": "namespace",
        "name": "files",
        "description": "Files.",
        "tools": [{"type": "function", "name": "read", "parameters": SCHEMA}, {"type": "custom", "name": "patch"}],
    }
    done = translated(
        tools=[{"type": "function", "name": "a.b"}, namespace, {"type": "web_search"}],
        tool_choice={"type": "function", "namespace": "files", "name": "read"},
        parallel_tool_calls=False,
        input=[{"role": "user", "content": "go"}, CALL | {"name": "read", "namespace": "files"}, OUTPUT],
    )
    assert [tool["function"]["name"] for tool in done.body["tools"]] == ["a_b", "files__read", "files__patch"]
    assert done.body["tool_choice"] == {"type": "function", "function": {"name": "files__read"}}
    assert done.body["parallel_tool_calls"] is False
    assert done.body["messages"][1]["tool_calls"][0]["function"]["name"] == "files__read"
    assert done.tool_names == {"a_b": "a.b"}
    assert done.namespaces == {"files__read": ("files", "read"), "files__patch": ("files", "patch")}
    assert done.custom_tools == {"files__patch"}
    assert done.losses == {"tools.namespace.description", "tools.web_search"}


def test_tools_that_the_conversation_brings_along_are_offered_from_the_start() -> None:
    """Codex calls this "responses lite"; what a search has found is the same."""
    items = [
        {"type": "additional_tools", "id": "at_1", "role": "developer", "tools": [{"type": "function", "name": "f"}]},
        {"role": "user", "content": "Hei!"},
        {"type": "tool_search_call", "call_id": "s", "arguments": {"query": "g"}, "execution": "client"},
        {"type": "tool_search_output", "call_id": "s", "tools": [{"type": "function", "name": "g", "parameters": SCHEMA}]},
        {
            "type": "additional_tools",
            "role": "developer",
            "tools": [{"type": "function", "name": "f", "description": "Newer."}],
        },
    ]
    done = translated(input=items, tools=[{"type": "tool_search", "execution": "client"}], tool_choice="required")
    assert done.body["tools"] == [
        {"type": "function", "function": {"name": "f", "description": "Newer.", "parameters": EMPTY}},
        {"type": "function", "function": {"name": "g", "parameters": SCHEMA}},
    ]
    assert done.body["tool_choice"] == "required"
    assert done.body["messages"] == [{"role": "user", "content": "Hei!"}]
    assert done.losses == {"tools.tool_search", "input.tool_search_call", "input.tool_search_output"}


def test_a_hosted_tool_that_must_be_called_is_refused() -> None:
    with pytest.raises(ClientMistake, match="web_search runs on its provider's servers"):
        translated(tools=[{"type": "web_search"}], tool_choice={"type": "web_search"})


def test_claude_is_told_of_tools_that_were_called_and_are_not_offered_any_more() -> None:
    body = translated("claude-haiku-4.5", input=[{"role": "user", "content": "go"}, CALL, OUTPUT]).body
    assert [tool["function"]["name"] for tool in body["tools"]] == ["f"]
    assert body["tool_choice"] == "none"


# Limits


def test_pictures_beyond_the_limit_are_lost_by_name() -> None:
    picture = {"type": "input_image", "image_url": "https://example.com/a.png"}
    done = translated("gemini-3.8-flash", input=[{"role": "user", "content": [picture] * 11}])
    assert done.body["messages"][0]["content"][0] == {"type": "text", "text": notes.IMAGE_OMITTED}
    assert done.losses == {"input.content.input_image"}


def test_the_last_word_is_never_the_assistants() -> None:
    done = translated(input=[{"role": "user", "content": "go"}, {"role": "assistant", "content": "The answer is"}])
    assert done.body["messages"][-1] == {"role": "user", "content": notes.CONTINUE}
    assert done.losses == {"input.prefill"}
