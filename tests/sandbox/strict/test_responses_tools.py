"""What /responses refuses in tools, each rule over the wire."""

from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

MINI, CODEX, SOL = "gpt-5-mini", "gpt-5.3-codex", "gpt-5.6-sol"
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
CUSTOM = {
    "type": "custom",
    "name": "apply_patch",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"},
}


def function(name: Any = "f", **more: Any) -> Json:
    return {"type": "function", "name": name, "parameters": OPEN} | more


def namespace(*tools: Json, **more: Any) -> Json:
    return {"type": "namespace", "name": "n", "description": "Some tools.", "tools": list(tools)} | more


PATTERN = (
    "Invalid 'tools[0].name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
)
BLANK = "Invalid '{}.description': string too short. Expected a string with minimum length 1, but got an empty string instead."
STRICT = "Invalid schema for function 'f': In context={}, {}"


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        (MINI, {"tools": "all"}, "tools: Input should be a valid list of objects"),
        (
            MINI,
            {"tools": [function(f"f{i}") for i in range(129)]},
            (
                "Invalid 'tools': array too long. Expected an array with maximum length 128, "
                "but got an array with length 129 instead."
            ),
        ),
        (MINI, {"tools": [{}]}, "Missing required parameter: 'tools[0].type'."),
        (MINI, {"tools": [{"type": "function", "function": {"name": "f"}}]}, "Unknown parameter: 'tools[0].function'."),
        (MINI, {"tools": [{"type": "function"}]}, "Missing required parameter: 'tools[0].name'."),
        (MINI, {"tools": [function("a.b")]}, PATTERN),
        (MINI, {"tools": [function("")]}, PATTERN),
        (
            MINI,
            {"tools": [function("a" * 65)]},
            (
                "Invalid 'tools[0].name': string too long. Expected a string with maximum length 64, "
                "but got a string with length 65 instead."
            ),
        ),
        (MINI, {"tools": [function(7)]}, "Invalid type for 'tools[0].name': expected a string, but got an integer instead."),
        (
            MINI,
            {"tools": [function(description=[])]},
            "Invalid type for 'tools[0].description': expected a string, but got an array instead.",
        ),
        (MINI, {"tools": [function(cache_control={})]}, "Unknown parameter: 'tools[0].cache_control'."),
        (MINI, {"tools": [function(defer_loading=True)]}, "Unknown parameter: 'tools[0].defer_loading'."),
        (
            MINI,
            {"tools": [function(parameters={"type": "array"})]},
            "Invalid schema for function 'f': schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'.",
        ),
        (
            MINI,
            {"tools": [function(parameters=[])]},
            "Invalid schema for function 'f': schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.",
        ),
        (
            MINI,
            {"tools": [function(parameters=OPEN | {"required": "a"})]},
            "Invalid schema at tools[0].parameters: 'required' must be a list of strings.",
        ),
        (
            MINI,
            {"tools": [function(strict="yes")]},
            "Invalid type for 'tools[0].strict': expected a boolean, but got a string instead.",
        ),
        (
            MINI,
            {"tools": [function(strict=True)]},
            STRICT.format("()", "'additionalProperties' is required to be supplied and to be false."),
        ),
        (
            MINI,
            {"tools": [function(strict=True, parameters=OPEN | {"additionalProperties": False})]},
            STRICT.format(
                "()",
                "'required' is required to be supplied and to be an array including every key in properties. Missing 'a'.",
            ),
        ),
        (
            CODEX,
            {"tools": [CUSTOM | {"format": {"type": "grammar", "syntax": "bnf"}}]},
            "Invalid value: 'bnf'. Supported values are: 'lark', 'regex'.",
        ),
        (
            CODEX,
            {"tools": [CUSTOM | {"format": {"type": "grammar", "syntax": "lark"}}]},
            "Missing required parameter: 'tools[0].format.definition'.",
        ),
        (CODEX, {"tools": [CUSTOM | {"parameters": {}}]}, "Unknown parameter: 'tools[0].parameters'."),
        (MINI, {"tools": [namespace(function(), description="")]}, BLANK.format("tools[0]")),
        (MINI, {"tools": [namespace(function(), description=None)]}, BLANK.format("tools[0]")),
        (MINI, {"tools": [namespace(function(), description=" \n")]}, BLANK.format("tools[0]")),
        (MINI, {"tools": [namespace(function(description=""))]}, BLANK.format("tools[0].tools[0]")),
        (MINI, {"tools": [namespace()]}, "Missing required parameter: 'tools[0].tools'."),
        (
            MINI,
            {"tools": [namespace(namespace(function()))]},
            "Invalid value: 'namespace'. Supported values are: 'function', 'custom'.",
        ),
        (MINI, {"tools": [namespace(function("a b"))]}, PATTERN.replace("tools[0]", "tools[0].tools[0]")),
        (MINI, {"tool_choice": "required"}, "Tool choice 'required' must be specified with 'tools' parameter."),
        (
            MINI,
            {"tools": [function()], "tool_choice": "any"},
            "Invalid value: 'any'. Supported values are: 'none', 'auto', and 'required'.",
        ),
        (
            MINI,
            {"tools": [function()], "tool_choice": {"type": "function", "name": "g"}},
            "Tool choice 'g' not found in 'tools' parameter.",
        ),
        (
            MINI,
            {"tools": [function()], "tool_choice": {"type": "custom", "name": "f"}},
            "Tool choice 'f' not found in 'tools' parameter.",
        ),
        (
            MINI,
            {
                "tools": [function()],
                "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "g"}]},
            },
            "Tool choice 'g' not found in 'tools' parameter.",
        ),
        (MINI, {"tools": [function()], "tool_choice": {"name": "f"}}, "Missing required parameter: 'tool_choice.type'."),
    ],
)
async def test_what_is_refused(client: "Client", model: str, fields: dict[str, Any], message: str) -> None:
    got = await client.responses(model=model, **fields)
    assert (got.status, got.message) == (400, message)


