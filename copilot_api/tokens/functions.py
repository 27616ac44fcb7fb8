"""How OpenAI's models count tool definitions. Source: the OpenAI cookbook, by tokens.md §3.2.

It covers functions whose parameters are plain: a type, a description, perhaps an enum. What it does not cover counts as
compact JSON, which is longer than what the model is shown.
"""

from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import string
from copilot_api.tokens.prompt import Tool, compact
from copilot_api.tokens.tally import Tally

PER_FUNCTION = {"cl100k_base": 10}
PER_FUNCTION_DEFAULT = 7
PROPERTIES = 3
PER_PROPERTY = 3
ENUM = -3
PER_ENUM_ITEM = 3
END = 12

_PLAIN = frozenset({"type", "description", "enum"})
_PLAIN_TYPES = frozenset({"string", "number", "integer", "boolean", "null"})
# Without a price of their own in the rule.
_FREE = frozenset({"type", "properties", "required", "additionalProperties", "$schema"})


def count(tools: tuple[Tool, ...], tally: Tally) -> int:
    """Tokens of all tool definitions."""
    if not tools:
        return 0
    return END + sum(one(tool, tally) for tool in tools)


def one(tool: Tool, tally: Tally) -> int:
    """Tokens of one definition."""
    return tally.once("cookbook tool", tool.definition, lambda: _signature(tool, tally))


def _signature(tool: Tool, tally: Tally) -> int:
    schema = tool.definition.get("input_schema")
    return (
        PER_FUNCTION.get(tally.tokenizer, PER_FUNCTION_DEFAULT)
        + tally.text(f"{_said(tool.definition.get('name'))}:{_sentence(tool.definition.get('description'))}")
        + (_parameters(schema, tally) if isinstance(schema, dict) else 0)
    )


def _parameters(schema: Json, tally: Tally) -> int:
    properties = schema.get("properties")
    if properties and not isinstance(properties, dict):
        return tally.json(schema)
    rest = {name: value for name, value in schema.items() if name not in _FREE}
    extra = tally.json(rest) if rest else 0
    if not properties:
        return extra
    return extra + PROPERTIES + sum(PER_PROPERTY + _property(name, value, tally) for name, value in properties.items())


def _property(name: str, value: Any, tally: Tally) -> int:
    if not _is_plain(value):
        return tally.text(f"{name}:{compact(value)}")
    items = value.get("enum", ())
    enum = ENUM + sum(PER_ENUM_ITEM + tally.text(_said(item)) for item in items) if "enum" in value else 0
    return enum + tally.text(f"{name}:{value['type']}:{_sentence(value.get('description'))}")


def _is_plain(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= _PLAIN
        and string(value.get("type")) in _PLAIN_TYPES
        and isinstance(value.get("enum", []), list)
    )


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else compact(value)


def _sentence(value: Any) -> str:
    return _said(value).removesuffix(".")
