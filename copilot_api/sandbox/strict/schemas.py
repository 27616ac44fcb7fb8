"""JSON schemas that are none: refused before anything is made of them."""

import re
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.sandbox.replies import Refusal

_TYPES = {"object", "array", "string", "number", "integer", "boolean", "null"}
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_SIZES = ("minLength", "maxLength", "minItems", "maxItems")
_LISTS_OF_SCHEMAS = ("anyOf", "oneOf", "allOf", "prefixItems")


def check(schema: Any, where: str) -> None:
    """Raises Refusal unless every keyword the sandbox reads has a value of the right kind, all the way down."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise _invalid(where, "a schema must be an object or a boolean")
    _check_values(schema, where)
    for name in ("properties", "$defs", "definitions"):
        inner = schema.get(name, {})
        if not isinstance(inner, dict):
            raise _invalid(where, f"'{name}' must be an object")
        for key, value in inner.items():
            check(value, f"{where}.{name}.{key}")
    for name in _LISTS_OF_SCHEMAS:
        parts = schema.get(name, [])
        if not isinstance(parts, list) or (name in schema and not parts):
            raise _invalid(where, f"'{name}' must be a list that is not empty")
        for i, value in enumerate(parts):
            check(value, f"{where}.{name}.{i}")
    if "items" in schema:
        check(schema["items"], f"{where}.items")


def check_strict(schema: Any, owner: str, path: tuple[str, ...] = ()) -> None:
    """Raises Refusal unless a checked schema is closed and complete all the way down, as `strict` wants it."""
    if not isinstance(schema, dict):
        return
    properties = schema.get("properties", {})
    if schema.get("type") == "object" or "properties" in schema:
        where = f"Invalid schema for {owner}: In context={path}, "
        if schema.get("additionalProperties") is not False:
            raise Refusal(f"{where}'additionalProperties' is required to be supplied and to be false.")
        if missing := [name for name in properties if name not in schema.get("required", [])]:
            raise Refusal(
                f"{where}'required' is required to be supplied and to be an array including every key in properties. "
                f"Missing '{missing[0]}'."
            )
    for name, inner in properties.items():
        check_strict(inner, owner, (*path, "properties", name))
    for name in ("$defs", "definitions"):
        for key, inner in schema.get(name, {}).items():
            check_strict(inner, owner, (*path, name, key))
    for name in _LISTS_OF_SCHEMAS:
        for i, inner in enumerate(schema.get(name, [])):
            check_strict(inner, owner, (*path, name, str(i)))
    check_strict(schema.get("items"), owner, (*path, "items"))


def _check_values(schema: Json, where: str) -> None:
    kinds = schema.get("type", [])
    if not all(isinstance(kind, str) and kind in _TYPES for kind in (kinds if isinstance(kinds, list) else [kinds])):
        raise _invalid(where, f"{kinds!r} is not a type")
    if not isinstance(schema.get("required", []), list) or not all(isinstance(n, str) for n in schema.get("required", [])):
        raise _invalid(where, "'required' must be a list of strings")
    if not isinstance(schema.get("enum", [None]), list) or schema.get("enum") == []:
        raise _invalid(where, "'enum' must be a list that is not empty")
    if not isinstance(schema.get("$ref", ""), str):
        raise _invalid(where, "'$ref' must be a string")
    for name in _NUMBERS:
        if isinstance(schema.get(name, 1), bool) or not isinstance(schema.get(name, 1), int | float):
            raise _invalid(where, f"'{name}' must be a number")
    for name in _SIZES:
        if isinstance(schema.get(name, 0), bool) or not isinstance(schema.get(name, 0), int) or schema.get(name, 0) < 0:
            raise _invalid(where, f"'{name}' must be a count")
    try:
        re.compile(schema.get("pattern", ""))
    except (re.error, TypeError) as error:
        raise _invalid(where, "'pattern' must be a regular expression") from error


def _invalid(where: str, why: str) -> Refusal:
    return Refusal(f"Invalid schema at {where}: {why}.", code="invalid_json_schema", param=where)
