"""What Responses clients ask for, and what they are told."""

from typing import Any

import pytest

from copilot_api.dialects import chat, responses
from copilot_api.dialects.codec import Json, loads
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
from copilot_api.dialects.responses_decoder import CUT_SHORT
from copilot_api.dialects.sse import SseDecoder
from copilot_api.errors import ClientMistake, CopilotApiError, Kind, UpstreamBroke, UpstreamRefused
from tests.builders.clients import openai_responses_reads

STAMP = Stamp(id="s1", created=1_790_000_000, model="asked-for")
STOP = Closed(reason="stop")
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}
PNG = {"type": "input_image", "image_url": "data:image/png;base64,AA=="}


def encoded(*events: Event, request: Json | None = None) -> bytes:
    encoder = responses.Encoder(STAMP, request=request or {})
    return b"".join(map(encoder.feed, events)) + encoder.close()


def told(*events: Event) -> list[Json]:
    return [loads(frame.data) for frame in SseDecoder().feed(encoded(*events))]


def collected(*events: Event, request: Json | None = None) -> Json:
    return responses.collect([Opened(), *events], STAMP, request=request or {})


def asked(**fields: Any) -> Json:
    return {"model": "gpt-5-mini", "input": "q"} | fields


def test_peek_reads_what_the_proxy_must_know() -> None:
    ask = responses.peek(asked(stream=True, max_output_tokens=9))
    assert (ask.model, ask.stream, ask.initiator, ask.has_images, ask.max_output) == ("gpt-5-mini", True, "user", False, 9)
    assert responses.peek(asked()).stream is False


def test_peek_tells_an_agents_turn_from_a_persons() -> None:
    output = {"type": "function_call_output", "call_id": "c", "output": "x"}
    ask = responses.peek(asked(input=[{"role": "user", "content": "q"}, output]))
    assert (ask.initiator, ask.why) == ("agent", "the newest item is a function_call_output")
    assert responses.peek(asked(input=[{"type": "compaction_trigger"}])).purpose == "conversation-compaction"


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "content": [{"type": "input_text", "text": "see"}, PNG]},
        {"type": "function_call_output", "output": [PNG]},
        {"type": "custom_tool_call_output", "output": [{"type": "input_text", "text": "x"}, PNG]},
    ],
)
def test_peek_sees_pictures_wherever_they_are(item: Json) -> None:
    assert responses.peek(asked(input=[item])).has_images
    assert not responses.peek(asked(input=[{"role": "user", "content": "input_image"}])).has_images


