"""An answer as the output items of /responses, each with the events it is streamed as. Source: copilot-upstream.md §4.3."""

import re
from dataclasses import dataclass, field

from copilot_api.dialects.codec import Json
from copilot_api.sandbox.blobs import Kind
from copilot_api.sandbox.script import Answer, Call
from copilot_api.sandbox.traits import Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`body` is the finished item without its id, `empty` what differs when it is added. `text` is streamed piece by piece in
    events like `delta`, after the events `opening` and before `closing`.
    """

    kind: Kind
    body: Json
    empty: Json = field(default_factory=dict)
    text: str = ""
    delta: Json = field(default_factory=dict)
    opening: tuple[Json, ...] = ()
    closing: tuple[Json, ...] = ()


def of(answer: Answer, number: int, traits: Traits, *, summarises: bool) -> list[Item]:
    """The items in their order. `number` is the answer's, from which ids of calls are made."""
    if answer.compacted:
        return [Item(kind="compaction", body={"type": "compaction"})]
    items = [_reasoning(answer.thinking, traits, summarises=summarises)] if answer.thinking or answer.redacted else []
    if answer.searched:
        items.append(_search(answer.searched))
    texts = _paragraphs(answer.text) if traits.splits_messages else [answer.text]
    for n, text in enumerate(texts):
        is_last = n == len(texts) - 1 and not answer.calls
        if text:
            items.append(_message("output_text", text, "final_answer" if is_last else "commentary"))
    if answer.refusal:
        items.append(_message("refusal", answer.refusal, "final_answer"))
    return items + [_call(call, number, i) for i, call in enumerate(answer.calls)]


def call_id(call: Call, number: int, i: int) -> str:
    """The id of a call, which is the only one that lasts."""
    return call.id or f"call_sandbox{number:06d}{i:02d}"


def _paragraphs(text: str) -> list[str]:
    """Each with the blank line after it: joined they are the text."""
    return re.findall(r".+?(?:\n\n+|$)", text, re.DOTALL) or [text]


def _reasoning(thinking: str, traits: Traits, *, summarises: bool) -> Item:
    shown = thinking if summarises else ""
    body: Json = {"type": "reasoning", "summary": [{"type": "summary_text", "text": shown}] if shown else []}
    if not shown or traits.late_summary:
        return Item(kind="reasoning", body=body, empty={"summary": []})
    at = {"summary_index": 0}
    return Item(
        kind="reasoning",
        body=body,
        empty={"summary": []},
        text=shown,
        delta={"type": "response.reasoning_summary_text.delta"} | at,
        opening=({"type": "response.reasoning_summary_part.added", "part": {"type": "summary_text", "text": ""}} | at,),
        closing=(
            {"type": "response.reasoning_summary_text.done", "text": shown} | at,
            {"type": "response.reasoning_summary_part.done", "part": body["summary"][0]} | at,
        ),
    )


def _search(query: str) -> Item:
    steps = ("in_progress", "searching", "completed")
    body = {"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": query}}
    events = tuple({"type": f"response.web_search_call.{step}"} for step in steps)
    return Item(kind="search", body=body, empty={"status": "in_progress"}, opening=events[:2], closing=events[2:])


def _message(kind: str, text: str, phase: str) -> Item:
    key = "refusal" if kind == "refusal" else "text"
    more: Json = {} if kind == "refusal" else {"annotations": [], "logprobs": []}
    name = "response.refusal" if kind == "refusal" else "response.output_text"
    part: Json = {"type": kind, key: text} | more
    at = {"content_index": 0}
    extra: Json = {} if kind == "refusal" else {"logprobs": []}
    return Item(
        kind="message",
        body={"type": "message", "role": "assistant", "status": "completed", "phase": phase, "content": [part]},
        empty={"status": "in_progress", "content": []},
        text=text,
        delta={"type": f"{name}.delta"} | extra | at,
        opening=({"type": "response.content_part.added", "part": part | {key: ""}} | at,),
        closing=({"type": f"{name}.done", key: text} | extra | at, {"type": "response.content_part.done", "part": part} | at),
    )


def _call(call: Call, number: int, i: int) -> Item:
    kind, key = ("custom_tool_call", "input") if call.custom else ("function_call", "arguments")
    name = "response.custom_tool_call_input" if call.custom else "response.function_call_arguments"
    body: Json = {"type": kind, "call_id": call_id(call, number, i), "name": call.name, key: call.arguments}
    if call.namespace:
        body["namespace"] = call.namespace
    last: Json = {"type": f"{name}.done", key: call.arguments}
    return Item(
        kind="call",
        body=body | {"status": "completed"},
        empty={key: "", "status": "in_progress"},
        text=call.arguments,
        delta={"type": f"{name}.delta"},
        closing=(last if call.custom else last | {"name": call.name},),
    )
