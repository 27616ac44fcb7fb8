"""Answers of a model, made by hypothesis, and the ways in which Copilot puts one answer on the wire."""

import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from copilot_api.dialects.codec import Json, dumps, dumps_text
from copilot_api.dialects.sse import encode

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,12}", fullmatch=True)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(codec="utf-8"), max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcxyz", min_size=1, max_size=5), inner, max_size=3),
    max_leaves=6,
)
INPUTS = st.dictionaries(st.text("abcdefgh_", min_size=1, max_size=8), JSON_VALUES, max_size=4)


@dataclass(frozen=True)
class Tool:
    """One call of a tool."""

    name: str
    input: Json
    id: str = ""


@dataclass(frozen=True)
class Answer:
    """What a model says: reasoning, text, calls; why it ends; what it costs."""

    thought: str = ""
    signature: str = ""
    text: str = ""
    tools: tuple[Tool, ...] = ()
    stop: str = "end_turn"
    prompt: int = 20
    cached: int = 0
    output: int = 7
    id: str = "abc123"
    extra: Json = field(default_factory=dict)


@st.composite
def answers(draw: st.DrawFn, *, signed: bool = True) -> Answer:
    """Any answer. A signature comes only with a thought, as Anthropic's SDK expects."""
    thought = draw(st.just("") | TEXTS)
    names = draw(st.lists(NAMES, max_size=3))
    tools = tuple(Tool(name, draw(INPUTS), id=f"toolu_{n}") for n, name in enumerate(names))
    text = draw(TEXTS if not tools and not thought else st.just("") | TEXTS)
    stop = "tool_use" if tools else draw(st.sampled_from(["end_turn", "max_tokens", "refusal"]))
    prompt = draw(st.integers(0, 10_000))
    return Answer(
        thought=thought,
        signature="c2lnbmVk" if thought and signed else "",
        text=text,
        tools=tools,
        stop=stop,
        prompt=prompt,
        cached=draw(st.integers(0, prompt)),
        output=draw(st.integers(0, 5_000)),
    )


def pieces(text: str, rnd: random.Random) -> list[str]:
    """`text` cut at random places."""
    if not text:
        return []
    cuts = sorted({rnd.randrange(1, len(text)) for _ in range(rnd.randrange(4))}) if len(text) > 1 else []
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def chunked(data: bytes, rnd: random.Random) -> list[bytes]:
    """`data` cut at random places, as a network does."""
    cuts = sorted({rnd.randrange(1, len(data)) for _ in range(rnd.randrange(12))}) if len(data) > 1 else []
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


_FINISH = {"end_turn": "stop", "max_tokens": "length", "refusal": "content_filter", "tool_use": "tool_calls"}


def chat_usage(answer: Answer) -> Json:
    """The usage object of a chat answer."""
    return {
        "prompt_tokens": answer.prompt,
        "completion_tokens": answer.output,
        "total_tokens": answer.prompt + answer.output,
        "prompt_tokens_details": {"cached_tokens": answer.cached},
    }


def chat_whole(answer: Answer, *, split: bool = False) -> Json:
    """A chat answer as Copilot gives it whole: without object and created; Claude's split over choices."""
    spoken: Json = {"role": "assistant", "padding": "abcd"}
    if answer.text:
        spoken["content"] = answer.text
    if answer.thought:
        spoken |= {"reasoning_text": answer.thought, "reasoning_opaque": answer.signature}
    calls = [_chat_call(tool) for tool in answer.tools]
    finish = _FINISH[answer.stop]
    if split and calls and answer.text:
        messages = [spoken, {"role": "assistant", "tool_calls": calls}]
    else:
        messages = [spoken | ({"tool_calls": calls} if calls else {})]
    choices = [{"finish_reason": finish, "index": 0, "message": message} for message in messages]
    return {"id": answer.id, "model": "gpt-x-2025", "choices": choices, "usage": chat_usage(answer)}


