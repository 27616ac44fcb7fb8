"""What the official SDKs make of a stream: the judges of our encoders."""

from typing import Any, cast

from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import RawMessageStreamEvent
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.sse import SseDecoder


def openai_reads(stream: bytes) -> Json:
    """The completion that the `openai` package accumulates. Fails on a stream it would refuse."""
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    frames = list(SseDecoder().feed(stream))
    assert frames[-1].data == b"[DONE]"
    for frame in frames[:-1]:
        chunk = loads(frame.data)
        assert not chunk.get("error"), chunk
        state.handle_chunk(ChatCompletionChunk.model_validate(chunk, strict=True))
    return state.current_completion_snapshot.to_dict()


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
