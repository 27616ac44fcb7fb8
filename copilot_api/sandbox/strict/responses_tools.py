"""What /responses refuses in tools and in the choice among them. Source: copilot-upstream.md §4.2."""

import re
from collections.abc import Iterator
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.sandbox import traits
from copilot_api.sandbox.replies import Refusal
from copilot_api.sandbox.strict import schemas, structure
from copilot_api.sandbox.strict.responses_values import flag, one_of, optional_text, refuse_unknown, required, short_text

TOOL_LIMIT = 128
NAME_LIMIT = 64
NAME = re.compile(r"[a-zA-Z0-9_-]+")

_FIELDS = {
    "function": {"type", "name", "description", "parameters", "strict"},
    "custom": {"type", "name", "description", "format"},
    "namespace": {"type", "name", "description", "tools"},
    "tool_search": {"type", "execution", "description", "parameters"},
}


def check(body: Json, model: Model, *, web_search: bool) -> None:
    """Raises Refusal for the first rule broken."""
    tools = structure.objects(body, "tools")
    if len(tools) > TOOL_LIMIT:
        raise Refusal(
            f"Invalid 'tools': array too long. Expected an array with maximum length {TOOL_LIMIT}, "
            f"but got an array with length {len(tools)} instead.",
            code="array_above_max_length",
            param="tools",
        )
    # Only Codex's own models take tools in a language of their own, unless as items of the conversation.
    check_list(tools, "tools", model, takes_custom="codex" in model.id, web_search=web_search)


def check_list(tools: list[Json], where: str, model: Model, *, takes_custom: bool, web_search: bool = False) -> None:
    """Raises Refusal unless each of these tools may be offered."""
    for i, tool in enumerate(tools):
        path = f"{where}[{i}]"
        kind = required(tool, "type", f"{path}.type", str)
        if kind == "namespace":
            _check_namespace(tool, path, model, takes_custom=takes_custom)
        elif kind == "tool_search" and traits.searches_tools(model):
            refuse_unknown(tool, _FIELDS[kind], f"{path}.")
            one_of(tool, "execution", f"{path}.execution", ("client", "server"))
        elif kind == "function" or (kind == "custom" and takes_custom):
            _check_tool(tool, path, model)
        elif not (web_search and kind.startswith("web_search")):
            raise not_available(kind)


def not_available(kind: str) -> Refusal:
    """The refusal of a tool that Copilot does not run, in the words it was seen to use."""
    return Refusal(f"The requested tool {kind} is not supported.", code="unsupported_value", param="tools")


def check_name(owner: Json, path: str, key: str = "name") -> None:
    """Raises Refusal unless what stands at `key` is what a tool may be called."""
    name = short_text(owner, key, f"{path}.{key}", NAME_LIMIT)
    if not NAME.fullmatch(name):
        raise Refusal(
            f"Invalid '{path}.{key}': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        )


def _check_tool(tool: Json, path: str, model: Model) -> None:
    # A tool is put off only where it can be searched for.
    later = {"defer_loading"} if traits.searches_tools(model) else set()
    refuse_unknown(tool, _FIELDS[tool["type"]] | later, f"{path}.")
    check_name(tool, path)
    optional_text(tool, "description", f"{path}.description")
    if tool["type"] == "custom":
        _check_format(tool, path)
    else:
        _check_parameters(tool, path)


def _check_format(tool: Json, path: str) -> None:
    wanted = structure.an_object(tool, "format", f"{path}.format")
    one_of(wanted, "type", f"{path}.format.type", ("text", "grammar"))
    if wanted.get("type") == "grammar":
        one_of(wanted, "syntax", f"{path}.format.syntax", ("lark", "regex"))
        required(wanted, "definition", f"{path}.format.definition", str)


def _check_parameters(tool: Json, path: str) -> None:
    parameters = tool.get("parameters")
    strict = flag(tool, "strict", f"{path}.strict")
    if parameters is None:
        return
    kind = parameters.get("type") if isinstance(parameters, dict) else None
    if kind != "object":
        raise Refusal(
            f"Invalid schema for function '{tool['name']}': "
            f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{kind}\"'.",
            code="invalid_function_parameters",
            param=f"{path}.parameters",
        )
    schemas.check(parameters, f"{path}.parameters")
    if strict:
        schemas.check_strict(parameters, f"function '{tool['name']}'")


def _check_namespace(tool: Json, path: str, model: Model, *, takes_custom: bool) -> None:
    refuse_unknown(tool, _FIELDS["namespace"], f"{path}.")
    check_name(tool, path)
    _check_description(tool, path, must_be=True)
    inner = structure.objects(tool, "tools")
    if not inner:
        raise Refusal(f"Missing required parameter: '{path}.tools'.")
    for i, one in enumerate(inner):
        kind = required(one, "type", f"{path}.tools[{i}].type", str)
        if kind not in {"function", "custom"}:
            raise Refusal(f"Invalid value: '{kind}'. Supported values are: 'function', 'custom'.")
        _check_description(one, f"{path}.tools[{i}]", must_be=False)
    check_list(inner, f"{path}.tools", model, takes_custom=takes_custom)


def _check_description(tool: Json, path: str, *, must_be: bool) -> None:
    """A blank one is refused in a namespace and on it."""
    description = optional_text(tool, "description", f"{path}.description")
    if description is None and not must_be:
        return
    if not (description or "").strip():
        raise Refusal(
            f"Invalid '{path}.description': string too short. Expected a string with minimum length 1, "
            "but got an empty string instead."
        )


def check_choice(choice: Any, tools: list[Json], *, web_search: bool) -> None:
    """Raises Refusal unless this is a choice among these tools, which were checked."""
    if choice in (None, "none", "auto"):
        return
    if choice == "required":
        if not tools:
            raise Refusal("Tool choice 'required' must be specified with 'tools' parameter.")
        return
    if not isinstance(choice, dict):
        raise Refusal(f"Invalid value: '{choice}'. Supported values are: 'none', 'auto', and 'required'.")
    kind = required(choice, "type", "tool_choice.type", str)
    if kind == "allowed_tools":
        one_of(choice, "mode", "tool_choice.mode", ("auto", "required"))
        for one in structure.objects(choice, "tools"):
            check_choice(one, tools, web_search=web_search)
    elif kind in {"function", "custom"}:
        if (kind, choice.get("name")) not in list(_named(tools)):
            raise Refusal(f"Tool choice '{choice.get('name')}' not found in 'tools' parameter.")
    elif not (web_search and kind.startswith("web_search")):
        raise not_available(kind)


def _named(tools: list[Json]) -> Iterator[tuple[str, str]]:
    for tool in tools:
        yield from _named(structure.objects(tool, "tools"))
        yield str(tool.get("type")), str(tool.get("name"))
