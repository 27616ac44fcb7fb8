"""JSON Schema in the smaller language that Gemini's backends read; anything else in a tool's parameters is refused.

Source: copilot-upstream §3.1 (what is refused), Google's reference of the Schema object (what is known).
"""

from collections.abc import Callable
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string, strings

_KNOWN = frozenset(
    {
        "type",
        "format",
        "title",
        "description",
        "nullable",
        "enum",
        "items",
        "minItems",
        "maxItems",
        "properties",
        "required",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "anyOf",
    }
)
_FORMATS = frozenset({"date-time", "enum", "float", "double", "int32", "int64"})
_DEEPEST = 40  # no tool has parameters that deep; what hides further down is left open
_ANYTHING: Json = {"type": "object"}


def plain(schema: Json) -> Json:
    """`schema` with references put in place, alternatives joined, and every unknown keyword left out."""
    return _Reader(schema).read(schema, ())


class _Reader:
    """Reads one schema; `root` is what its references lead into."""

    def __init__(self, root: Json) -> None:
        self._root = root

    def read(self, node: Any, way: tuple[str, ...]) -> Json:
        """One node. `way` are the references followed so far: a circle ends where it closes."""
        if not isinstance(node, dict) or len(way) > _DEEPEST:
            return dict(_ANYTHING)
        node, way = self._followed(node, way)
        for part in objs(node.get("allOf")):
            node = _joined(node, part)
        below = (*way, "")
        known = {key: value for key, value in _translated(node).items() if key in _KNOWN}
        for key, mend in self._inner(below).items():
            if key in known:
                known[key] = mend(known[key])
        return _with_alternatives(_completed(known), below, self)

    def _followed(self, node: Json, way: tuple[str, ...]) -> tuple[Json, tuple[str, ...]]:
        while isinstance(reference := node.get("$ref"), str):
            rest = {key: value for key, value in node.items() if key != "$ref"}
            if reference in way:
                return _ANYTHING | rest, way
            way = (*way, reference)
            node = self._at(reference) | rest
        return node, way

    def _at(self, reference: str) -> Json:
        found: Any = self._root
        for name in reference.removeprefix("#/").split("/"):
            found = obj(found).get(name.replace("~1", "/").replace("~0", "~"))
        return found if isinstance(found, dict) else dict(_ANYTHING)

    def _inner(self, way: tuple[str, ...]) -> dict[str, Callable[[Any], Any]]:
        return {
            "properties": lambda value: {name: self.read(inner, way) for name, inner in obj(value).items()},
            "items": lambda value: self.read(value, way),
        }


def _translated(node: Json) -> Json:
    """Keywords that Gemini knows under another name, or says otherwise."""
    node = dict(node)
    if "const" in node:
        node["enum"] = [node["const"]]
    if "oneOf" in node and "anyOf" not in node:
        node["anyOf"] = node["oneOf"]
    step = 1 if node.get("type") == "integer" else 0
    for exclusive, inclusive, by in (("exclusiveMinimum", "minimum", step), ("exclusiveMaximum", "maximum", -step)):
        bound = node.get(exclusive)
        if isinstance(bound, int | float) and not isinstance(bound, bool):
            node[inclusive] = bound + by
    if string(node.get("format")) not in _FORMATS:
        node.pop("format", None)
    return node


def _completed(node: Json) -> Json:
    """What must agree: a list names its items, required names exist, a choice is among texts."""
    kinds = node.get("type")
    if isinstance(kinds, list):
        node = _without_kinds(node, strings(kinds))
    elif not isinstance(kinds, str):
        node.pop("type", None)
    if node.get("type") == "array" and "items" not in node:
        node["items"] = {"type": "string"}
    if "required" in node:
        names = [name for name in strings(node["required"]) if name in obj(node.get("properties"))]
        node = {key: value for key, value in node.items() if key != "required"} | ({"required": names} if names else {})
    choice = node.get("enum")
    if "enum" in node and not (isinstance(choice, list) and choice and all(isinstance(item, str) for item in choice)):
        del node["enum"]
    return node


def _without_kinds(node: Json, kinds: list[str]) -> Json:
    """Several types are alternatives; null is a property of the rest."""
    rest = [kind for kind in kinds if kind != "null"]
    node = {key: value for key, value in node.items() if key != "type"} | ({"nullable": True} if "null" in kinds else {})
    if len(rest) == 1:
        return node | {"type": rest[0]}
    return node | {"anyOf": [{"type": kind} for kind in rest]} if rest else node | {"type": "string"}


def _with_alternatives(node: Json, way: tuple[str, ...], reader: _Reader) -> Json:
    if "anyOf" not in node:
        return node
    offered = objs(node.pop("anyOf"))
    alternatives = [reader.read(one, way) for one in offered if string(one.get("type")) != "null"]
    if len(alternatives) < len(offered):
        node["nullable"] = True
    if len(alternatives) == 1:
        return alternatives[0] | node
    return node | {"anyOf": alternatives} if alternatives else node


def _joined(node: Json, part: Json) -> Json:
    """`node` with what one part of its `allOf` adds."""
    joined = part | node
    if "properties" in part:
        joined["properties"] = obj(part["properties"]) | obj(node.get("properties"))
    if "required" in part:
        joined["required"] = [*strings(node.get("required")), *strings(part["required"])]
    return joined
