"""Which tools the model must, may or may not call. Rules: translation.md §1.7."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from copilot_api.dialects.codec import Json
from copilot_api.errors import ClientMistake
from copilot_api.translate.fields import Fields
from copilot_api.translate.tools import Tool, Toolbox

Mode = Literal["auto", "any", "none", "tool"]

_FROM_MESSAGES: dict[str, Mode] = {"auto": "auto", "any": "any", "none": "none", "tool": "tool"}
_FROM_CHAT: dict[str, Mode] = {"auto": "auto", "required": "any", "none": "none"}
_NAMED = frozenset({"function", "custom"})
_FOR_CHAT: dict[Mode, str] = {"auto": "auto", "any": "required", "none": "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`mode` is None where nothing was said; `tool` is meant by mode "tool"; `only` are the tools left to choose from."""

    mode: Mode | None = None
    tool: Tool | None = None
    one_at_a_time: bool = False
    only: tuple[Tool, ...] = ()

    @property
    def is_forced(self) -> bool:
        """Whether the model has to call a tool."""
        return self.mode in {"any", "tool"} and bool(self.only)


def read_messages(fields: Fields, toolbox: Toolbox) -> Choice:
    """Takes `tool_choice` of an Anthropic request. Raises ClientMistake for a choice that cannot be met."""
    choice = fields.object("tool_choice")
    kind = choice.text("type")
    if kind and kind not in _FROM_MESSAGES:
        raise choice.mistake("type", f"{kind[:40]!r} is not a way to choose tools")
    mode = _FROM_MESSAGES.get(kind)
    one_at_a_time = choice.flag("disable_parallel_tool_use") or False
    name = choice.required_text("name") if mode == "tool" else ""
    return _choose(toolbox, mode, name=name, one_at_a_time=one_at_a_time)


def read_chat(fields: Fields, toolbox: Toolbox) -> Choice:
    """Takes `tool_choice`, the legacy `function_call` and `parallel_tool_calls` of a Chat request. Raises ClientMistake."""
    key = "tool_choice" if "tool_choice" in fields else "function_call"
    one_at_a_time = fields.flag("parallel_tool_calls") is False
    if (said := _in_a_word(fields, key, toolbox, one_at_a_time=one_at_a_time)) is not None:
        return said
    choice = fields.object(key)
    if key == "function_call":
        return _choose(toolbox, "tool", name=choice.required_text("name"), one_at_a_time=one_at_a_time)
    kind = choice.required_text("type")
    if kind == "allowed_tools":
        return _choose_among(choice.object(kind), toolbox, _named_inside, one_at_a_time=one_at_a_time)
    return _choose(toolbox, "tool", name=_named_inside(choice, kind)[0], one_at_a_time=one_at_a_time)


def read_responses(fields: Fields, toolbox: Toolbox) -> Choice:
    """Takes `tool_choice` and `parallel_tool_calls` of a Responses request. Raises ClientMistake."""
    one_at_a_time = fields.flag("parallel_tool_calls") is False
    if (said := _in_a_word(fields, "tool_choice", toolbox, one_at_a_time=one_at_a_time)) is not None:
        return said
    choice = fields.object("tool_choice")
    kind = choice.required_text("type")
    if kind == "allowed_tools":
        return _choose_among(choice, toolbox, _named_beside, one_at_a_time=one_at_a_time)
    name, namespace = _named_beside(choice, kind)
    return _choose(toolbox, "tool", name=name, namespace=namespace, one_at_a_time=one_at_a_time)


def for_chat(choice: Choice) -> Json:
    """The fields of a Chat request that say so. Without tools there is nothing to say."""
    if not choice.only:
        return {}
    said: Json = {}
    if choice.tool:
        said["tool_choice"] = {"type": "function", "function": {"name": choice.tool.name}}
    elif choice.mode:
        said["tool_choice"] = _FOR_CHAT[choice.mode]
    return said | ({"parallel_tool_calls": False} if choice.one_at_a_time else {})


def for_responses(choice: Choice) -> Json:
    """The fields of a Responses request that say so. Without tools there is nothing to say."""
    said = for_chat(choice)
    if choice.only and choice.tool:
        kind = "function" if choice.tool.format is None else "custom"
        said["tool_choice"] = {"type": kind, "name": choice.tool.name}
    return said


def for_messages(choice: Choice) -> Json:
    """The fields of a Messages request that say so. Without tools there is nothing to say."""
    if not choice.only:
        return {}
    one = choice.one_at_a_time and choice.mode != "none"
    if not choice.mode and not one:
        return {}
    named = {"name": choice.tool.name} if choice.tool else {}
    parallel = {"disable_parallel_tool_use": True} if one else {}
    return {"tool_choice": {"type": choice.mode or "auto"} | named | parallel}


def _choose(toolbox: Toolbox, mode: Mode | None, *, name: str = "", namespace: str = "", one_at_a_time: bool) -> Choice:
    tool = toolbox.find(name, namespace) if name else None
    if (name in toolbox.hosted and tool is None) or (mode == "any" and toolbox.hosted and not toolbox.tools):
        raise _not_offered(name or ", ".join(sorted(toolbox.hosted)))
    if mode == "tool" and tool is None:
        raise ClientMistake(f"tool_choice: there is no tool {name[:64]!r} in tools", param="tool_choice")
    return Choice(mode=mode, tool=tool, one_at_a_time=one_at_a_time, only=toolbox.tools)


def _in_a_word(fields: Fields, key: str, toolbox: Toolbox, *, one_at_a_time: bool) -> Choice | None:
    """The choice at `key` of an OpenAI request where it is a word or missing; None where it is an object."""
    if key not in fields:
        return _choose(toolbox, None, one_at_a_time=one_at_a_time)
    if not isinstance(word := fields.peek(key), str):
        return None
    if word not in _FROM_CHAT:
        raise fields.mistake(key, f"{word[:40]!r} is not a way to choose tools")
    return _choose(toolbox, _FROM_CHAT[fields.text(key)], one_at_a_time=one_at_a_time)


def _choose_among(
    allowed: Fields, toolbox: Toolbox, named: Callable[[Fields, str], tuple[str, str]], *, one_at_a_time: bool
) -> Choice:
    """`allowed_tools` narrows the list, which elsewhere can only be done by leaving the others out."""
    names = [named(entry, entry.text("type") or "function") for entry in allowed.objects("tools")]
    wanted = [toolbox.names.known(*name) for name in names]
    only = tuple(tool for tool in toolbox.tools if tool.name in wanted)
    if not only:
        raise ClientMistake("tool_choice: none of the allowed tools is in tools", param="tool_choice")
    mode: Mode = "any" if allowed.text("mode") == "required" else "auto"
    return Choice(mode=mode, one_at_a_time=one_at_a_time, only=only)


def _named_inside(entry: Fields, kind: str) -> tuple[str, str]:
    """The name in `{"type": "function", "function": {"name": ...}}`; a tool of any other type is called by that type."""
    return entry.object(kind).required_text("name") if kind in _NAMED else kind, ""


def _named_beside(entry: Fields, kind: str) -> tuple[str, str]:
    """Name and namespace in `{"type": "function", "name": ..., "namespace": ...}`."""
    return (entry.required_text("name"), entry.text("namespace")) if kind in _NAMED else (kind, "")


def _not_offered(names: str) -> ClientMistake:
    return ClientMistake(
        f"tool_choice: {names[:100]} runs on its provider's servers and is not available through Copilot",
        hint="offer a tool that the client runs itself",
        code="unsupported_value",
        param="tool_choice",
    )
