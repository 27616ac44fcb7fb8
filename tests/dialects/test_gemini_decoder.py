"""Reading answers in Gemini's dialect."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import Closed, Counted, Event, Failed, Opened, Text, Thought, ToolInput, ToolOpened
from copilot_api.dialects.gemini_decoder import CUT_SHORT, Decoder, whole
from copilot_api.dialects.gemini_parts import sealed
from copilot_api.dialects.sse import SseDecoder, comment, encode


def answer(*parts: Json, finish: str | None = "STOP", **fields: Any) -> Json:
    candidate = {"content": {"role": "model", "parts": list(parts)}} | ({"finishReason": finish} if finish else {})
    return {"candidates": [candidate], "responseId": "r", "modelVersion": "m"} | fields


def streamed(*pieces: bytes) -> list[Event]:
    frames, decoder = SseDecoder(), Decoder()
    read = [event for piece in pieces for frame in frames.feed(piece) for event in decoder.feed(frame)]
    return [*read, *decoder.close()]


def problem(events: list[Event]) -> str:
    last = events[-1]
    assert isinstance(last, Failed)
    return last.problem.message


def test_a_whole_answer() -> None:
    call = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": sealed(["s1", "s2"])}
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 3, "thoughtsTokenCount": 2, "cachedContentTokenCount": 4}
    read = list(whole(answer({"text": "Hm.", "thought": True}, {"text": "Hei"}, call, usageMetadata=usage)))
    assert read == [
        Opened(id="r", model="m"),
        Thought(text="Hm."),
        Text(text="Hei"),
        Thought(signature="s1"),
        Thought(signature="s2"),
        ToolOpened(index=0, id="call_0", name="f"),
        ToolInput(index=0, json='{"a":1}'),
        Counted(prompt=9, output=5, cached=4, reasoning=2),
        Closed(reason="tool_use"),
    ]


def test_a_stream_in_events_with_blank_lines_and_comments_between_them() -> None:
    first = encode(dumps(answer({"text": "a"}, finish=None)))
    last = encode(dumps(answer({"text": ""}, finish="MAX_TOKENS")))
    read = streamed(b"\n", first, comment("x"), last, b"\n")
    assert read == [Opened(id="r", model="m"), Text(text="a"), Closed(reason="length")]


def test_googles_own_seals_are_taken_as_they_are() -> None:
    assert Thought(signature="/+w=") in list(whole(answer({"text": "a", "thoughtSignature": "/+w="})))


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "refusal"), ("RECITATION", "refusal"), ("SPII", "refusal")],
)
def test_every_finish_has_its_reason(finish: str, reason: Any) -> None:
    assert list(whole(answer({"text": "a"}, finish=finish)))[-1] == Closed(reason=reason)


def test_a_blocked_prompt_is_a_refusal() -> None:
    assert list(whole({"promptFeedback": {"blockReason": "SAFETY"}}))[-1] == Closed(reason="refusal")


def test_an_answer_without_an_end_or_with_a_broken_call_has_failed() -> None:
    assert problem(list(whole(answer({"text": "a"}, finish=None)))) == CUT_SHORT
    broken = answer(finish="MALFORMED_FUNCTION_CALL")
    assert problem(list(whole(broken))) == CUT_SHORT
    broken["candidates"][0]["finishMessage"] = "no call"
    assert problem(list(whole(broken))) == "no call"


def test_a_failure_is_read_bare_and_as_data_and_ends_the_answer() -> None:
    failure = dumps({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})
    text = encode(dumps(answer({"text": "a"})))
    assert problem(streamed(text, failure + b"\n\n", text)) == "busy"
    assert problem(streamed(text, encode(failure))) == "busy"


def test_an_event_that_is_no_json_is_a_failure() -> None:
    assert problem(streamed(b"data: {\n\n")) == "An event is not JSON"


def test_the_end_is_near_when_the_finish_was_seen() -> None:
    decoder = Decoder()
    [*_] = decoder.read(answer({"text": "a"}, finish=None))
    assert not decoder.finished
    [*_] = decoder.read(answer({"text": "b"}))
    assert decoder.finished
