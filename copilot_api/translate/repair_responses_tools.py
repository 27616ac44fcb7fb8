"""Tools of a request to /responses as Copilot takes them. Source: copilot-upstream §4.2; what Codex sends: clients §4.2.

Tools stand in `tools`, in namespaces, and with newer clients in items of the input; each rule here holds for all of them.
"""

from collections.abc import Callable

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string
from copilot_api.errors import ClientMistake
from copilot_api.translate import free_text
from copilot_api.translate.free_text import BRINGS_TOOLS
from copilot_api.translate.repair import Target, each, without
from copilot_api.translate.tool_schemas import FREE_TEXT
from copilot_api.translate.tools import Tool

_HOSTED = ("image_generation", "web_search", "local_shell", "computer", "file_search", "code_interpreter", "mcp")
_SEARCHING = BRINGS_TOOLS | {"tool_search_call"}
_AS_FUNCTION = {"custom_tool_call": "function_call", "custom_tool_call_output": "function_call_output"}
_CHOICES = ("tool_choice", "parallel_tool_calls")


def hosted(body: Json, target: Target) -> Json:
    """Copilot runs no tools. A request that lives by one is told so; any other does without."""

    def is_hosted(kind: object) -> bool:
        kind = string(kind)
        return kind.startswith(_HOSTED) and not (target.web_search and kind.startswith("web_search"))

    after = _each_tool(body, lambda tool: None if is_hosted(tool.get("type")) else tool)
    choice = obj(body.get("tool_choice"))
    if is_hosted(choice.get("type")):
        raise _not_run(string(choice.get("type")))
    if choice.get("type") == "allowed_tools":
        chosen = each(choice, "tools", lambda tool: None if is_hosted(tool.get("type")) else tool)
        if chosen is not choice and not chosen["tools"]:
            raise _not_run(string(objs(choice["tools"])[0].get("type")))
        after = after if chosen is choice else after | {"tool_choice": chosen}
    if after is not body and after.get("tools") == [] and body.get("tool_choice") == "required":
        raise _not_run(string(objs(body["tools"])[0].get("type")))
    return after


def _not_run(kind: str) -> ClientMistake:
    return ClientMistake(
        f"tool_choice: {kind[:100]} runs on its provider's servers and is not available through Copilot",
        hint="offer a tool that the client runs itself",
        code="unsupported_value",
        param="tool_choice",
    )


def settled(body: Json, target: Target) -> Json:
    """Tools that the conversation brings along, offered from its start: only some models take them as items of the input."""
    if obj(obj(target.model.raw.get("capabilities")).get("supports")).get("tool_search"):
        return body
    items = [item for item in objs(body.get("input")) if string(item.get("type")) in BRINGS_TOOLS]
    after = each(body, "input", lambda item: None if string(item.get("type")) in _SEARCHING else item)
    brought = [tool for item in items for tool in objs(item.get("tools"))]
    if brought:
        after = after | {"tools": _newest([*objs(body.get("tools")), *brought])}
    return _each_tool(after, lambda tool: None if tool.get("type") == "tool_search" else without(tool, "defer_loading"))


def _newest(tools: list[Json]) -> list[Json]:
    """Each tool once, as it was last defined."""
    return list({(string(tool.get("type")), string(tool.get("name"))): tool for tool in tools}.values())


def wrapped(body: Json, target: Target) -> Json:
    """Tools that take free text as functions that take it wrapped; so are the calls of them in the conversation.

    Models that take tools as items of the input take them there as they are: such items are passed through (§4.4).
    """
    return body if free_text.is_taken(target.model) else _as_functions(body, each(body, "tools", _in_namespaces))


def all_wrapped(body: Json) -> Json:
    """The same for every tool, wherever it stands."""
    return _as_functions(body, _each_tool(body, _tool_as_function))


def _as_functions(body: Json, after: Json) -> Json:
    """`after`, which has functions where `body` has free-text tools, with the calls and the choice to match."""
    left = free_text.named(after)
    calls = [item for item in objs(body.get("input")) if item.get("type") == "custom_tool_call"]
    ids = {
        string(item.get("call_id")) for item in calls if (string(item.get("namespace")), string(item.get("name"))) not in left
    }
    after = each(after, "input", lambda item: _call_as_function(item) if string(item.get("call_id")) in ids else item)
    choice = obj(after.get("tool_choice"))
    chosen = each(_choice_as_function(choice, left), "tools", lambda tool: _choice_as_function(tool, left))
    return after if chosen is choice else after | {"tool_choice": chosen}


def _in_namespaces(tool: Json) -> Json:
    return each(_tool_as_function(tool), "tools", _tool_as_function)


def _tool_as_function(tool: Json) -> Json:
    if tool.get("type") != "custom":
        return tool
    form = obj(tool.get("format"))
    shape = {key: string(form.get(key)) for key in ("syntax", "definition")} if form.get("type") == "grammar" else None
    free = Tool(name=string(tool.get("name")), description=string(tool.get("description")), parameters=FREE_TEXT, format=shape)
    described = {"description": free.full_description} if free.full_description else {}
    kept = without(tool, "format", "description")
    return kept | {"type": "function"} | described | {"parameters": FREE_TEXT, "strict": False}


def _call_as_function(item: Json) -> Json:
    kind = string(item.get("type"))
    if kind not in _AS_FUNCTION:
        return item
    wrapped = {"arguments": free_text.wrapped(string(item.get("input")))} if kind == "custom_tool_call" else {}
    return without(item, "input") | {"type": _AS_FUNCTION[kind]} | wrapped


def _choice_as_function(choice: Json, left: frozenset[tuple[str, str]]) -> Json:
    is_left = string(choice.get("name")) in {name for _, name in left}
    return choice | {"type": "function"} if choice.get("type") == "custom" and not is_left else choice


def described(body: Json, _target: Target) -> Json:
    """Some deployments refuse a namespace with a blank description, or a tool with one inside it."""
    return _each_tool(body, _named)


def _named(tool: Json) -> Json:
    if tool.get("type") != "namespace":
        return tool
    after = each(tool, "tools", lambda inner: inner | {"description": _words(inner)} if _is_blank(inner) else inner)
    is_silent = not string(after.get("description")).strip()
    return after | {"description": f"Tools of {string(after.get('name'))}."} if is_silent else after


def _is_blank(tool: Json) -> bool:
    return "description" in tool and not string(tool["description"]).strip()


def _words(tool: Json) -> str:
    return f"The tool {string(tool.get('name'))}."


def empty(body: Json, _target: Target) -> Json:
    """Some backends refuse an empty list of tools, and all a namespace with none."""
    after = _each_tool(body, lambda tool: None if tool.get("type") == "namespace" and not tool.get("tools") else tool)
    if "tools" not in after or after["tools"]:
        return after
    brings = any(string(item.get("type")) in BRINGS_TOOLS and item.get("tools") for item in objs(after.get("input")))
    return without(after, "tools", *(() if brings else _CHOICES))


def _each_tool(body: Json, mend: Callable[[Json], Json | None]) -> Json:
    """`body` with `mend` done to every tool, wherever it stands. Itself if nothing changed."""

    def inside(tool: Json) -> Json | None:
        after = mend(tool)
        return after and each(after, "tools", mend)

    after = each(body, "tools", inside)
    return each(after, "input", lambda item: each(item, "tools", inside) if string(item.get("type")) in BRINGS_TOOLS else item)
