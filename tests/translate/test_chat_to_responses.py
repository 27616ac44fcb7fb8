"""The fields of a chat request, one by one, as a Responses request; what happens to its messages stands next door."""

import hashlib
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes
from copilot_api.translate.chat_to_responses import request
from copilot_api.translate.request import Request
from tests.builders.models import model

HELLO: Json = {"role": "user", "content": "Hei!"}
SENT_HELLO: Json = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hei!"}]}
STANDING: Json = {"include": ["reasoning.encrypted_content"], "store": False}
SCHEMA: Json = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
EMPTY: Json = {"type": "object", "properties": {}}


def translated(model_id: str = "gpt-5.3-codex", **fields: Any) -> Request:
    return request({"model": "asked-for", "messages": [HELLO]} | fields, model(model_id))


def schema(**fields: Any) -> Json:
    return {"type": "json_schema", "json_schema": {"schema": SCHEMA} | fields}


@pytest.mark.parametrize(
    ("fields", "sent", "losses"),
    [
        ({}, {}, set()),
        ({"max_tokens": 100}, {"max_output_tokens": 100}, set()),
        ({"max_tokens": 100, "max_completion_tokens": 200}, {"max_output_tokens": 200}, set()),
        ({"max_completion_tokens": 5}, {"max_output_tokens": 16}, {"max_tokens"}),
        ({"temperature": 0, "top_p": 0.5}, {}, {"temperature", "top_p"}),
        ({"temperature": 1}, {}, set()),
        ({"stop": ["END"], "n": 1}, {}, {"stop"}),
        ({"stream": True, "stream_options": {"include_usage": True}}, {"stream": True}, set()),
        ({"seed": 1, "logprobs": True, "top_logprobs": 3, "logit_bias": {"1": 2}, "presence_penalty": 0.1}, {},
         {"seed", "logprobs", "top_logprobs", "logit_bias", "presence_penalty"}),
        ({"store": True, "service_tier": "flex", "metadata": {"a": "b"}}, {}, {"store", "service_tier", "metadata"}),
        ({"store": False}, {}, set()),
        ({"reasoning_effort": "high"}, {"reasoning": {"effort": "high", "summary": "auto"}}, set()),
        ({"verbosity": "low"}, {"text": {"verbosity": "low"}}, set()),
        ({"response_format": {"type": "text"}}, {}, set()),
        ({"response_format": schema(name="person", strict=True, description="Who.")},
         {"text": {"format": {"type": "json_schema", "name": "person", "description": "Who.", "strict": True,
                              "schema": SCHEMA}}}, set()),
        ({"response_format": schema()},
         {"text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA}}}, set()),
    ],
)  # fmt: skip
def test_each_field_has_its_place_or_is_named_as_lost(fields: Json, sent: Json, losses: set[str]) -> None:
    done = translated(**fields)
    body = dict(done.body)
    assert len(body.pop("prompt_cache_key")) == 64
    assert body == {"model": "gpt-5.3-codex", "input": [SENT_HELLO]} | STANDING | sent
    assert done.losses == losses


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"max_tokens": 0}, "max_completion_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream_options": "usage"}, "stream_options"),
        ({"prompt_cache_key": 7}, "prompt_cache_key"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "system", "content": "Only that."}]}, "messages"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.schema"),
        ({"tools": [{"type": "function"}]}, "tools.0.function.name"),
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
        translated("grok-4.7", response_format={"type": "json_schema", "json_schema": {"schema": deep}})


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"prompt_cache_key": "k", "user": "u"}, "k"),
        ({"safety_identifier": "s", "user": "u"}, "s"),
        ({"user": "u"}, "u"),
        ({"prompt_cache_key": "k" * 65}, hashlib.sha256(b"k" * 65).hexdigest()),
    ],
)
def test_the_clients_own_word_keeps_a_conversation_where_it_is_cached(fields: Json, key: str) -> None:
    done = translated(**fields)
    assert done.body["prompt_cache_key"] == key
    assert not done.losses


