import re
from typing import Any

import pytest

from copilot_api.sandbox import hints, instances

NUMBER = {"type": "number"}


def make(schema: Any, said: str = "") -> Any:
    return instances.full(schema, said)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"const": 7}, 7),
        ({"enum": ["red", "blue"]}, "red"),
        ({"type": "string", "default": "x"}, "x"),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["null", "integer"]}, 1),
        ({"type": ["null"]}, None),
        ({"type": "integer", "minimum": 5}, 6),
        ({"type": "integer", "maximum": 0}, -1),
        ({"type": "number", "minimum": 2, "maximum": 3}, 2.5),
        ({"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 2}, 1.5),
        ({"type": "integer", "minimum": 3, "multipleOf": 5}, 5),
        ({"type": "string", "format": "date"}, "2026-11-20"),
        ({"type": "string", "maxLength": 3}, "san"),
        ({"type": "string", "minLength": 9}, "sandboxxx"),
        ({"type": "string", "pattern": "^[0-9]{4}$"}, "1234"),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [True, True]),
        ({"type": "array", "maxItems": 0}, []),
        ({"items": NUMBER}, [1]),
        ({"type": "array", "prefixItems": [NUMBER, {"type": "boolean"}], "minItems": 3}, [1, True, "sandbox"]),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"oneOf": [{"type": "boolean"}, NUMBER]}, True),
        ({"properties": {"a": NUMBER, "b": {"type": "boolean"}}, "required": ["a"]}, {"a": 1, "b": True}),
        ({"required": ["a"]}, {"a": "sandbox"}),
        (True, "sandbox"),
        ({}, "sandbox"),
    ],
)
def test_a_value_is_valid_for_its_schema(schema: Any, expected: Any) -> None:
    assert make(schema) == expected


def test_an_enum_takes_what_was_said() -> None:
    assert make({"enum": ["red", "blue"]}, "I like Blue") == "blue"


def test_numbers_said_are_taken_in_turn_where_they_fit() -> None:
    schema = {"properties": {"a": NUMBER, "b": NUMBER, "c": {"type": "integer", "maximum": 2}}}
    assert make(schema, "3 and 4 and 1") == {"a": 3, "b": 4, "c": 1}


def test_references_are_followed() -> None:
    schema = {
        "$defs": {"point": {"type": "object", "properties": {"x": NUMBER, "a/b": {"$ref": "#/$defs/a~1b"}}}, "a/b": NUMBER},
        "properties": {"p": {"$ref": "#/$defs/point"}, "lost": {"$ref": "#/$defs/nowhere"}},
    }
    assert make(schema) == {"p": {"x": 1, "a/b": 1}, "lost": "sandbox"}


def test_a_schema_that_refers_to_itself_ends() -> None:
    tree = {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "n": NUMBER}}
    value = make(tree | {"required": ["next", "n"]})
    depth = 0
    while value is not None:
        assert value["n"] == 1
        value, depth = value["next"], depth + 1
    assert depth == instances.DEPTH_LIMIT


def test_a_list_of_itself_ends() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}}
    value = make(node)
    while value["children"]:
        value = value["children"][0]
        if not value:
            break
    assert value in ({}, {"children": []})


def test_all_of_is_put_together() -> None:
    schema = {
        "properties": {"a": NUMBER},
        "required": ["a"],
        "allOf": [{"properties": {"b": {"type": "boolean"}}, "required": ["b"]}, {"type": "object"}],
    }
    assert make(schema) == {"a": 1, "b": True}
    assert instances.required(schema, hints.of("")) == {"a": 1, "b": True}


def test_a_call_gets_its_required_arguments_only() -> None:
    schema = {"type": "object", "properties": {"command": {"type": "string"}, "timeout": NUMBER}, "required": ["command"]}
    assert instances.required(schema, hints.of("run `ls -l`")) == {"command": "ls -l"}


def test_a_pattern_nobody_knows_is_let_go() -> None:
    assert not re.search("^ZZZ{9}$", make({"type": "string", "pattern": "^ZZZ{9}$"}))
