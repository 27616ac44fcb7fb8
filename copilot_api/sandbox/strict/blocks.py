"""What /v1/messages refuses in one content block: its kind, its fields, its values. Source: copilot-upstream.md §6.1."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import images, structure

ADVANCED_TOOLS = "advanced-tool-use-2025-11-20"
TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")

# Each kind of block: the fields it must have and their types, then those it may have.
_Fields = tuple[Mapping[str, type], frozenset[str]]
_FIELDS: Mapping[str, _Fields] = MappingProxyType(
    {
        "text": ({"text": str}, frozenset({"cache_control", "citations"})),
        "image": ({"source": dict}, frozenset({"cache_control"})),
        "document": ({"source": dict}, frozenset({"cache_control", "citations", "title", "context"})),
        "search_result": ({"source": str, "title": str, "content": list}, frozenset({"cache_control", "citations"})),
        "thinking": ({"thinking": str, "signature": str}, frozenset()),
        "redacted_thinking": ({"data": str}, frozenset()),
        "tool_use": ({"id": str, "name": str, "input": dict}, frozenset({"cache_control", "caller"})),
        "tool_result": ({"tool_use_id": str}, frozenset({"cache_control", "content", "is_error"})),
        "tool_reference": ({"tool_name": str}, frozenset()),
    }
)
_ALLOWED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "user": ("text", "image", "document", "search_result", "tool_result"),
        "assistant": ("text", "thinking", "redacted_thinking", "tool_use"),
        "system": ("text",),
        "tool_result": ("text", "image", "document", "search_result", "tool_reference"),
    }
)


def check(block: Json, role: str, where: str, model: Model, betas: frozenset[str]) -> None:
    """Raises Refusal unless this block may stand in a message of that role, or within a `tool_result`."""
    kind = block["type"]
    allowed = _ALLOWED[role]
    if kind not in allowed or (kind == "tool_reference" and ADVANCED_TOOLS not in betas):
        tags = ", ".join(f"'{tag}'" for tag in allowed)
        raise Refusal(f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {tags}")
    _check_fields(block, f"{where}.{kind}", inner=role == "tool_result")
    if rule := _RULES.get(kind):
        rule(block, f"{where}.{kind}", model)
    if kind == "tool_result":
        _check_result(block, f"{where}.tool_result", model, betas)


def _check_fields(block: Json, where: str, *, inner: bool) -> None:
    needed, optional = _FIELDS[block["type"]]
    for name, kind in needed.items():
        if name not in block:
            raise Refusal(f"{where}.{name}: Field required")
        if not isinstance(block[name], kind):
            raise Refusal(f"{where}.{name}: Input should be a valid {kind.__name__}")
    for name in block.keys() - needed.keys() - {"type"}:
        # Inside a tool result a cache marker is refused: it belongs on the result.
        if name not in optional or (inner and name == "cache_control"):
            raise Refusal(f"{where}.{name}: Extra inputs are not permitted")


def _check_text(block: Json, _where: str, _model: Model) -> None:
    if not block["text"].strip():
        raise Refusal("messages: text content blocks must contain non-whitespace text")


def _check_image(block: Json, where: str, model: Model) -> None:
    images.check_vision(model)
    source = block["source"]
    _check_source(source, f"{where}.source", ("base64",))
    images.check_data(source.get("media_type"), source.get("data"), model, f"{where}.source.base64")


def _check_document(block: Json, where: str, _model: Model) -> None:
    source = block["source"]
    _check_source(source, f"{where}.source", ("base64", "text", "content"))
    media_types = {"base64": "application/pdf", "text": "text/plain"}
    wanted = media_types.get(source["type"])
    if wanted and (source.get("media_type") != wanted or not isinstance(source.get("data"), str)):
        raise Refusal(f"{where}.source.{source['type']}.media_type: Input should be '{wanted}'")


def _check_source(source: Json, where: str, kinds: tuple[str, ...]) -> None:
    if source.get("type") not in kinds:
        tags = ", ".join(f"'{kind}'" for kind in kinds)
        raise Refusal(
            f"{where}: Input tag '{source.get('type')}' found using 'type' does not match any of the expected tags: {tags}"
        )


def _check_use(block: Json, where: str, _model: Model) -> None:
    if not TOOL_ID.fullmatch(block["id"]):
        raise Refusal(f"{where}.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,128}", block["name"]):
        raise Refusal(f"{where}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")


def _check_result(block: Json, where: str, model: Model, betas: frozenset[str]) -> None:
    if not TOOL_ID.fullmatch(block["tool_use_id"]):
        raise Refusal(f"{where}.tool_use_id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    content: Any = block.get("content")
    if content is None or isinstance(content, str):
        return
    structure.check({"messages": [{"role": "user", "content": content}]})
    for i, inner in enumerate(content):
        check(inner, "tool_result", f"{where}.content.{i}", model, betas)


_RULES: Mapping[str, Callable[[Json, str, Model], None]] = MappingProxyType(
    {"text": _check_text, "image": _check_image, "document": _check_document, "tool_use": _check_use}
)
