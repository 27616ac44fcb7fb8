"""The fields of an Anthropic request, one by one, as a Responses request; what happens to its messages stands next door."""

import hashlib
from typing import Any

import pytest

from copilot_api.dialects.codec import Json, dumps
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes
from copilot_api.translate.messages_to_responses import request
from copilot_api.translate.request import Request
from tests.builders.models import model

HELLO: Json = {"role": "user", "content": "Hei!"}
SENT_HELLO: Json = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hei!"}]}
STANDING: Json = {"include": ["reasoning.encrypted_content"], "store": False}
SCHEMA: Json = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def translated(model_id: str = "gpt-5.3-codex", **fields: Any) -> Request:
    return request({"model": "asked-for", "messages": [HELLO]} | fields, model(model_id))


@pytest.mark.parametrize(
    ("fields", "sent", "losses"),
    [
        ({}, {}, set()),
        ({"max_tokens": 1000}, {"max_output_tokens": 1000}, set()),
        ({"max_tokens": 15}, {"max_output_tokens": 16}, {"max_tokens"}),
        ({"max_tokens": 0}, {"max_output_tokens": 16}, {"max_tokens"}),
        ({"temperature": 0.2, "top_p": 0.9}, {}, {"temperature", "top_p"}),
        ({"temperature": 1, "top_p": 1.0}, {}, set()),
        ({"top_k": 5, "stop_sequences": ["END"]}, {}, {"top_k", "stop_sequences"}),
        ({"stop_sequences": []}, {}, set()),
        ({"stream": True}, {"stream": True}, set()),
        ({"stream": False}, {"stream": False}, set()),
        ({"system": "Be kind."}, {"instructions": "Be kind."}, set()),
        ({"system": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be brief."}]},
         {"instructions": "Be kind.\n\nBe brief."}, set()),
        ({"system": [{"type": "text", "text": "x-anthropic-billing-header: cc"}, {"type": "text", "text": "Be kind."}]},
         {"instructions": "Be kind."}, {"system.x-anthropic-billing-header"}),
        ({"system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}]},
         {"instructions": "Be kind."}, {"system.cache_control"}),
        ({"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
         {"text": {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True}}}, set()),
        ({"output_config": {"effort": "low"}}, {"reasoning": {"effort": "low"}}, set()),
        ({"thinking": {"type": "adaptive"}}, {"reasoning": {"summary": "auto"}}, set()),
        ({"service_tier": "auto", "container": "c", "mcp_servers": [{}], "thread": {"type": "create"}}, {},
         {"service_tier", "container", "mcp_servers", "thread"}),
        ({"cache_control": {"type": "ephemeral"}}, {}, {"cache_control"}),
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
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": "many"}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"metadata": "u1"}, "metadata"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": " \n"}]}, "messages"),
        ({"messages": [{"role": "system", "content": "Only that."}]}, "messages"),
        ({"system": [{"type": "image"}]}, "system.0.type"),
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
    call = {"type": "tool_use", "id": "a", "name": "f", "input": deep}
    with pytest.raises(ClientMistake, match="nested too deeply"):
        translated(messages=[HELLO, {"role": "assistant", "content": [call]}])


# The prompt cache


def test_the_users_id_keeps_a_conversation_where_it_is_cached() -> None:
    done = translated(metadata={"user_id": "u1", "session": "s"})
    assert done.body["prompt_cache_key"] == "u1"
    assert done.losses == {"metadata.session"}
    long = translated(metadata={"user_id": "x" * 65})
    assert long.body["prompt_cache_key"] == hashlib.sha256(b"x" * 65).hexdigest()


def test_without_one_the_beginning_does_which_stays_the_same_from_turn_to_turn() -> None:
    first = translated(system="Be kind.").body
    talk = [HELLO, {"role": "assistant", "content": "Hei!"}, {"role": "user", "content": "Du?"}]
    second = translated(system="Be kind.", messages=talk).body
    beginning = dumps(["Be kind.", [SENT_HELLO]])
    assert first["prompt_cache_key"] == second["prompt_cache_key"] == hashlib.sha256(beginning).hexdigest()
    assert translated(system="Be rude.").body["prompt_cache_key"] != first["prompt_cache_key"]
    assert second["input"][:1] == first["input"]


# Tools


def test_tools_are_flat_and_say_that_they_are_not_strict() -> None:
    done = translated(
        tools=[
            {"name": "files.read", "description": "Reads.", "input_schema": SCHEMA},
            {"type": "bash_20250124", "name": "sh"},
        ],
        tool_choice={"type": "tool", "name": "files.read", "disable_parallel_tool_use": True},
    )
    named = {"type": "function", "name": "files_read", "description": "Reads.", "parameters": SCHEMA, "strict": False}
    assert done.body["tools"][0] == named
    assert done.body["tools"][1]["name"] == "sh"
    assert done.body["tools"][1]["parameters"]["properties"].keys() == {"command", "restart"}
    assert done.body["tool_choice"] == {"type": "function", "name": "files_read"}
    assert done.body["parallel_tool_calls"] is False
    assert done.tool_names == {"files_read": "files.read"}
    assert not done.custom_tools


def test_tools_of_anthropics_servers_are_lost_and_no_choice_is_left() -> None:
    done = translated(tools=[{"type": "web_search_20250305", "name": "web_search"}], tool_choice={"type": "auto"})
    assert not done.body.keys() & {"tools", "tool_choice"}
    assert done.losses == {"tools.web_search_20250305"}


# What has to be said in words


def test_a_model_that_no_schema_holds_is_asked_in_words_after_everything_else() -> None:
    shape = {"format": {"type": "json_schema", "schema": {}}}
    done = translated(
        "grok-4.7", system="Be kind.", messages=[{"role": "system", "content": "Be brief."}, HELLO], output_config=shape
    )
    assert done.body["instructions"] == f"Be kind.\n\nBe brief.\n\n{notes.only_json('{}')}"
    assert "text" not in done.body
    assert done.losses == {"output_config.format"}


def test_the_last_word_is_never_the_assistants() -> None:
    done = translated(messages=[HELLO, {"role": "assistant", "content": "The answer is"}])
    assert done.body["input"][-1]["content"] == [{"type": "input_text", "text": notes.CONTINUE}]
    assert done.losses == {"messages.prefill"}
