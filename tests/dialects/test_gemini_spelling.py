"""Requests as Gemini's clients spell them: two spellings, single objects for lists, and half of it in the address."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.gemini_spelling import addressed, camel


def spelled(**body: Any) -> Json:
    done = addressed(body, model="m", stream=False, alt="json")
    return {key: value for key, value in done.items() if key not in {"model", "stream", "alt"}}


@pytest.mark.parametrize(("name", "becomes"), [("top_p", "topP"), ("topP", "topP"), ("a_b_c", "aBC"), ("x_", "x_"), ("", "")])
def test_names_in_camel_case(name: str, becomes: str) -> None:
    assert camel(name) == becomes


def test_model_stream_and_framing_come_from_the_address() -> None:
    body = {"contents": [], "model": "another", "stream": 7, "alt": "proto"}
    assert addressed(body, model="models/gpt-4.1", stream=True, alt="sse") == {
        "contents": [],
        "model": "gpt-4.1",
        "stream": True,
        "alt": "sse",
    }


def test_both_spellings_are_read_as_one() -> None:
    snake = {"generation_config": {"max_output_tokens": 5, "thinking_config": {"include_thoughts": True}}}
    assert spelled(**snake) == {"generationConfig": {"maxOutputTokens": 5, "thinkingConfig": {"includeThoughts": True}}}


@pytest.mark.parametrize("body", [{"top_k": 1, "topK": 2}, {"topK": 1, "top_k": 2}])
def test_of_two_spellings_of_one_field_the_first_counts(body: Json) -> None:
    assert spelled(**body) == {"topK": 1}


def test_one_object_may_stand_for_a_list_of_one() -> None:
    done = spelled(contents={"parts": {"text": "Hei!"}}, tools={"function_declarations": {"name": "f"}})
    assert done == {"contents": [{"parts": [{"text": "Hei!"}]}], "tools": [{"functionDeclarations": [{"name": "f"}]}]}


def test_what_is_the_clients_own_keeps_its_letters() -> None:
    own = {"file_path": "a", "parts": {"x_y": 1}}
    call = {"function_call": {"name": "f", "args": own}}
    response = {"function_response": {"name": "f", "response": own}}
    declaration = {"name": "f", "parameters": own, "parameters_json_schema": own, "response_json_schema": own}
    done = spelled(
        contents=[{"parts": [call, response]}],
        tools=[{"function_declarations": [declaration]}],
        generation_config={"response_schema": own},
        labels=own,
    )
    assert done == {
        "contents": [
            {"parts": [{"functionCall": {"name": "f", "args": own}}, {"functionResponse": {"name": "f", "response": own}}]}
        ],
        "tools": [
            {"functionDeclarations": [{"name": "f", "parameters": own, "parametersJsonSchema": own, "responseJsonSchema": own}]}
        ],
        "generationConfig": {"responseSchema": own},
        "labels": own,
    }


def test_the_clients_own_body_stays_as_it_was_and_may_be_nested_deeply() -> None:
    deep: Json = {}
    for _ in range(5000):
        deep = {"a_b": deep}
    body = {"contents": {"parts": {"text": "x"}}, "deep": deep}
    addressed(body, model="m", stream=False, alt="json")
    assert body["contents"] == {"parts": {"text": "x"}}
