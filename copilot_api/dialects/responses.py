"""OpenAI Responses: the six names. Reading what Copilot sends, and the order of output items, are modules of their own."""

from copilot_api.dialects import initiator
from copilot_api.dialects.chat import error, status
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
from copilot_api.dialects.responses_decoder import CUT_SHORT, Decoder, whole
from copilot_api.dialects.responses_items import Items
from copilot_api.dialects.sse import comment, encode
from copilot_api.errors import ClientMistake, CopilotApiError, Kind, UpstreamBroke

__all__ = [
    "Decoder",
    "Encoder",
    "begun",
    "collect",
    "error",
    "failure",
    "keepalive",
    "peek",
    "response_id",
    "status",
    "usage",
    "whole",
]

# Why an answer is incomplete; every other reason completes it.
_INCOMPLETE: dict[Reason, str] = {
    "length": "max_output_tokens",
    "context_window": "max_output_tokens",
    "refusal": "content_filter",
}
# What a failed response's error is called. Codex sends the turn again for every code that it does not know as final.
_CODES: dict[Kind, str] = {
    "invalid_request": "invalid_prompt",
    "content_filter": "invalid_prompt",
    "context_overflow": "context_length_exceeded",
    "authentication": "invalid_prompt",
    "billing": "insufficient_quota",
    "permission": "invalid_prompt",
    "not_found": "invalid_prompt",
    "too_large": "invalid_prompt",
    "rate_limit": "rate_limit_exceeded",
    "server": "server_error",
    "overloaded": "server_error",
    "timeout": "server_error",
}
# What a response repeats of its request, as it stands there or by default (client-apis §3.2).
_ECHOED: Json = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}
NOTHING = comment("keep-alive")
"""A sign of life after an answer: readers take no event then."""

_ECHOED_IF_GIVEN = ("prompt_cache_key", "safety_identifier", "user")


def peek(body: Json) -> Ask:
    """What the proxy must know of a request.

    Raises ClientMistake when it names no model, holds no input, or counts on a server that remembers or works on its own.
    """
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise ClientMistake("model: a model id is required", code="missing_required_parameter", param="model")
    _check_memory(body)
    if body.get("background"):
        raise ClientMistake("background: answers are not made in the background", code="unsupported_value", param="background")
    given = body.get("input")
    if not given:
        raise ClientMistake("input: a text or at least one item is required", code="missing_required_parameter", param="input")
    if not isinstance(given, str | list):
        raise ClientMistake("input: must be a text or a list of items", code="invalid_type", param="input")
    verdict = initiator.of_responses(body)
    return Ask(
        model=model,
        stream=body.get("stream") is True,
        initiator=verdict.who,
        why=verdict.why,
        interaction=verdict.turn,
        purpose=verdict.purpose,
        has_images=any(_has_image(item) for item in objs(given)),
        max_output=whole_or_none(body.get("max_output_tokens")),
    )


def _check_memory(body: Json) -> None:
    for field in ("previous_response_id", "conversation"):
        if body.get(field):
            raise ClientMistake(
                f"{field}: Copilot keeps no conversations, so there is none to continue",
                hint="send the whole conversation in input",
                code="previous_response_not_found",
                param=field,
            )


def _has_image(item: Json) -> bool:
    """Whether an item holds a picture, be it in what a tool put out."""
    return any(part.get("type") == "input_image" for part in (*objs(item.get("content")), *objs(item.get("output"))))


