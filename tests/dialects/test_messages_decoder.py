"""Anthropic Messages as Copilot really sends them (copilot-upstream §6.3)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects import chat, messages
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import Closed, Counted, Event, Failed, Opened, Stamp, Text, Thought, ToolInput, ToolOpened
from copilot_api.dialects.messages_decoder import Assembler, Decoder, counted_in, whole
from copilot_api.dialects.sse import Sse, SseDecoder, encode
from copilot_api.errors import CopilotApiError, UpstreamBroke, UpstreamRefused

STAMP = Stamp(id="1", created=1, model="m")
START = {"type": "message_start", "message": {"id": "msg_1", "model": "c", "content": [], "usage": {"input_tokens": 3}}}
STOP = {"type": "message_stop"}


def end(reason: str = "end_turn", **fields: Any) -> Json:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": {"output_tokens": 5},
    } | fields


def block(index: int, **content: Any) -> Json:
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(index: int, **content: Any) -> Json:
    return {"type": "content_block_delta", "index": index, "delta": content}


def stopped(index: int) -> Json:
    return {"type": "content_block_stop", "index": index}


def frames(*events: Json | bytes, named: bool = True) -> list[Sse]:
    data = [encode(e) if isinstance(e, bytes) else encode(dumps(e), e["type"] if named else "") for e in events]
    return list(SseDecoder().feed(b"".join(data)))


def read(*events: Json | bytes, named: bool = True) -> list[Event]:
    decoder = Decoder()
    return [*(e for frame in frames(*events, named=named) for e in decoder.feed(frame)), *decoder.close()]


def test_a_plain_answer() -> None:
    text = delta(0, type="text_delta", text="Hi")
    events = read(START, block(0, type="text", text=""), text, stopped(0), end(), STOP)
    assert events == [Opened(id="msg_1", model="c"), Text(text="Hi"), Counted(prompt=3, output=5), Closed(reason="stop")]


def test_the_type_inside_the_data_is_enough() -> None:
    assert read(START, end(), STOP, named=False)[-1] == Closed(reason="stop")


def test_copilots_stray_end_mark_means_nothing() -> None:
    assert read(START, b"[DONE]", delta(0, type="text_delta", text="a"), end(), STOP, b"[DONE]")[1] == Text(text="a")


def test_the_last_count_holds_and_the_start_fills_what_it_leaves_out() -> None:
    usage = {"output_tokens": 48, "cache_read_input_tokens": 40, "output_tokens_details": {"thinking_tokens": 9}}
    events = read(START, end(usage=usage, copilot_usage={"total_nano_aiu": 7}), STOP)
    assert events[1] == Counted(prompt=43, output=48, cached=40, reasoning=9, nano_aiu=7)


def test_thinking_with_its_signature_and_redacted_thinking() -> None:
    events = read(
        START,
        block(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="hm"),
        delta(0, type="signature_delta", signature="s"),
        block(1, type="redacted_thinking", data="r"),
        end(),
    )
    assert events[1:4] == [Thought(text="hm"), Thought(signature="s"), Thought(redacted="r", part=1)]


def test_content_that_stands_in_the_start_of_a_block_is_read() -> None:
    events = read(START, block(0, type="text", text="Hi"), block(1, type="thinking", thinking="a", signature="s"), end())
    assert events[1:4] == [Text(text="Hi"), Thought(text="a", part=1), Thought(signature="s", part=1)]


def test_calls_are_numbered_by_themselves() -> None:
    events = read(
        START,
        block(0, type="text", text="a"),
        block(1, type="tool_use", id="t1", name="f", input={}),
        delta(1, type="input_json_delta", partial_json='{"a":1}'),
        stopped(1),
        block(2, type="tool_use", id="t2", name="g", input={"b": 2}),
        stopped(2),
        stopped(2),
        end("tool_use"),
    )
    assert events[2:6] == [
        ToolOpened(index=0, id="t1", name="f"),
        ToolInput(index=0, json='{"a":1}'),
        ToolOpened(index=1, id="t2", name="g"),
        ToolInput(index=1, json='{"b":2}'),
    ]


@pytest.mark.parametrize(
    "event",
    [
        block(0, type="server_tool_use", id="s", name="web_search", input={}),
        block(0, type="text", text=""),
        delta(0, type="citations_delta", citation={}),
        delta(0, type="text_delta", text=""),
        delta(0, type="thinking_delta", thinking=""),
        delta(0, type="signature_delta", signature=""),
        delta(9, type="input_json_delta", partial_json="{}"),
        stopped(4),
        {"type": "ping"},
        {"type": "something_new"},
        b"[]",
        b"7",
    ],
)
def test_what_says_nothing_to_us_is_passed_over(event: Json | bytes) -> None:
    assert read(START, event, end(), STOP) == read(START, end(), STOP)


def test_the_stop_sequence_is_kept() -> None:
    stop = end(delta={"stop_reason": "stop_sequence", "stop_sequence": "END"})
    assert read(START, stop)[-1] == Closed(reason="stop_sequence", stop_sequence="END")


def test_an_unknown_stop_reason_is_an_end() -> None:
    assert read(START, end("brand_new"))[-1] == Closed(reason="stop")


def test_bytes_that_end_before_the_stop_reason_are_a_failure() -> None:
    assert isinstance(read(START, delta(0, type="text_delta", text="a"))[-1], Failed)


def test_a_missing_last_event_after_the_stop_reason_is_fine() -> None:
    assert read(START, end())[-1] == Closed(reason="stop")


def test_nothing_is_read_after_the_end() -> None:
    assert read(START, end(), STOP, delta(0, type="text_delta", text="b"))[-1] == Closed(reason="stop")


def test_finished_is_known_before_the_end() -> None:
    decoder = Decoder()
    for frame in frames(START, end()):
        assert not decoder.finished
        list(decoder.feed(frame))
    assert decoder.finished


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, "overloaded"),
        ({"type": "error", "error": {"message": "odd", "code": "rate_limited"}}, "rate_limit"),
        ({"type": "error"}, "server"),
        (b"{oops", "server"),
    ],
)
def test_an_error_in_the_stream_fails_the_answer_and_ends_it(event: Json | bytes, kind: str) -> None:
    events = read(START, event, end(), STOP)
    assert isinstance(events[-1], Failed)
    assert events[-1].problem.kind == kind


def test_a_whole_answer_with_every_kind_of_block() -> None:
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "redacted_thinking", "data": "r"},
        {"type": "text", "text": ""},
        {"type": "text", "text": "a"},
        {"type": "server_tool_use", "name": "web_search"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"n": 2**70}},
    ]
    answer = {"id": "msg_1", "content": content, "stop_reason": "tool_use", "usage": {"input_tokens": 1, "output_tokens": 2}}
    message = messages.collect(whole(answer), STAMP)
    assert message["content"] == [content[0], content[2], content[4], content[6]]


def test_a_whole_answer_without_stop_reason_is_a_failure() -> None:
    assert isinstance(list(whole({"content": []}))[-1], Failed)


def test_an_answer_without_usage_is_marked() -> None:
    assert counted_in({}).estimated
    assert not counted_in({"usage": {"input_tokens": 0}}).estimated


def assembled(*events: Json | bytes, named: bool = True) -> Json:
    assembler = Assembler()
    for frame in frames(*events, named=named):
        assembler.feed(frame)
    return assembler.message()


def test_an_assembled_message_keeps_what_we_know_nothing_of() -> None:
    citation = {"type": "char_location", "cited_text": "x"}
    start = {"type": "message_start", "message": {"id": "m", "content": [], "usage": {"input_tokens": 3}, "container": None}}
    message = assembled(
        start,
        {"type": "ping"},
        block(0, type="text", text="a"),
        delta(0, type="citations_delta", citation=citation),
        delta(0, type="text_delta", text="b"),
        delta(0, type="brand_new_delta", x=1),
        stopped(0),
        block(1, type="server_tool_use", id="s", name="web_search", input={}),
        delta(1, type="input_json_delta", partial_json='{"q":"x"}'),
        stopped(1),
        delta(7, type="text_delta", text="nowhere"),
        end(context_management={"applied_edits": []}, copilot_usage={"total_nano_aiu": 1}),
        STOP,
        b"[DONE]",
    )
    assert message == {
        "id": "m",
        "content": [
            {"type": "text", "text": "ab", "citations": [citation]},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": "x"}},
        ],
        "usage": {"input_tokens": 3, "output_tokens": 5},
        "container": None,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "context_management": {"applied_edits": []},
        "copilot_usage": {"total_nano_aiu": 1},
    }


def test_thinking_is_assembled_with_its_signature() -> None:
    deltas = [delta(0, type="thinking_delta", thinking="h"), delta(0, type="signature_delta", signature="s")]
    message = assembled(START, block(0, type="thinking", thinking="", signature=""), *deltas, stopped(0), end(), named=False)
    assert message["content"] == [{"type": "thinking", "thinking": "h", "signature": "s"}]


@pytest.mark.parametrize("events", [[], [STOP], [START], [START, delta(0, type="text_delta", text="a")]])
def test_an_incomplete_stream_assembles_to_nothing(events: list[Json]) -> None:
    with pytest.raises(UpstreamBroke):
        assembled(*events)


def test_an_error_in_the_stream_is_raised() -> None:
    with pytest.raises(UpstreamRefused, match="busy"):
        assembled(START, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})


@pytest.mark.parametrize("json", ["{oops", "[1]"])
def test_unusable_arguments_are_raised(json: str) -> None:
    call = block(0, type="tool_use", id="t", name="f", input={})
    with pytest.raises(UpstreamBroke, match="tool arguments"):
        assembled(START, call, delta(0, type="input_json_delta", partial_json=json), stopped(0), end())


def test_what_is_not_json_is_raised() -> None:
    with pytest.raises(UpstreamBroke, match="not JSON"):
        assembled(START, b"{oops")


KEYS = ["type", "index", "delta", "content_block", "message", "usage", "choices", "finish_reason", "tool_calls", "id", "text"]
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from(["text", "tool_use", "message_start", "message_delta", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)


@given(st.lists(ODD, max_size=6))
def test_no_stream_however_odd_breaks_a_reader(values: list[Any]) -> None:
    assembler = Assembler()
    decoders: list[chat.Decoder | messages.Decoder] = [Decoder(), chat.Decoder()]
    for frame in SseDecoder().feed(b"".join(encode(dumps(value)) for value in values)):
        for decoder in decoders:
            list(decoder.feed(frame))
        try:
            assembler.feed(frame)
        except CopilotApiError:
            assembler = Assembler()
    for decoder in decoders:
        list(decoder.close())
