"""What /chat/completions refuses, each rule over the wire."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

MINI, CLAUDE, GEMINI, GPT_4O = "gpt-5-mini", "claude-sonnet-4.6", "gemini-3.1-pro-preview", "gpt-4o"
SCHEMA = {"type": "json_schema", "json_schema": {"name": "t", "schema": {"type": "object"}}}
TOO_LARGE = (
    "max_completion_tokens is too large: 64001. This model supports at most 64000 completion tokens, "
    "whereas you provided 64001."
)
NOT_LISTED = "Unsupported value: 'reasoning_effort' does not support 'max' with this model. Supported values are: "


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        (MINI, {"store": True}, "store is not supported"),
        (MINI, {"service_tier": "auto"}, "Unsupported parameter: 'service_tier' is not supported with this model."),
        (MINI, {"metadata": {"a": "b"}}, "Unsupported parameter: 'metadata' is not supported with this model."),
        (MINI, {"logit_bias": {"1": 1}}, "Unsupported parameter: 'logit_bias' is not supported with this model."),
        (MINI, {"logprobs": True}, "Unsupported parameter: 'logprobs' is not supported with this model."),
        (MINI, {"seed": 1}, "Unsupported parameter: 'seed' is not supported with this model."),
        (MINI, {"audio": {}}, "Unsupported parameter: 'audio' is not supported with this model."),
        (MINI, {"modalities": ["text"]}, "Unsupported parameter: 'modalities' is not supported with this model."),
        (MINI, {"web_search_options": {}}, "Unsupported parameter: 'web_search_options' is not supported with this model."),
        (
            MINI,
            {"max_tokens": 10},
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        ),
        (
            GPT_4O,
            {"max_tokens": 5000},
            "max_tokens is too large: 5000. This model supports at most 4096 completion tokens, whereas you provided 5000.",
        ),
        (
            MINI,
            {"max_completion_tokens": 64001},
            TOO_LARGE,
        ),
        (MINI, {"max_completion_tokens": 0}, "max_completion_tokens: Input should be greater than or equal to 1"),
        (
            MINI,
            {"temperature": 0.2},
            "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
        ),
        ("claude-sonnet-5", {"temperature": 0.2}, "`temperature` is deprecated for this model."),
        (MINI, {"reasoning_effort": "max"}, NOT_LISTED + "'low', 'medium', 'high'."),
        (
            "gpt-4.1",
            {"reasoning_effort": "low"},
            "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
        ),
        (MINI, {"thinking_budget": 2000}, "Unsupported parameter: 'thinking_budget' is not supported with this model."),
        (CLAUDE, {"thinking_budget": 100}, "thinking_budget: Input should be greater than or equal to 1024"),
        (CLAUDE, {"thinking_budget": 99999}, "thinking_budget: Input should be less than or equal to 32000"),
        (CLAUDE, {"n": 2}, "Unsupported value: 'n' does not support more than 1 with this model."),
        (MINI, {"n": 9}, "n: Input should be less than or equal to 8"),
        (
            GPT_4O,
            {"response_format": SCHEMA},
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        ),
        (
            MINI,
            {"response_format": {"json_schema": {}}},
            "Missing required parameter: 'response_format.type'.",
        ),
        (
            MINI,
            {"response_format": {"type": "xml"}},
            "Invalid value: 'xml'. Supported values are: 'text', 'json_object', and 'json_schema'.",
        ),
        (
            MINI,
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
            "Missing required parameter: 'response_format.json_schema'.",
        ),
        (
            MINI,
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "no"}}}},
            "Invalid schema at response_format.json_schema.schema: 'no' is not a type.",
        ),
        (MINI, {"stop": ["a"] * 5}, "Invalid 'stop': array too long. Expected an array with maximum length 4, but got 5."),
        (MINI, {"stop": 7}, "Invalid type for 'stop': expected a string or an array of strings."),
        (MINI, {"stop": [""]}, "Invalid type for 'stop': expected a string or an array of strings."),
        (
            MINI,
            {"stream_options": {"include_usage": True}},
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        ),
        (MINI, {"stream_options": True}, "stream_options: Input should be a valid dictionary"),
        (MINI, {"messages": []}, "[] is too short - 'messages'"),
        (MINI, {"messages": None}, "messages: Field required"),
    ],
)
async def test_what_is_refused(client: "Client", model: str, fields: dict[str, Any], message: str) -> None:
    got = await client.chat(model=model, **fields)
    assert (got.status, got.message) == (400, message)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (MINI, {"store": False, "service_tier": None, "user": "me", "max_completion_tokens": 100, "temperature": 1}),
        (MINI, {"reasoning_effort": "high", "n": 2, "stop": ["a", "b"], "response_format": SCHEMA}),
        (MINI, {"response_format": {"type": "json_object"}, "intent": True, "snippy": {"enabled": False}}),
        (CLAUDE, {"thinking_budget": 2000, "max_tokens": 4000, "temperature": 0.5}),
        (GEMINI, {"response_format": SCHEMA, "max_tokens": 100}),
        ("gpt-4.1", {"max_tokens": 100, "temperature": 0.2, "top_p": 0.9}),
    ],
)
async def test_what_is_taken(client: "Client", model: str, fields: dict[str, Any]) -> None:
    got = await client.chat(model=model, **fields)
    assert got.status == 200, got.text


async def test_the_code_and_the_parameter_of_a_refusal(client: "Client") -> None:
    assert (await client.chat(store=True)).json["error"] == {
        "message": "store is not supported",
        "code": "unsupported_value",
        "param": "store",
        "type": "invalid_request_error",
    }
    got = await client.chat(model=MINI, max_tokens=10)
    assert got.json["error"]["code"] == "invalid_request_body"


async def test_a_prompt_that_is_too_long(client: "Client") -> None:
    got = await client.chat("x" * 256_004, model=GPT_4O)
    assert got.json == {
        "error": {
            "message": "prompt token count of 64001 exceeds the limit of 64000",
            "code": "model_max_prompt_tokens_exceeded",
        }
    }
    assert (await client.chat("x" * 256_000, model=GPT_4O)).status == 200
