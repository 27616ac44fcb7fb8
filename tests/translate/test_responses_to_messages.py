"""The fields of a Responses request, one by one, as an Anthropic request; what happens to its items stands next door."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import carrier, notes
from copilot_api.translate.request import Request
from copilot_api.translate.responses_to_messages import request
from tests.builders.models import model

MARK = {"cache_control": {"type": "ephemeral"}}
SENT_HELLO: Json = {"role": "user", "content": [{"type": "text", "text": "Hei!"} | MARK]}
SCHEMA: Json = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
ADAPTIVE = {"type": "adaptive", "display": "summarized"}
TALK: list[Json] = [
    {"role": "user", "content": "go"},
    {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "a", "output": "1"},
]


def translated(model_id: str = "claude-opus-5", **fields: Any) -> Request:
    return request({"model": "asked-for", "input": "Hei!"} | fields, model(model_id))


@pytest.mark.parametrize(
    ("fields", "sent", "losses"),
    [
        ({}, {}, set()),
        ({"max_output_tokens": 100}, {"max_tokens": 100}, set()),
        ({"temperature": 1.7, "top_p": 0.9}, {"temperature": 1, "top_p": 0.9}, {"temperature"}),
        ({"stream": True}, {"stream": True}, set()),
        ({"stream": False}, {"stream": False}, set()),
        ({"user": "u"}, {"metadata": {"user_id": "u"}}, set()),
        ({"reasoning": {"effort": "high", "summary": "auto"}},
         {"thinking": ADAPTIVE, "output_config": {"effort": "high"}}, set()),
        ({"reasoning": {"effort": "none"}}, {"thinking": {"type": "disabled"}}, set()),
        ({"reasoning": {"summary": "auto", "context": "all_turns"}}, {}, {"reasoning.context"}),
        ({"text": {"format": {"type": "text"}, "verbosity": "low"}}, {}, {"text.verbosity"}),
        ({"text": {"format": {"type": "json_object"}}}, {}, {"text.format"}),
        ({"text": {"format": {"type": "json_schema", "name": "n", "strict": True, "schema": SCHEMA}}},
         {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}, {"text.format.name", "text.format.strict"}),
        ({"reasoning": {"effort": "low"}, "text": {"format": {"type": "json_schema", "schema": SCHEMA}}},
         {"thinking": ADAPTIVE,
          "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}, "effort": "low"}}, set()),
        ({"store": False, "include": ["reasoning.encrypted_content"], "truncation": "disabled"}, {}, set()),
        ({"store": True, "prompt_cache_key": "k", "metadata": {"a": "b"}, "client_metadata": {"s": "1"}}, {},
         {"store", "prompt_cache_key", "metadata", "client_metadata"}),
    ],
)  # fmt: skip
def test_each_field_has_its_place_or_is_named_as_lost(fields: Json, sent: Json, losses: set[str]) -> None:
    done = translated(**fields)
    assert done.body == {"model": "claude-opus-5", "max_tokens": 64_000, "messages": [SENT_HELLO]} | sent
    assert done.losses == losses


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"role": "developer", "content": "Only that."}]}, "input"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"stream": "yes"}, "stream"),
        ({"reasoning": "high"}, "reasoning"),
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
    with pytest.raises(ClientMistake, match="nested too deeply"):
        translated(text={"format": {"type": "json_schema", "schema": deep}})


def test_instructions_and_messages_that_lead_are_the_system_prompt() -> None:
    items = [{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "Hei!"}]
    body = translated(instructions="Be brief.", input=items).body
    assert body["system"] == [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."} | MARK]
    assert body["messages"] == [SENT_HELLO]


def test_claude_is_asked_in_words_where_anthropic_would_refuse_the_schema() -> None:
    done = translated("claude-haiku-4.5", instructions="Be kind.", text={"format": {"type": "json_schema", "schema": {}}})
    assert [block["text"] for block in done.body["system"]] == ["Be kind.", notes.only_json("{}")]
    assert done.losses == {"text.format"}


def test_tools_are_found_again_by_namespace_and_name() -> None:
    tools = [
        {"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": "exec", "description": "Runs."}]},
        {"type": "function", "name": "f", "parameters": SCHEMA, "strict": True},
    ]
    done = translated(tools=tools, tool_choice="required", parallel_tool_calls=False, reasoning={"effort": "high"})
    free = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    assert done.body["tools"] == [
        {"name": "functions__exec", "description": "Runs.", "input_schema": free},
        {"name": "f", "input_schema": SCHEMA, "strict": True},
    ]
    assert done.body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
    assert "thinking" not in done.body
    assert done.namespaces == {"functions__exec": ("functions", "exec")}
    assert done.custom_tools == {"functions__exec"}
    assert not done.tool_names
    assert done.losses == {"reasoning.effort"}


def test_a_budget_is_not_set_where_claude_would_miss_its_thinking() -> None:
    family = "claude-haiku-4.5"
    sealed = carrier.pack("s", origin="m", family=family)
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": sealed}
    reasoning = {"effort": "low"}
    assert "thinking" not in translated(family, input=TALK, reasoning=reasoning).body
    body = translated(family, input=[TALK[0], thought, *TALK[1:]], reasoning=reasoning).body
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 4096}
    assert body["messages"][1]["content"][0] == {"type": "thinking", "thinking": "hm", "signature": "s"}


def test_tools_that_were_called_and_are_not_offered_any_more_stand_in_for_themselves() -> None:
    body = translated(input=TALK).body
    assert [tool["name"] for tool in body["tools"]] == ["f"]
    assert body["tool_choice"] == {"type": "none"}


def test_pictures_beyond_the_limit_and_a_prefill_are_lost_by_name() -> None:
    picture = {"type": "input_image", "image_url": "https://example.com/a.png"}
    done = translated(input=[{"role": "user", "content": [picture] * 21}, {"role": "assistant", "content": "It is"}])
    assert done.body["messages"][-1]["content"][0]["text"] == notes.CONTINUE
    assert done.losses == {"input.content.input_image", "input.prefill"}
