"""Schemas as Gemini's clients write them, in JSON Schema: OpenAPI 3.0 with types in capitals and fields in two spellings.

Source: Google's reference of the Schema object; `parametersJsonSchema` and `responseJsonSchema` are JSON Schema already.
"""

from collections.abc import Callable
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.gemini_spelling import camel
from copilot_api.dialects.read import obj, objs

_TYPES = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})
_DROPPED = frozenset({"nullable", "propertyOrdering", "example"})  # said otherwise, or of no use to anybody but Gemini
_RENAMED = {"defs": "$defs", "ref": "$ref"}
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_DEEPEST = 100  # what lies further down stays as it is


def json_schema(schema: Json, *, closed: bool = False) -> Json:
    """`schema` in JSON Schema. Keywords that nobody knows stay as they are.

    `closed`: objects hold nothing but the properties they name, as in Gemini's answers; other models are not held to a schema
    that leaves this open.
    """
    written: Json = _schema(schema, 0, closed)
    return written


def _schema(schema: Any, depth: int, closed: bool) -> Any:  # noqa: FBT001 - handed down, never written by hand
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return schema
    spelled = {_RENAMED.get(name, name): value for key, value in schema.items() for name in (camel(key),)}
    written: Json = {}
    for key, value in spelled.items():
        if key in _INNER:
            written[key] = _INNER[key](value, depth + 1, closed)
        elif key in _COUNTS and isinstance(value, str) and value.isdecimal():
            written[key] = int(value)  # 64-bit integers are texts in Google's JSON
        elif key == "type":
            written |= _type(value)
        elif key not in _DROPPED:
            written[key] = value
    if closed and written.get("properties"):
        written.setdefault("additionalProperties", False)
    return _nullable(written) if spelled.get("nullable") is True else written


def _type(value: Any) -> Json:
    """`TYPE_UNSPECIFIED` and nonsense say nothing."""
    if isinstance(value, list):
        known = [kind for item in value for kind in _type(item).values()]
        return {"type": known} if known else {}
    kind = value.lower() if isinstance(value, str) else ""
    return {"type": kind} if kind in _TYPES else {}


def _nullable(schema: Json) -> Json:
    """Null as one more type, and as one more of the values to choose from."""
    said: Json = {}
    if isinstance(kind := schema.get("type"), str) and kind != "null":
        said["type"] = [kind, "null"]
    if isinstance(values := schema.get("enum"), list) and None not in values:
        said["enum"] = [*values, None]
    if isinstance(branches := schema.get("anyOf"), list) and {"type": "null"} not in branches:
        said["anyOf"] = [*branches, {"type": "null"}]
    return schema | said


def _each(value: Any, *how: Any) -> Any:
    return [_schema(item, *how) for item in objs(value)]


def _named(value: Any, *how: Any) -> Any:
    return {name: _schema(inner, *how) for name, inner in obj(value).items()}


_INNER: dict[str, Callable[..., Any]] = {
    "items": _schema,
    "additionalProperties": _schema,
    "anyOf": _each,
    "properties": _named,
    "$defs": _named,
}
