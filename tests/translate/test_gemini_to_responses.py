"""The fields of a Gemini request, one by one, as a Responses request; what happens to its contents stands next door."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.gemini_parts import sealed
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes
from copilot_api.translate.gemini_to_responses import request
from copilot_api.translate.request import Request
from copilot_api.translate.sealed import seal
from tests.builders.models import model

HELLO: Json = {"role": "user", "parts": [{"text": "Hei!"}]}
SENT: Json = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hei!"}]}
TOOLS = [{"functionDeclarations": [{"name": "read", "description": "Reads."}]}]
DEFINED = {"type": "function", "name": "read", "description": "Reads.", "strict": False} | {
    "parameters": {"type": "object", "properties": {}}
}


def translated(model_id: str = "gpt-5-mini", **fields: Any) -> Request:
    return request({"model": "asked-for", "alt": "sse", "stream": True, "contents": [HELLO]} | fields, model(model_id))


@pytest.mark.parametrize(
    ("fields", "sent", "losses"),
    [
        ({}, {}, set()),
        ({"stream": False}, {"stream": False}, set()),
        ({"systemInstruction": "Be kind."}, {"instructions": "Be kind."}, set()),
        ({"generationConfig": {"maxOutputTokens": 900}}, {"max_output_tokens": 900}, set()),
        ({"generationConfig": {"maxOutputTokens": 9}}, {"max_output_tokens": 16}, {"generationConfig.maxOutputTokens"}),
        ({"generationConfig": {"temperature": 1, "topP": 0.95, "topK": 64, "stopSequences": ["x"]}}, {},
         {"generationConfig.topP", "generationConfig.topK", "generationConfig.stopSequences"}),
        ({"generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH", "includeThoughts": True}}},
         {"reasoning": {"effort": "high", "summary": "auto"}}, set()),
        ({"generationConfig": {"responseMimeType": "application/json"}}, {"instructions": notes.ANY_JSON},
         {"generationConfig.responseMimeType"}),
        ({"generationConfig": {"responseJsonSchema": {"type": "object"}}},
         {"text": {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": False}}}, set()),
        ({"safetySettings": [{"category": "HARM"}]}, {}, {"safetySettings"}),
        ({"tools": TOOLS}, {"tools": [DEFINED]}, set()),
        ({"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
         {"tools": [DEFINED], "tool_choice": "required"}, set()),
    ],
)  # fmt: skip
def test_each_field_has_its_place_or_is_named_as_lost(fields: Json, sent: Json, losses: set[str]) -> None:
    done = translated(**fields)
    body = {key: value for key, value in done.body.items() if key != "prompt_cache_key"}
    standing = {"model": "gpt-5-mini", "input": [SENT], "store": False, "include": ["reasoning.encrypted_content"]}
    assert body == standing | {"stream": True} | sent
    assert done.losses == losses


def test_without_a_wish_about_streaming_nothing_is_said_about_it() -> None:
    assert "stream" not in request({"contents": [HELLO]}, model("gpt-5-mini")).body


def test_the_cache_key_stays_while_the_conversation_grows() -> None:
    later = [HELLO, {"role": "model", "parts": [{"text": "So."}]}, HELLO]
    assert translated().body["prompt_cache_key"] == translated(contents=later).body["prompt_cache_key"]


def test_a_whole_turn_of_tools_with_its_reasoning() -> None:
    signed = sealed([seal("rs_1", "enc", model("gpt-5-mini"))])
    called = {"functionCall": {"name": "read", "args": {"a": 1}}, "thoughtSignature": signed}
    answer = {"functionResponse": {"name": "read", "response": {"output": "1"}}}
    contents = [HELLO, {"role": "model", "parts": [called]}, {"role": "user", "parts": [answer]}]
    assert translated(contents=contents).body["input"][1:] == [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "enc"},
        {"type": "function_call", "call_id": "gemini_call_1", "name": "read", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "gemini_call_1", "output": "1"},
    ]


@pytest.mark.parametrize("fields", [{"cachedContent": "c"}, {"contents": []}, {"stream": "yes"}])
def test_what_cannot_be_served_is_refused(fields: Json) -> None:
    with pytest.raises(ClientMistake) as caught:
        translated(**fields)
    assert caught.value.status == 400


def test_a_body_nested_beyond_reason_is_refused() -> None:
    deep: Json = {}
    for _ in range(3000):
        deep = {"a": deep}
    with pytest.raises(ClientMistake, match="nested too deeply"):
        translated(contents=[HELLO, {"role": "model", "parts": [{"functionCall": {"name": "f", "args": deep}}]}])
