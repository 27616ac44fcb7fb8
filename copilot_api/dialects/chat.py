"""OpenAI Chat Completions: the six names. Reading what Copilot sends is long enough to have a module of its own."""

from typing import Any

from copilot_api.dialects import initiator
from copilot_api.dialects.chat_decoder import CUT_SHORT, Decoder, whole
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
from copilot_api.dialects.read import obj, objs, whole_or_none
from copilot_api.dialects.sse import comment, encode
from copilot_api.errors import ClientMistake, CopilotApiError, Kind, UpstreamBroke

__all__ = ["Decoder", "Encoder", "collect", "error", "peek", "status", "usage", "whole"]

DONE = b"data: [DONE]\n\n"
HEARTBEAT = comment("keep-alive")
_FINISH: dict[Reason, str] = {
    "stop": "stop",
    "stop_sequence": "stop",
    "pause": "stop",
    "tool_use": "tool_calls",
    "length": "length",
    "context_window": "length",
    "refusal": "content_filter",
}
_ERRORS: dict[Kind, tuple[int, str, str]] = {  # status, type, code
    "invalid_request": (400, "invalid_request_error", ""),
    "content_filter": (400, "invalid_request_error", "content_filter"),
    "context_overflow": (400, "invalid_request_error", "context_length_exceeded"),
    "authentication": (401, "invalid_request_error", "invalid_api_key"),
    "billing": (429, "insufficient_quota", "insufficient_quota"),
    "permission": (403, "permission_error", ""),
    "not_found": (404, "invalid_request_error", ""),
    "too_large": (413, "invalid_request_error", "request_too_large"),
    "rate_limit": (429, "rate_limit_error", "rate_limit_exceeded"),
    "server": (500, "server_error", ""),
    "overloaded": (503, "server_error", ""),
    "timeout": (504, "server_error", ""),
}
# Statuses that say something the kind's own does not; any other (466, 499 …) means nothing to a client.
_KEPT: dict[Kind, frozenset[int]] = {
    "invalid_request": frozenset({400, 404, 405, 408, 409, 413, 415, 422, 426}),
    "server": frozenset({500, 502, 503, 504}),
}


