"""Repairs of the conversation in a request to /chat/completions: calls, their results, and what both hold.

Rules: translation.md §1.5, §2.2 and §5; copilot-upstream §3.1. Every message stays where and as it is, but for the fault.
"""

from collections.abc import Callable
from typing import Any

from copilot_api.dialects.arguments import parse
from copilot_api.dialects.codec import Json, dumps_text, loads_text
from copilot_api.dialects.read import obj, objs, string
from copilot_api.translate import notes
from copilot_api.translate.call_ids import CallIds
from copilot_api.translate.repair import Target, each, each_message, without
from copilot_api.translate.tool_names import LONGEST_CHAT_ID, LONGEST_MESSAGES_ID, legal_id
from copilot_api.translate.tools import for_chat, stubs

OPENAI = frozenset({"OpenAI", "Azure OpenAI"})


def ids_cleaned(body: Json, target: Target) -> Json:
    """Claude's backends take no odd characters in a call's id, OpenAI's no long ids, and nobody the same id twice."""
    return _with_ids(body, lambda call, ids: ids.open(call["id"], lambda id_: _legal(id_, target)))


def kimi_ids(body: Json, target: Target) -> Json:
    """Kimi knows calls as `functions.NAME:NUMBER`, Kimi K3 as `NAME:NUMBER`, numbered through the conversation."""
    if target.model.vendor != "Moonshot AI":
        return body
    head = "" if "k3" in target.model.id else "functions."
    return _with_ids(body, lambda call, ids: ids.open(call["id"], lambda _: f"{head}{_name(call)}:{ids.count}"))


def results_paired(body: Json, _target: Target) -> Json:
    """Results stand directly behind the message with their calls; every call has one, and nothing else is one."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    paired: list[Any] = []
    at = 0
    while at < len(messages):
        paired.append(_unpaired(messages[at]))
        ids = _ids(messages[at])
        at += 1
        if not ids:
            continue
        end = next((n for n in range(at, len(messages)) if obj(messages[n]).get("role") == "assistant"), len(messages))
        paired += _answered(ids, messages[at:end])
        at = end
    return body if _same(paired, messages) else body | {"messages": paired}


def arguments_mended(body: Json, _target: Target) -> Json:
    """What a model wrote into a call is sent back to backends that parse it: what no mending makes an object is `{}`."""
    return each_message(body, lambda message: each(message, "tool_calls", _with_arguments))


def content_stated(body: Json, _target: Target) -> Json:
    """Only an assistant that calls tools may say nothing, and no list of calls may be empty."""
    return each_message(body, _with_content)


def tool_pictures_moved(body: Json, _target: Target) -> Json:
    """A tool's message holds text only: its pictures follow as the user's, after all results of that turn."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    moved: list[Any] = []
    waiting: list[Json] = []
    for message in messages:
        is_tool = obj(message).get("role") == "tool"
        if waiting and not is_tool:
            moved.append({"role": "user", "content": waiting})
            waiting = []
        pictures = [part for part in objs(message.get("content")) if _is_picture(part)] if is_tool else []
        waiting += (
            [{"type": "text", "text": notes.attached(string(message.get("tool_call_id")))}, *pictures] if pictures else []
        )
        moved.append(_without_pictures(message) if pictures else message)
    moved += [{"role": "user", "content": waiting}] if waiting else []
    return body if _same(moved, messages) else body | {"messages": moved}


def stubs_added(body: Json, target: Target) -> Json:
    """Claude's backends refuse a conversation with calls of tools that nobody defined; none of these may be called again."""
    used = [_name(call) for message in objs(body.get("messages")) for call in objs(message.get("tool_calls"))]
    if not target.model.is_claude or body.get("tools") or not used:
        return body
    return body | {"tools": [for_chat(tool) for tool in stubs(used)], "tool_choice": "none"}


def thinking_off(body: Json, target: Target) -> Json:
    """Claude may not be made to call a tool while it thinks."""
    choice = body.get("tool_choice")
    if not target.model.is_claude or not (choice == "required" or isinstance(choice, dict)):
        return body
    return without(body, "thinking_budget", "reasoning_effort")


