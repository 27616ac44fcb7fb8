"""What the official SDKs make of a stream: the judges of our encoders."""

from typing import Any, cast, get_args

from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import RawMessageStreamEvent
from openai import BaseModel, omit
from openai._models import construct_type
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent

from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.sse import Sse, SseDecoder


def openai_reads(stream: bytes) -> Json:
    """The completion that the `openai` package accumulates. Fails on a stream it would refuse."""
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    frames = _told(stream)
    assert frames[-1].data == b"[DONE]"
    for frame in frames[:-1]:
        chunk = loads(frame.data)
        assert not chunk.get("error"), chunk
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk, strict=True))
    return state.current_completion_snapshot.to_dict()


_EVENTS: dict[str, type[BaseModel]] = {
    get_args(event.model_fields["type"].annotation)[0]: event for event in get_args(get_args(ResponseStreamEvent)[0])
}
_ENDINGS = {"response.completed", "response.incomplete", "response.failed"}


def openai_responses_reads(stream: bytes, *, strict: bool = True) -> Json:
    """The response that the `openai` package accumulates. Fails on a stream that it would refuse, or with ids that change.

    `strict` also refuses what its types do not allow but its code does, and texts that came in no pieces: Copilot's own
    answers are not that tidy.
    """
    state: ResponseStreamState[None] = ResponseStreamState(input_tools=omit, text_format=omit)
    ids: dict[int, set[str]] = {}
    pieces: dict[int, str] = {}
    done: dict[int, Json] = {}
    for number, frame in enumerate(_told(stream)):
        data = loads(frame.data)
        assert (frame.event, number) == (data["type"], data["sequence_number"])
        is_typed = strict and frame.event != "keepalive"
        event = _EVENTS[frame.event].model_validate(data, strict=True) if is_typed else _constructed(data)
        state.handle_event(cast("ResponseStreamEvent", event))
        if "output_index" in data:
            at = data["output_index"]
            ids.setdefault(at, set()).add(data.get("item_id") or data["item"]["id"])
            pieces[at] = pieces.get(at, "") + data.get("delta", "")
            done |= {at: data["item"]} if frame.event == "response.output_item.done" else {}
    assert frame.event in _ENDINGS
    response = cast("Json", data["response"])
    assert [{item["id"]} for item in response["output"]] == [ids[at] for at in sorted(ids)]
    if frame.event != "response.failed":
        assert response["output"] == [done[at] for at in sorted(done)]
    if strict:
        assert [_said(item) for item in response["output"]] == [pieces[at] for at in sorted(pieces)]
    return response


def _told(stream: bytes) -> list[Sse]:
    """The frames of a stream but for comments, which the packages' readers skip."""
    return [frame for frame in SseDecoder().feed(stream) if frame.data]


def _constructed(data: Json) -> object:
    """What the `openai` package itself makes of one event."""
    return construct_type(type_=ResponseStreamEvent, value=data)


def _said(item: Json) -> str:
    parts = item.get("content") or item.get("summary") or [item]
    texts = [part.get(key, "") for part in parts for key in ("text", "refusal", "arguments", "input")]
    return "".join(texts)


def anthropic_reads(stream: bytes) -> Json:
    """The message that the `anthropic` package accumulates. Fails on a stream it would refuse."""
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for frame in SseDecoder().feed(stream):
        data = loads(frame.data)
        assert frame.event == data["type"]
        assert frame.event != "error", data
        if frame.event != "ping":
            event = cast("RawMessageStreamEvent", data)
            snapshot = accumulate_event(event=event, current_snapshot=snapshot, json_bufs=buffers)
    assert frame.event == "message_stop"
    return cast("Json", snapshot.to_dict())
