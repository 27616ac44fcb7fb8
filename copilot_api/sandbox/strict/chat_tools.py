"""What /chat/completions refuses in tools and in the choice among them. Source: copilot-upstream.md §3.1."""

import re
from collections.abc import Iterator
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import schemas, structure

TOOL_LIMIT = 128
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")

# Keywords of JSON Schema that Gemini's own schema language does not have.
_UNKNOWN_TO_GEMINI = ("$ref", "const", "exclusiveMinimum")


def check(body: Json, model: Model) -> None:
    """Raises Refusal for the first rule broken."""
    tools = structure.objects(body, "tools")
    if body.get("tools") == []:
        raise Refusal("[] is too short - 'tools'", param="tools")
    if len(tools) > TOOL_LIMIT:
        raise Refusal(
            f"Invalid 'tools': array too long. Expected an array with maximum length {TOOL_LIMIT}, "
            f"but got an array with length {len(tools)} instead.",
            code="array_above_max_length",
            param="tools",
        )
    for i, tool in enumerate(tools):
        _check_tool(tool, f"tools[{i}]", model)
    _check_choice(body, [tool["function"]["name"] for tool in tools])


def _check_tool(tool: Json, where: str, model: Model) -> None:
    kind = tool.get("type")
    if kind != "function":
        raise Refusal(f"Invalid value: '{kind}'. Supported values are: 'function'.", param=f"{where}.type")
    function = structure.an_object(tool, "function", f"{where}.function")
    name = function.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Refusal(
            f"Invalid '{where}.function.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]{1,64}$'.",
            param=f"{where}.function.name",
        )
    parameters = function.get("parameters")
    if parameters is None and not model.is_claude:
        return
    if not isinstance(parameters, dict) or parameters.get("type") != "object":
        kind = parameters.get("type") if isinstance(parameters, dict) else None
        raise Refusal(
            f"Invalid schema for function '{name}': "
            f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'.",
            code="invalid_function_parameters",
            param=f"{where}.function.parameters",
        )
    schemas.check(parameters, f"{where}.function.parameters")
    if model.is_gemini:
        for keyword in _gemini_gaps(parameters):
            raise Refusal(
                f'Invalid JSON payload received. Unknown name "{keyword}" at '
                f"'request.{where}.function.parameters': Cannot find field."
            )


def _gemini_gaps(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from _gemini_gaps(item)
    if not isinstance(schema, dict):
        return
    for keyword, value in schema.items():
        if keyword in _UNKNOWN_TO_GEMINI:
            yield keyword
        elif keyword == "type" and isinstance(value, list):
            yield "type"
        elif keyword == "properties" and isinstance(value, dict):  # names, not keywords
            for inner in value.values():
                yield from _gemini_gaps(inner)
        else:
            yield from _gemini_gaps(value)


def _check_choice(body: Json, names: list[str]) -> None:
    choice = body.get("tool_choice")
    for name in ("tool_choice", "parallel_tool_calls"):
        if body.get(name) is not None and not names:
            raise Refusal(f"'{name}' is only allowed when 'tools' are specified.", param=name)
    if choice is None or choice in ("none", "auto", "required"):
        return
    if not isinstance(choice, dict) or choice.get("type") != "function":
        raise Refusal(
            "Invalid value for 'tool_choice': expected 'none', 'auto', 'required' or a function.", param="tool_choice"
        )
    wanted = structure.an_object(choice, "function", "tool_choice.function").get("name")
    if wanted not in names:
        raise Refusal(f"Tool choice '{wanted}' not found in 'tools' parameter.", param="tool_choice")