def peek(body: Json) -> Ask:
    """What the proxy must know of a request. Raises ClientMistake when it names no model or holds no messages."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise ClientMistake("model: a model id is required", code="missing_required_parameter", param="model")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise ClientMistake("messages: at least one message is required", code="missing_required_parameter", param="messages")
    verdict = initiator.of_chat(body)
    cap = body.get("max_completion_tokens", body.get("max_tokens"))
    return Ask(
        model=model,
        stream=body.get("stream") is True,
        initiator=verdict.who,
        why=verdict.why,
        interaction=verdict.turn,
        purpose=verdict.purpose,
        has_images=any(_has_image(message) for message in body["messages"]),
        max_output=whole_or_none(cap),
    )


def _has_image(message: Any) -> bool:
    return any(part.get("type") == "image_url" for part in objs(obj(message).get("content")))


class Encoder:
    """Events as a Chat Completions stream. `with_usage`: the client asked for `stream_options.include_usage`."""

    def __init__(self, stamp: Stamp, *, with_usage: bool = False) -> None:
        self._head: Json = {
            "id": f"chatcmpl-{stamp.id}",
            "object": "chat.completion.chunk",
            "created": stamp.created,
            "model": stamp.model,
        }
        # What stands around the delta of each chunk is written once.
        self._before = b'data: %b,"choices":[{"index":0,"delta":' % dumps(self._head)[:-1]
        self._after = b'}],"usage":null}\n\n' if with_usage else b"}]}\n\n"
        self._with_usage = with_usage
        self._counted = Counted(estimated=True)
        self._thoughts = _Thoughts()
        self._custom: set[int] = set()
        self._ended = False

    def feed(self, event: Event) -> bytes:
        """The bytes that tell the client of `event`."""
        match event:
            case Text(text=text):
                return self._delta({"content": text})
            case ToolInput(index=index, json=json):
                holder = {"custom": {"input": json}} if index in self._custom else {"function": {"arguments": json}}
                return self._delta({"tool_calls": [{"index": index, **holder}]})
            case Thought():
                fields = self._thoughts.fields(event)
                return self._delta(fields) if fields else b""
            case ToolOpened(index=index):
                self._custom |= {index} if event.custom else set()
                return self._delta({"tool_calls": [{"index": index, **_call_of(event)}]})
            case Opened():
                return self._delta({"role": "assistant", "content": ""})
            case Refused(text=text):
                return self._delta({"refusal": text})
            case Counted():
                self._counted = event
                return b""
            case Closed():
                return self._end(event)
            case _:
                self._ended = True
                return encode(dumps(error(event.problem)))

    def heartbeat(self) -> bytes:
        """A sign of life for a client that has heard nothing for a while: a comment, for clients read every chunk."""
        return HEARTBEAT

    def close(self) -> bytes:
        """The end of the events: an answer that was neither closed nor failed must not look complete."""
        return b"" if self._ended else self.feed(Failed(problem=UpstreamBroke(CUT_SHORT)))

    def _delta(self, delta: Json, finish: str | None = None) -> bytes:
        return b"".join((self._before, dumps(delta), b',"logprobs":null,"finish_reason":', dumps(finish), self._after))

    def _end(self, event: Closed) -> bytes:
        self._ended = True
        parts = [self._delta({}, _FINISH[event.reason])]
        if self._with_usage:
            parts.append(encode(dumps(self._head | {"choices": [], "usage": usage(self._counted)})))
        return b"".join([*parts, DONE])


class _Thoughts:
    """Which reasoning a chat message can carry: all of it to be shown, the first part with its signature to be sent back."""

    def __init__(self) -> None:
        self._part: int | None = None
        self._is_sealed = False

    def fields(self, event: Thought) -> Json:
        if event.text:
            self._part = event.part if self._part is None else self._part
            is_first = event.part == self._part and not self._is_sealed
            return {"reasoning_content": event.text} | ({"reasoning_text": event.text} if is_first else {})
        if self._is_sealed or self._part not in {None, event.part}:
            return {}
        self._is_sealed = True
        return {"reasoning_opaque": event.signature or event.redacted}


def collect(events: Events, stamp: Stamp) -> Json:
    """Events as a complete answer. Raises the problem of a Failed event."""
    message: Json = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
    said: dict[str, list[str]] = {}
    calls: dict[int, Json] = {}
    inputs: dict[int, list[str]] = {}
    counted = Counted(estimated=True)
    finish = ""
    thoughts = _Thoughts()
    for event in events:
        match event:
            case Text(text=text):
                said.setdefault("content", []).append(text)
            case Thought():
                for key, text in thoughts.fields(event).items():
                    said.setdefault(key, []).append(text)
            case Refused(text=text):
                said.setdefault("refusal", []).append(text)
            case ToolOpened():
                calls[event.index] = _call_of(event)
            case ToolInput(index=index, json=json):
                inputs.setdefault(index, []).append(json)
            case Counted():
                counted = event
            case Closed(reason=reason):
                finish = _FINISH[reason]
            case Failed(problem=problem):
                raise problem
            case _:
                pass
    if not finish:
        raise UpstreamBroke(CUT_SHORT)
    message |= {key: "".join(pieces) for key, pieces in said.items()}
    for index, pieces in inputs.items():
        holder, key = ("custom", "input") if calls[index]["type"] == "custom" else ("function", "arguments")
        calls[index][holder][key] = "".join(pieces)
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    elif message["content"] is None and message["refusal"] is None:
        message["content"] = ""
    return {
        "id": f"chatcmpl-{stamp.id}",
        "object": "chat.completion",
        "created": stamp.created,
        "model": stamp.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": usage(counted),
        "system_fingerprint": None,
    }


def usage(counted: Counted) -> Json:
    """The usage object of an answer."""
    return {
        "prompt_tokens": counted.prompt,
        "completion_tokens": counted.output,
        "total_tokens": counted.prompt + counted.output,
        "prompt_tokens_details": {
            "cached_tokens": counted.cached,
            "audio_tokens": 0,
            **({"cache_write_tokens": counted.cache_write} if counted.cache_write else {}),
        },
        "completion_tokens_details": {
            "reasoning_tokens": counted.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def status(problem: CopilotApiError) -> int:
    """The HTTP status with which OpenAI's clients understand `problem`."""
    kept = _KEPT.get(problem.kind, frozenset())
    return problem.status if problem.status in kept else _ERRORS[problem.kind][0]


def error(problem: CopilotApiError) -> Json:
    """OpenAI's error object."""
    _, type_, code = _ERRORS[problem.kind]
    body: Json = {
        "message": problem.text,
        "type": type_,
        "param": problem.param or None,
        "code": (code if problem.kind in {"context_overflow", "billing"} else problem.code or code) or None,
    }
    if problem.details:
        body["details"] = dict(problem.details)
    return {"error": body}


def _call_of(event: ToolOpened) -> Json:
    if event.custom:
        return {"id": event.id, "type": "custom", "custom": {"name": event.name, "input": ""}}
    return {"id": event.id, "type": "function", "function": {"name": event.name, "arguments": ""}}
