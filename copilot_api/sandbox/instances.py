"""Values that are valid for a JSON schema, filled from what the person said where it fits.

Understands: type (also a list), enum, const, default, properties, required, items, prefixItems, $ref within the document,
allOf, anyOf, oneOf, the bounds of numbers, strings and arrays, common formats; patterns only where one of a few usual
texts matches.
"""

import re
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import hints
from copilot_api.sandbox.hints import Hints

DEPTH_LIMIT = 8

_FORMATS = {
    "date": "2026-11-20",
    "date-time": "2026-11-20T10:00:00Z",
    "time": "10:00:00Z",
    "duration": "PT1H",
    "email": "sandbox@example.invalid",
    "hostname": "example.invalid",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "https://example.invalid/",
    "url": "https://example.invalid/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_CANDIDATES = (
    "a",
    "A",
    "abc",
    "ABC",
    "Abc",
    "a-b",
    "a_b",
    "1",
    "12",
    "123",
    "1234",
    "12345",
    "1.0.0",
    "#a1b2c3",
    *_FORMATS.values(),
)


def full(schema: Any, said: str) -> Any:
    """A value with every property the schema names."""
    return _Maker(schema, hints.of(said), everything=True).make(schema, "", 0)


def required(schema: Any, offered: Hints) -> Any:
    """A value with the required properties only: what a call needs."""
    return _Maker(schema, offered, everything=False).make(schema, "", 0)


class _Maker:
    def __init__(self, root: Any, offered: Hints, *, everything: bool) -> None:
        self._root = root
        self._hints = offered
        self._numbers = list(offered.numbers)
        self._everything = everything

    def make(self, schema: Any, name: str, depth: int) -> Any:
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._choice(schema["enum"])
        if "default" in schema:
            return schema["default"]
        return self._of_type(_type(schema), schema, name, depth)

    def _of_type(self, kind: str, schema: Json, name: str, depth: int) -> Any:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return self._string(schema, name)
            case "integer" | "number":
                return self._number(schema, kind)
            case "boolean":
                return True
        return None

    def _resolved(self, given: Any, depth: int) -> Json:
        """The schema with references followed and combinations settled for one of their ways."""
        schema: Json = given if isinstance(given, dict) else {}
        if (reference := schema.get("$ref")) is not None:
            schema = {k: v for k, v in schema.items() if k != "$ref"} | self._referred(reference)
        for part in schema.get("allOf", ()):
            schema = _merged(schema, self._resolved(part, depth))
        for key in ("anyOf", "oneOf"):
            if options := schema.get(key):
                rest = {k: v for k, v in schema.items() if k != key}
                schema = _merged(rest, self._resolved(self._option(options, depth), depth))
        return schema

    def _option(self, options: list[Any], depth: int) -> Any:
        """The first option that says something; deep down, null where that is allowed."""
        nulls = [o for o in options if isinstance(o, dict) and o.get("type") == "null"]
        if depth >= DEPTH_LIMIT and nulls:
            return nulls[0]
        return next((o for o in options if o not in nulls), options[0])

    def _referred(self, reference: str) -> Json:
        found: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            found = found.get(key, {}) if step and isinstance(found, dict) else found
        return found if isinstance(found, dict) else {}

    def _choice(self, values: list[Any]) -> Any:
        said = self._hints.said.lower()
        return next((v for v in values if isinstance(v, str) and v and v.lower() in said), values[0])

    def _object(self, schema: Json, depth: int) -> Json:
        properties = schema.get("properties") or {}
        needed = schema.get("required") or []
        names = [n for n in properties if n in needed or (self._everything and depth < DEPTH_LIMIT)]
        names += [n for n in needed if n not in properties]
        return {n: self.make(properties.get(n, {"type": "string"}), n, depth + 1) for n in names}

    def _array(self, schema: Json, name: str, depth: int) -> list[Any]:
        prefix = [self.make(item, name, depth + 1) for item in schema.get("prefixItems", ())]
        least = schema.get("minItems", 1 if depth < DEPTH_LIMIT else 0)
        wanted = max(0, min(least, schema.get("maxItems", least)) - len(prefix))
        return prefix + [self.make(schema.get("items") or {"type": "string"}, name, depth + 1) for _ in range(wanted)]

    def _string(self, schema: Json, name: str) -> str:
        if (form := schema.get("format")) in _FORMATS:
            return _FORMATS[form]
        text = self._hints.text_for(name)
        if pattern := schema.get("pattern"):
            offers = (text, *_CANDIDATES)
            text = next((offer for offer in offers if re.search(pattern, offer)), text)
        text = text[: schema.get("maxLength", len(text))]
        return text.ljust(schema.get("minLength", 0), "x")

    def _number(self, schema: Json, kind: str) -> float:
        step = schema.get("multipleOf") or (1 if kind == "integer" else 0)
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        value = next((n for n in self._numbers if kind == "number" or n.is_integer()), 1.0)
        if value in self._numbers:  # the next number goes to the next argument
            self._numbers.remove(value)
        # Outside its bounds, the value moves to the middle of them, or one past the only one.
        if (low is not None and value <= low) or (high is not None and value >= high):
            value = _within(low, high)
        if step:
            value = -(-value // step) * step
        if value == int(value):
            return int(value)
        return value


def _within(low: float | None, high: float | None) -> float:
    if low is not None and high is not None:
        return (low + high) / 2
    return low + 1 if low is not None else (high or 0) - 1


def _merged(one: Json, other: Json) -> Json:
    both = one | other
    if "properties" in one and "properties" in other:
        both["properties"] = one["properties"] | other["properties"]
    if "required" in one and "required" in other:
        both["required"] = [*one["required"], *other["required"]]
    return both


def _type(schema: Json) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((str(k) for k in kind if k != "null"), "null")
    if isinstance(kind, str):
        return kind
    if "properties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema else "string"
