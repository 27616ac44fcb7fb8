from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.tokens import functions
from copilot_api.tokens.prompt import Tool
from copilot_api.tokens.tally import Tally


def cost(schema: Any, tally: Tally, **named: Any) -> int:
    """Of a function with this schema, less what any function costs."""
    definition: Json = {"name": "f", "description": "Does it.", **named}
    bare = 7 + tally.text("f:Does it")
    return functions.one(Tool(definition=definition | {"input_schema": schema}), tally) - bare


def test_no_tools_cost_nothing(tally: Tally) -> None:
    assert functions.count((), tally) == 0


def test_each_function_and_the_list_have_a_price(tally: Tally, tally_cl100k: Tally) -> None:
    tool = Tool(definition={"name": "f", "description": "Does it."})
    assert functions.count((tool,), tally) == 12 + 7 + tally.text("f:Does it")
    assert functions.count((tool, tool), tally) == 12 + 2 * (7 + tally.text("f:Does it"))
    assert functions.count((tool,), tally_cl100k) == 12 + 10 + tally_cl100k.text("f:Does it")


def test_only_one_full_stop_is_dropped(tally: Tally) -> None:
    assert cost(None, tally, description="And so on...") == tally.text("f:And so on..") - tally.text("f:Does it")


def test_a_missing_description_is_empty(tally: Tally) -> None:
    assert functions.one(Tool(definition={"name": "f"}), tally) == 7 + tally.text("f:")
    assert cost({"properties": {"a": {"type": "string"}}}, tally) == 3 + 3 + tally.text("a:string:")


def test_an_enum_has_a_price_of_its_own(tally: Tally) -> None:
    schema = {"properties": {"a": {"type": "integer", "description": "How many.", "enum": [1, 20]}}}
    expected = 3 + 3 - 3 + 3 + tally.text("1") + 3 + tally.text("20") + tally.text("a:integer:How many")
    assert cost(schema, tally) == expected


@pytest.mark.parametrize(
    ("value", "json"),
    [
        ({"type": "array", "items": {"type": "string"}}, '{"type":"array","items":{"type":"string"}}'),
        ({"type": "object", "properties": {"b": {}}}, '{"type":"object","properties":{"b":{}}}'),
        ({"type": ["string", "null"]}, '{"type":["string","null"]}'),
        ({"anyOf": [{"type": "string"}]}, '{"anyOf":[{"type":"string"}]}'),
        ({"type": "string", "format": "uri"}, '{"type":"string","format":"uri"}'),
        ({"type": "string", "enum": "a"}, '{"type":"string","enum":"a"}'),
        ({}, "{}"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_a_property_the_rule_does_not_cover_counts_as_json(tally: Tally, value: Any, json: str) -> None:
    assert cost({"properties": {"a": value}}, tally) == 3 + 3 + tally.text(f"a:{json}")


def test_a_schema_without_properties_is_free(tally: Tally) -> None:
    assert cost({"type": "object", "properties": {}, "required": [], "additionalProperties": False}, tally) == 0


def test_definitions_beside_the_properties_count_as_json(tally: Tally) -> None:
    shared = {"$defs": {"point": {"type": "object"}}}
    plain = {"properties": {"a": {"type": "string"}}}
    assert cost(plain | shared, tally) == cost(plain, tally) + tally.json(shared)
    assert cost(shared, tally) == tally.json(shared)


@pytest.mark.parametrize("properties", [["a", "b"], "a", 5])
def test_properties_that_are_no_object_count_as_json(tally: Tally, properties: Any) -> None:
    assert cost({"properties": properties}, tally) == tally.json({"properties": properties})


def test_names_that_are_no_text_count_as_json(tally: Tally) -> None:
    tool = Tool(definition={"name": ["f"], "description": {"a": 1}})
    assert functions.one(tool, tally) == 7 + tally.text('["f"]:{"a":1}')
