"""Anthropic Messages: the six names. Reading what Copilot sends, and the order of blocks, are modules of their own."""

import re
from typing import Any

from copilot_api.dialects import initiator, messages_heartbeat
from copilot_api.dialects.arguments import parse
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import (
    Ask,
    Closed,
    Counted,
    Event,
    Events,
    Failed,
    Opened,
    Reason,
    Refused,
    Stamp,
    Text,
    Thought,
    ToolInput,
    ToolOpened,
)
from copilot_api.dialects.messages_blocks import Blocks, Step
from copilot_api.dialects.messages_decoder import CUT_SHORT, Assembler, Decoder, whole
from copilot_api.dialects.messages_heartbeat import PING
from copilot_api.dialects.read import obj, objs, whole_or_none
from copilot_api.dialects.sse import encode
from copilot_api.errors import ClientMistake, CopilotApiError, Kind, UpstreamBroke

__all__ = ["PING", "Assembler", "Decoder", "Encoder", "collect", "error", "peek", "status", "usage", "whole"]

_STOP_REASONS: dict[Reason, str] = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_use",
    "length": "max_tokens",
    "context_window": "model_context_window_exceeded",
    "pause": "pause_turn",
    "refusal": "refusal",
}
_ERRORS: dict[Kind, tuple[int, str]] = {
    "invalid_request": (400, "invalid_request_error"),
    "content_filter": (400, "invalid_request_error"),
    "context_overflow": (400, "invalid_request_error"),
    "authentication": (401, "authentication_error"),
    "billing": (402, "billing_error"),
    "permission": (403, "permission_error"),
    "not_found": (404, "not_found_error"),
    "too_large": (413, "request_too_large"),
    "rate_limit": (429, "rate_limit_error"),
    "server": (500, "api_error"),
    "overloaded": (529, "overloaded_error"),
    "timeout": (504, "timeout_error"),
}
# Statuses that say something the kind's own does not; any other (466, 499 …) means nothing to a client.
_KEPT: dict[Kind, frozenset[int]] = {
    "invalid_request": frozenset({400, 404, 405, 408, 409, 413, 415, 422}),
    "server": frozenset({500, 502, 503, 504}),
}
_TWO_NUMBERS = re.compile(r"(\d+)\D+?(\d+)")

# The SDK's tool runner asks for a conversation kept on the server, and sends all of it itself when it is told exactly this.
THREADS_UNSUPPORTED = {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}


