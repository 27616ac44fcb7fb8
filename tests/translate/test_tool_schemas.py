"""Parameter schemas as upstream takes them, and which of them it can promise to keep to."""

from typing import Any

import pytest

from copilot_api.dialects.models import Model
from copilot_api.translate.tool_schemas import (
    built_in,
    describes_object,
    is_strict_for_anthropic,
    is_strict_for_openai,
    normal,
    strict_rule,
)


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "becomes"),
    [
        ({}, {"type": "object", "properties": {}}),
        ({"type": "object"}, {"type": "object", "properties": {}}),
        ({"type": ["object", "null"], "properties": {"a": TEXT}}, {"type": "object", "properties": {"a": TEXT}}),
        ({"properties": None, "required": []}, {"properties": {}, "required": [], "type": "object"}),
        (
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": {"a": TEXT}},
            {"type": "object", "properties": {"a": TEXT}},
        ),
    ],
)
def test_a_schema_becomes_an_object_with_properties(schema: dict[str, Any], becomes: dict[str, Any]) -> None:
    assert normal(schema) == becomes


def test_references_and_definitions_stay() -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": TEXT}}
    assert normal(schema) == schema


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"type": None}, {"type": ["null", "object"]}])
def test_arguments_can_match_a_schema_of_an_object(schema: Any) -> None:
    assert describes_object(schema)


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": ["string"]}, [], "object", True, {"type": {}}])
def test_arguments_cannot_match_anything_else(schema: Any) -> None:
    assert not describes_object(schema)


@pytest.mark.parametrize(
    ("kind", "required", "inserted"),
    [
        ("text_editor_20241022", "path", "new_str"),
        ("text_editor_20250124", "path", "new_str"),
        ("text_editor_20250429", "path", "new_str"),
        ("text_editor_20250728", "path", "insert_text"),
        ("text_editor_20991231", "path", "insert_text"),
    ],
)
def test_the_text_editor_is_spelled_out_as_its_version_knows_it(kind: str, required: str, inserted: str) -> None:
    found = built_in(kind)
    assert found
    schema = found[1]
    assert schema["required"] == ["command", required]
    assert inserted in schema["properties"]
    assert ("insert_text" in schema["properties"]) == (inserted == "insert_text")
    assert ("undo_edit" in schema["properties"]["command"]["enum"]) == (
        kind in {"text_editor_20241022", "text_editor_20250124"}
    )


def test_bash_takes_a_command_or_a_restart() -> None:
    found = built_in("bash_20250124")
    assert found
    assert list(found[1]["properties"]) == ["command", "restart"]
    assert "required" not in found[1]


def test_memory_has_six_commands() -> None:
    found = built_in("memory_20250818")
    assert found
    assert found[1]["properties"]["command"]["enum"] == ["view", "create", "str_replace", "insert", "delete", "rename"]


@pytest.mark.parametrize("kind", ["custom", "web_search_20250305", "computer_20250124", ""])
def test_other_types_have_no_schema_of_ours(kind: str) -> None:
    assert built_in(kind) is None


@pytest.mark.parametrize(
    ("schema", "openai", "anthropic"),
    [
        (closed(a=TEXT), True, True),
        (closed(a=closed(b=TEXT), c={"type": "array", "items": closed()}), True, True),
        (closed(a={"type": "object", "properties": {"b": TEXT}}), False, False),
        (closed(a=TEXT) | {"required": []}, False, True),
        (closed(a=TEXT) | {"required": "a"}, False, True),
        (closed(a={"type": "string", "default": "x"}), False, True),
        (closed(a={"type": "integer", "minimum": 1}), True, False),
        ({"type": "object", "properties": 5, "additionalProperties": False}, True, True),
        ({"anyOf": [closed(a=TEXT), {"type": "object"}]}, False, False),
        ({"type": "string"}, True, True),
    ],
)
def test_only_what_can_be_promised_is_strict(schema: dict[str, Any], openai: bool, anthropic: bool) -> None:
    assert is_strict_for_openai(schema) is openai
    assert is_strict_for_anthropic(schema) is anthropic


def test_depth_is_no_problem() -> None:
    schema: dict[str, Any] = closed()
    for _ in range(5000):
        schema = closed(a=schema)
    assert is_strict_for_openai(schema)


@pytest.mark.parametrize(
    ("to", "schema", "strict"),
    [
        (Model(id="gpt-x"), closed(a=TEXT), True),
        (Model(id="gpt-x"), {"type": "object", "properties": {}}, False),
        (Model(id="claude-x", structured=True), closed(a=TEXT) | {"required": []}, True),
        (Model(id="claude-x"), closed(a=TEXT), False),
    ],
)
def test_what_a_model_can_be_held_to(to: Model, schema: dict[str, Any], strict: bool) -> None:
    assert strict_rule(to)(schema) is strict
