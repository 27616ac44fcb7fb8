"""The parameter schemas of tools: put into the form that upstream takes, and known for the tools that come without one."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.dialects.read import obj

StrictRule: TypeAlias = Callable[[Json], bool]

FREE_TEXT: Json = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
"""A custom tool takes free text; as a function it takes this."""

_TEXT: Json = {"type": "string"}
_EDIT: Json = {
    "path": _TEXT,
    "file_text": _TEXT | {"description": "For create: the content."},
    "old_str": _TEXT | {"description": "For str_replace: the text to replace, which must occur exactly once."},
    "new_str": _TEXT | {"description": "For str_replace, and for insert where there is no insert_text: the new text."},
    "insert_line": {"type": "integer", "description": "For insert: the line after which to insert; 0 is the beginning."},
    "view_range": {
        "type": "array",
        "items": {"type": "integer"},
        "description": "For view: first and last line, from 1; -1 is the end.",
    },
}
_INSERT: Json = {"insert_text": _TEXT | {"description": "For insert: the text to insert."}}
_RENAME: Json = {
    "old_path": _TEXT | {"description": "For rename: the present path."},
    "new_path": _TEXT | {"description": "For rename: the new path."},
}


def _commands(names: tuple[str, ...], properties: Json, *, required: tuple[str, ...]) -> Json:
    command = {"command": {"type": "string", "enum": list(names)}}
    return {"type": "object", "properties": command | properties, "required": ["command", *required]}


_FOUR = ("view", "create", "str_replace", "insert")
_EDITOR = "Views, creates and edits text files."

# Claude knows these tools by heart, other models need them spelled out: prefix of the type, description, schema.
# The longest prefix that fits counts. Source: Anthropic's tool documentation and the command types of its SDK.
_BUILT_IN: dict[str, tuple[str, Json]] = {
    "bash_": (
        "Runs a command in a bash session that lives as long as the conversation.",
        {
            "type": "object",
            "properties": {
                "command": _TEXT | {"description": "The command. Required unless restart is true."},
                "restart": {"type": "boolean", "description": "True to start the session anew."},
            },
        },
    ),
    "text_editor_": (_EDITOR, _commands(_FOUR, _EDIT | _INSERT, required=("path",))),
    # Until summer 2025 the text to insert was new_str too, and at first an edit could be taken back.
    "text_editor_20241022": (_EDITOR, _commands((*_FOUR, "undo_edit"), _EDIT, required=("path",))),
    "text_editor_20250124": (_EDITOR, _commands((*_FOUR, "undo_edit"), _EDIT, required=("path",))),
    "text_editor_20250429": (_EDITOR, _commands(_FOUR, _EDIT, required=("path",))),
    "memory_": (
        "Keeps notes in files under /memories that outlive the conversation.",
        _commands((*_FOUR, "delete", "rename"), _EDIT | _INSERT | _RENAME, required=()),
    ),
}


def built_in(kind: str) -> tuple[str, Json] | None:
    """Description and schema of one of Anthropic's client-side tools, None for any other type."""
    fitting = [prefix for prefix in _BUILT_IN if kind.startswith(prefix)]
    return _BUILT_IN[max(fitting, key=len)] if fitting else None


def describes_object(schema: Any) -> bool:
    """Whether tool arguments, which are always an object, can match `schema`."""
    kinds = schema.get("type") if isinstance(schema, dict) else None
    return isinstance(schema, dict) and (kinds in (None, "object") or (isinstance(kinds, list) and "object" in kinds))


def normal(schema: Json) -> Json:
    """`schema` as upstream takes it: an object with properties, and without `$schema`, which Anthropic refuses."""
    rest = {key: value for key, value in schema.items() if key != "$schema"}
    properties = rest.get("properties")
    return rest | {"type": "object", "properties": properties if isinstance(properties, dict) else {}}


# Keywords with which a schema cannot be promised, only hoped for. Sources: both makers' documentation of structured outputs.
_OPENAI_REFUSES = frozenset(
    {"default", "allOf", "oneOf", "not", "if", "patternProperties", "dependentRequired", "dependentSchemas"}
)
_ANTHROPIC_REFUSES = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
    }
)


def is_strict_for_openai(schema: Any) -> bool:
    """Whether OpenAI's models can be held to `schema`: every object closed, with all its properties required."""
    return all(
        not _OPENAI_REFUSES & part.keys() and (not _is_object(part) or (_is_closed(part) and _requires_all(part)))
        for part in _parts(schema)
    )


def is_strict_for_anthropic(schema: Any) -> bool:
    """Whether Anthropic's models can be held to `schema`: every object closed."""
    return all(not _ANTHROPIC_REFUSES & part.keys() and (not _is_object(part) or _is_closed(part)) for part in _parts(schema))


def strict_rule(model: Model) -> StrictRule:
    """Which schemas `model` can be held to in its tool calls."""
    if not model.is_claude:
        return is_strict_for_openai
    return is_strict_for_anthropic if model.structured else _is_never_strict


def _is_never_strict(_schema: Json) -> bool:
    return False


def _is_object(part: Json) -> bool:
    return part.get("type") == "object" or isinstance(part.get("properties"), dict)


def _is_closed(part: Json) -> bool:
    return part.get("additionalProperties") is False


def _requires_all(part: Json) -> bool:
    required = part.get("required")
    return all(isinstance(required, list) and name in required for name in obj(part.get("properties")))


def _parts(schema: Any) -> Iterator[Json]:
    """Every object in `schema`, be it a schema or not. Without recursion: a schema may be nested deeply."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            yield part
            waiting.extend(part.values())
