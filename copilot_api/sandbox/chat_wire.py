"""An answer as Copilot writes it on /chat/completions, with the quirks of the model's family.

Source: copilot-upstream.md §3.2 and §3.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from copilot_api.dialects import sse
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import Counted
from copilot_api.sandbox import pieces, seals
from copilot_api.sandbox.replies import Frame
from copilot_api.sandbox.script import Answer, Call
from copilot_api.sandbox.traits import Traits

FINISHES = {"stop": "stop", "stop_sequence": "stop", "tool_use": "tool_calls", "length": "length", "refusal": "content_filter"}
_SAFE = {"hate": {"filtered": False, "severity": "safe"}, "violence": {"filtered": False, "severity": "safe"}}
_PROMPT_FILTER = [{"prompt_index": 0, "content_filter_results": _SAFE}]
_BLOCKED = {"protected_material_code": {"filtered": True, "detected": True}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the wire needs beside the answer. `number` counts answers; `choices` is the request's `n`."""

    number: int
    created: int
    model: str
    family: str
    traits: Traits
    usage: Counted
    include_usage: bool = False
    choices: int = 1
    vendor: str = ""


def whole(answer: Answer, facts: Facts) -> Json:
    """The JSON answer: without `object` and `created`, with filler and filter results."""
    choices = [c for n in range(facts.choices) for c in _choices(answer, facts, n)]
    body: Json = {"id": _id(facts), "model": facts.model, "choices": choices, "usage": usage(facts.usage)}
    if facts.traits.splits_choices:
        return body
    body |= {"system_fingerprint": "fp_sandbox", "prompt_filter_results": _PROMPT_FILTER}
    return body | {"copilot_usage": copilot_usage(facts.usage)}


def _choices(answer: Answer, facts: Facts, n: int) -> Iterator[Json]:
    finish = _finish(answer, facts.traits)
    calls = [_call(call, facts, i) for i, call in enumerate(answer.calls)]
    message: Json = {"role": "assistant"}
    if answer.text or not calls:
        message["content"] = answer.text
    message |= _reasoning(answer, facts)
    if not facts.traits.splits_choices:
        if calls:
            message["tool_calls"] = calls
        message["padding"] = "abcdefghijklmnop"[: 4 + facts.number % 12]
        yield {"index": n, "finish_reason": finish, "content_filter_results": _filter(answer), "message": message}
        return
    # Claude: no index either, and each call in a choice of its own.
    if len(message) > 1:
        yield {"finish_reason": finish, "message": message}
    for call in calls:
        yield {"finish_reason": finish, "message": {"role": "assistant", "tool_calls": [call]}}


def frames(answer: Answer, facts: Facts) -> Iterator[Frame]:
    """The stream, chunk by chunk."""
    first = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": _PROMPT_FILTER}
    yield _frame(first)
    for n in range(facts.choices):
        yield from _choice_frames(answer, facts, n)
    if facts.include_usage and not facts.traits.usage_on_finish:
        last = {"choices": [], "usage": usage(facts.usage), "copilot_usage": copilot_usage(facts.usage)}
        yield _frame(_chunk(facts) | last, closing=True)
    yield Frame(data=b"data: [DONE]\n\n", closing=True)


def _choice_frames(answer: Answer, facts: Facts, n: int) -> Iterator[Frame]:
    traits = facts.traits
    sealed = _seal(answer, facts)
    yield _delta(facts, n, {"role": "assistant", "content": None if answer.calls or answer.thinking else ""})
    thought = "cot_summary" if traits.opaque == "cot" else "reasoning_text"
    for piece in pieces.words(answer.thinking):
        yield _delta(facts, n, {"role": "assistant", "content": None, thought: piece})
    for i, piece in enumerate(pieces.words(answer.text)):
        extra = {"reasoning_opaque": sealed} if sealed and not i and traits.opaque == "with_text" else {}
        yield _delta(facts, n, {"content": piece, **extra}, number=i)
    if sealed and (traits.opaque == "after_text" or (traits.opaque == "with_text" and not answer.text)):
        yield _delta(facts, n, {"content": "", "reasoning_opaque": sealed})
    # Claude's calls travel in a choice of their own.
    yield from _call_frames(answer, facts, 1 if traits.splits_choices else n)
    yield _finish_frame(answer, facts, n)
    if sealed and traits.opaque == "after_finish":
        yield _delta(facts, n, {"content": None, "reasoning_opaque": sealed}, closing=True)
    if sealed and traits.opaque == "cot":
        yield _delta(facts, n, {"cot_id": sealed}, closing=True, id_="")