class Encoder:
    """Events as a Responses stream. `request` is the client's: a response repeats much of it."""

    def __init__(self, stamp: Stamp, *, request: Json) -> None:
        self._response = begun(stamp, request)
        self._items = Items(stamp.id)
        self._counted = Counted(estimated=True)
        self._number = 0
        self._opened = False
        self._ended = False

    def feed(self, event: Event) -> bytes:
        """The bytes that tell the client of `event`."""
        match event:
            case Text() | Thought() | Refused() | ToolOpened() | ToolInput():
                return b"".join([self._frame(told) for told in self._items.feed(event)])
            case Opened():
                return self._open()
            case Counted():
                self._counted = event
                return b""
            case Closed(reason=reason):
                self._ended = True
                last = b"".join([self._frame(told) for told in self._items.close(is_cut=reason in _INCOMPLETE)])
                return last + self._tell(self._response | _ending(reason, self._items, self._counted))
            case _:
                self._ended = True
                return self._open() + self._tell(self._response | failure(event.problem) | {"output": self._items.output})

    def close(self) -> bytes:
        """The end of the events: an answer that was neither closed nor failed must not look complete."""
        return b"" if self._ended else self.feed(Failed(problem=UpstreamBroke(CUT_SHORT)))

    def heartbeat(self) -> bytes:
        """A sign of life for a client that has heard nothing for a while: the first is that the answer begins."""
        if self._ended:
            return NOTHING
        return self._frame(keepalive()) if self._opened else self._open()

    def _open(self) -> bytes:
        """The first two events, without which clients understand no other."""
        if self._opened:
            return b""
        self._opened = True
        return self._frame({"type": "response.created", "response": self._response}) + self._tell(self._response)

    def _tell(self, response: Json) -> bytes:
        return self._frame({"type": f"response.{response['status']}", "response": response})

    def _frame(self, event: Json) -> bytes:
        number, self._number = self._number, self._number + 1
        return encode(dumps({"type": event["type"], "sequence_number": number} | event), event["type"])


def collect(events: Events, stamp: Stamp, *, request: Json) -> Json:
    """Events as a complete answer. Raises the problem of a Failed event."""
    items = Items(stamp.id)
    counted = Counted(estimated=True)
    reason: Reason | None = None
    for event in events:
        match event:
            case Opened():
                pass
            case Counted():
                counted = event
            case Closed():
                reason = event.reason
            case Failed(problem=problem):
                raise problem
            case _:
                items.feed(event)
    if reason is None:
        raise UpstreamBroke(CUT_SHORT)
    items.close(is_cut=reason in _INCOMPLETE)
    return begun(stamp, request) | _ending(reason, items, counted)


def keepalive() -> Json:
    """The event with which OpenAI itself fills silences, without its number.

    Codex counts events only, not comments; a further `response.in_progress` would make the JavaScript SDK forget the output.
    """
    return {"type": "keepalive"}


def usage(counted: Counted) -> Json:
    """The usage object of an answer."""
    return {
        "input_tokens": counted.prompt,
        "input_tokens_details": {"cached_tokens": counted.cached, "cache_write_tokens": counted.cache_write},
        "output_tokens": counted.output,
        "output_tokens_details": {"reasoning_tokens": counted.reasoning},
        "total_tokens": counted.prompt + counted.output,
    }


def failure(problem: CopilotApiError) -> Json:
    """The fields with which a response says that it failed."""
    return {"status": "failed", "error": {"code": _CODES[problem.kind], "message": problem.text}}


def begun(stamp: Stamp, request: Json) -> Json:
    """A response that has just begun, and of which nothing is known but the request."""
    echoed = {key: default if request.get(key) is None else request[key] for key, default in _ECHOED.items()}
    return {
        "id": response_id(stamp),
        "object": "response",
        "created_at": stamp.created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "model": stamp.model,
        "output": [],
        **echoed,
        **{key: request[key] for key in _ECHOED_IF_GIVEN if request.get(key) is not None},
        "reasoning": {"effort": None, "summary": None} | obj(request.get("reasoning")),
        "store": False,
        "text": {"format": {"type": "text"}, "verbosity": "medium"} | obj(request.get("text")),
        "usage": None,
    }


def response_id(stamp: Stamp) -> str:
    """The id of the answer."""
    return f"resp_{stamp.id}"


def _ending(reason: Reason, items: Items, counted: Counted) -> Json:
    ending: Json = {"status": "completed", "output": items.output, "usage": usage(counted)}
    if reason in _INCOMPLETE:
        ending |= {"status": "incomplete", "incomplete_details": {"reason": _INCOMPLETE[reason]}}
    return ending
