"""What /v1/messages refuses in tools and in the choice among them. Source: copilot-upstream.md §6.1."""

import re

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import schemas, structure

TOOL_LIMIT = 128
NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
BETA = "advanced-tool-use-2025-11-20"

# Tools that the client runs though their schema is Anthropic's; everything else with a type would run on a server.
_CLIENT_TYPES = re.compile(r"(?:bash|text_editor|memory)_\d+")
_SEARCH_TYPES = re.compile(r"tool_search_tool_(?:regex|bm25)_\d+")
_FIELDS = {"name", "description", "input_schema", "type", "cache_control", "strict"}
_BETA_FIELDS = {"defer_loading", "allowed_callers", "input_examples"}


def check(body: Json, model: Model, betas: frozenset[str]) -> None:
    """Raises Refusal for the first rule broken."""
    tools = structure.objects(body, "tools")
    if len(tools) > TOOL_LIMIT:
        raise Refusal(f"tools: List should have at most {TOOL_LIMIT} items after validation, not {len(tools)}")
    names: list[str] = []
    for i, tool in enumerate(tools):
        _check_tool(tool, f"tools.{i}", model, betas)
        if tool["name"] in names:
            raise Refusal("tools: Tool names must be unique.")
        names.append(tool["name"])
    _check_choice(body, names)


def _check_tool(tool: Json, where: str, model: Model, betas: frozenset[str]) -> None:
    name = tool.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Refusal(f"{where}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    kind = tool.get("type") or "custom"
    if kind != "custom":
        _check_type(str(kind), where, model, betas)
        return
    for field in tool.keys() - _FIELDS:
        if field not in _BETA_FIELDS or BETA not in betas:
            raise Refusal(f"{where}.custom.{field}: Extra inputs are not permitted")
    if tool.get("strict") is not None and not model.structured:
        raise Refusal(f"{where}.custom.strict: Extra inputs are not permitted")
    if "input_schema" not in tool:
        raise Refusal(f"{where}.custom.input_schema: Field required")
    schema = structure.an_object(tool, "input_schema", f"{where}.custom.input_schema")
    if "$schema" in schema:
        raise Refusal(f"{where}.custom.input_schema.$schema: Extra inputs are not permitted")
    if schema.get("type") != "object":
        raise Refusal(f"{where}.custom.input_schema.type: Input should be 'object'")
    schemas.check(schema, f"{where}.custom.input_schema")


def _check_type(kind: str, where: str, model: Model, betas: frozenset[str]) -> None:
    searches = _SEARCH_TYPES.fullmatch(kind) and BETA in betas and model.claude_version >= (4, 5) and "haiku" not in model.id
    if _CLIENT_TYPES.fullmatch(kind) or searches:
        return
    raise Refusal(
        f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags: "
        "'bash_20250124', 'custom', 'memory_20250818', 'text_editor_20250728'"
    )


def _check_choice(body: Json, names: list[str]) -> None:
    choice = structure.an_object(body, "tool_choice")
    if not choice:
        return
    kind = choice.get("type")
    if kind not in ("auto", "any", "tool", "none"):
        raise Refusal("tool_choice: Input tag should be 'auto', 'any', 'tool' or 'none'")
    if not names:
        raise Refusal("tool_choice: tool_choice may only be specified while providing tools")
    if kind == "tool" and choice.get("name") not in names:
        raise Refusal(f"Tool '{choice.get('name')}' not found in provided tools")
