"""Tool parameters as Gemini's backends read them."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json, dumps
from copilot_api.translate.gemini_schema import plain

NAMED: Json = {"type": "object", "properties": {"name": {"type": "string"}}}


def held(inner: Any, **root: Any) -> Json:
    """What becomes of one property's schema."""
    schema: Json = {"type": "object", "properties": {"p": inner}, **root}
    found: Json = plain(schema)["properties"]["p"]
    return found


def test_a_schema_that_gemini_knows_stays_as_it_is() -> None:
    schema = {
        "type": "object",
        "description": "d",
        "properties": {"a": {"type": "string", "enum": ["x"]}, "b": {"type": "array", "items": {"type": "number"}}},
        "required": ["a"],
    }
    assert plain(schema) == schema


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ({"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9}, {"type": "integer", "minimum": 1, "maximum": 8}),
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "number", "minimum": 0}),
        ({"type": "number", "exclusiveMinimum": True}, {"type": "number"}),
        ({"type": "string", "const": "x"}, {"type": "string", "enum": ["x"]}),
        ({"type": "integer", "enum": [1, 2]}, {"type": "integer"}),
        ({"type": "string", "enum": []}, {"type": "string"}),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["string", "integer"]}, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        ({"type": ["null"]}, {"type": "string", "nullable": True}),
        ({"type": "string", "format": "uri"}, {"type": "string"}),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        ({"type": "array"}, {"type": "array", "items": {"type": "string"}}),
        ({"type": "array", "items": {"const": "x"}}, {"type": "array", "items": {"enum": ["x"]}}),
        ({"type": "object", "required": ["gone"]}, {"type": "object"}),
        ({"type": "object", "required": None}, {"type": "object"}),
        ({"type": "object", "additionalProperties": False, "$schema": "x", "propertyNames": {}}, {"type": "object"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string", "nullable": True}),
        ({"oneOf": [{"type": "string"}, {"const": "y"}]}, {"anyOf": [{"type": "string"}, {"enum": ["y"]}]}),
        ({"anyOf": [{"type": "null"}]}, {"nullable": True}),
        (True, {"type": "object"}),
    ],
)  # fmt: skip
def test_what_gemini_says_otherwise(inner: Any, expected: Json) -> None:
    assert held(inner) == expected


def test_references_are_put_in_place_with_what_stands_beside_them() -> None:
    found = held(
        {"$ref": "#/$defs/a~1b", "description": "whose"}, **{"$defs": {"a/b": {"$ref": "#/$defs/Name"}, "Name": NAMED}}
    )
    assert found == NAMED | {"description": "whose"}


def test_a_reference_to_nothing_is_left_open() -> None:
    assert held({"$ref": "#/$defs/Gone"}) == {"type": "object"}
    assert held({"$ref": "elsewhere.json"}) == {"type": "object"}


def test_a_circle_of_references_ends() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#/$defs/Tree"}}}
    found = held({"$ref": "#/$defs/Tree"}, **{"$defs": {"Tree": tree}})
    assert found == {"type": "object", "properties": {"child": {"type": "object"}}}
    assert held({"$ref": "#/$defs/A"}, **{"$defs": {"A": {"$ref": "#/$defs/A"}}}) == {"type": "object"}


def test_all_of_is_joined() -> None:
    more = {"properties": {"age": {"type": "integer"}}, "required": ["age"]}
    found = held(
        {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"], "allOf": [more, {"title": "t"}]}
    )
    assert found == {
        "type": "object",
        "title": "t",
        "properties": {"id": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["id", "age"],
    }


def test_a_schema_nested_deeper_than_sense_is_left_open() -> None:
    schema: Json = {"type": "string"}
    for _ in range(500):
        schema = {"type": "object", "properties": {"p": schema}}
    assert dumps(plain(schema)).count(b"properties") < 60


KEYS = [
    "type",
    "properties",
    "items",
    "anyOf",
    "oneOf",
    "allOf",
    "$ref",
    "$defs",
    "const",
    "enum",
    "required",
    "exclusiveMinimum",
]
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["object", "array", "string", "#/$defs/x", "#", "null"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*KEYS, "x"]), inner, max_size=5),
    max_leaves=20,
)


def keywords(schema: Json) -> Iterator[str]:
    """Every keyword, but no name of a property."""
    yield from schema
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", []), *filter(None, [schema.get("items")])]
    for part in inner:
        yield from keywords(part)


@given(st.dictionaries(st.sampled_from(KEYS), ODD, max_size=6))
def test_no_schema_however_odd_raises_and_twice_is_once(schema: Json) -> None:
    before = dumps(schema)
    once = plain(schema)
    assert dumps(schema) == before
    assert not {"$ref", "const", "exclusiveMinimum", "oneOf", "allOf"} & set(keywords(once))
    assert plain(once) == once
