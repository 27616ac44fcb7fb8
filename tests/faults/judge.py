"""What a client of each dialect makes of what it got: an answer, an error of its own dialect, or something that is neither.

The official SDKs read the streams, event by event as these do, so that what stands before a failure is judged as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from anthropic.lib.streaming._messages import accumulate_event
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.sse import SseDecoder, encode
from tests.builders.gemini_client import put_together, sdk_responses
from tests.matrix.speakers import SPEAKERS, Told

Speaks = Literal["chat", "messages", "responses", "gemini", "socket"]
"""A client's dialect; `socket` is Responses over a WebSocket."""

ANTHROPIC_TYPES = {
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "request_too_large",
    "rate_limit_error",
    "api_error",
    "overloaded_error",
    "timeout_error",
}
OPENAI_TYPES = {"invalid_request_error", "permission_error", "rate_limit_error", "insufficient_quota", "server_error"}
ENDINGS = {"response.completed", "response.incomplete", "response.failed"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What it was: `told` is what the client reads in an answer, else there is an error with its `message`.

    `status` is that of HTTP, of an error on a WebSocket, or 200 where the failure is told inside a stream.
    """

    status: int
    told: Told | None = None
    kind: str = ""
    message: str = ""

    @property
    def text(self) -> str:
        """For a cell of the table."""
        return "answer" if self.told else f"{'in stream' if self.status == 200 else self.status}: {self.kind}"


class Malformed(AssertionError):
    """Neither an answer nor an error that a client of that dialect understands."""


def of_whole(speaks: Speaks, status: int, body: bytes) -> Verdict:
    """A complete answer, or an error with its status. Raises Malformed."""
    try:
        value = loads(body)
    except ValueError as error:
        raise Malformed(f"{status} with a body that is not JSON: {body[:200]!r}") from error
    if status != 200:
        return _error(speaks, status, value)
    if speaks == "chat":
        ChatCompletion.model_validate(value, strict=True)
    if speaks == "responses" and value.get("status") not in {"completed", "incomplete"}:
        return _failed_response(value)
    return Verdict(status=200, told=SPEAKERS[_client(speaks)].whole(value))


def of_stream(speaks: Speaks, status: int, content_type: str, body: bytes) -> Verdict:
    """A stream to its end. Raises Malformed, also for one that ends in silence."""
    if status != 200:
        return of_whole(speaks, status, body)
    if content_type != "text/event-stream":
        raise Malformed(f"a stream that says it is {content_type}")
    return _STREAMS[speaks](body)


def of_messages(messages: list[Json]) -> Verdict:
    """What came over a WebSocket for one request. Raises Malformed."""
    *before, last = messages
    if last.get("type") == "error":
        _prefix_of_responses([encode(dumps(event), event["type"]) for event in before])
        return _error("socket", int(last["status"]), last)
    return _responses(b"".join(encode(dumps(event), event["type"]) for event in messages))


def _client(speaks: Speaks) -> Any:
    return "responses" if speaks == "socket" else speaks


def _error(speaks: Speaks, status: int, value: Any) -> Verdict:
    """An error object of that dialect."""
    try:
        failure = value["error"]
        message = failure["message"]
        match speaks:
            case "messages":
                assert value["type"] == "error"
                kind = failure["type"]
                assert kind in ANTHROPIC_TYPES
            case "gemini":
                assert isinstance(failure["code"], int)
                kind = failure["status"]
                assert kind.isupper()
            case _:
                kind = failure["type"]
                assert kind in OPENAI_TYPES
                assert {"param", "code"} <= failure.keys()
        assert isinstance(message, str)
        assert message
    except (KeyError, TypeError, AssertionError) as error:
        raise Malformed(f"{status} with what is no error of {speaks}: {value}") from error
    if not 400 <= status < 600:
        raise Malformed(f"an error with the status {status}")
    return Verdict(status=status, kind=kind, message=message)


def _in_stream(speaks: Speaks, value: Any) -> Verdict:
    told = _error(speaks, 599, value)
    return Verdict(status=200, kind=told.kind, message=told.message)


def _frames(body: bytes) -> list[tuple[str, Any]]:
    """Event name and data of each frame, which must be whole."""
    decoder = SseDecoder()
    frames = [frame for frame in decoder.feed(body) if frame.data]
    if rest := list(decoder.close()):
        raise Malformed(f"half an event at the end: {rest[0].raw[:200]!r}")
    if not frames:
        raise Malformed("silent end: nothing at all")
    try:
        return [(frame.event, "[DONE]" if frame.data == b"[DONE]" else loads(frame.data)) for frame in frames]
    except ValueError as error:
        raise Malformed("an event that is not JSON") from error


def _chat(body: bytes) -> Verdict:
    frames = [data for _, data in _frames(body)]
    is_failed = isinstance(frames[-1], dict) and frames[-1].get("error")
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    for chunk in frames[:-1]:
        if not isinstance(chunk, dict) or chunk.get("error"):
            raise Malformed(f"something follows the end: {chunk}")
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk, strict=True))
    if is_failed:
        return _in_stream("chat", frames[-1])
    if frames[-1] != "[DONE]":
        raise Malformed(f"silent end after {frames[-1]}")
    return Verdict(status=200, told=SPEAKERS["chat"].stream(body))


def _messages(body: bytes) -> Verdict:
    frames = _frames(body)
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for event, data in frames:
        if data == "[DONE]" or event != data["type"]:
            raise Malformed(f"an event {event!r} that says {data}")
        if event not in {"ping", "error"}:
            snapshot = accumulate_event(event=data, current_snapshot=snapshot, json_bufs=buffers)
    if [event for event, _ in frames if event in {"error", "message_stop"}] != [frames[-1][0]]:
        raise Malformed(f"silent end after {frames[-1]}")
    if frames[-1][0] == "error":
        return _in_stream("messages", frames[-1][1])
    return Verdict(status=200, told=SPEAKERS["messages"].stream(body))


def _prefix_of_responses(frames: list[bytes]) -> None:
    """Reads events as the `openai` package does."""
    state: ResponseStreamState[None] = ResponseStreamState(input_tools=omit, text_format=omit)
    for number, (event, data) in enumerate(_frames(b"".join(frames)) if frames else ()):
        if (event, number) != (data["type"], data["sequence_number"]):
            raise Malformed(f"event {number}, {event!r}, says {data}")
        state.handle_event(construct_type(type_=ResponseStreamEvent, value=data))  # type: ignore[arg-type] # as the package does


def _responses(body: bytes) -> Verdict:
    frames = _frames(body)
    if [event for event, _ in frames if event in ENDINGS] != [frames[-1][0]]:
        raise Malformed(f"silent end after {frames[-1]}")
    _prefix_of_responses([body])
    if frames[-1][0] != "response.failed":
        return Verdict(status=200, told=SPEAKERS["responses"].stream(body))
    return _failed_response(frames[-1][1]["response"])


def _failed_response(response: Json) -> Verdict:
    """OpenAI's way to tell of a failure once an answer has begun."""
    failure = response.get("error") or {}
    if response.get("status") != "failed" or not failure.get("code") or not failure.get("message"):
        raise Malformed(f"a failure that says nothing: {response}")
    return Verdict(status=200, kind=failure["code"], message=failure["message"])


def _gemini(body: bytes) -> Verdict:
    at = body.rfind(b'{"error"')
    if at < 0:
        if not body.strip():
            raise Malformed("silent end: nothing at all")
        answer = put_together(sdk_responses([body]))
        if not answer["candidates"][0].get("finishReason"):
            raise Malformed("silent end: no finish reason")
        return Verdict(status=200, told=SPEAKERS["gemini"].stream(body))
    sdk_responses([body[:at]])
    return _in_stream("gemini", loads(body[at:].strip()))


_STREAMS: dict[Speaks, Callable[[bytes], Verdict]] = {
    "chat": _chat,
    "messages": _messages,
    "responses": _responses,
    "gemini": _gemini,
}
