"""Calls in the input of a request to /responses, and their outputs. Sources: copilot-upstream §4.2, translation §1.5."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, TypeAlias

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string
from copilot_api.translate import notes
from copilot_api.translate.repair import Target

_OUTPUTS = {
    "function_call": "function_call_output",
    "custom_tool_call": "custom_tool_call_output",
    "tool_search_call": "tool_search_output",
}
_CALLS = {output: call for call, output in _OUTPUTS.items()}

_Call: TypeAlias = tuple[str, str]  # its type and its id


def paired(body: Json, _target: Target) -> Json:
    """Every call has an output behind it, and every output a call of its kind before it."""
    items = body.get("input")
    if not isinstance(items, list):
        return body
    settled = list(_settled(items))
    answered = {_key(_CALLS[item["type"]], item) for item in settled if string(obj(item).get("type")) in _CALLS}
    after = list(_answered(settled, answered))
    is_same = len(after) == len(items) and all(new is old for new, old in zip(after, items, strict=True))
    return body if is_same else body | {"input": after}


def _settled(items: list[Any]) -> Iterator[Any]:
    """The items, with each output as its call's kind has it, or else as something that needs no call."""
    called: dict[str, list[str]] = defaultdict(list)
    for item in items:
        kind, id_ = string(obj(item).get("type")), string(obj(item).get("call_id"))
        if kind in _OUTPUTS:
            called[id_].append(kind)
        if kind not in _CALLS or item.get("call_id") is None or _CALLS[kind] in called[id_]:
            yield item
        elif called[id_] and "output" in item:
            yield item | {"type": _OUTPUTS[called[id_][-1]]}
        else:
            yield _orphan(item, id_)


def _answered(items: list[Any], answered: set[_Call]) -> Iterator[Any]:
    """The items, with an output behind the calls that have none."""
    waiting: dict[_Call, Json] = {}
    for item in items:
        kind = string(obj(item).get("type"))
        if kind not in {*_OUTPUTS, "reasoning"}:
            yield from waiting.values()
            waiting = {}
        yield item
        key = _key(kind, obj(item))
        if kind in _OUTPUTS and item.get("call_id") is not None and key not in answered:
            waiting[key] = _no_output(item)
            answered = answered | {key}
    yield from waiting.values()


def _key(kind: str, item: Json) -> _Call:
    return kind, string(item.get("call_id"))


def _no_output(call: Json) -> Json:
    said: Json = {"tools": []} if call["type"] == "tool_search_call" else {"output": notes.NO_RESULT}
    return {"type": _OUTPUTS[call["type"]], "call_id": call["call_id"]} | said


def _orphan(item: Json, id_: str) -> Json:
    """What an output without a call holds, as the user's words; tools that were found are tools all the same."""
    if item["type"] == "tool_search_output":
        return {"type": "additional_tools", "role": "developer", "tools": objs(item.get("tools"))}
    output = item.get("output")
    parts = objs(output)
    texts = [output] if isinstance(output, str) else [string(part.get("text")) for part in parts]
    words = {"type": "input_text", "text": notes.orphan(id_, "\n".join(filter(None, texts)))}
    pictures = [part for part in parts if part.get("type") != "input_text"]
    return {"type": "message", "role": "user", "content": [words, *pictures]}