def chat_stream(answer: Answer, rnd: random.Random, *, interleave: bool = False) -> bytes:
    """The same answer as Copilot streams it: an empty first chunk, missing objects, a usage chunk, the end mark."""
    deltas: list[Json] = [{"role": "assistant", "content": None}]
    deltas += [{"reasoning_text": piece} for piece in pieces(answer.thought, rnd)]
    if answer.signature:
        deltas.append({"reasoning_opaque": answer.signature})
    deltas += [{"content": piece} for piece in pieces(answer.text, rnd)]
    rows = []
    for index, tool in enumerate(answer.tools):
        row: list[Json] = [_tool_delta(index, id=tool.id, type="function", function={"name": tool.name, "arguments": ""})]
        row += [_tool_delta(index, function={"arguments": piece}) for piece in pieces(dumps_text(tool.input), rnd)]
        rows.append(row)
    while rows:
        row = rnd.choice(rows) if interleave else rows[0]
        deltas.append(row.pop(0))
        rows = [r for r in rows if r]
    head = {"id": answer.id, "model": "gpt-x-2025", "created": 5}
    filters = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": []}
    frames = [encode(dumps(filters))]
    for delta in deltas:
        chunk: Json = head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        if rnd.random() < 0.5:
            chunk["object"] = "chat.completion.chunk"
        frames.append(encode(dumps(chunk)))
    finish = _FINISH[answer.stop] if rnd.random() < 0.7 or not answer.tools else "stop"
    frames.append(encode(dumps(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})))
    frames.append(encode(dumps(head | {"choices": [], "usage": chat_usage(answer)})))
    return b"".join([*frames, b"data: [DONE]\n\n"])


def _chat_call(tool: Tool) -> Json:
    return {"id": tool.id, "type": "function", "function": {"name": tool.name, "arguments": dumps_text(tool.input)}}


def _tool_delta(index: int, **fields: Any) -> Json:
    return {"tool_calls": [{"index": index, **fields}]}


def messages_usage(answer: Answer) -> Json:
    """The usage object of a Messages answer."""
    return {
        "input_tokens": answer.prompt - answer.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": answer.cached,
        "output_tokens": answer.output,
    }


def messages_blocks(answer: Answer) -> list[Json]:
    """The content of a Messages answer."""
    blocks: list[Json] = []
    if answer.thought:
        blocks.append({"type": "thinking", "thinking": answer.thought, "signature": answer.signature})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    return blocks + [{"type": "tool_use", "id": t.id, "name": t.name, "input": t.input} for t in answer.tools]


def messages_whole(answer: Answer) -> Json:
    """A Messages answer as Copilot gives it whole."""
    return {
        "id": f"msg_{answer.id}",
        "type": "message",
        "role": "assistant",
        "model": "claude-x-20260101",
        "content": messages_blocks(answer),
        "stop_reason": answer.stop,
        "stop_sequence": None,
        "usage": messages_usage(answer),
        **answer.extra,
    }


def messages_stream(answer: Answer, rnd: random.Random) -> bytes:
    """The same answer as Copilot streams it, with the stray OpenAI end mark."""
    start = messages_whole(answer) | {"content": [], "stop_reason": None}
    start["usage"] = messages_usage(answer) | {"output_tokens": 1}
    events: list[Json] = [{"type": "message_start", "message": start}]
    for index, block in enumerate(messages_blocks(answer)):
        events += _block_events(index, block, rnd)
        if rnd.random() < 0.3:
            events.append({"type": "ping"})
    delta = {"stop_reason": answer.stop, "stop_sequence": None}
    events.append({"type": "message_delta", "delta": delta, "usage": messages_usage(answer)})
    events.append({"type": "message_stop"})
    return b"".join([encode(dumps(event), event["type"]) for event in events]) + b"data: [DONE]\n\n"


def _block_events(index: int, block: Json, rnd: random.Random) -> list[Json]:
    start: Json
    match block["type"]:
        case "text":
            start = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"], rnd)]
        case "thinking":
            start = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"], rnd)]
            deltas += [{"type": "signature_delta", "signature": block["signature"]}] if block["signature"] else []
        case _:
            start = block | {"input": {}}
            parts = pieces(dumps_text(block["input"]), rnd) if block["input"] or rnd.random() < 0.5 else []
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in parts]
    opened = {"type": "content_block_start", "index": index, "content_block": start}
    body = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [opened, *body, {"type": "content_block_stop", "index": index}]


def responses_usage(answer: Answer) -> Json:
    """The usage object of a Responses answer."""
    return {
        "input_tokens": answer.prompt,
        "input_tokens_details": {"cached_tokens": answer.cached},
        "output_tokens": answer.output,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": answer.prompt + answer.output,
    }


