"""Chat Completions as Copilot really sends them (copilot-upstream §3.2, §3.3)."""

from typing import Any

import pytest

from copilot_api.dialects import chat
from copilot_api.dialects.chat_decoder import CUT_SHORT, Decoder, problem_in, whole
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import (
    Closed,
    Counted,
    Event,
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
from copilot_api.dialects.sse import SseDecoder, encode

STAMP = Stamp(id="1", created=1, model="m")
FINISH = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def stream(*chunks: Json | bytes) -> list[Event]:
    decoder, frames = Decoder(), SseDecoder()
    data = b"".join(encode(chunk if isinstance(chunk, bytes) else dumps(chunk)) for chunk in chunks)
    events = [event for frame in frames.feed(data) for event in decoder.feed(frame)]
    return [*events, *decoder.close()]


def delta(index: int = 0, **fields: Any) -> Json:
    return {"id": "x", "model": "up", "choices": [{"index": index, "delta": fields, "finish_reason": None}]}


def call(**fields: Any) -> Json:
    return {"tool_calls": [fields]}


def tools(events: list[Event]) -> list[tuple[str, str, str]]:
    opened = [event for event in events if isinstance(event, ToolOpened)]
    inputs = {event.index: "" for event in opened}
    for event in events:
        if isinstance(event, ToolInput):
            inputs[event.index] += event.json
    return [(event.id, event.name, inputs[event.index]) for event in opened]


def test_the_empty_first_chunk_does_not_name_the_answer() -> None:
    events = stream({"choices": [], "id": "", "model": ""}, delta(content="a"), FINISH)
    assert events[0] == Opened(id="x", model="up")


def test_an_answer_without_any_id_still_opens() -> None:
    assert stream({"choices": [{"delta": {"content": "a"}}]}, FINISH)[:2] == [Opened(), Text(text="a")]


def test_reasoning_is_read_under_all_its_names() -> None:
    events = stream(delta(reasoning_text="a"), delta(reasoning_content="b"), delta(cot_summary="c"), FINISH)
    assert [event.text for event in events if isinstance(event, Thought)] == ["a", "b", "c"]


def test_a_signature_beside_text_comes_first() -> None:
    events = stream(delta(reasoning_text="a"), delta(content="t", reasoning_opaque="sig"), FINISH)
    assert events[1:4] == [Thought(text="a"), Thought(signature="sig"), Text(text="t")]


def test_a_signature_after_the_finish_is_still_read() -> None:
    events = stream(delta(content="t"), FINISH, delta(reasoning_opaque="late"), b"[DONE]")
    assert Thought(signature="late") in events


def test_claudes_calls_in_a_second_choice_are_the_same_answer() -> None:
    events = stream(
        delta(content="Checking."),
        delta(1, **call(index=0, id="a", type="function", function={"name": "f", "arguments": ""})),
        delta(1, **call(index=0, function={"arguments": "{}"})),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    )
    assert tools(events) == [("a", "f", "{}")]
    assert events[-1] == Closed(reason="tool_use")


def test_calls_without_index_are_told_apart_by_their_ids() -> None:
    events = stream(
        delta(**call(id="a", function={"name": "f", "arguments": '{"x":1}'})),
        delta(**call(id="b", function={"name": "g", "arguments": "{}"})),
        FINISH,
    )
    assert tools(events) == [("a", "f", '{"x":1}'), ("b", "g", "{}")]
    assert events[-1] == Closed(reason="tool_use")


def test_several_calls_under_one_index_are_told_apart_by_their_ids() -> None:
    events = stream(
        delta(**call(index=0, id="a", function={"name": "f", "arguments": "{}"})),
        delta(**call(index=0, id="b", function={"name": "g", "arguments": "{}"})),
        FINISH,
    )
    assert [name for _, name, _ in tools(events)] == ["f", "g"]


def test_an_id_repeated_in_every_piece_is_one_call() -> None:
    events = stream(
        delta(**call(index=0, id="a", function={"name": "f", "arguments": "{"})),
        delta(**call(index=0, id="a", function={"name": "f", "arguments": "}"})),
        FINISH,
    )
    assert tools(events) == [("a", "f", "{}")]


def test_arguments_before_id_and_name_are_held() -> None:
    events = stream(
        delta(**call(index=0, function={"arguments": '{"a"'})),
        delta(**call(index=0, id="a")),
        delta(**call(index=0, function={"name": "f", "arguments": ":1}"})),
        FINISH,
    )
    assert tools(events) == [("a", "f", '{"a":1}')]


def test_a_call_without_id_gets_one_at_the_end() -> None:
    events = stream(delta(**call(index=0, function={"name": "f", "arguments": "{}"})), FINISH)
    assert tools(events) == [("call_x0", "f", "{}")]


def test_a_call_without_name_is_no_call() -> None:
    assert tools(stream(delta(**call(index=0, id="a", function={"arguments": "{}"})), FINISH)) == []


def test_the_last_count_holds() -> None:
    first = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    last = {
        "choices": [],
        "usage": {
            "prompt_tokens": 321,
            "completion_tokens": 40,
            "prompt_tokens_details": {"cached_tokens": 300, "cache_creation_input_tokens": 9},
            "completion_tokens_details": {"reasoning_tokens": 12},
        },
        "copilot_usage": {"total_nano_aiu": 5},
    }
    events = stream(delta(content="a"), first, FINISH, last, b"[DONE]")
    assert events[-2] == Counted(prompt=321, output=40, cached=300, cache_write=9, reasoning=12, nano_aiu=5)


def test_what_follows_the_end_mark_is_not_read() -> None:
    assert stream(delta(content="a"), FINISH, b"[DONE]", delta(content="b"))[-1] == Closed(reason="stop")


def test_a_missing_end_mark_after_the_finish_is_fine() -> None:
    assert stream(delta(content="a"), FINISH)[-1] == Closed(reason="stop")


@pytest.mark.parametrize("end", [[], [b"[DONE]"]], ids=["end of bytes", "end mark"])
def test_an_end_without_finish_reason_is_a_failure(end: list[bytes]) -> None:
    last = stream(delta(content="a"), *end)[-1]
    assert isinstance(last, Failed)
    assert last.problem.message == CUT_SHORT


def test_a_finish_of_error_is_a_failure() -> None:
    assert isinstance(stream({"choices": [{"delta": {}, "finish_reason": "error"}]})[-1], Failed)


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "length"), ("content_filter", "refusal"), ("function_call", "tool_use"), ("odd", "stop")]
)
def test_finish_reasons(finish: str, reason: Reason) -> None:
    assert stream({"choices": [{"delta": {}, "finish_reason": finish}]})[-1] == Closed(reason=reason)


