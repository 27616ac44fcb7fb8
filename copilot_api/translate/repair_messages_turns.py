"""Repairs of the conversation in a request to /v1/messages: calls, their results, thinking, who speaks first and last.

Rules: translation.md §1.5, §2.2 and §5; copilot-upstream §6.1. Every block stays where and as it is, but for the fault.
"""

from collections.abc import Callable, Iterator
from typing import Any

from copilot_api.dialects.arguments import parse
from copilot_api.dialects.codec import Json
from copilot_api.dialects.read import obj, objs, string
from copilot_api.translate import notes
from copilot_api.translate.call_ids import CallIds
from copilot_api.translate.repair import Target, each, each_message, without
from copilot_api.translate.tool_names import legal_id
from copilot_api.translate.tools import for_messages, stubs

THINKING = frozenset({"thinking", "redacted_thinking"})
_FORCED = frozenset({"any", "tool"})


def ids_cleaned(body: Json, _target: Target) -> Json:
    """A call's id holds no odd characters, and no two calls share one."""
    ids = CallIds()

    def block(one: Json) -> Json:
        if one.get("type") == "tool_use" and isinstance(one.get("id"), str):
            return _with(one, "id", ids.open(one["id"], legal_id))
        if one.get("type") == "tool_result" and isinstance(one.get("tool_use_id"), str):
            return _with(one, "tool_use_id", ids.answer(one["tool_use_id"]))
        return one

    def message(one: Json) -> Json:
        if any(inner.get("type") == "tool_use" for inner in objs(one.get("content"))):
            ids.turn()
        return each(one, "content", block)

    return each_message(body, message)


def results_paired(body: Json, _target: Target) -> Json:
    """A user's turn begins with a result for each call before it and holds no others. Neighbours of one role are one turn."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    paired: list[Any] = []
    open_ids: list[str] = []
    for role, turn in _turns(messages):
        if role == "user":
            paired += _answered(turn, open_ids)
            open_ids = []
            continue
        if open_ids:  # somebody else speaks, who cannot answer
            paired.append({"role": "user", "content": _missing(open_ids)})
        open_ids = [block["id"] for block in _blocks(turn) if block.get("type") == "tool_use" and string(block.get("id"))]
        paired += turn if role == "assistant" else [_unpaired(message, ()) for message in turn]
    if open_ids:
        paired.append({"role": "user", "content": _missing(open_ids)})
    same = len(paired) == len(messages) and all(new is old for new, old in zip(paired, messages, strict=True))
    return body if same else body | {"messages": paired}


def inputs_mended(body: Json, _target: Target) -> Json:
    """A call's input is an object. What clients make of arguments that were cut short is often a text, or nothing."""
    return _each_block(body, _with_input)


def thinking_newest_kept(body: Json, _target: Target) -> Json:
    """Of neighbouring answers only one may hold thinking: the newest that calls tools, or else the newest of all."""
    messages = body.get("messages")
    if not isinstance(messages, list):
        return body
    kept: list[Any] = []
    for role, turn in _turns(messages):
        thinking = [at for at, message in enumerate(turn) if _has(message, THINKING)]
        if role != "assistant" or len(thinking) < 2:
            kept += turn
            continue
        keeper = next((at for at in reversed(thinking) if _has(turn[at], {"tool_use"})), thinking[-1])
        kept += [message if at == keeper else _without_thinking(message) for at, message in enumerate(turn)]
    same = all(new is old for new, old in zip(kept, messages, strict=True))
    return body if same else body | {"messages": kept}


def beginning_added(body: Json, _target: Target) -> Json:
    """The user has the first word."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or obj(messages[0]).get("role") != "assistant":
        return body
    return body | {"messages": [{"role": "user", "content": notes.BEGINNING}, *messages]}


def prefill_trimmed(body: Json, _target: Target) -> Json:
    """What the assistant is to go on with may not end in blanks."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or obj(messages[-1]).get("role") != "assistant":
        return body
    content = messages[-1].get("content")
    if isinstance(content, str):
        trimmed: Any = content.rstrip()
    elif isinstance(content, list) and content and obj(content[-1]).get("type") == "text":
        trimmed = [*content[:-1], _with(content[-1], "text", string(content[-1].get("text")).rstrip())]
    else:
        return body
    return body if trimmed == content else body | {"messages": [*messages[:-1], messages[-1] | {"content": trimmed}]}