def _call_frames(answer: Answer, facts: Facts, n: int) -> Iterator[Frame]:
    for i, call in enumerate(answer.calls):
        full = _call(call, facts, i)
        index = {"counted": {"index": i}, "absent": {}, "zero": {"index": 0}}[facts.traits.tool_index]
        if facts.traits.whole_arguments:
            yield _delta(facts, n, {"tool_calls": [index | full]})
            continue
        opened = full | {"function": {"name": call.name, "arguments": ""}}
        yield _delta(facts, n, {"tool_calls": [index | opened]})
        for piece in pieces.letters(call.arguments):
            yield _delta(facts, n, {"tool_calls": [index | {"function": {"arguments": piece}}]})


def _finish_frame(answer: Answer, facts: Facts, n: int) -> Frame:
    choice: Json = {"index": n, "delta": {}, "finish_reason": _finish(answer, facts.traits)}
    if answer.finish == "refusal":
        choice["content_filter_results"] = _filter(answer)
    counted = {"usage": usage(facts.usage)} if facts.traits.usage_on_finish else {"usage": None} if facts.include_usage else {}
    return _frame(_chunk(facts) | {"choices": [choice]} | counted, closing=True)


def _delta(facts: Facts, n: int, delta: Json, *, number: int = 0, closing: bool = False, id_: str | None = None) -> Frame:
    choice: Json = {"index": n, "delta": delta, "finish_reason": None}
    chunk = _chunk(facts)
    if facts.traits.loose_chunks and number % 2:
        # Azure's content chunks: the role again but null, no model name, the place the filter has read to.
        choice["delta"] = {"role": None, **delta}
        choice["content_filter_results"] = {}
        choice["content_filter_offsets"] = {"check_offset": 120, "start_offset": 120, "end_offset": 120 + number}
        chunk["model"] = ""
    if facts.traits.obfuscates:
        chunk["obfuscation"] = "x9f2kq"[: 1 + number % 6]
    if facts.traits.splits_choices and number % 2:
        del chunk["object"]
        del choice["finish_reason"]
    if facts.include_usage and not facts.traits.usage_on_finish:
        chunk["usage"] = None
    if id_ is not None:
        chunk["id"] = id_
    return _frame(chunk | {"choices": [choice]}, closing=closing)


def _chunk(facts: Facts) -> Json:
    return {"id": _id(facts), "object": "chat.completion.chunk", "created": facts.created, "model": facts.model}


def _frame(chunk: Json, *, closing: bool = False) -> Frame:
    return Frame(data=sse.encode(dumps(chunk)), closing=closing)


def _id(facts: Facts) -> str:
    return f"{'msg' if facts.traits.splits_choices else 'chatcmpl'}-sandbox{facts.number:06d}"


def _call(call: Call, facts: Facts, i: int) -> Json:
    if facts.vendor == "Moonshot AI":
        minted = f"{call.name}:{i}"
    elif facts.traits.splits_choices:
        minted = f"toolu_{facts.traits.backend or '01'}sandbox{facts.number:06d}{i:02d}"
    else:
        minted = f"call_sandbox{facts.number:06d}{i:02d}"
    return {"id": call.id or minted, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _seal(answer: Answer, facts: Facts) -> str:
    if answer.redacted:
        return seals.mint("redacted", facts.family)
    return seals.mint("thinking", facts.family, answer.thinking) if answer.thinking else ""


def _reasoning(answer: Answer, facts: Facts) -> Json:
    sealed = _seal(answer, facts)
    if not sealed:
        return {}
    if facts.traits.opaque == "cot":
        return {"cot_summary": answer.thinking, "cot_id": sealed}
    return ({"reasoning_text": answer.thinking} if answer.thinking else {}) | {"reasoning_opaque": sealed}


def _finish(answer: Answer, traits: Traits) -> str:
    if answer.finish == "tool_use" and traits.stop_after_tools:
        return "stop"
    return FINISHES.get(answer.finish, answer.finish)


def _filter(answer: Answer) -> Json:
    return dict(_BLOCKED) if answer.finish == "refusal" else {}


def usage(counted: Counted) -> Json:
    """Tokens as this endpoint counts them."""
    details: Json = {"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}
    if counted.reasoning:
        details["reasoning_tokens"] = counted.reasoning
    prompt: Json = {"cached_tokens": counted.cached}
    if counted.cache_write:
        prompt["cache_creation_input_tokens"] = counted.cache_write
    return {
        "prompt_tokens": counted.prompt,
        "completion_tokens": counted.output,
        "total_tokens": counted.prompt + counted.output,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": details,
    }


def copilot_usage(counted: Counted) -> Json:
    """What an answer cost, as Copilot reports it."""
    return {
        "total_nano_aiu": counted.nano_aiu,
        "token_details": [
            {"token_type": "input", "token_count": counted.prompt, "batch_size": 1_000_000, "cost_per_batch": 0},
            {"token_type": "output", "token_count": counted.output, "batch_size": 1_000_000, "cost_per_batch": 0},
        ],
    }
