"""An answer as Copilot writes it on /v1/messages. Source: copilot-upstream.md §6.3."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from copilot_api.dialects import sse
from copilot_api.dialects.codec import Json, dumps, loads_text
from copilot_api.dialects.events import Counted
from copilot_api.sandbox import pieces, seals
from copilot_api.sandbox.replies import Frame
from copilot_api.sandbox.script import Answer, Call
from copilot_api.sandbox.traits import Traits

STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "pause": "pause_turn",
    "context_window": "model_context_window_exceeded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the wire needs beside the answer. `number` counts answers; `shows_thinking` False leaves only its signature."""

    number: int
    model: str
    family: str
    traits: Traits
    usage: Counted
    shows_thinking: bool = True


def whole(answer: Answer, facts: Facts) -> Json:
    """The JSON answer."""
    content = [block for block, _ in _blocks(answer, facts)]
    body = _message(facts) | {"content": content, "usage": usage(facts.usage)} | _stop(answer)
    body["context_management"] = {"applied_edits": []}
    return body | {"copilot_usage": {"total_nano_aiu": facts.usage.nano_aiu}}


def frames(answer: Answer, facts: Facts) -> Iterator[Frame]:
    """The stream, event by event; a stray `[DONE]` follows its end."""
    early = usage(replace(facts.usage, output=1, reasoning=0))
    start = _message(facts) | {"content": [], "stop_reason": None, "stop_sequence": None, "usage": early}
    yield _frame({"type": "message_start", "message": start})
    for index, (block, deltas) in enumerate(_blocks(answer, facts)):
        yield _frame({"type": "content_block_start", "index": index, "content_block": _opened(block)})
        if not index:
            yield _frame({"type": "ping"})
        for delta in deltas:
            yield _frame({"type": "content_block_delta", "index": index, "delta": delta})
        yield _frame({"type": "content_block_stop", "index": index})
    last: Json = {"type": "message_delta", "delta": _stop(answer), "usage": usage(facts.usage)}
    last["context_management"] = {"applied_edits": []}
    last["copilot_usage"] = {"total_nano_aiu": facts.usage.nano_aiu}
    yield _frame(last, closing=True)
    yield _frame({"type": "message_stop"}, closing=True)
    yield Frame(data=b"data: [DONE]\n\n", closing=True)


def _blocks(answer: Answer, facts: Facts) -> Iterator[tuple[Json, list[Json]]]:
    """Each block as it stands in a whole answer, and the deltas it is streamed as."""
    if answer.thinking:
        sealed = seals.mint("thinking", facts.family, answer.thinking)
        shown = answer.thinking if facts.shows_thinking else ""
        deltas: list[Json] = [{"type": "thinking_delta", "thinking": piece} for piece in pieces.words(shown)]
        deltas.append({"type": "signature_delta", "signature": sealed})
        yield {"type": "thinking", "thinking": shown, "signature": sealed}, deltas
    if answer.redacted:
        yield {"type": "redacted_thinking", "data": seals.mint("redacted", facts.family)}, []
    if answer.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces.words(answer.text)]
        deltas[-1]["copilot_annotations"] = {"CodeVulnerability": []}
        yield {"type": "text", "text": answer.text}, deltas
    for i, call in enumerate(answer.calls):
        block = {"type": "tool_use", "id": call.id or _tool_id(facts, i), "name": call.name, "input": _input(call)}
        yield block, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces.letters(call.arguments)]


def tool_ids(answer: Answer, facts: Facts) -> list[str]:
    """The ids of the answer's tool calls."""
    return [block["id"] for block, _ in _blocks(answer, facts) if block["type"] == "tool_use"]


def _opened(block: Json) -> Json:
    match block["type"]:
        case "text":
            return {"type": "text", "text": ""}
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "tool_use":
            return block | {"input": {}}
    return block


def _input(call: Call) -> Json:
    """The arguments as an object; what was cut short is an empty one, as the real thing does with `max_tokens`."""
    try:
        value = loads_text(call.arguments or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _message(facts: Facts) -> Json:
    backend = f"{facts.traits.backend}_" if facts.traits.backend else ""
    id_ = f"msg_{backend}01sandbox{facts.number:06d}"
    return {"id": id_, "type": "message", "role": "assistant", "model": facts.model}


def _tool_id(facts: Facts, i: int) -> str:
    backend = f"{facts.traits.backend}_" if facts.traits.backend else ""
    return f"toolu_{backend}01sandbox{facts.number:06d}{i:02d}"


def _stop(answer: Answer) -> Json:
    stop: Json = {"stop_reason": STOP_REASONS.get(answer.finish, answer.finish), "stop_sequence": answer.stop_sequence}
    if answer.finish == "refusal":
        stop["stop_details"] = {"type": "refusal", "category": None, "explanation": "The sandbox was told to refuse."}
    return stop


def _frame(event: Json, *, closing: bool = False) -> Frame:
    return Frame(data=sse.encode(dumps(event), event["type"]), closing=closing)


def usage(counted: Counted) -> Json:
    """Tokens as this endpoint counts them: the three input numbers are disjoint."""
    body: Json = {
        "input_tokens": max(0, counted.prompt - counted.cached - counted.cache_write),
        "cache_creation_input_tokens": counted.cache_write,
        "cache_read_input_tokens": counted.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": counted.cache_write, "ephemeral_1h_input_tokens": 0},
        "output_tokens": counted.output,
    }
    return body | ({"output_tokens_details": {"thinking_tokens": counted.reasoning}} if counted.reasoning else {})