@pytest.mark.parametrize(("model_id", "role"), [("gpt-5.3-codex", "developer"), ("grok-4.7", "system")])
def test_upstream_reads_the_word_json_in_the_input_where_an_object_is_wanted(model_id: str, role: str) -> None:
    """The system prompt, where clients write it, becomes instructions, in which upstream does not look for it."""
    fields: Json = {"response_format": {"type": "json_object"}, "verbosity": "low"}
    done = translated("gpt-5.3-codex", **fields)
    assert done.body["text"] == {"format": {"type": "json_object"}, "verbosity": "low"}
    asked = translated(model_id, **fields, messages=[{"role": "system", "content": "Answer in JSON."}, HELLO]).body["input"]
    words = {"type": "input_text", "text": notes.ANY_JSON}
    assert asked == [SENT_HELLO, {"type": "message", "role": role, "content": [words]}]


@pytest.mark.parametrize(
    "message", [{"role": "user", "content": "As JSON?"}, {"role": "tool", "tool_call_id": "a", "content": "json"}]
)
def test_words_that_are_there_are_not_repeated(message: Json) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    talk = [HELLO, {"role": "assistant", "tool_calls": [call]}, message]
    items = translated(messages=talk, response_format={"type": "json_object"}).body["input"]
    assert notes.ANY_JSON not in str(items)


def test_only_openais_models_are_asked_to_be_brief() -> None:
    done = translated("grok-4.7", verbosity="low")
    assert "text" not in done.body
    assert done.losses == {"verbosity"}


def test_a_model_that_no_schema_holds_is_asked_in_words() -> None:
    done = translated("grok-4.7", response_format={"type": "json_schema", "json_schema": {"schema": {}}})
    assert done.body["instructions"] == notes.only_json("{}")
    assert done.losses == {"response_format"}


# Tools


def test_tools_are_flat_and_say_whether_they_are_strict() -> None:
    done = translated(
        tools=[
            {"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}},
            {"type": "function", "function": {"name": "g.h", "description": "G."}},
        ],
        tool_choice={"type": "function", "function": {"name": "g.h"}},
        parallel_tool_calls=False,
    )
    assert done.body["tools"] == [
        {"type": "function", "name": "f", "parameters": SCHEMA, "strict": True},
        {"type": "function", "name": "g_h", "description": "G.", "parameters": EMPTY, "strict": False},
    ]
    assert done.body["tool_choice"] == {"type": "function", "name": "g_h"}
    assert done.body["parallel_tool_calls"] is False
    assert done.tool_names == {"g_h": "g.h"}


def test_a_tool_of_free_text_stays_one() -> None:
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: WORD"}}
    done = translated(
        tools=[
            {"type": "custom", "custom": {"name": "patch", "description": "Patches.", "format": grammar}},
            {"type": "custom", "custom": {"name": "say"}},
        ],
        tool_choice={"type": "custom", "custom": {"name": "patch"}},
        messages=[
            HELLO,
            {"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "patch", "input": "***"}}]},
            {"role": "tool", "tool_call_id": "a", "content": "done"},
        ],
    )
    flat = {"type": "grammar", "syntax": "lark", "definition": "start: WORD"}
    assert done.body["tools"] == [
        {"type": "custom", "name": "patch", "description": "Patches.", "format": flat},
        {"type": "custom", "name": "say", "format": {"type": "text"}},
    ]
    assert done.body["tool_choice"] == {"type": "custom", "name": "patch"}
    assert done.body["input"][1:] == [
        {"type": "custom_tool_call", "call_id": "a", "name": "patch", "input": "***"},
        {"type": "custom_tool_call_output", "call_id": "a", "output": "done"},
    ]
    assert done.custom_tools == {"patch", "say"}


def test_tools_that_may_be_called_are_all_that_is_offered() -> None:
    names = [{"type": "function", "function": {"name": name}} for name in "fg"]
    allowed = {"mode": "required", "tools": names[1:]}
    done = translated(tools=names, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert [tool["name"] for tool in done.body["tools"]] == ["g"]
    assert done.body["tool_choice"] == "required"


def test_a_mark_for_the_prompt_cache_is_of_no_use() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    function = {"type": "function", "function": {"name": "f"}} | mark
    message = {"role": "user", "content": [{"type": "text", "text": "Hei!"} | mark]}
    assert translated(tools=[function], messages=[message]).losses == {"tools.cache_control", "messages.content.cache_control"}
