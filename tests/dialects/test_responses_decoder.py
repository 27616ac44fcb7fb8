"""Responses as Copilot really sends them (copilot-upstream §4.3, §4.4)."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import (
    Closed,
    Counted,
    Event,
    Failed,
    Opened,
    Reason,
    Refused,
    Text,
    Thought,
    ToolInput,
    ToolOpened,
)
from copilot_api.dialects.responses_decoder import CUT_SHORT, Decoder, problem_in, whole
from copilot_api.dialects.sse import SseDecoder, comment, encode
from copilot_api.errors import CopilotApiError

CREATED: Json = {"type": "response.created", "response": {"id": "blob", "model": "up", "status": "in_progress", "output": []}}
OPENED = Opened(id="blob", model="up")
COMPLETED: Json = {"type": "response.completed", "response": {"id": "other", "status": "completed"}}
STOP = Closed(reason="stop")


def stream(*events: Json) -> list[Event]:
    decoder, frames = Decoder(), SseDecoder()
    data = b"".join(encode(dumps(event), event["type"]) for event in events)
    read = [event for frame in frames.feed(data) for event in decoder.feed(frame)]
    return [*read, *decoder.close()]


def said(*events: Json) -> list[Event]:
    """What is read between the first and the last event."""
    read = stream(CREATED, *events, COMPLETED)
    assert (read[0], isinstance(read[-1], Closed)) == (OPENED, True)
    return read[1:-1]


def event(kind: str, at: int = 0, **fields: Any) -> Json:
    return {"type": f"response.{kind}", "output_index": at, "item_id": "x"} | fields


def added(at: int = 0, **item: Any) -> Json:
    return event("output_item.added", at, item={"id": "a", **item})


def done(at: int = 0, **item: Any) -> Json:
    return event("output_item.done", at, item={"id": "d", **item})


def text(words: str, place: int = 0, at: int = 0) -> Json:
    return event("output_text.delta", at, content_index=place, delta=words)


def message(*texts: str) -> Json:
    return {"type": "message", "content": [{"type": "output_text", "text": words} for words in texts]}


def call(name: str = "f", arguments: str = "", **more: Any) -> Json:
    return {"type": "function_call", "call_id": "c1", "name": name, "arguments": arguments, **more}


def failed(events: list[Event]) -> CopilotApiError:
    assert isinstance(events[-1], Failed)
    return events[-1].problem


def test_ids_that_change_in_every_event_change_nothing() -> None:
    events = said(added(**message()), text("Hel") | {"item_id": "y"}, text("lo") | {"item_id": "z"}, done(**message("Hello")))
    assert events == [Text(text="Hel"), Text(text="lo")]


def test_text_that_comes_only_when_it_is_done_is_said_then() -> None:
    assert said(added(**message()), event("output_text.done", content_index=0, text="Hello")) == [Text(text="Hello")]


def test_text_that_comes_only_with_its_item_is_said_then() -> None:
    assert said(added(**message()), done(**message("Hello"))) == [Text(text="Hello")]


def test_a_missing_end_of_a_text_is_said_when_it_is_done() -> None:
    events = said(text("He"), event("output_text.done", content_index=0, text="Hello"), done(**message("Hello!")))
    assert events == [Text(text="He"), Text(text="llo"), Text(text="!")]


def test_items_that_no_event_told_of_are_read_from_the_end() -> None:
    output = [message("a"), call(arguments="{}"), {"type": "compaction"}]
    end = {"type": "response.completed", "response": {"status": "completed", "output": output}}
    assert stream(CREATED, end)[1:] == [
        Text(text="a"),
        ToolOpened(index=0, id="c1", name="f"),
        ToolInput(index=0, json="{}"),
        Closed(reason="tool_use"),
    ]


def test_items_that_never_came_to_their_end_get_it_from_the_last_event() -> None:
    end = {"type": "response.completed", "response": {"status": "completed", "output": [message("a"), message("bc")]}}
    events = stream(CREATED, text("a", at=0), done(0, **message("a")), text("b", at=7), end)
    assert events[1:] == [Text(text="a"), Text(text="b", part=1), Text(text="c", part=1), STOP]


def test_an_output_that_fits_no_event_is_not_guessed_at() -> None:
    end = {"type": "response.completed", "response": {"status": "completed", "output": [message("a"), message("b")]}}
    assert stream(CREATED, text("a"), end)[1:] == [Text(text="a"), STOP]


def test_every_message_and_every_part_is_a_text_of_its_own() -> None:
    events = said(text("a"), text("b", 1), text("c", at=1), text("d"), done(2, **message("e")))
    assert events == [
        Text(text="a"),
        Text(text="b", part=1),
        Text(text="c", part=2),
        Text(text="d"),
        Text(text="e", part=3),
    ]


def test_refusals_are_kept_apart() -> None:
    refusal: Json = {"type": "message", "content": [{"type": "refusal", "refusal": "I cannot."}]}
    assert said(event("refusal.delta", content_index=0, delta="I "), done(**refusal)) == [
        Refused(text="I "),
        Refused(text="cannot."),
    ]
    assert said(event("refusal.done", content_index=0, refusal="No.")) == [Refused(text="No.")]


def test_parts_of_a_summary_are_joined_by_a_blank_line() -> None:
    events = said(
        event("reasoning_summary_text.delta", summary_index=0, delta="Look."),
        event("reasoning_summary_text.done", summary_index=0, text="Look."),
        event("reasoning_summary_text.delta", summary_index=1, delta="The"),
        event("reasoning_summary_text.delta", summary_index=1, delta="n."),
    )
    assert events == [Thought(text="Look."), Thought(text="\n\nThe"), Thought(text="n.")]


def test_reasoning_itself_is_read_too() -> None:
    events = said(
        event("reasoning_text.delta", content_index=0, delta="h"),
        event("reasoning_text.done", content_index=0, text="hm"),
        done(1, type="reasoning", summary=[], content=[{"type": "reasoning_text", "text": "so"}]),
    )
    assert events == [Thought(text="h"), Thought(text="m"), Thought(text="so", part=1)]


def test_a_summary_that_comes_with_its_item_is_followed_by_the_seal() -> None:
    summary = [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]
    item: Json = {"type": "reasoning", "summary": summary, "encrypted_content": "RU5D"}
    assert said(added(type="reasoning", summary=[], encrypted_content=""), done(**item)) == [
        Thought(text="a"),
        Thought(text="\n\nb"),
        Thought(signature='{"id":"d","e":"RU5D"}'),
    ]


def test_reasoning_that_shows_nothing_is_a_seal_alone() -> None:
    events = said(done(**message("t")), done(1, type="reasoning", summary=[], encrypted_content="RU5D"))
    assert events == [Text(text="t"), Thought(signature='{"id":"d","e":"RU5D"}')]


def test_a_call_opens_as_soon_as_it_is_named() -> None:
    events = said(
        added(**call()),
        event("function_call_arguments.delta", delta='{"a'),
        event("function_call_arguments.done", arguments='{"a":1}'),
        done(**call(arguments='{"a":1}')),
    )
    assert events == [
        ToolOpened(index=0, id="c1", name="f"),
        ToolInput(index=0, json='{"a'),
        ToolInput(index=0, json='":1}'),
    ]


def test_a_call_that_is_named_only_at_its_end_opens_then() -> None:
    events = said(
        added(type="function_call"),
        event("function_call_arguments.delta", delta="{"),
        event("function_call_arguments.done", arguments="{}"),
        done(type="function_call", name="f", arguments="{}"),
    )
    assert events == [ToolOpened(index=0, id="d", name="f"), ToolInput(index=0, json="{}")]


def test_a_call_of_nothing_is_no_call() -> None:
    assert said(added(**call(name="")), done(**call(name="", arguments="{}"))) == []


def test_interleaved_calls_are_told_apart_by_their_place() -> None:
    events = said(
        added(1, **call("f")),
        added(2, **call("g", call_id="c2")),
        event("function_call_arguments.delta", 2, delta="{}"),
        event("function_call_arguments.delta", 1, delta="[]"),
    )
    assert events == [
        ToolOpened(index=0, id="c1", name="f"),
        ToolOpened(index=1, id="c2", name="g"),
        ToolInput(index=1, json="{}"),
        ToolInput(index=0, json="[]"),
    ]


def test_a_call_of_a_free_text_tool_says_so_and_keeps_its_namespace() -> None:
    item: Json = {"type": "custom_tool_call", "call_id": "c1", "name": "exec", "namespace": "functions", "input": "ls -l"}
    events = said(
        added(**(item | {"input": ""})),
        event("custom_tool_call_input.delta", delta="ls"),
        event("custom_tool_call_input.done", input="ls -"),
        done(**item),
    )
    assert events == [
        ToolOpened(index=0, id="c1", name="exec", custom=True, namespace="functions"),
        ToolInput(index=0, json="ls"),
        ToolInput(index=0, json=" -"),
        ToolInput(index=0, json="l"),
    ]


def test_an_item_is_done_once() -> None:
    assert said(done(**message("a")), done(**message("ab"))) == [Text(text="a")]


@pytest.mark.parametrize("kind", ["compaction", "tool_search_call", "web_search_call", "brand_new", None])
def test_items_that_no_other_dialect_knows_say_nothing(kind: str | None) -> None:
    assert said(added(type=kind), event("web_search_call.searching"), done(type=kind, encrypted_content="x")) == []


@pytest.mark.parametrize(
    ("kind", "details", "calls", "reason"),
    [
        ("completed", None, [], "stop"),
        ("completed", None, [call()], "tool_use"),
        ("incomplete", {"reason": "max_output_tokens"}, [call()], "length"),
        ("incomplete", {"reason": "content_filter"}, [], "refusal"),
        ("incomplete", None, [], "length"),
    ],
)
def test_each_ending_has_its_reason(kind: str, details: Json | None, calls: list[Json], reason: Reason) -> None:
    response = {"status": kind, "incomplete_details": details, "output": calls}
    assert stream(CREATED, {"type": f"response.{kind}", "response": response})[-1] == Closed(reason=reason)
    assert list(whole(response))[-1] == Closed(reason=reason)


def test_the_name_of_the_last_event_decides() -> None:
    assert stream(CREATED, {"type": "response.completed", "response": {"status": "in_progress"}})[-1] == STOP
    assert stream(CREATED, {"type": "response.completed"})[-1] == STOP


def test_tokens_and_cost_are_counted() -> None:
    usage = {
        "input_tokens": 80,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 5},
        "output_tokens": 40,
        "output_tokens_details": {"reasoning_tokens": 12},
    }
    cost = {"copilot_usage": {"total_nano_aiu": 51}}
    counted = Counted(prompt=80, cached=60, cache_write=5, output=40, reasoning=12, nano_aiu=51)
    end = {"type": "response.completed", "response": {"usage": usage}}
    assert stream(CREATED, end | cost)[1:] == [counted, STOP]
    assert list(whole({"status": "completed", "usage": usage, **cost}))[1:] == [counted, STOP]


def test_a_failed_answer_names_its_problem_after_what_it_cost() -> None:
    response = {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "Slow down."}, "usage": {}}
    events = stream(CREATED, text("a"), {"type": "response.failed", "response": response})
    problem = failed(events)
    assert events[1:3] == [Text(text="a"), Counted()]
    assert (problem.message, problem.kind, problem.code, problem.status) == (
        "Slow down.",
        "rate_limit",
        "rate_limit_exceeded",
        502,
    )
    assert failed(list(whole(response))).message == "Slow down."


@pytest.mark.parametrize(
    ("event", "message", "kind", "code"),
    [
        ({"code": "server_error", "message": "Oh.", "param": None}, "Oh.", "server", "server_error"),
        ({"error": {"code": "quota_exceeded", "message": "None left."}}, "None left.", "billing", "quota_exceeded"),
        ({"error": {"type": "overloaded_error", "message": "Busy."}}, "Busy.", "overloaded", "overloaded_error"),
        ({"error": "Gone."}, "Gone.", "server", ""),
        ({}, "Copilot reported an error in the middle of its answer", "server", ""),
        ({"message": "prompt is too long: 3 > 2"}, "prompt is too long: 3 > 2", "context_overflow", ""),
    ],
)
def test_an_error_event_is_read_in_every_form(event: Json, message: str, kind: str, code: str) -> None:
    problem = failed(stream(CREATED, {"type": "error"} | event))
    assert (problem.message, problem.kind, problem.code) == (message, kind, code)


def test_a_blocked_answer_without_a_code_was_filtered() -> None:
    filters = [{"source_type": "prompt", "blocked": False}, {"source_type": "completion", "blocked": True}]
    response = {"error": {"message": "Blocked."}, "content_filters": filters}
    assert failed(stream({"type": "response.failed", "response": response})).kind == "content_filter"
    assert problem_in(response | {"content_filters": filters[:1]}).kind == "server"


def test_a_cancelled_answer_failed() -> None:
    assert failed(stream(CREATED, {"type": "response.cancelled", "response": {}})).kind == "server"


@pytest.mark.parametrize("status", ["queued", "in_progress", None])
def test_a_whole_answer_that_is_not_complete_failed(status: str | None) -> None:
    assert failed(list(whole({"id": "r", "status": status}))).message == CUT_SHORT


def test_a_stream_that_ends_in_the_middle_failed() -> None:
    assert stream(CREATED, text("a"))[1:-1] == [Text(text="a")]
    assert failed(stream(CREATED, text("a"))).message == CUT_SHORT


def test_finished_is_said_by_the_last_event_alone() -> None:
    decoder, frames = Decoder(), SseDecoder()
    seen = []
    for sent in (CREATED, text("a"), COMPLETED):
        for frame in frames.feed(encode(dumps(sent))):
            list(decoder.feed(frame))
        seen.append(decoder.finished)
    assert seen == [False, False, True]
    broken = Decoder()
    list(broken.feed(SseDecoder().feed(encode(b'{"type":"response.failed"}'))[0]))
    assert not broken.finished


def test_what_is_no_event_is_skipped() -> None:
    decoder, frames = Decoder(), SseDecoder()
    junk = [b": note\n\n", comment("x"), encode(b"[DONE]"), encode(b"[]"), encode(b'{"type":"keepalive"}'), encode(b"7")]
    data = b"".join([*junk, encode(dumps(CREATED)), *junk, encode(dumps(COMPLETED)), *junk, encode(dumps(text("late")))])
    read = [event for frame in frames.feed(data) for event in decoder.feed(frame)]
    assert [*read, *decoder.close()] == [OPENED, STOP]


def test_an_event_is_known_by_its_line_where_it_does_not_name_itself() -> None:
    decoder = Decoder()
    frame = SseDecoder().feed(encode(b'{"response":{"status":"completed"}}', "response.completed"))[0]
    assert list(decoder.feed(frame)) == [Opened(), STOP]


def test_an_event_that_is_not_json_fails_the_answer() -> None:
    frame = SseDecoder().feed(encode(b"{"))[0]
    assert failed(list(Decoder().feed(frame))).message == "Copilot sent an event that is not JSON"


def test_a_model_that_writes_nothing_but_blanks_is_stopped() -> None:
    events = stream(CREATED, added(**call()), *[event("function_call_arguments.delta", delta=" " * 700)] * 3, COMPLETED)
    assert failed(events).message == "The model wrote nothing but blanks into a tool call"
    assert len(events) == 5
