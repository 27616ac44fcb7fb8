"""What /chat/completions refuses in tools, each rule over the wire."""

from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

GPT, CLAUDE, GEMINI = "gpt-4.1", "claude-sonnet-4.6", "gemini-3.1-pro-preview"


def function(name: Any = "f", **more: Any) -> Json:
    return {"type": "function", "function": {"name": name, "parameters": {"type": "object"}} | more}


def with_property(schema: Json) -> Json:
    return function(parameters={"type": "object", "properties": {"const": schema}})


PATTERN = (
    "Invalid 'tools[0].function.name': string does not match pattern. "
    "Expected a string that matches the pattern '^[a-zA-Z0-9_-]{1,64}$'."
)
TOO_MANY = (
    "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 129 instead."
)
NO_OBJECT = "Invalid schema for function 'f': schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{}\"'."
GAP = "Invalid JSON payload received. Unknown name \"{}\" at 'request.tools[0].function.parameters': Cannot find field."


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        (GPT, {"tools": []}, "[] is too short - 'tools'"),
        (
            GPT,
            {"tools": [function(f"f{i}") for i in range(129)]},
            TOO_MANY,
        ),
        (GPT, {"tools": "all"}, "tools: Input should be a valid list of objects"),
        (GPT, {"tools": [{"type": "custom"}]}, "Invalid value: 'custom'. Supported values are: 'function'."),
        (GPT, {"tools": [{"type": "function"}]}, PATTERN),
        (GPT, {"tools": [function("a.b")]}, PATTERN),
        (GPT, {"tools": [function("a" * 65)]}, PATTERN),
        (GPT, {"tools": [function("")]}, PATTERN),
        (GPT, {"tools": [function(7)]}, PATTERN),
        (GPT, {"tools": [function(parameters={})]}, NO_OBJECT.format("None")),
        (GPT, {"tools": [function(parameters={"type": "array"})]}, NO_OBJECT.format("array")),
        (GPT, {"tools": [function(parameters=[])]}, NO_OBJECT.format("None")),
        (CLAUDE, {"tools": [function(parameters=None)]}, NO_OBJECT.format("None")),
        (
            GPT,
            {"tools": [function(parameters={"type": "object", "properties": 7})]},
            "Invalid schema at tools[0].function.parameters: 'properties' must be an object.",
        ),
        (GEMINI, {"tools": [with_property({"const": 1})]}, GAP.format("const")),
        (GEMINI, {"tools": [with_property({"$ref": "#"})]}, GAP.format("$ref")),
        (GEMINI, {"tools": [with_property({"anyOf": [{"exclusiveMinimum": 1}]})]}, GAP.format("exclusiveMinimum")),
        (GEMINI, {"tools": [with_property({"type": ["string", "null"]})]}, GAP.format("type")),
        (GPT, {"tool_choice": "auto"}, "'tool_choice' is only allowed when 'tools' are specified."),
        (GPT, {"parallel_tool_calls": False}, "'parallel_tool_calls' is only allowed when 'tools' are specified."),
        (
            GPT,
            {"tools": [function()], "tool_choice": "any"},
            "Invalid value for 'tool_choice': expected 'none', 'auto', 'required' or a function.",
        ),
        (
            GPT,
            {"tools": [function()], "tool_choice": {"type": "allowed_tools"}},
            "Invalid value for 'tool_choice': expected 'none', 'auto', 'required' or a function.",
        ),
        (
            GPT,
            {"tools": [function()], "tool_choice": {"type": "function", "function": {"name": "g"}}},
            "Tool choice 'g' not found in 'tools' parameter.",
        ),
    ],
)
async def test_what_is_refused(client: "Client", model: str, fields: dict[str, Any], message: str) -> None:
    got = await client.chat(model=model, **fields)
    assert (got.status, got.message) == (400, message)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (GPT, {"tools": [function(f"f{i}") for i in range(128)]}),
        (GPT, {"tools": [function(parameters=None)], "tool_choice": "none"}),
        (GPT, {"tools": [with_property({"const": 1, "type": ["string", "null"]})], "tool_choice": "required"}),
        (GEMINI, {"tools": [with_property({"type": "string"})], "parallel_tool_calls": False}),
        (GEMINI, {"tools": [with_property({"anyOf": [{"type": "string"}, {"type": "integer"}]})]}),
        (CLAUDE, {"tools": [function()], "tool_choice": {"type": "function", "function": {"name": "f"}}}),
    ],
)
async def test_what_is_taken(client: "Client", model: str, fields: dict[str, Any]) -> None:
    got = await client.chat(model=model, **fields)
    assert got.status == 200, got.text