def responses_items(answer: Answer) -> list[Json]:
    """The output of a Responses answer."""
    items: list[Json] = []
    if answer.thought:
        summary = [{"type": "summary_text", "text": answer.thought}]
        sealed = {"encrypted_content": answer.signature} if answer.signature else {}
        items.append({"type": "reasoning", "id": f"blob-of-{answer.id}", "summary": summary, **sealed})
    if answer.text:
        content = [{"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}]
        items.append({"type": "message", "id": "blob-m", "role": "assistant", "status": "completed", "content": content})
    return items + [_responses_call(tool) for tool in answer.tools]


def responses_whole(answer: Answer) -> Json:
    """A Responses answer as Copilot gives it whole."""
    whole: Json = {
        "id": "blob-r",
        "object": "response",
        "created_at": 5,
        "model": "gpt-x-2025",
        "output": responses_items(answer),
        "output_text": None,
        "parallel_tool_calls": True,
        "service_tier": "priority",
        "store": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": responses_usage(answer),
        "copilot_usage": {"total_nano_aiu": 900},
        **answer.extra,
    }
    if answer.stop in _INCOMPLETE:
        return whole | {"status": "incomplete", "incomplete_details": {"reason": _INCOMPLETE[answer.stop]}}
    return whole | {"status": "completed"}


def responses_stream(answer: Answer, rnd: random.Random, *, interleave: bool = False, gaps: bool = True) -> bytes:
    """The same answer as Copilot streams it: another id in every event.

    With `gaps`, texts may come only when they are done, and names of events may be missing.
    """
    whole = responses_whole(answer)
    cost = whole.pop("copilot_usage")
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    rows = [_item_events(at, item, rnd, gaps=gaps) for at, item in enumerate(whole["output"])]
    events: list[Json] = [
        {"type": f"response.{kind}", "response": begun | {"id": _blob(rnd)}} for kind in ("created", "in_progress")
    ]
    calls = [row for row in rows if row[0]["item"]["type"] == "function_call"]
    events += [event for row in rows if row not in calls for event in row]
    events += [row.pop(0) for row in calls] if interleave else []
    while calls:
        row = rnd.choice(calls) if interleave else calls[0]
        events.append(row.pop(0))
        calls = [row for row in calls if row]
    output = [item | {"id": _blob(rnd)} for item in whole["output"]]
    last = whole | {"id": _blob(rnd), "output": output}
    events.append({"type": f"response.{whole['status']}", "response": last, "copilot_usage": cost})
    numbered = [event | {"sequence_number": number} for number, event in enumerate(events)]
    frames = [encode(dumps(event), "" if gaps and rnd.random() < 0.2 else event["type"]) for event in numbered]
    return b"".join([*frames, b"data: [DONE]\n\n"])


_INCOMPLETE = {"max_tokens": "max_output_tokens", "refusal": "content_filter"}


def _blob(rnd: random.Random) -> str:
    return f"blob{rnd.getrandbits(64):x}"


def _responses_call(tool: Tool) -> Json:
    arguments = dumps_text(tool.input)
    call = {"type": "function_call", "id": "blob-c", "call_id": tool.id, "name": tool.name, "arguments": arguments}
    return call | {"status": "completed"}


def _item_events(at: int, item: Json, rnd: random.Random, *, gaps: bool) -> list[Json]:
    """The events of one item."""
    place, empty, stem, key, part = _ANATOMY[item["type"]]
    text = _text_of(item)
    said = pieces(text, rnd)
    extra: Json = {"logprobs": []} if stem == "output_text" else {}
    body: list[Json] = [{"type": f"response.{part}.added", "part": _part(item) | {"text": ""}}] if part else []
    if not gaps or rnd.random() < 0.8:
        said = said[:1] if gaps and rnd.random() < 0.2 else said
        body += [{"type": f"response.{stem}.delta", "delta": piece, "obfuscation": "x9f2"} | extra for piece in said]
    if not gaps or rnd.random() < 0.8:
        body.append({"type": f"response.{stem}.done", key: text} | extra)
        body += [{"type": f"response.{part}.done", "part": _part(item)}] if part else []
    numbered = [event | place | {"output_index": at, "item_id": _blob(rnd)} for event in body]
    added = {"type": "response.output_item.added", "output_index": at, "item": item | empty | {"id": _blob(rnd)}}
    done = {"type": "response.output_item.done", "output_index": at, "item": item}
    return [added, *numbered, done]


# The number of a text within its item, the item while it is empty, its events' name, where the text stands, its part's name.
_ANATOMY: dict[str, tuple[Json, Json, str, str, str]] = {
    "reasoning": (
        {"summary_index": 0},
        {"summary": [], "encrypted_content": ""},
        "reasoning_summary_text",
        "text",
        "reasoning_summary_part",
    ),
    "message": ({"content_index": 0}, {"content": [], "status": "in_progress"}, "output_text", "text", "content_part"),
    "function_call": ({}, {"arguments": "", "status": "in_progress"}, "function_call_arguments", "arguments", ""),
}


def _part(item: Json) -> Json:
    part: Json = item["summary" if item["type"] == "reasoning" else "content"][0]
    return part


def _text_of(item: Json) -> str:
    return str(item["arguments"] if item["type"] == "function_call" else _part(item)["text"])
