"""What /responses refuses outside of tools and items, each rule over the wire."""

from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

MINI, CODEX, SOL, GROK = "gpt-5-mini", "gpt-5.3-codex", "gpt-5.6-sol", "grok-4.7"
CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
UNSUPPORTED = "Unsupported parameter: '{}' is not supported with this model."
INPUT = "Invalid type for 'input': expected a string or an array of objects, but got an {} instead."


def formatted(**wanted: Any) -> Json:
    return {"text": {"format": {"type": "json_schema", "name": "n", "schema": CLOSED} | wanted}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": None}, "Missing required parameter: 'input'."),
        ({"input": ""}, "Missing required parameter: 'input'."),
        ({"input": []}, "Missing required parameter: 'input'."),
        ({"input": {"role": "user", "content": "x"}}, INPUT.format("object")),
        ({"input": 7}, INPUT.format("int")),
        ({"input": ["x"]}, "Invalid type for 'input[0]': expected an object, but got a str instead."),
        ({"temperature": 1}, UNSUPPORTED.format("temperature")),
        ({"top_p": 0.5}, UNSUPPORTED.format("top_p")),
        ({"service_tier": "priority"}, UNSUPPORTED.format("service_tier")),
        ({"background": True}, UNSUPPORTED.format("background")),
        ({"conversation": "c"}, UNSUPPORTED.format("conversation")),
        ({"metadata": {"a": "b"}}, UNSUPPORTED.format("metadata")),
        ({"user": "u"}, UNSUPPORTED.format("user")),
        ({"stream_options": {"include_obfuscation": False}}, UNSUPPORTED.format("stream_options")),
        ({"client_metadata": {}}, "Unknown parameter: 'client_metadata'."),
        ({"messages": []}, "Unknown parameter: 'messages'."),
        ({"max_tokens": 100}, "Unknown parameter: 'max_tokens'."),
        ({"stream": "yes"}, "Invalid type for 'stream': expected a boolean, but got a string instead."),
        ({"store": 0}, "Invalid type for 'store': expected a boolean, but got an integer instead."),
        ({"instructions": ["x"]}, "Invalid type for 'instructions': expected a string, but got an array instead."),
        ({"truncation": "middle"}, "Invalid value: 'middle'. Supported values are: 'auto', 'disabled'."),
        ({"include": "all"}, "Invalid type for 'include': expected an array, but got a str instead."),
        (
            {"max_output_tokens": 15},
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 15 instead.",
        ),
        (
            {"max_output_tokens": 64001},
            "Invalid 'max_output_tokens': integer above maximum value. Expected a value <= 64000, but got 64001 instead.",
        ),
        ({"max_output_tokens": 20.5}, "Invalid type for 'max_output_tokens': expected an integer, but got a decimal instead."),
        ({"max_output_tokens": True}, "Invalid type for 'max_output_tokens': expected an integer, but got a boolean instead."),
        (
            {"reasoning": {"effort": "xhigh"}},
            (
                "Unsupported value: 'xhigh' is not supported with the 'gpt-5-mini' model. "
                "Supported values are: 'low', 'medium', 'high'."
            ),
        ),
        ({"reasoning": {"budget": 1}}, "Unknown parameter: 'reasoning.budget'."),
        (
            {"reasoning": {"summary": "long"}},
            "Invalid value: 'long'. Supported values are: 'auto', 'concise', 'detailed', 'off'.",
        ),
        ({"text": {"verbosity": "chatty"}}, "Invalid value: 'chatty'. Supported values are: 'low', 'medium', 'high'."),
        ({"text": {"tone": "kind"}}, "Unknown parameter: 'text.tone'."),
        (
            {"text": {"format": {"type": "json_object"}}},
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
        ),
        (
            {"text": {"format": {"type": "xml"}}},
            "Invalid value: 'xml'. Supported values are: 'text', 'json_object', 'json_schema'.",
        ),
        (formatted(name=None), "Missing required parameter: 'text.format.name'."),
        (formatted(schema=None), "Missing required parameter: 'text.format.schema'."),
        (formatted(json_schema={}), "Unknown parameter: 'text.format.json_schema'."),
        (formatted(schema={"type": "thing"}), "Invalid schema at text.format.schema: 'thing' is not a type."),
        (
            formatted(schema=CLOSED | {"additionalProperties": True}, strict=True),
            (
                "Invalid schema for response_format 'n': In context=(), "
                "'additionalProperties' is required to be supplied and to be false."
            ),
        ),
        (
            {"context_management": [{"type": "compaction", "compact_threshold": 1}]},
            UNSUPPORTED.format("context_management"),
        ),
    ],
)
async def test_what_is_refused(client: "Client", fields: dict[str, Any], message: str) -> None:
    got = await client.responses(**{"given": "Hello", **{("given" if k == "input" else k): v for k, v in fields.items()}})
    assert (got.status, got.message) == (400, message)
    assert got.json["error"]["code"] in {"invalid_request_body", "invalid_json_schema"}