def peek(body: Json) -> Ask:
    """What the proxy must know of a request. Raises ClientMistake when it names no model or holds no messages."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise ClientMistake("model: a model id is required", param="model")
    if body.get("thread"):
        raise ClientMistake("thread: conversations are not kept on this server", param="thread", details=THREADS_UNSUPPORTED)
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise ClientMistake("messages: at least one message is required", param="messages")
    verdict = initiator.of_messages(body)
    return Ask(
        model=model,
        stream=body.get("stream") is True,
        initiator=verdict.who,
        why=verdict.why,
        interaction=verdict.turn,
        purpose=verdict.purpose,
        has_images=any(_has_image(message) for message in body["messages"]),
        max_output=whole_or_none(body.get("max_tokens")),
    )


def _has_image(holder: Any) -> bool:
    """Whether a message holds a picture, be it inside a tool result."""
    return any(block.get("type") == "image" or _has_image(block) for block in objs(obj(holder).get("content")))


class Encoder:
    """Events as a Messages stream."""

    def __init__(self, stamp: Stamp) -> None:
        self._stamp = stamp
        self._blocks = Blocks()
        self._counted = Counted(estimated=True)
        self._refused = False
        self._opened = False
        self._ended = False

    def feed(self, event: Event) -> bytes:
        """The bytes that tell the client of `event`."""
        match event:
            case Text() | Thought() | ToolOpened() | ToolInput():
                return b"".join([_draw(step) for step in self._blocks.feed(event)])
            case Refused():
                self._refused = True
                return b"".join([_draw(step) for step in self._blocks.feed(event)])
            case Opened():
                return self._open()
            case Counted():
                self._counted = event
                return b""
            case Closed():
                return self._end(event)
            case _:
                self._ended = True
                return encode(dumps(error(event.problem)), "error")

    def close(self) -> bytes:
        """The end of the events: an answer that was neither closed nor failed must not look complete."""
        return b"" if self._ended else self.feed(Failed(problem=UpstreamBroke(CUT_SHORT)))

    def heartbeat(self) -> bytes:
        """A sign of life for a client that has heard nothing for a while: the first is that the message begins."""
        if not (self._opened or self._ended):
            return self._open()
        return messages_heartbeat.heartbeat(None if self._ended else self._blocks.open_block)

    def _open(self) -> bytes:
        if self._opened:
            return b""
        self._opened = True
        return _frame("message_start", message=_message(self._stamp) | {"usage": usage(self._counted) | {"output_tokens": 1}})

    def _end(self, event: Closed) -> bytes:
        self._ended = True
        parts = [_draw(step) for step in self._blocks.close()]
        parts.append(_frame("message_delta", delta=_ending(event, refused=self._refused), usage=usage(self._counted)))
        parts.append(_frame("message_stop"))
        return b"".join(parts)


def collect(events: Events, stamp: Stamp) -> Json:
    """Events as a complete answer. Raises the problem of a Failed event, or UpstreamBroke for unusable tool arguments."""
    blocks = Blocks()
    steps: list[Step] = []
    counted = Counted(estimated=True)
    closed: Closed | None = None
    refused = False
    for event in events:
        match event:
            case Opened():
                pass
            case Counted():
                counted = event
            case Closed():
                closed = event
                steps.extend(blocks.close())
            case Failed(problem=problem):
                raise problem
            case _:
                refused = refused or isinstance(event, Refused)
                steps.extend(blocks.feed(event))
    if closed is None:
        raise UpstreamBroke(CUT_SHORT)
    ending = _ending(closed, refused=refused)
    content = _build(steps, may_drop=closed.reason == "length")
    return _message(stamp) | {"content": content, "usage": usage(counted)} | ending


def _build(steps: list[Step], *, may_drop: bool) -> list[Json]:
    """The blocks that `steps` make. A call that the token limit cut off is left out: a client would run it as it stands."""
    built: list[Json] = []
    inputs: dict[int, list[str]] = {}
    said: dict[tuple[int, str], list[str]] = {}
    for step in steps:
        if step.kind == "start":
            built.append(dict(step.value))
            if step.value["type"] == "tool_use":
                inputs[step.index] = []
        elif step.kind == "delta":
            value = {key: text for key, text in step.value.items() if key != "type"}
            for key, text in value.items():
                pieces = inputs[step.index] if key == "partial_json" else said.setdefault((step.index, key), [])
                pieces.append(text)
    for (index, key), pieces in said.items():
        built[index][key] += "".join(pieces)
    for index, pieces in inputs.items():
        parsed = parse("".join(pieces))
        if parsed is None and not may_drop:
            raise UpstreamBroke("The model wrote tool arguments that are not a JSON object")
        built[index]["input"] = parsed
    return [block for block in built if block.get("input", block) is not None]


def usage(counted: Counted) -> Json:
    """The usage object of an answer: three prompt numbers that add up to the prompt."""
    return {
        "input_tokens": max(0, counted.prompt - counted.cached - counted.cache_write),
        "cache_creation_input_tokens": counted.cache_write,
        "cache_read_input_tokens": counted.cached,
        "output_tokens": counted.output,
        **({"output_tokens_details": {"thinking_tokens": counted.reasoning}} if counted.reasoning else {}),
    }


def status(problem: CopilotApiError) -> int:
    """The HTTP status with which Anthropic's clients understand `problem`."""
    kept = _KEPT.get(problem.kind, frozenset())
    return problem.status if problem.status in kept else _ERRORS[problem.kind][0]


def error(problem: CopilotApiError, request_id: str = "") -> Json:
    """Anthropic's error object."""
    failure: Json = {"type": _ERRORS[problem.kind][1], "message": _words(problem)}
    if problem.details:
        failure["details"] = dict(problem.details)
    return {"type": "error", "error": failure} | ({"request_id": request_id} if request_id else {})


def _words(problem: CopilotApiError) -> str:
    """Claude Code compacts the conversation when, and only when, it reads `prompt is too long: N tokens > M maximum`."""
    if problem.kind != "context_overflow" or problem.message.startswith("prompt is too long"):
        return problem.text
    numbers = _TWO_NUMBERS.search(problem.message)
    return (
        f"prompt is too long: {numbers[1]} tokens > {numbers[2]} maximum" if numbers else f"prompt is too long: {problem.text}"
    )


def _message(stamp: Stamp) -> Json:
    return {
        "id": f"msg_{stamp.id}",
        "type": "message",
        "role": "assistant",
        "model": stamp.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _ending(event: Closed, *, refused: bool) -> Json:
    reason = "refusal" if refused and event.reason == "stop" else event.reason
    ending: Json = {"stop_reason": _STOP_REASONS[reason], "stop_sequence": event.stop_sequence}
    if reason == "refusal":
        ending["stop_details"] = {"type": "refusal", "category": None, "explanation": None}
    return ending


def _draw(step: Step) -> bytes:
    match step.kind:
        case "delta":
            delta = {"type": "content_block_delta", "index": step.index, "delta": step.value}
            return encode(dumps(delta), "content_block_delta")
        case "start":
            return _frame("content_block_start", index=step.index, content_block=step.value)
        case _:
            return _frame("content_block_stop", index=step.index)


def _frame(event: str, **fields: Any) -> bytes:
    return encode(dumps({"type": event} | fields), event)