HOSTED = (
    "image_generation",
    "web_search",
    "web_search_preview",
    "local_shell",
    "shell",
    "apply_patch",
    "computer",
    "computer_use_preview",
    "file_search",
    "code_interpreter",
    "mcp",
)


@pytest.mark.parametrize("kind", HOSTED)
async def test_hosted_tools_are_refused_in_known_words(client: "Client", kind: str) -> None:
    error = {
        "message": f"The requested tool {kind} is not supported.",
        "code": "unsupported_value",
        "param": "tools",
        "type": "invalid_request_error",
    }
    got = await client.responses(model=CODEX, tools=[{"type": kind}])
    assert (got.status, got.json) == (400, {"error": error})
    got = await client.responses(model=CODEX, tool_choice={"type": kind})
    assert (got.status, got.json) == (400, {"error": error})


@pytest.mark.parametrize("model", [MINI, SOL, "grok-4.7"])
async def test_tools_in_a_language_of_their_own_are_for_codex_models(client: "Client", model: str) -> None:
    for tools in ([CUSTOM], [namespace(CUSTOM)]):
        assert (await client.responses(model=model, tools=tools)).message == "The requested tool custom is not supported."
        assert (await client.responses(model=CODEX, tools=tools)).status == 200


async def test_searching_for_tools_is_for_models_that_can(client: "Client") -> None:
    tools = [{"type": "tool_search", "execution": "client"}, function(defer_loading=True)]
    assert (await client.responses(model=SOL, tools=tools)).status == 200
    assert (await client.responses(model=CODEX, tools=tools)).message == "The requested tool tool_search is not supported."
    wrong = [{"type": "tool_search", "execution": "nowhere"}]
    assert (await client.responses(model=SOL, tools=wrong)).status == 400


async def test_web_search_is_a_switch(client: "Client", sandbox: Sandbox) -> None:
    fields: Json = {"tools": [{"type": "web_search", "external_web_access": True}], "tool_choice": {"type": "web_search"}}
    sandbox.script.web_search = True
    assert (await client.responses(**fields)).status == 200
    assert (await client.responses(tools=[{"type": "image_generation"}])).status == 400
    sandbox.script.clear()
    assert (await client.responses(**fields)).status == 400


CLOSED = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (MINI, {"tools": [function(f"f{i}") for i in range(128)]}),
        (MINI, {"tools": [function(parameters=None), function("g", strict=False)], "tool_choice": "none"}),
        (MINI, {"tools": [function(strict=True, parameters=CLOSED)], "tool_choice": "required"}),
        (
            MINI,
            {"tools": [namespace(function(description=None))], "tool_choice": {"type": "function", "name": "f"}},
        ),
        (
            MINI,
            {
                "tools": [function()],
                "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]},
            },
        ),
        (CODEX, {"tools": [CUSTOM], "tool_choice": {"type": "custom", "name": "apply_patch"}}),
        (CODEX, {"tools": [CUSTOM | {"format": {"type": "text"}}, CUSTOM | {"name": "b", "format": None}]}),
        (MINI, {"tool_choice": "auto", "parallel_tool_calls": True}),
    ],
)
async def test_what_is_taken(client: "Client", model: str, fields: dict[str, Any]) -> None:
    got = await client.responses(model=model, **fields)
    assert got.status == 200, got.text
