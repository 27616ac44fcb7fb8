"""What /responses refuses in one item of the input: its type, its fields, its parts. Source: copilot-upstream.md §4.1, §4.2."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import traits
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import images, responses_tools, structure
from copilot_api.sandbox.strict.responses_values import one_of, optional_text, refuse_unknown, required, short_text

CALL_ID_LIMIT = 64
ROLES = ("assistant", "system", "developer", "user")

# Each type: the fields it must have and their types, then those it may have. `id` and `type` go without saying.
_Fields = tuple[Mapping[str, type], frozenset[str]]
_CALL = frozenset({"status", "namespace"})
_OUTPUT = frozenset({"status", "output"})
_FIELDS: Mapping[str, _Fields] = MappingProxyType(
    {
        "message": ({"role": str}, frozenset({"content", "status", "phase"})),
        "function_call": ({"call_id": str, "name": str, "arguments": str}, _CALL),
        "function_call_output": ({"call_id": str}, _OUTPUT),
        "custom_tool_call": ({"call_id": str, "name": str, "input": str}, _CALL),
        "custom_tool_call_output": ({"call_id": str}, _OUTPUT),
        "reasoning": ({"summary": list}, frozenset({"content", "encrypted_content", "status"})),
        "compaction": ({"encrypted_content": str}, frozenset()),
        "compaction_trigger": ({}, frozenset()),
        "item_reference": ({"id": str}, frozenset()),
    }
)
_SEARCHING: Mapping[str, _Fields] = MappingProxyType(
    {
        "additional_tools": ({"role": str, "tools": list}, frozenset()),
        "tool_search_call": ({"arguments": dict}, frozenset({"call_id", "execution", "status"})),
        "tool_search_output": ({"tools": list}, frozenset({"call_id", "execution", "status"})),
    }
)
_WEB: Mapping[str, _Fields] = MappingProxyType({"web_search_call": ({}, frozenset({"status", "action"}))})

_PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "user": ("input_text", "input_image", "input_file"),
        "system": ("input_text",),
        "developer": ("input_text",),
        "assistant": ("output_text", "refusal"),
        "function_call_output": ("input_text", "input_image", "input_file"),
        "custom_tool_call_output": ("input_text", "input_image", "input_file"),
    }
)
_PART_FIELDS: Mapping[str, _Fields] = MappingProxyType(
    {
        "input_text": ({"text": str}, frozenset()),
        "output_text": ({"text": str}, frozenset({"annotations", "logprobs"})),
        "refusal": ({"refusal": str}, frozenset()),
        "input_image": ({}, frozenset({"image_url", "file_id", "detail"})),
        "input_file": ({}, frozenset({"file_data", "filename", "file_id", "file_url"})),
    }
)


def check(given: str | list[Json], model: Model, *, sees: bool, web_search: bool) -> list[Json]:
    """The items. Raises Refusal for the first that is not one. `sees`: the request carries Copilot-Vision-Request."""
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    known = dict(_FIELDS) | (dict(_SEARCHING) if traits.searches_tools(model) else {}) | (dict(_WEB) if web_search else {})
    for i, item in enumerate(items):
        path = f"input[{i}]"
        kind = kind_of(item)
        if kind not in known:
            listed = ", ".join(f"'{name}'" for name in sorted(known))
            raise Refusal(f"Invalid value: '{kind}'. Supported values are: {listed}.")
        _check_fields(item, known[kind], path, {"id", "type"})
        _check_values(item, kind, path, model, sees=sees)
    return items


def kind_of(item: Json) -> str:
    """The type of an item, which a message may leave out."""
    kind = item.get("type")
    return "message" if kind is None and "role" in item else str(kind)


def _check_fields(owner: Json, fields: _Fields, path: str, more: set[str]) -> None:
    needed, optional = fields
    for name, kind in needed.items():
        required(owner, name, f"{path}.{name}", kind)
    refuse_unknown(owner, needed.keys() | optional | more, f"{path}.")


def _check_values(item: Json, kind: str, path: str, model: Model, *, sees: bool) -> None:
    optional_text(item, "id", f"{path}.id")
    one_of(item, "status", f"{path}.status", ("in_progress", "completed", "incomplete"))
    if "call_id" in item:
        short_text(item, "call_id", f"{path}.call_id", CALL_ID_LIMIT)
    if kind in {"function_call", "custom_tool_call"}:
        responses_tools.check_name(item, path)
        if optional_text(item, "namespace", f"{path}.namespace"):
            responses_tools.check_name(item, path, "namespace")
    elif kind == "message":
        _check_message(item, path, model, sees=sees)
    elif kind in _PARTS:
        _check_content(item.get("output"), f"{path}.output", _PARTS[kind], model, sees=sees)
    elif kind == "reasoning":
        optional_text(item, "encrypted_content", f"{path}.encrypted_content")
        for j, part in enumerate(item["summary"]):
            _check_part(part, f"{path}.summary[{j}]", {"summary_text": ({"text": str}, frozenset())})
    elif kind in {"additional_tools", "tool_search_output"}:
        responses_tools.check_list(structure.objects(item, "tools"), f"{path}.tools", model, takes_custom=True)


def _check_message(item: Json, path: str, model: Model, *, sees: bool) -> None:
    role = item["role"]
    one_of(item, "role", f"{path}.role", ROLES)
    if item.get("phase") is not None and role != "assistant":
        raise Refusal(f"Unknown parameter: '{path}.phase'.")
    one_of(item, "phase", f"{path}.phase", ("commentary", "final_answer"))
    _check_content(item.get("content"), f"{path}.content", _PARTS[role], model, sees=sees)


def _check_content(content: Any, path: str, allowed: tuple[str, ...], model: Model, *, sees: bool) -> None:
    if content is None:
        raise Refusal(f"Missing required parameter: '{path}'.")
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise Refusal(f"Invalid type for '{path}': expected one of an array of objects or string, but got an object instead.")
    for j, part in enumerate(content):
        where = f"{path}[{j}]"
        kind = _check_part(part, where, {name: _PART_FIELDS[name] for name in allowed})
        if kind == "input_image":
            _check_image(part, model, where, sees=sees)
        elif kind == "input_file":
            _check_file(part, where)


def _check_part(part: Any, path: str, known: Mapping[str, _Fields]) -> str:
    if not isinstance(part, dict):
        raise Refusal(f"Invalid type for '{path}': expected an object, but got a {type(part).__name__} instead.")
    kind = part.get("type")
    if not isinstance(kind, str) or kind not in known:
        listed = " and ".join(f"'{name}'" for name in known)
        raise Refusal(f"Invalid value: '{kind}'. Supported values are: {listed}.", param=path)
    _check_fields(part, known[kind], path, {"type"})
    return kind


def _check_image(part: Json, model: Model, path: str, *, sees: bool) -> None:
    images.check_vision(model)
    if not sees:
        raise Refusal("missing required Copilot-Vision-Request header for vision requests", shape="plain")
    one_of(part, "detail", f"{path}.detail", ("low", "high", "original", "auto"))
    images.check_url(part.get("image_url"), model, path)


def _check_file(part: Json, path: str) -> None:
    """Nothing is stored and nothing is fetched: a file comes with the request."""
    data = part.get("file_data")
    if not isinstance(data, str) or not data.startswith("data:application/pdf;base64,"):
        raise Refusal(f"Invalid '{path}.file_data': expected a base64-encoded data URL of type application/pdf.")
    required(part, "filename", f"{path}.filename", str)
