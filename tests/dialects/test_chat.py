"""Chat Completions towards clients: what we read of a request, and what we write."""

from typing import Any

import pytest

from copilot_api.dialects import chat
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
from copilot_api.errors import (
    ClientMistake,
    CopilotApiError,
    ModelUnknown,
    SlowDown,
    UpstreamBroke,
    UpstreamRefused,
    UpstreamTimeout,
)
from tests.builders.clients import openai_reads

STAMP = Stamp(id="7", created=99, model="gpt-x")


def written(*events: Event, with_usage: bool = False) -> bytes:
    encoder = chat.Encoder(STAMP, with_usage=with_usage)
    return b"".join(map(encoder.feed, events)) + encoder.close()


def chunks(data: bytes) -> list[Json]:
    return [loads(frame.data) for frame in SseDecoder().feed(data) if frame.data != b"[DONE]"]


def test_peek_reads_what_the_proxy_must_know() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:"}}
    ask = chat.peek({"model": "m", "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": [image]}]})
    assert (ask.model, ask.stream, ask.initiator, ask.has_images, ask.max_output) == ("m", True, "user", True, 9)


def test_peek_prefers_the_newer_name_of_the_cap() -> None:
    body = {"model": "m", "max_tokens": 9, "max_completion_tokens": 5, "messages": [{"role": "user", "content": "q"}]}
    assert chat.peek(body).max_output == 5


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "model"),
        ({"model": 3}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": "q"}, "messages"),
    ],
)
def test_peek_refuses_what_names_no_model_or_says_nothing(body: Json, param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        chat.peek(body)
    assert caught.value.param == param


def test_messages_that_are_no_objects_hold_no_image() -> None:
    assert chat.peek({"model": "m", "messages": ["x", None]}).has_images is False


def test_every_chunk_has_one_id_time_model_and_object() -> None:
    data = written(Opened(id="up"), Text(text="a"), Closed(reason="stop"), with_usage=True)
    heads = {(c["id"], c["created"], c["model"], c["object"]) for c in chunks(data)}
    assert heads == {("chatcmpl-7", 99, "gpt-x", "chat.completion.chunk")}


def test_the_first_chunk_names_the_role_and_the_last_the_finish() -> None:
    first, text, last = chunks(written(Opened(), Text(text="a"), Closed(reason="stop")))
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert text["choices"][0]["delta"] == {"content": "a"}
    assert (last["choices"][0]["delta"], last["choices"][0]["finish_reason"]) == ({}, "stop")


def test_usage_comes_only_to_who_asked_for_it() -> None:
    events = (Opened(), Text(text="a"), Counted(prompt=3, output=2), Closed(reason="stop"))
    assert all("usage" not in chunk for chunk in chunks(written(*events)))
    *others, last = chunks(written(*events, with_usage=True))
    assert all(chunk["usage"] is None for chunk in others)
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 5)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", "stop"),
        ("stop_sequence", "stop"),
        ("pause", "stop"),
        ("tool_use", "tool_calls"),
        ("length", "length"),
        ("context_window", "length"),
        ("refusal", "content_filter"),
    ],
)
def test_every_reason_to_end_has_its_finish(reason: Any, finish: str) -> None:
    assert chunks(written(Opened(), Closed(reason=reason)))[-1]["choices"][0]["finish_reason"] == finish


def test_a_call_begins_with_index_id_type_and_name() -> None:
    events = (Opened(), ToolOpened(index=0, id="c", name="f"), ToolInput(index=0, json="{}"), Closed(reason="tool_use"))
    _, first, second, _ = chunks(written(*events))
    opened = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    assert first["choices"][0]["delta"] == {"tool_calls": [opened]}
    assert second["choices"][0]["delta"] == {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}


def test_a_custom_tool_takes_text() -> None:
    events: list[Event] = [
        Opened(),
        ToolOpened(index=0, id="c", name="patch", custom=True),
        ToolInput(index=0, json="*** Begin"),
        Closed(reason="tool_use"),
    ]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks(written(*events))[1:3]]
    opened = {"index": 0, "id": "c", "type": "custom", "custom": {"name": "patch", "input": ""}}
    assert deltas == [{"tool_calls": [opened]}, {"tool_calls": [{"index": 0, "custom": {"input": "*** Begin"}}]}]
    [call] = chat.collect(events, STAMP)["choices"][0]["message"]["tool_calls"]
    assert call == {"id": "c", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}}


def test_only_the_first_reasoning_goes_back_with_its_signature_all_of_it_is_shown() -> None:
    events: list[Event] = [
        Opened(),
        Thought(text="a", part=0),
        Thought(signature="s0", part=0),
        Thought(text="b", part=2),
        Thought(signature="s2", part=2),
        Text(text="t", part=3),
        Closed(reason="stop"),
    ]
    message = chat.collect(events, STAMP)["choices"][0]["message"]
    assert (message["reasoning_content"], message["reasoning_text"], message["reasoning_opaque"]) == ("ab", "a", "s0")
    read = openai_reads(written(*events))["choices"][0]["message"]
    assert (read["reasoning_content"], read["reasoning_text"], read["reasoning_opaque"]) == ("ab", "a", "s0")


