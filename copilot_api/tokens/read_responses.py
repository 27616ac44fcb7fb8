"""Reads a Responses body for counting. Takes any JSON: what has the wrong type is passed over.

The turns are those a chat model would get: what the assistant thought, said and called in a row is one message.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string
from copilot_api.tokens.openai_parts import definition, listed, parts
from copilot_api.tokens.prompt import Call, Prompt, Tool, Turn, compact

_CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
_RESULTS = frozenset({"function_call_output", "custom_tool_call_output"})
# Names and states of an item, which the model is not shown.
_NOT_SHOWN = frozenset({"id", "type", "status", "execution"})


def prompt(body: Json) -> Prompt:
    """What `body` asks the model to read."""
    items = listed(body.get("input"))
    asked = max((at for at, item in enumerate(items) if isinstance(item, str) or _role(item) == "user"), default=-1)
    if obj(body.get("reasoning")).get("context") == "all_turns":
        asked = -1
    turns: list[Turn] = []
    if instructions := string(body.get("instructions")):
        turns.append(Turn(role="system", texts=(instructions,)))
    for at, item in enumerate(items):
        _add(turns, item if isinstance(item, dict) else {"role": "user", "content": item}, thinks=at > asked)
    choice = body.get("tool_choice")
    return Prompt(
        turns=tuple(turns),
        tools=tuple(_tools(objs(body.get("tools")) + [tool for item in items for tool in objs(obj(item).get("tools"))])),
        must_use_tool=choice == "required" or isinstance(choice, dict),
        answer_schema=obj(obj(body.get("text")).get("format")).get("schema"),
    )


def _role(item: Any) -> str:
    return string(obj(item).get("role"))


def _add(turns: list[Turn], item: Json, *, thinks: bool) -> None:
    kind = string(item.get("type"))
    if _role(item) and kind in {"", "message"}:
        found = parts(item.get("content"))
        said = Turn(role=_role(item), texts=found.texts, images=found.images, documents=found.documents)
        if said.role == "assistant":
            before = _assistant(turns)
            said = replace(before, texts=(*before.texts, *said.texts))
        turns.append(said)
    elif kind in _CALLS:
        before = _assistant(turns)
        turns.append(replace(before, calls=(*before.calls, _call(item, _CALLS[kind]))))
    elif kind in _RESULTS:
        found = parts(item.get("output"))
        label = (string(item.get("call_id")),)
        turns.append(Turn(role="tool", labels=label, texts=found.texts, images=found.images, documents=found.documents))
    elif kind == "reasoning":
        if thinks:
            turns.append(_thought(_assistant(turns), item))
    elif kind == "compaction":
        turns.append(Turn(role="user", sealed_chars=len(string(item.get("encrypted_content")))))
    elif kind not in {"additional_tools", "compaction_trigger", "item_reference"}:
        # Calls and results of tools that OpenAI defines, and whatever comes next: about as long as their JSON.
        shown = {name: value for name, value in item.items() if name not in _NOT_SHOWN}
        turns.append(Turn(role="tool" if kind.endswith("_output") else "assistant", texts=(compact(shown),)))


def _assistant(turns: list[Turn]) -> Turn:
    """The message that an item of the assistant's belongs to, taken from the end of `turns`."""
    return turns.pop() if turns and turns[-1].role == "assistant" else Turn(role="assistant")


def _call(item: Json, field: str) -> Call:
    given = item.get(field, "")
    return Call(
        id=string(item.get("call_id")),
        name=string(item.get("name")),
        arguments=given if isinstance(given, str) else compact(given),
    )


def _thought(turn: Turn, item: Json) -> Turn:
    """Reasoning that its model reads again: the encrypted text where there is one, else what is shown of it."""
    if sealed := string(item.get("encrypted_content")):
        return replace(turn, sealed_chars=turn.sealed_chars + len(sealed))
    found = parts([item.get("summary"), item.get("content")])
    return replace(turn, only_claude=(*turn.only_claude, *found.texts))


def _tools(tools: list[Json]) -> Iterator[Tool]:
    for tool in tools:
        for one in objs(tool.get("tools")) if tool.get("type") == "namespace" else [tool]:
            kind = string(one.get("type"))
            if kind in {"function", "custom", ""}:
                yield Tool(definition=definition(one))
            else:  # one that OpenAI defines: what it is set to
                options = {name: value for name, value in one.items() if name != "type"}
                yield Tool(definition={"name": kind} | options, builtin=kind)
