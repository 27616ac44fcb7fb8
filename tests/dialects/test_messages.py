"""Anthropic Messages towards clients: what we read of a request, and what we write."""

from typing import Any

import pytest

from copilot_api.dialects import messages
from copilot_api.dialects.codec import Json, loads
from copilot_api.dialects.events import (
    Closed,
    Counted,
    Event,
    Failed,
    Opened,
    Refused,
    Stamp,
    Text,
    Thought,
    ToolInput,
    ToolOpened,
)
from copilot_api.dialects.sse import SseDecoder
from copilot_api.errors import ClientMistake, CopilotApiError, NotSignedIn, SlowDown, UpstreamBroke, UpstreamRefused
from tests.builders.clients import anthropic_reads

STAMP = Stamp(id="7", created=99, model="claude-x")


def written(*events: Event) -> bytes:
    encoder = messages.Encoder(STAMP)
    return b"".join(map(encoder.feed, events)) + encoder.close()


def frames(data: bytes) -> list[Json]:
    return [loads(frame.data) for frame in SseDecoder().feed(data)]


def test_peek_reads_what_the_proxy_must_know() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {}}]}
    ask = messages.peek({"model": "m", "max_tokens": 8, "messages": [{"role": "user", "content": [result]}]})
    assert (ask.model, ask.stream, ask.initiator, ask.has_images, ask.max_output) == ("m", False, "agent", True, 8)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"messages": [{}]}, "model"),
        ({"model": ""}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
    ],
)
def test_peek_refuses_what_names_no_model_or_says_nothing(body: Json, param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        messages.peek(body)
    assert caught.value.param == param


def test_a_thread_is_refused_in_the_one_way_the_sdk_understands() -> None:
    with pytest.raises(ClientMistake) as caught:
        messages.peek({"model": "m", "thread": {"type": "create"}, "messages": [{"role": "user", "content": "q"}]})
    details = {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
    assert messages.error(caught.value)["error"]["details"] == details


def test_a_stream_begins_with_a_message_that_has_usage() -> None:
    start = frames(written(Opened(id="up", model="gpt"), Closed(reason="stop")))[0]["message"]
    assert (start["id"], start["model"], start["content"], start["stop_reason"]) == ("msg_7", "claude-x", [], None)
    assert start["usage"] == {
        "input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 1,
    }


def test_an_empty_answer_is_legal() -> None:
    assert anthropic_reads(written(Opened(), Closed(reason="stop")))["content"] == []


def test_counts_are_disjoint_and_come_with_the_end() -> None:
    counted = Counted(prompt=100, cached=60, cache_write=10, output=5, reasoning=2)
    delta = frames(written(Opened(), counted, Closed(reason="stop")))[-2]
    assert delta["usage"] == {
        "input_tokens": 30,
        "cache_creation_input_tokens": 10,
        "cache_read_input_tokens": 60,
        "output_tokens": 5,
        "output_tokens_details": {"thinking_tokens": 2},
    }


@pytest.mark.parametrize(
    ("reason", "stop_reason"),
    [
        ("stop", "end_turn"),
        ("tool_use", "tool_use"),
        ("length", "max_tokens"),
        ("context_window", "model_context_window_exceeded"),
        ("pause", "pause_turn"),
        ("refusal", "refusal"),
    ],
)
def test_every_reason_to_end_has_its_stop_reason(reason: Any, stop_reason: str) -> None:
    delta = frames(written(Opened(), Closed(reason=reason)))[-2]["delta"]
    assert delta["stop_reason"] == stop_reason
    assert ("stop_details" in delta) is (reason == "refusal")


def test_the_stop_sequence_is_named() -> None:
    delta = frames(written(Opened(), Closed(reason="stop_sequence", stop_sequence="END")))[-2]["delta"]
    assert delta == {"stop_reason": "stop_sequence", "stop_sequence": "END"}


def test_words_of_refusal_are_text_and_the_end_says_refusal() -> None:
    events: list[Event] = [Opened(), Refused(text="I "), Refused(text="won't"), Closed(reason="stop")]
    message = messages.collect(events, STAMP)
    assert (message["content"], message["stop_reason"]) == ([{"type": "text", "text": "I won't"}], "refusal")
    assert anthropic_reads(written(*events)) == message


def test_a_failure_is_an_error_event_and_the_last_thing_said() -> None:
    data = written(Opened(), Text(text="a"), Failed(problem=UpstreamRefused("busy", status=502, kind="overloaded")))
    last = list(SseDecoder().feed(data))[-1]
    assert last.event == "error"
    assert loads(last.data) == {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}


def test_a_stream_that_is_never_closed_ends_with_an_error() -> None:
    assert list(SseDecoder().feed(written(Opened(), Text(text="a"))))[-1].event == "error"


@pytest.mark.parametrize("events", [[], [Opened(), Text(text="a")]])
def test_an_answer_that_is_never_closed_is_none(events: list[Event]) -> None:
    with pytest.raises(UpstreamBroke):
        messages.collect(events, STAMP)


def test_a_failed_answer_raises_its_problem() -> None:
    with pytest.raises(UpstreamBroke, match="gone"):
        messages.collect([Opened(), Failed(problem=UpstreamBroke("gone"))], STAMP)


def test_a_call_cut_off_by_the_token_limit_is_left_out() -> None:
    events: list[Event] = [
        Text(text="a"),
        ToolOpened(index=0, id="t", name="f"),
        ToolInput(index=0, json='{"path": "/etc'),
        Closed(reason="length"),
    ]
    message = messages.collect(events, STAMP)
    assert (message["content"], message["stop_reason"]) == ([{"type": "text", "text": "a"}], "max_tokens")


def test_unusable_arguments_are_an_error_and_not_an_invented_call() -> None:
    events: list[Event] = [ToolOpened(index=0, id="t", name="f"), ToolInput(index=0, json="{oops"), Closed(reason="tool_use")]
    with pytest.raises(UpstreamBroke, match="tool arguments"):
        messages.collect(events, STAMP)


def test_a_call_without_arguments_has_an_empty_input() -> None:
    events: list[Event] = [ToolOpened(index=0, id="t", name="f"), ToolInput(index=0, json=""), Closed(reason="tool_use")]
    assert messages.collect(events, STAMP)["content"] == [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]


def test_redacted_reasoning_is_a_block_of_its_own() -> None:
    events: list[Event] = [Opened(), Thought(redacted="xyz"), Text(text="t"), Closed(reason="stop")]
    assert messages.collect(events, STAMP)["content"][0] == {"type": "redacted_thinking", "data": "xyz"}
    assert anthropic_reads(written(*events))["content"][0] == {"type": "redacted_thinking", "data": "xyz"}


@pytest.mark.parametrize(
    ("problem", "status", "type_"),
    [
        (ClientMistake("bad"), 400, "invalid_request_error"),
        (NotSignedIn("who?"), 401, "authentication_error"),
        (SlowDown("wait", retry_after_s=3), 429, "rate_limit_error"),
        (UpstreamRefused("spent", status=402, kind="billing"), 402, "billing_error"),
        (UpstreamRefused("busy", status=503, kind="overloaded"), 529, "overloaded_error"),
        (UpstreamRefused("old", status=466, kind="invalid_request"), 400, "invalid_request_error"),
        (UpstreamRefused("gone", status=502), 502, "api_error"),
        (UpstreamRefused("odd", status=424), 500, "api_error"),
    ],
)
def test_problems_as_anthropics_clients_know_them(problem: CopilotApiError, status: int, type_: str) -> None:
    assert messages.status(problem) == status
    assert messages.error(problem)["error"]["type"] == type_


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("prompt token count of 210000 exceeds the limit of 200000", "prompt is too long: 210000 tokens > 200000 maximum"),
        ("prompt is too long: 5 tokens > 4 maximum", "prompt is too long: 5 tokens > 4 maximum"),
        ("Request body is too large", "prompt is too long: Request body is too large"),
    ],
)
def test_an_overflowing_prompt_is_told_in_the_words_that_make_claude_code_compact(said: str, told: str) -> None:
    problem = UpstreamRefused(said, status=400, kind="context_overflow")
    assert messages.error(problem)["error"]["message"] == told


def test_the_request_id_stands_beside_the_error() -> None:
    assert messages.error(ClientMistake("x"), "req_1")["request_id"] == "req_1"


def test_the_first_heartbeat_begins_the_message() -> None:
    """Claude Code waits for events; a model may think for minutes before its endpoint says anything."""
    encoder = messages.Encoder(STAMP)
    begun = encoder.heartbeat()
    assert [frame.event for frame in SseDecoder().feed(begun)] == ["message_start"]
    assert encoder.heartbeat() == messages.PING
    assert encoder.feed(Opened()) == b""
    rest = encoder.feed(Text(text="a")) + encoder.feed(Closed(reason="stop"))
    assert anthropic_reads(begun + rest)["content"] == [{"type": "text", "text": "a"}]
    assert encoder.heartbeat() == messages.PING