def test_a_signature_of_another_part_does_not_seal_the_first() -> None:
    events: list[Event] = [Opened(), Thought(text="a", part=0), Thought(signature="s1", part=1), Closed(reason="stop")]
    assert "reasoning_opaque" not in chat.collect(events, STAMP)["choices"][0]["message"]


def test_redacted_reasoning_travels_as_the_opaque_part() -> None:
    message = chat.collect([Opened(), Thought(redacted="r"), Text(text="t"), Closed(reason="stop")], STAMP)["choices"][0][
        "message"
    ]
    assert message["reasoning_opaque"] == "r"


def test_a_refusal_has_its_own_field() -> None:
    events: list[Event] = [Opened(), Refused(text="no"), Refused(text="!"), Closed(reason="stop")]
    message = chat.collect(events, STAMP)["choices"][0]["message"]
    assert (message["content"], message["refusal"]) == (None, "no!")
    assert chunks(written(*events))[1]["choices"][0]["delta"] == {"refusal": "no"}


def test_an_empty_answer_has_empty_content_and_a_call_alone_has_none() -> None:
    empty = chat.collect([Opened(), Closed(reason="stop")], STAMP)["choices"][0]["message"]
    call = chat.collect([ToolOpened(index=0, id="c", name="f"), Closed(reason="tool_use")], STAMP)["choices"][0]["message"]
    assert (empty["content"], call["content"]) == ("", None)


def test_a_failure_ends_the_stream_without_the_end_mark() -> None:
    data = written(Opened(), Text(text="a"), Failed(problem=UpstreamBroke("gone", hint="try again")))
    assert b"[DONE]" not in data
    assert chunks(data)[-1] == {
        "error": {"message": "gone (try again)", "type": "server_error", "param": None, "code": "upstream_broke"}
    }


def test_a_stream_that_is_never_closed_ends_with_an_error() -> None:
    assert "error" in chunks(written(Opened(), Text(text="a")))[-1]


@pytest.mark.parametrize("events", [[], [Opened(), Text(text="a")]])
def test_an_answer_that_is_never_closed_is_none(events: list[Event]) -> None:
    with pytest.raises(UpstreamBroke):
        chat.collect(events, STAMP)


def test_a_failed_answer_raises_its_problem() -> None:
    problem = UpstreamBroke("gone")
    with pytest.raises(UpstreamBroke) as caught:
        chat.collect([Opened(), Failed(problem=problem)], STAMP)
    assert caught.value is problem


def test_usage_names_all_parts_and_cache_writes_only_where_there_are_any() -> None:
    usage = chat.usage(Counted(prompt=10, output=4, cached=6, cache_write=2, reasoning=1))
    assert usage["prompt_tokens_details"] == {"cached_tokens": 6, "audio_tokens": 0, "cache_write_tokens": 2}
    assert (usage["total_tokens"], usage["completion_tokens_details"]["reasoning_tokens"]) == (14, 1)
    assert "cache_write_tokens" not in chat.usage(Counted())["prompt_tokens_details"]


@pytest.mark.parametrize(
    ("problem", "status", "type_", "code"),
    [
        (ModelUnknown("no model x"), 404, "invalid_request_error", "model_not_found"),
        (SlowDown("wait", retry_after_s=3), 429, "rate_limit_error", "rate_limit_exceeded"),
        (UpstreamTimeout("silent"), 504, "server_error", "upstream_timeout"),
        (
            UpstreamRefused("spent", status=402, kind="billing", code="quota_exceeded"),
            429,
            "insufficient_quota",
            "insufficient_quota",
        ),
        (UpstreamRefused("busy", status=429, kind="overloaded"), 503, "server_error", None),
        (UpstreamRefused("old", status=466, kind="invalid_request"), 400, "invalid_request_error", None),
        (UpstreamRefused("bad", status=422, kind="invalid_request"), 422, "invalid_request_error", None),
        (UpstreamRefused("gone", status=502), 502, "server_error", None),
        (UpstreamRefused("odd", status=599), 500, "server_error", None),
        (
            UpstreamRefused("too long", status=400, kind="context_overflow", code="model_max_prompt_tokens_exceeded"),
            400,
            "invalid_request_error",
            "context_length_exceeded",
        ),
    ],
)
def test_problems_as_openais_clients_know_them(problem: CopilotApiError, status: int, type_: str, code: str | None) -> None:
    assert chat.status(problem) == status
    assert (chat.error(problem)["error"]["type"], chat.error(problem)["error"]["code"]) == (type_, code)


def test_details_stand_beside_the_message() -> None:
    assert chat.error(ClientMistake("x", details={"a": 1}))["error"]["details"] == {"a": 1}