async def test_storing_is_refused_in_known_words(client: "Client") -> None:
    got = await client.responses(store=True)
    error = {"message": "store is not supported", "code": "unsupported_value", "param": "store"}
    assert (got.status, got.json) == (400, {"error": error | {"type": "invalid_request_error"}})


async def test_no_answer_is_remembered_over_http(client: "Client") -> None:
    first = (await client.responses()).json["id"]
    got = await client.responses("Go on", previous_response_id=first)
    assert (got.status, got.json["error"]["code"]) == (400, "previous_response_not_found")
    assert got.message == f"Previous response with id '{first}' not found."


async def test_a_prompt_that_is_too_long(client: "Client") -> None:
    got = await client.responses("word" * 200_000)
    assert (got.status, got.json["error"]) == (
        400,
        {
            "message": "prompt token count of 200000 exceeds the limit of 128000",
            "code": "model_max_prompt_tokens_exceeded",
        },
    )


@pytest.mark.parametrize("model", ["claude-sonnet-4.6", "gemini-3.1-pro-preview", "gpt-4.1"])
async def test_models_of_other_endpoints(client: "Client", model: str) -> None:
    got = await client.responses(model=model)
    assert (got.status, got.json["error"]) == (
        400,
        {
            "message": f'model "{model}" is not accessible via the /responses endpoint',
            "code": "unsupported_api_for_model",
        },
    )


async def test_a_model_that_does_not_reason(client: "Client", sandbox: Sandbox) -> None:
    entry = next(e for e in sandbox.models if e["id"] == "gpt-4.1")
    sandbox.models = [entry | {"supported_endpoints": ["/responses"]}]
    got = await client.responses(model="gpt-4.1", reasoning={"effort": "low"})
    assert got.message == UNSUPPORTED.format("reasoning.effort")
    assert (await client.responses(model="gpt-4.1", reasoning={"summary": "auto"})).status == 200


async def test_a_model_without_structured_output(client: "Client") -> None:
    got = await client.responses(model=GROK, **formatted())
    assert got.message == "Invalid parameter: 'text.format' of type 'json_schema' is not supported with this model."


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (MINI, {"store": False, "instructions": "Be kind.", "prompt_cache_key": "k", "truncation": "auto"}),
        (MINI, {"temperature": None, "metadata": {}, "background": False, "stream": None}),
        (MINI, {"max_output_tokens": 16, "parallel_tool_calls": False, "tool_choice": "auto", "tools": []}),
        (MINI, {"reasoning": {"effort": "high", "summary": "off"}, "text": {"verbosity": "low"}}),
        (MINI, {"include": ["reasoning.encrypted_content"]}),
        (MINI, formatted(strict=True)),
        (MINI, {"text": {"format": {"type": "text"}}}),
        (MINI, {"given": "Give me JSON", "text": {"format": {"type": "json_object"}}}),
        (MINI, {"instructions": "write json", "text": {"format": {"type": "json_object"}}}),
        (MINI, {"max_output_tokens": 64000, "text": {"format": None}}),
        (CODEX, {"context_management": [{"type": "compaction", "compact_threshold": 244800}]}),
        (SOL, {"reasoning": {"effort": "none", "context": "all_turns"}}),
        (GROK, {"reasoning": {"effort": "xhigh"}}),
    ],
)
async def test_what_is_taken(client: "Client", model: str, fields: dict[str, Any]) -> None:
    got = await client.responses(model=model, **fields)
    assert got.status == 200, got.text
