from typing import Any

import pytest

from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import schemas


@pytest.mark.parametrize(
    "schema",
    [
        None,
        [],
        "object",
        {"type": "text"},
        {"type": ["string", 7]},
        {"type": {}},
        {"properties": []},
        {"properties": {"a": 1}},
        {"$defs": {"a": {"type": "nothing"}}},
        {"required": "a"},
        {"required": [1]},
        {"enum": []},
        {"enum": "a"},
        {"$ref": 1},
        {"minimum": "1"},
        {"maximum": True},
        {"minLength": -1},
        {"maxItems": 1.5},
        {"pattern": "["},
        {"pattern": 7},
        {"anyOf": []},
        {"oneOf": {}},
        {"allOf": [1]},
        {"items": 1},
        {"type": "array", "items": {"type": "nothing"}},
    ],
)
def test_what_is_no_schema(schema: Any) -> None:
    with pytest.raises(Refusal, match=r"Invalid schema at x"):
        schemas.check(schema, "x")


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": ["string", "null"], "enum": ["a", None], "pattern": "^a", "minLength": 0},
        {"type": "object", "properties": {"a": {"items": True}}, "required": ["a"], "additionalProperties": False},
        {"anyOf": [{"$ref": "#/definitions/a"}], "definitions": {"a": {"minimum": 0.5, "multipleOf": 1}}},
    ],
)
def test_what_is_a_schema(schema: Any) -> None:
    schemas.check(schema, "x")


CLOSED: dict[str, Any] = {"type": "object", "additionalProperties": False}
STRICT: dict[str, Any] = CLOSED | {
    "properties": {
        "a": {"anyOf": [{"type": "string"}, CLOSED]},
        "b": {"type": "array", "items": CLOSED},
        "c": {"$ref": "#/$defs/d"},
    },
    "required": ["a", "b", "c"],
    "$defs": {"d": CLOSED},
}


def test_a_closed_and_complete_schema_may_be_strict() -> None:
    schemas.check(STRICT, "schema")
    schemas.check_strict(STRICT, "function 'f'")
    schemas.check_strict(True, "function 'f'")


@pytest.mark.parametrize(
    ("change", "context"),
    [
        ({"additionalProperties": True}, "()"),
        ({"required": ["a", "b"]}, "()"),
        ({"properties": STRICT["properties"] | {"a": {"anyOf": [{"type": "object"}]}}}, "('properties', 'a', 'anyOf', '0')"),
        ({"properties": STRICT["properties"] | {"b": {"items": {"properties": {}}}}}, "('properties', 'b', 'items')"),
        ({"$defs": {"d": {"type": "object"}}}, "('$defs', 'd')"),
    ],
)
def test_an_open_or_incomplete_schema_may_not_be_strict(change: dict[str, Any], context: str) -> None:
    with pytest.raises(Refusal) as caught:
        schemas.check_strict(STRICT | change, "function 'f'")
    assert caught.value.message.startswith(f"Invalid schema for function 'f': In context={context}, ")