@pytest.mark.parametrize(
    ("body", "param", "code", "words"),
    [
        ({"input": "q"}, "model", "missing_required_parameter", "model: a model id is required"),
        (asked(model=7), "model", "missing_required_parameter", "model: a model id is required"),
        ({"model": "m"}, "input", "missing_required_parameter", "input: a text or at least one item is required"),
        (asked(input=[]), "input", "missing_required_parameter", "input: a text or at least one item is required"),
        (asked(input={"role": "user"}), "input", "invalid_type", "input: must be a text or a list of items"),
        (asked(background=True), "background", "unsupported_value", "background: answers are not made in the background"),
        (
            asked(previous_response_id="resp_1"),
            "previous_response_id",
            "previous_response_not_found",
            "previous_response_id: Copilot keeps no conversations, so there is none to continue",
        ),
        (
            asked(conversation={"id": "conv_1"}),
            "conversation",
            "previous_response_not_found",
            "conversation: Copilot keeps no conversations, so there is none to continue",
        ),
    ],
)
def test_peek_refuses_what_cannot_be_served(body: Json, param: str, code: str, words: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        responses.peek(body)
    assert (caught.value.param, caught.value.code, caught.value.message) == (param, code, words)


def test_a_client_that_counts_on_the_servers_memory_is_told_what_to_do() -> None:
    with pytest.raises(ClientMistake, match="keeps no conversations") as caught:
        responses.peek(asked(input=None, previous_response_id="resp_1"))
    assert caught.value.hint == "send the whole conversation in input"
    assert responses.peek(asked(previous_response_id=None, conversation=None, background=False)).model == "gpt-5-mini"


def test_a_stream_opens_counts_its_events_and_ends_with_the_whole_answer() -> None:
    events = told(Opened(), Text(text="Hei!"), Counted(prompt=9, cached=4, output=12, reasoning=8), STOP)
    assert [event["type"].removeprefix("response.") for event in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert [event["sequence_number"] for event in events] == list(range(9))
    response = events[-1]["response"]
    assert response == collected(Text(text="Hei!"), Counted(prompt=9, cached=4, output=12, reasoning=8), STOP)
    assert response["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "output_tokens": 12,
        "output_tokens_details": {"reasoning_tokens": 8},
        "total_tokens": 21,
    }


def test_every_event_names_itself_in_its_line() -> None:
    encoder = responses.Encoder(STAMP, request={})
    frames = list(SseDecoder().feed(encoder.feed(Opened())))
    assert [frame.event for frame in frames] == ["response.created", "response.in_progress"]


def test_a_response_has_every_field_that_strict_clients_read() -> None:
    assert collected(STOP) == {
        "id": "resp_s1",
        "object": "response",
        "created_at": 1_790_000_000,
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": "asked-for",
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "metadata": {},
        "usage": responses.usage(Counted()),
    }


def test_a_response_repeats_its_request_but_for_the_memory_we_have_not() -> None:
    request: Json = {
        "model": "alias",
        "input": "q",
        "instructions": "Be brief.",
        "max_output_tokens": 99,
        "metadata": {"a": "b"},
        "parallel_tool_calls": False,
        "prompt_cache_key": "k",
        "reasoning": {"effort": "low"},
        "store": True,
        "temperature": None,
        "text": {"verbosity": "low"},
        "tool_choice": "required",
        "tools": [FUNCTION],
        "user": None,
    }
    response = collected(STOP, request=request)
    for key in (
        "instructions",
        "max_output_tokens",
        "metadata",
        "parallel_tool_calls",
        "prompt_cache_key",
        "tool_choice",
        "tools",
    ):
        assert response[key] == request[key]
    assert response["reasoning"] == {"effort": "low", "summary": None}
    assert response["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert (response["store"], response["temperature"], response["model"]) == (False, 1.0, "asked-for")
    assert "user" not in response
    openai_responses_reads(encoded(Opened(), STOP, request=request))


@pytest.mark.parametrize(
    ("reason", "status", "details"),
    [
        ("stop", "completed", None),
        ("stop_sequence", "completed", None),
        ("tool_use", "completed", None),
        ("pause", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("context_window", "incomplete", {"reason": "max_output_tokens"}),
        ("refusal", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_each_reason_has_its_status(reason: Reason, status: str, details: Json | None) -> None:
    response = collected(Text(text="a"), Closed(reason=reason))
    assert (response["status"], response["incomplete_details"], response["output"][0]["status"]) == (status, details, status)
    last = told(Opened(), Text(text="a"), Closed(reason=reason))[-1]
    assert (last["type"], last["response"]) == (f"response.{status}", response)


def test_a_refusal_in_words_is_a_complete_answer() -> None:
    response = collected(Refused(text="No."), STOP)
    assert response["status"] == "completed"
    assert response["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]


def test_the_openai_package_reads_every_kind_of_content() -> None:
    events: list[Event] = [
        Opened(),
        Thought(text="hm"),
        Thought(signature="cap1.m.x.QQ"),
        Text(text="a"),
        Text(text="b", part=1),
        Refused(text="c"),
        Thought(redacted="cap1.redacted.x.QQ", part=2),
        ToolOpened(index=0, id="c0", name="f", namespace="ns"),
        ToolOpened(index=1, id="c1", name="exec", custom=True),
        ToolInput(index=1, json="ls"),
        ToolInput(index=0, json="{}"),
        Counted(prompt=3, output=2),
        Closed(reason="tool_use"),
    ]
    assert openai_responses_reads(encoded(*events)) == responses.collect(events, STAMP, request={})


def test_the_openai_package_reads_an_answer_that_was_cut() -> None:
    events: list[Event] = [
        Opened(),
        ToolOpened(index=0, id="c0", name="f"),
        ToolInput(index=0, json="{"),
        Closed(reason="length"),
    ]
    assert openai_responses_reads(encoded(*events))["output"][0]["status"] == "incomplete"


def test_a_failure_in_mid_stream_ends_it_with_what_there_is() -> None:
    events: list[Event] = [
        Opened(),
        Text(text="a"),
        ToolOpened(index=0, id="c", name="f"),
        Failed(problem=UpstreamBroke("Gone.")),
    ]
    response = openai_responses_reads(encoded(*events))
    assert (response["status"], response["error"]) == ("failed", {"code": "server_error", "message": "Gone."})
    assert [(item["type"], item["status"]) for item in response["output"]] == [
        ("message", "completed"),
        ("function_call", "incomplete"),
    ]
    assert response["usage"] is None


def test_a_failure_before_anything_else_still_opens_the_stream() -> None:
    events = told(Failed(problem=UpstreamBroke("Gone.")))
    assert [event["type"] for event in events] == ["response.created", "response.in_progress", "response.failed"]


def test_an_answer_without_an_end_is_a_failure() -> None:
    assert told(Opened(), Text(text="a"))[-1]["response"]["error"] == {"code": "server_error", "message": CUT_SHORT}
    with pytest.raises(UpstreamBroke, match=CUT_SHORT):
        collected(Text(text="a"))


def test_collect_raises_the_problem_of_a_failure() -> None:
    with pytest.raises(UpstreamBroke, match=r"Gone\."):
        collected(Failed(problem=UpstreamBroke("Gone.")))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("context_overflow", "context_length_exceeded"),
        ("billing", "insufficient_quota"),
        ("rate_limit", "rate_limit_exceeded"),
        ("overloaded", "server_error"),
        ("content_filter", "invalid_prompt"),
        ("permission", "invalid_prompt"),
    ],
)
def test_codex_knows_by_the_code_whether_to_try_again(kind: Kind, code: str) -> None:
    problem = UpstreamRefused("No.", status=502, kind=kind, code="upstreams_own", hint="why")
    assert responses.failure(problem) == {"status": "failed", "error": {"code": code, "message": "No. (why)"}}


def test_refusals_before_the_answer_are_openais() -> None:
    problem: CopilotApiError = ClientMistake("input: is required", code="x", param="input")
    assert responses.error(problem) == chat.error(problem)
    assert responses.status(problem) == 400


def test_a_heartbeat_is_a_numbered_event_and_the_first_begins_the_answer() -> None:
    """Codex's clock is set back by events and not by comments; but nothing may come before the first event."""
    encoder = responses.Encoder(STAMP, request={})
    assert [frame.event for frame in SseDecoder().feed(encoder.heartbeat())] == ["response.created", "response.in_progress"]
    assert encoder.feed(Opened()) == b""
    assert encoder.heartbeat() == b'event: keepalive\ndata: {"type":"keepalive","sequence_number":2}\n\n'
    assert b'"sequence_number":3' in encoder.feed(Text(text="a"))
    encoder.feed(Closed(reason="stop"))
    assert encoder.heartbeat() == b": keep-alive\n\n"
