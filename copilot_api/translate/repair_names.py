"""Tool names on their way through: what upstream does not take goes up under another name, and comes back under its own.

Rules: translation.md §1.6. Chat takes `[a-zA-Z0-9_-]{1,64}` (copilot-upstream §3.1), Messages 128 (Anthropic's reference).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string
from copilot_api.translate.repair import Endpoint, Target, each, each_message
from copilot_api.translate.tool_names import LONGEST_MESSAGES_NAME, Names

NO_NAMES: Mapping[str, str] = MappingProxyType({})
"""Where every name was sent as it was."""

_Rename = Callable[[str], str]


def chat_names(body: Json, _target: Target) -> Json:
    """Every name in a request to /chat/completions as it is taken there."""
    return _chat(body, Names(_defined_in_chat(body)).sent)


def messages_names(body: Json, _target: Target) -> Json:
    """Every name in a request to /v1/messages as it is taken there."""
    return _messages(body, Names(_defined_in_messages(body), longest=LONGEST_MESSAGES_NAME).sent)


def renamed(body: Json, endpoint: Endpoint) -> dict[str, str]:
    """From the names under which `body`, before its repair, was sent to `endpoint`, to the client's own, where they differ."""
    if endpoint == "/chat/completions":
        names = Names(_defined_in_chat(body))
        _chat(body, names.sent)
    elif endpoint == "/v1/messages":
        names = Names(_defined_in_messages(body), longest=LONGEST_MESSAGES_NAME)
        _messages(body, names.sent)
    else:
        return {}
    return names.changed


def _defined_in_chat(body: Json) -> list[str]:
    return [string(obj(tool.get("function")).get("name")) for tool in objs(body.get("tools"))]


def _defined_in_messages(body: Json) -> list[str]:
    return [string(tool.get("name")) for tool in objs(body.get("tools"))]


def _chat(body: Json, sent: _Rename) -> Json:
    """Definitions before calls: a name that two would like to have is its definition's."""

    def holder(one: Json) -> Json:
        return _inside(one, "function", lambda function: _renamed(function, "name", sent))

    body = each(body, "tools", holder)
    body = each_message(body, lambda message: each(message, "tool_calls", holder))
    choice = body.get("tool_choice")
    if not isinstance(choice, dict):
        return body
    chosen = _inside(holder(choice), "allowed_tools", lambda allowed: each(allowed, "tools", holder))
    return body if chosen is choice else body | {"tool_choice": chosen}


def _messages(body: Json, sent: _Rename) -> Json:
    def block(one: Json) -> Json:
        match one.get("type"):
            case "tool_use":
                return _renamed(one, "name", sent)
            case "tool_reference":
                return _renamed(one, "tool_name", sent)
            case "tool_result":
                return each(one, "content", block)
            case _:
                return one

    body = each(body, "tools", lambda tool: _renamed(tool, "name", sent))
    body = each_message(body, lambda message: each(message, "content", block))
    return _inside(body, "tool_choice", lambda choice: _renamed(choice, "name", sent))


def _inside(holder: Json, key: str, mend: Callable[[Json], Json]) -> Json:
    inner = holder.get(key)
    if not isinstance(inner, dict) or (after := mend(inner)) is inner:
        return holder
    return holder | {key: after}


def _renamed(holder: Json, key: str, sent: _Rename) -> Json:
    name = string(holder.get(key))
    return holder if not name or (after := sent(name)) == name else holder | {key: after}
