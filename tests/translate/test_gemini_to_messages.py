"""The fields of a Gemini request, one by one, as an Anthropic request; what happens to its contents stands next door."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes
from copilot_api.translate.gemini_to_messages import request
from copilot_api.translate.request import Request
from tests.builders.models import model

HELLO: Json = {"role": "user", "parts": [{"text": "Hei!"}]}
MARK = {"cache_control": {"type": "ephemeral"}}
SENT: Json = {"role": "user", "content": [{"type": "text", "text": "Hei!"} | MARK]}
TOOLS = [{"functionDeclarations": [{"name": "read", "description": "Reads."}]}]
DEFINED = {"name": "read", "description": "Reads.", "input_schema": {"type": "object", "properties": {}}}
CALLS: list[Json] = [
    HELLO,
    {"role": "model", "parts": [{"functionCall": {"name": "read", "args": {}}}]},
    {"role": "user", "parts": [{"functionResponse": {"name": "read", "response": {"output": "1"}}}]},
]


def translated(model_id: str = "claude-haiku-4.5", **fields: Any) -> Request:
    return request({"model": "asked-for", "alt": "json", "stream": False, "contents": [HELLO]} | fields, model(model_id))


@pytest.mark.parametrize(
    ("fields", "sent", "losses"),
    [
        ({}, {}, set()),
        ({"stream": True}, {"stream": True}, set()),
        ({"generationConfig": {"maxOutputTokens": 9, "topP": 0.5, "topK": 40, "stopSequences": ["x", " "]}},
         {"max_tokens": 9, "top_p": 0.5, "top_k": 40, "stop_sequences": ["x"]}, {"generationConfig.stopSequences"}),
        ({"generationConfig": {"temperature": 1.5}}, {"temperature": 1.0}, {"generationConfig.temperature"}),
        ({"generationConfig": {"thinkingConfig": {"thinkingBudget": 5000}, "topK": 40, "temperature": 0.5}},
         {"thinking": {"type": "enabled", "budget_tokens": 5000}}, {"generationConfig.topK", "generationConfig.temperature"}),
        ({"safetySettings": [{"category": "HARM"}]}, {}, {"safetySettings"}),
        ({"tools": TOOLS}, {"tools": [DEFINED]}, set()),
        ({"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
         {"tools": [DEFINED], "tool_choice": {"type": "any"}}, set()),
    ],
)  # fmt: skip
def test_each_field_has_its_place_or_is_named_as_lost(fields: Json, sent: Json, losses: set[str]) -> None:
    done = translated(**fields)
    assert done.body == {"model": "claude-haiku-4.5", "max_tokens": 64_000, "messages": [SENT], "stream": False} | sent
    assert done.losses == losses


def test_without_a_wish_about_streaming_nothing_is_said_about_it() -> None:
    assert "stream" not in request({"contents": [HELLO]}, model("claude-haiku-4.5")).body


def test_the_system_instruction_and_the_newest_turns_get_cache_marks() -> None:
    done = translated(contents=[HELLO, {"role": "model", "parts": [{"text": "So."}]}, HELLO], systemInstruction="Be kind.")
    assert done.body["system"] == [{"type": "text", "text": "Be kind."} | MARK]
    assert [MARK.items() <= message["content"][-1].items() for message in done.body["messages"]] == [True, False, True]


def test_effort_and_form_share_a_field() -> None:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    config = {"thinkingConfig": {"thinkingLevel": "HIGH"}, "responseJsonSchema": schema}
    body = translated("claude-sonnet-4.6", generationConfig=config).body
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": "high", "format": {"type": "json_schema", "schema": schema}}


def test_the_form_of_the_answer_may_need_words() -> None:
    done = translated(generationConfig={"responseMimeType": "application/json"})
    assert done.body["system"] == [{"type": "text", "text": notes.ANY_JSON} | MARK]


def test_a_claude_that_must_call_or_has_lost_its_thoughts_does_not_think() -> None:
    config = {"thinkingConfig": {"thinkingBudget": 5000}}
    forced = {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}, "tools": TOOLS}
    for fields in (forced, {"contents": CALLS, "tools": TOOLS}):
        assert "thinking" not in translated(generationConfig=config, **fields).body


def test_functions_that_the_conversation_used_stay_defined() -> None:
    body = translated(contents=CALLS).body
    assert (body["tools"][0]["name"], body["tool_choice"]) == ("read", {"type": "none"})


def test_a_cap_above_what_the_model_can_do_leaves_room_for_thinking_only_below_it() -> None:
    config = {"maxOutputTokens": 900_000, "thinkingConfig": {"thinkingBudget": 900_000}}
    assert translated(generationConfig=config).body["thinking"]["budget_tokens"] == 32_000


@pytest.mark.parametrize("fields", [{"cachedContent": "c"}, {"contents": []}, {"stream": "yes"}])
def test_what_cannot_be_served_is_refused(fields: Json) -> None:
    with pytest.raises(ClientMistake) as caught:
        translated(**fields)
    assert caught.value.status == 400


def test_a_body_nested_beyond_reason_is_refused() -> None:
    deep: Json = {}
    for _ in range(3000):
        deep = {"a": deep}
    answer = {"functionResponse": {"name": "f", "response": deep}}
    with pytest.raises(ClientMistake, match="nested too deeply"):
        translated(contents=[HELLO, {"role": "user", "parts": [answer]}])