@pytest.mark.parametrize(
    ("chunk", "kind", "message"),
    [
        ({"error": {"message": "slow down", "code": "rate_limited"}}, "rate_limit", "slow down"),
        ({"error": {"message": "", "type": "overloaded_error"}}, "overloaded", "Copilot reported an error in the middle"),
        ({"error": "broken"}, "server", "broken"),
        ({"choices": None, "copilot_errors": [{"message": "agent died", "code": "x"}]}, "server", "agent died"),
    ],
)
def test_an_error_in_the_stream_fails_the_answer_and_ends_it(chunk: Json, kind: str, message: str) -> None:
    events = stream(delta(content="a"), chunk, delta(content="b"), FINISH)
    assert isinstance(events[-1], Failed)
    assert (events[-1].problem.kind, Text(text="b") in events) == (kind, False)
    assert events[-1].problem.message.startswith(message)


def test_a_chunk_that_is_not_json_fails_the_answer() -> None:
    assert isinstance(stream(delta(content="a"), b"{oops")[-1], Failed)


@pytest.mark.parametrize("chunk", [b"[1]", b'"x"', b'{"choices":null,"copilot_references":[]}', b'{"choices":[7]}'])
def test_chunks_with_nothing_in_them_are_passed_over(chunk: bytes) -> None:
    assert stream(chunk, delta(content="a"), FINISH)[-1] == Closed(reason="stop")


def test_endless_blanks_in_arguments_fail_the_answer() -> None:
    first = delta(**call(index=0, id="a", function={"name": "f", "arguments": "{"}))
    blanks = delta(**call(index=0, function={"arguments": " " * 1500}))
    events = stream(first, blanks, blanks, FINISH)
    assert isinstance(events[-1], Failed)
    assert "blanks" in events[-1].problem.message


def test_finished_is_known_before_the_end() -> None:
    decoder = Decoder()
    [frame] = SseDecoder().feed(encode(dumps(FINISH)))
    assert not decoder.finished
    list(decoder.feed(frame))
    assert decoder.finished


def test_a_refusal_is_kept_apart_from_text() -> None:
    assert Refused(text="no") in stream(delta(refusal="no"), FINISH)


def test_content_as_a_list_of_parts_is_text() -> None:
    assert Text(text="ab") in stream(delta(content=[{"type": "text", "text": "a"}, {"text": "b"}, 3]), FINISH)


def test_a_whole_answer_of_claude_is_one_answer() -> None:
    answer = {
        "id": "msg_1",
        "choices": [
            {
                "finish_reason": "tool_calls",
                "message": {"content": "I'll check.", "reasoning_text": "hm", "reasoning_opaque": "s"},
            },
            {
                "finish_reason": "tool_calls",
                "message": {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]},
            },
        ],
    }
    message = chat.collect(whole(answer), STAMP)["choices"][0]
    assert message["finish_reason"] == "tool_calls"
    assert message["message"]["content"] == "I'll check."
    assert message["message"]["reasoning_opaque"] == "s"
    assert [c["function"]["name"] for c in message["message"]["tool_calls"]] == ["f"]


def test_a_whole_answer_without_finish_is_a_failure() -> None:
    assert isinstance(list(whole({"choices": [{"message": {"content": "a", "refusal": "no"}}]}))[-1], Failed)


def test_a_whole_call_without_id_gets_one() -> None:
    answer = {"id": "c-9", "choices": [{"finish_reason": "stop", "message": {"tool_calls": [{"function": {"name": "f"}}]}}]}
    assert tools(list(whole(answer))) == [("call_c90", "f", "")]


@pytest.mark.parametrize(
    "chunk", [{"error": None}, {"error": {}, "copilot_errors": []}, {"copilot_errors": None}, {"choices": []}]
)
def test_a_failure_that_says_nothing_is_none(chunk: Json) -> None:
    assert problem_in(chunk) is None
