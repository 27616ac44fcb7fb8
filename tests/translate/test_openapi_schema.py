"""Google's Schema objects as JSON Schema."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.translate.openapi_schema import json_schema


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        ({}, {}),
        ({"type": "STRING"}, {"type": "string"}),
        ({"type": "object"}, {"type": "object"}),
        ({"type": "TYPE_UNSPECIFIED", "description": "d"}, {"description": "d"}),
        ({"type": 7}, {}),
        ({"type": ["STRING", "NULL"]}, {"type": ["string", "null"]}),
        ({"type": []}, {}),
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "STRING", "nullable": False}, {"type": "string"}),
        ({"type": "NULL", "nullable": True}, {"type": "null"}),
        ({"enum": ["a"], "nullable": True}, {"enum": ["a", None]}),
        ({"enum": ["a", None], "nullable": True}, {"enum": ["a", None]}),
        ({"anyOf": [{"type": "STRING"}], "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"any_of": [{"type": "NULL"}, "x"], "nullable": True}, {"anyOf": [{"type": "null"}]}),
        ({"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1", "max_items": 3},
         {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}),
        ({"minLength": "many"}, {"minLength": "many"}),
        ({"type": "STRING", "format": "enum", "enum": ["A"], "example": "A", "default": "A"},
         {"type": "string", "format": "enum", "enum": ["A"], "default": "A"}),
        ({"type": "OBJECT", "properties": {"max_items": {"type": "NUMBER"}}, "propertyOrdering": ["max_items"]},
         {"type": "object", "properties": {"max_items": {"type": "number"}}}),
        ({"type": "OBJECT", "additionalProperties": {"type": "BOOLEAN"}},
         {"type": "object", "additionalProperties": {"type": "boolean"}}),
        ({"additional_properties": False}, {"additionalProperties": False}),
        ({"defs": {"A": {"type": "STRING"}}, "ref": "#/$defs/A"}, {"$defs": {"A": {"type": "string"}}, "$ref": "#/$defs/A"}),
        ({"properties": "x", "xKnown": 1}, {"properties": {}, "xKnown": 1}),
        ({"items": "x"}, {"items": "x"}),
    ],
)  # fmt: skip
def test_each_keyword_has_its_counterpart(schema: Json, written: Json) -> None:
    assert json_schema(schema) == written


def test_a_closed_schema_names_all_that_its_objects_hold() -> None:
    inner = {"type": "OBJECT", "properties": {"b": {"type": "STRING"}}}
    schema = {"type": "OBJECT", "properties": {"a": inner, "map": {"type": "OBJECT"}, "list": {"items": inner}}}
    shut = {"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": False}
    assert json_schema(schema, closed=True) == {
        "type": "object",
        "properties": {"a": shut, "map": {"type": "object"}, "list": {"items": shut}},
        "additionalProperties": False,
    }
    assert json_schema(inner | {"additionalProperties": True}, closed=True)["additionalProperties"] is True


def test_a_schema_nested_beyond_reason_is_left_alone_down_there() -> None:
    deep: Any = {"type": "STRING"}
    for _ in range(2000):
        deep = {"type": "ARRAY", "items": deep}
    written: Any = json_schema(deep)
    for _ in range(100):
        written = written["items"]
    assert (written["type"], written["items"]["type"]) == ("array", "ARRAY")


def test_the_clients_schema_stays_as_it_was() -> None:
    schema = {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}}
    json_schema(schema)
    assert schema == {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}}}
