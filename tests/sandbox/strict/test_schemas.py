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