def stubs_added(body: Json, _target: Target) -> Json:
    """A conversation with calls of tools that nobody defined is refused; none of these may be called again."""
    used = [string(block.get("name")) for block in _blocks(objs(body.get("messages"))) if block.get("type") == "tool_use"]
    if body.get("tools") or not used:
        return body
    return body | {"tools": [for_messages(tool) for tool in stubs(used)], "tool_choice": {"type": "none"}}


def thinking_off(body: Json, _target: Target) -> Json:
    """A tool cannot be forced upon a model that thinks."""
    is_thinking = _kind(obj(body.get("thinking"))) in {"enabled", "adaptive"}
    is_forced = _kind(obj(body.get("tool_choice"))) in _FORCED
    return without(body, "thinking") if is_thinking and is_forced else body


def as_blocks(content: Any) -> list[Json]:
    """The blocks of a message or prompt, which may be a text."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return objs(content)


def _turns(messages: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """The messages by turns: the role, and the neighbours that share it. What is no message has no role."""
    turn: list[Any] = []
    for message in messages:
        if turn and _role(turn[-1]) != _role(message):
            yield _role(turn[-1]), turn
            turn = []
        turn.append(message)
    if turn:
        yield _role(turn[-1]), turn


def _kind(block: Json) -> str:
    return string(block.get("type"))


def _role(message: Any) -> str:
    return string(obj(message).get("role"))


def _blocks(turn: list[Any]) -> list[Json]:
    return [block for message in turn for block in objs(obj(message).get("content"))]


def _has(message: Any, kinds: frozenset[str] | set[str]) -> bool:
    return any(_kind(block) in kinds for block in objs(obj(message).get("content")))


def _answered(turn: list[Any], open_ids: list[str]) -> list[Any]:
    """A user's turn with the results where they belong; the same messages where they stand there already."""
    first = [block.get("tool_use_id") for block in _content(turn)[: len(open_ids)] if block.get("type") == "tool_result"]
    results = [block for block in _blocks(turn) if block.get("type") == "tool_result"]
    if sorted(map(str, first)) == sorted(open_ids) and len(results) == len(open_ids):
        return turn
    found = {block["tool_use_id"]: block for block in reversed(results) if block.get("tool_use_id") in open_ids}
    answers = [found[id_] if id_ in found else _missing([id_])[0] for id_ in open_ids]
    rest = [_unpaired(message, [*found.values()]) for message in turn]
    if not answers:
        return rest
    if not isinstance(rest[0], dict):
        return [{"role": "user", "content": answers}, *rest]
    return [rest[0] | {"content": [*answers, *_content(rest[:1])]}, *rest[1:]]


def _content(turn: list[Any]) -> list[Json]:
    """The blocks of a turn, where a text stands for a block of it."""
    blocks: list[Json] = []
    for message in turn:
        content = obj(message).get("content")
        blocks += [{"type": "text", "text": content}] if isinstance(content, str) and content else objs(content)
    return blocks


def _unpaired(message: Any, answers: list[Json] | tuple[()]) -> Any:
    """The message without `answers`, which stand elsewhere now; any other result in it becomes the user's words."""
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        return message
    kept: list[Any] = []
    for block in message["content"]:
        if obj(block).get("type") != "tool_result":
            kept.append(block)
        elif not any(block is answer for answer in answers):
            kept += _orphan(block)
    return message if kept == message["content"] else message | {"content": kept}


def _orphan(block: Json) -> list[Json]:
    content = block.get("content")
    text = content if isinstance(content, str) else "\n\n".join(filter(None, (string(b.get("text")) for b in objs(content))))
    note = {"type": "text", "text": notes.orphan(string(block.get("tool_use_id")), text)}
    return [note, *(inner for inner in objs(content) if _kind(inner) in {"image", "document"})]


def _missing(ids: list[str]) -> list[Json]:
    return [{"type": "tool_result", "tool_use_id": id_, "content": notes.NO_RESULT, "is_error": True} for id_ in ids]


def _with_input(block: Json) -> Json:
    if block.get("type") != "tool_use" or isinstance(block.get("input"), dict):
        return block
    given = block.get("input")
    return block | {"input": (parse(given) if isinstance(given, str) else None) or {}}


def _without_thinking(message: Json) -> Json:
    return each(message, "content", lambda block: None if _kind(block) in THINKING else block)


def _each_block(body: Json, mend: Callable[[Json], Json]) -> Json:
    return each_message(body, lambda message: each(message, "content", mend))


def _with(block: Json, key: str, value: str) -> Json:
    return block if block[key] == value else block | {key: value}