def _with_ids(body: Json, name: Callable[[Json, CallIds], str]) -> Json:
    ids = CallIds()

    def call(one: Json) -> Json:
        if not isinstance(one.get("id"), str):
            return one
        sent = name(one, ids)
        return one if sent == one["id"] else one | {"id": sent}

    def mend(message: Json) -> Json:
        if message.get("role") == "tool" and isinstance(message.get("tool_call_id"), str):
            sent = ids.answer(message["tool_call_id"])
            return message if sent == message["tool_call_id"] else message | {"tool_call_id": sent}
        if message.get("tool_calls"):
            ids.turn()
        return each(message, "tool_calls", call)

    return each_message(body, mend)


def _legal(id_: str, target: Target) -> str:
    if target.model.is_claude:
        return legal_id(id_, longest=LONGEST_MESSAGES_ID)
    is_long = len(id_) > LONGEST_CHAT_ID and target.model.vendor in OPENAI
    return legal_id(id_, longest=LONGEST_CHAT_ID) if is_long else id_


def _name(call: Json) -> str:
    return string(obj(call.get("function")).get("name"))


def _ids(message: Any) -> list[str]:
    """The ids of the calls in a message of the assistant's."""
    calls = objs(obj(message).get("tool_calls")) if obj(message).get("role") == "assistant" else []
    return [call["id"] for call in calls if isinstance(call.get("id"), str)]


def _answered(ids: list[str], following: list[Any]) -> list[Any]:
    """What comes between calls and the assistant's next words: the results first, a word for each that is missing."""
    open_ids = list(ids)
    results: list[Any] = []
    rest: list[Any] = []
    for message in following:
        id_ = obj(message).get("tool_call_id") if obj(message).get("role") == "tool" else None
        if id_ in open_ids:
            open_ids.remove(id_)
            results.append(message)
        else:
            rest.append(_unpaired(message))
    return [*results, *({"role": "tool", "tool_call_id": id_, "content": notes.NO_RESULT} for id_ in open_ids), *rest]


def _unpaired(message: Any) -> Any:
    """The result of a call that is not there, as the user's words; anything else as it is."""
    if obj(message).get("role") != "tool":
        return message
    content = message.get("content")
    text = content if isinstance(content, str) else "\n\n".join(filter(None, (string(p.get("text")) for p in objs(content))))
    note = notes.orphan(string(message.get("tool_call_id")), text)
    pictures = [part for part in objs(content) if _is_picture(part)]
    return {"role": "user", "content": [{"type": "text", "text": note}, *pictures] if pictures else note}


def _with_arguments(call: Json) -> Json:
    function = call.get("function")
    if not isinstance(function, dict):
        return call
    given = function.get("arguments")
    text = _arguments(given)
    return call if text == given else call | {"function": function | {"arguments": text}}


def _arguments(given: Any) -> str:
    """Arguments as JSON text of an object: the client's own text where it is one, for its numbers must stay as they are."""
    if not isinstance(given, str):
        return dumps_text(obj(given))
    try:
        if isinstance(loads_text(given), dict):
            return given
    except (ValueError, RecursionError):
        pass
    return dumps_text(parse(given) or {})


def _with_content(message: Json) -> Json | None:
    if "tool_calls" in message and not message["tool_calls"]:
        message = without(message, "tool_calls")
    if message.get("content") is not None or "tool_calls" in message or "function_call" in message:
        return message
    if refusal := string(message.get("refusal")):
        return without(message, "refusal") | {"content": refusal}
    return message | {"content": ""} if string(message.get("role")) in {"tool", "function"} else None


def _is_picture(part: Json) -> bool:
    return part.get("type") == "image_url"


def _without_pictures(message: Json) -> Json:
    rest = [part for part in objs(message["content"]) if not _is_picture(part)]
    return message | {"content": rest or notes.IMAGE_BELOW}


def _same(after: list[Any], before: list[Any]) -> bool:
    return len(after) == len(before) and all(new is old for new, old in zip(after, before, strict=True))
