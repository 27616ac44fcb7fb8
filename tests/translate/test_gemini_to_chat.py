"""The fields of a Gemini request, one by one, as a chat request; what happens to its contents stands next door."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate import notes
from copilot_api.translate.gemini_to_chat import request
from copilot_api.translate.request import Request
from tests.builders.models import model

HELLO: Json = {"role": "user", "parts": [{"text": "Hei!"}]}
SENT: Json = {"role": "user", "content": "Hei!"}
CALLS: list[Json] = [
    HELLO,
    {"role": "model", "parts": [{"functionCall": {"name": "read", "args": {}}}]},
    {"role": "user", "parts": [{"functionResponse": {"name": "read", "response": {"output": "1"}}}]},
]
TOOLS = [{"functionDeclarations": [{"name": "read", "parameters": {"type": "OBJECT"}}]}]
DEFINED = {"type": "function", "function": {"name": "read", "parameters": {"type": "object", "properties": {}}}}
MARK = {"copilot_cache_control": {"type": "ephemeral"}}


def translated(model_id: str = "gpt-4.1", **fields: Any) -> Request:
    return request({"model": "asked-for", "alt": "sse", "stream": False, "contents": [HELLO]} | fields, model(model_id))


@pytest.mark.parametrize(
    ("fields", "sent", "losses"),
    [
        ({}, {}, set()),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}, set()),
        ({"generationConfig": {"maxOutputTokens": 9, "temperature": 1.5, "topP": 0.5, "stopSequences": ["x"]}},
         {"max_tokens": 9, "temperature": 1.5, "top_p": 0.5, "stop": ["x"]}, set()),
        ({"generationConfig": {"presencePenalty": 0.5, "frequencyPenalty": 1}},
         {"presence_penalty": 0.5, "frequency_penalty": 1}, set()),
        ({"generationConfig": {"topK": 40, "seed": 7}}, {}, {"generationConfig.topK", "generationConfig.seed"}),
        ({"generationConfig": {"stopSequences": list("abcde")}}, {"stop": list("abcd")}, {"generationConfig.stopSequences"}),
        ({"generationConfig": {"responseMimeType": "application/json"}}, {"response_format": {"type": "json_object"}}, set()),
        ({"safetySettings": [{"category": "HARM"}], "labels": {"a": "b"}}, {}, {"safetySettings", "labels"}),
        ({"tools": TOOLS}, {"tools": [DEFINED]}, set()),
        ({"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
         {"tools": [DEFINED], "tool_choice": "required"}, set()),
        ({"tools": TOOLS, "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["read"]}}},
         {"tools": [DEFINED], "tool_choice": {"type": "function", "function": {"name": "read"}}}, set()),
        ({"tools": [{"googleSearch": {}}]}, {}, {"tools.googleSearch"}),
    ],
)  # fmt: skip
def test_each_field_has_its_place_or_is_named_as_lost(fields: Json, sent: Json, losses: set[str]) -> None:
    done = translated(**fields)
    body = {key: value for key, value in done.body.items() if key != "messages"}
    assert body == {"model": "gpt-4.1", "stream": False} | sent
    assert done.body["messages"][-1] == SENT
    assert done.losses == losses


def test_without_a_wish_about_streaming_nothing_is_said_about_it() -> None:
    assert request({"contents": [HELLO]}, model("gpt-4.1")).body == {"model": "gpt-4.1", "messages": [SENT]}


def test_the_form_of_the_answer_may_need_words() -> None:
    done = translated(
        "gemini-3.8-flash", systemInstruction="Be kind.", generationConfig={"responseMimeType": "application/json"}
    )
    assert done.body["messages"][0] == {"role": "system", "content": f"Be kind.\n\n{notes.ANY_JSON}"}


@pytest.mark.parametrize(
    ("model_id", "wish", "said", "losses"),
    [
        ("gpt-5-mini", {"thinkingLevel": "HIGH"}, {"reasoning_effort": "high"}, set()),
        ("gemini-3.8-flash", {"thinkingLevel": "LOW", "includeThoughts": True}, {"reasoning_effort": "low"}, set()),
        ("claude-haiku-4.5", {"thinkingBudget": 5000}, {"thinking_budget": 5000}, set()),
        ("gpt-4.1", {"thinkingLevel": "LOW"}, {}, {"generationConfig.thinkingConfig"}),
    ],
)
def test_thinking_as_the_model_takes_it(model_id: str, wish: Json, said: Json, losses: set[str]) -> None:
    done = translated(model_id, generationConfig={"thinkingConfig": wish})
    assert {key: done.body[key] for key in ("reasoning_effort", "thinking_budget") if key in done.body} == said
    assert done.losses == losses


def test_a_claude_that_thinks_takes_hardly_any_sampling() -> None:
    config = {"thinkingConfig": {"thinkingBudget": 5000}, "temperature": 0.2, "topP": 0.95}
    done = translated("claude-haiku-4.5", generationConfig=config)
    assert ("temperature" in done.body, done.body["top_p"]) == (False, 0.95)
    assert done.losses == {"generationConfig.temperature"}


def test_a_claude_that_must_call_or_has_lost_its_thoughts_does_not_think() -> None:
    config = {"thinkingConfig": {"thinkingBudget": 5000}}
    forced = {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}, "tools": TOOLS}
    for fields in (forced, {"contents": CALLS, "tools": TOOLS}):
        assert "thinking_budget" not in translated("claude-haiku-4.5", generationConfig=config, **fields).body


def test_claude_is_not_heated_beyond_its_limit() -> None:
    done = translated("claude-haiku-4.5", generationConfig={"temperature": 1.5})
    assert done.body["temperature"] == 1.0
    assert done.losses == {"generationConfig.temperature"}


def test_only_openais_models_know_penalties() -> None:
    done = translated("claude-haiku-4.5", generationConfig={"presencePenalty": 0.5})
    assert done.losses == {"generationConfig.presencePenalty"}


def test_claude_gets_cache_marks_because_its_client_cannot_set_any() -> None:
    contents = [*CALLS, {"role": "model", "parts": [{"text": "Done."}]}, HELLO]
    messages = translated("claude-haiku-4.5", contents=contents, systemInstruction="Be kind.").body["messages"]
    assert [message["role"] for message in messages if MARK.items() <= message.items()] == ["system", "tool", "user"]
    assert "copilot_cache_control" not in str(translated("gpt-4.1", contents=contents).body)


def test_claude_is_told_of_functions_that_the_conversation_used() -> None:
    done = translated("claude-haiku-4.5", contents=CALLS)
    assert (done.body["tools"][0]["function"]["name"], done.body["tool_choice"]) == ("read", "none")


def test_too_many_pictures_for_gemini_lose_the_oldest() -> None:
    picture = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgoAAAANSUhEUg=="}}
    done = translated("gemini-3.8-flash", contents=[{"role": "user", "parts": [picture] * 11}])
    assert done.body["messages"][0]["content"][0] == {"type": "text", "text": "[image omitted]"}
    assert done.losses == {"contents.content.inlineData"}


@pytest.mark.parametrize(
    "fields",
    [
        {"cachedContent": "cachedContents/1"},
        {"generationConfig": {"candidateCount": 2}},
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}, "tools": [{"googleSearch": {}}]},
        {"contents": []},
        {"contents": None},
        {"stream": "yes"},
        {"tools": "x"},
        {"generationConfig": {"presencePenalty": "x"}},
    ],
)
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
