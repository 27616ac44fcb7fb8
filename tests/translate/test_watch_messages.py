"""A Messages answer on its way through: untouched, unless one of Copilot's known faults is in it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects import messages
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.sse import SseDecoder, encode
from copilot_api.errors import UpstreamTimeout
from copilot_api.translate.watch_messages import MessagesWatch
from tests.builders.answers import Answer, Tool, messages_stream
from tests.builders.clients import anthropic_reads

ANSWER = Answer(
    thought="hm", signature="s", text="hello", tools=(Tool("f", {"a": 1}, "t"),), stop="tool_use", prompt=9, cached=4
)
STREAM = messages_stream(ANSWER, random.Random(1))
END = b"data: [DONE]\n\n"


STAMP = Stamp(id="7", created=99, model="claude-x-20260101")


def watching() -> MessagesWatch:
    """Watches an answer of the model that was asked for by its full name."""
    return MessagesWatch(STAMP)


def passed(watch: MessagesWatch, stream: bytes) -> bytes:
    return b"".join(map(watch.frame, SseDecoder().feed(stream))) + watch.close()


def test_a_stream_is_passed_on_byte_for_byte_but_for_openais_end_mark() -> None:
    watch = watching()
    assert passed(watch, STREAM) == STREAM.removesuffix(END)
    assert (watch.usage, watch.finished, watch.failed) == (Counted(prompt=9, cached=4, output=7), True, None)


def test_an_end_mark_before_the_end_is_dropped() -> None:
    watch = watching()
    assert passed(watch, END + STREAM) == STREAM.removesuffix(END)
    assert watch.repairs == {"end-mark-dropped"}


def test_comments_and_unknown_events_are_passed_on() -> None:
    stream = b": note\n\n" + encode(b'{"type":"brand_new"}', "brand_new") + STREAM.removesuffix(END)
    assert passed(watching(), stream) == stream


def test_an_event_without_its_name_gets_one() -> None:
    watch = watching()
    bare = b"".join(encode(frame.data) for frame in SseDecoder().feed(STREAM))
    assert passed(watch, bare) == STREAM.removesuffix(END)
    assert watch.repairs == {"end-mark-dropped", "event-named"}


def test_a_missing_last_event_is_added() -> None:
    watch = watching()
    stream = STREAM.removesuffix(END)
    cut = stream[: stream.rindex(b"event: message_stop")]
    assert passed(watch, cut) == stream
    assert watch.repairs == {"stop-added"}


def test_a_stream_cut_short_ends_with_an_error() -> None:
    watch = watching()
    cut = STREAM[: STREAM.index(b"event: message_delta")]
    assert passed(watch, cut).startswith(cut)
    assert list(SseDecoder().feed(passed(watching(), cut)))[-1].event == "error"
    assert watch.failed is not None


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}},
        {"type": "error", "error": {"code": "model_overloaded", "message": "busy"}},
    ],
)
def test_an_error_of_copilots_is_the_last_thing_in_anthropics_form(event: Json) -> None:
    watch = watching()
    out = passed(watch, encode(dumps(event), "error") + STREAM)
    assert loads(list(SseDecoder().feed(out))[-1].data) == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "busy"},
    }
    assert (out.count(b"event: "), watch.close()) == (1, b"")


def test_what_is_not_json_is_an_error() -> None:
    assert passed(watching(), b"data: {oops\n\n").startswith(b"event: error")


def test_data_that_says_nothing_is_passed_on() -> None:
    watch = watching()
    assert watch.frame(SseDecoder().feed(b"data: {}\n\n")[0]) == b"data: {}\n\n"


def test_a_problem_of_our_own_ends_the_stream() -> None:
    watch = watching()
    assert b"timeout_error" in watch.fail(UpstreamTimeout("silent"))
    assert watch.close() == b""


def test_a_whole_answer_is_the_same_object() -> None:
    watch = watching()
    answer: Json = {"model": "claude-x-20260101", "content": [], "usage": {"input_tokens": 2, "output_tokens": 1}}
    assert watch.whole(answer) is answer
    assert (watch.usage, watch.finished) == (Counted(prompt=2, output=1), True)


def test_the_model_is_named_as_it_was_asked_for() -> None:
    watch = MessagesWatch(Stamp(id="7", created=99, model="claude-x"))
    assert passed(watch, STREAM) == STREAM.removesuffix(END).replace(b"claude-x-20260101", b"claude-x")
    assert watch.repairs == {"end-mark-dropped", "model-named"}
    assert watch.whole({"model": "claude-x-20260101", "content": []})["model"] == "claude-x"


def test_a_start_that_names_the_model_rightly_but_not_itself_keeps_its_data() -> None:
    start = b'{"type":"message_start","message":{"model":"claude-x-20260101","usage":{}}}'
    assert passed(watching(), encode(start)).startswith(encode(start, "message_start"))


NAMED = Answer(text="hello", tools=(Tool("files_read", {"a": 1}, "t"), Tool("other", {}, "u")), stop="tool_use")


def test_tools_are_called_by_the_clients_own_names() -> None:
    watch = MessagesWatch(STAMP, tool_names={"files_read": "files.read"})
    stream = messages_stream(NAMED, random.Random(1))
    out = passed(watch, stream)
    blocks = [loads(frame.data).get("content_block", {}) for frame in SseDecoder().feed(out)]
    assert [block["name"] for block in blocks if "name" in block] == ["files.read", "other"]
    assert "tool-names-restored" in watch.repairs
    plain = MessagesWatch(STAMP)
    passed(plain, stream)
    assert "tool-names-restored" not in plain.repairs


def test_so_they_are_in_a_whole_answer() -> None:
    watch = MessagesWatch(STAMP, tool_names={"files_read": "files.read"})
    content: list[Json] = [{"type": "text"}, {"type": "tool_use", "id": "t", "name": "files_read", "input": {}}]
    answer = watch.whole({"model": STAMP.model, "content": content})
    assert answer["content"] == [content[0], content[1] | {"name": "files.read"}]
    assert watch.repairs == {"tool-names-restored"}


def test_a_heartbeat_knows_what_is_open() -> None:
    """users.md, quirks: some versions of Claude Code take a ping inside a block for nothing."""
    watch = watching()
    beats: list[bytes] = []
    for frame in SseDecoder().feed(STREAM):
        watch.frame(frame)
        beats.append(watch.heartbeat())
    added = [loads(frame.data)["delta"]["type"] for beat in beats for frame in list(SseDecoder().feed(beat))[1:]]
    assert list(dict.fromkeys(added)) == ["thinking_delta", "text_delta", "input_json_delta"]
    assert beats[0] == beats[-1] == messages.PING
    assert all(beat.startswith(messages.PING) for beat in beats)


def test_heartbeats_anywhere_leave_the_message_as_it_was() -> None:
    watch = watching()
    stream = STREAM.removesuffix(END)
    beaten = b"".join(watch.heartbeat() + watch.frame(frame) for frame in SseDecoder().feed(stream))
    assert anthropic_reads(beaten) == anthropic_reads(stream)


def test_after_the_end_nothing_is_open() -> None:
    watch = watching()
    frames = list(SseDecoder().feed(STREAM))
    for frame in frames[:3]:
        watch.frame(frame)
    watch.fail(UpstreamTimeout("silent"))
    assert watch.heartbeat() == messages.PING


def delta(data: bytes) -> bytes:
    return b"event: content_block_delta\ndata: " + data + b"\n\n"


WHOLE = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%b"}}'


@pytest.mark.parametrize(
    "data",
    [
        (WHOLE % b"Hei")[:-1],
        (WHOLE % b"Hei")[:50],
        WHOLE % b'He said "no',
        WHOLE % b"a tab\there",
        WHOLE % b"no escape \\x41",
        WHOLE % b"no utf-8 \xff\xfe",
        WHOLE % b"cut utf-8 \xe2\x82",
    ],
)
def test_a_delta_that_is_not_json_is_a_failure_and_no_riddle_for_the_client(data: bytes) -> None:
    watch = watching()
    [frame] = SseDecoder().feed(delta(data))
    assert watch.frame(frame).startswith(b"event: error\n")
    assert watch.failed is not None


@pytest.mark.parametrize(
    "data",
    [
        WHOLE % b"Hei",
        WHOLE % b"",
        WHOLE % rb"a quote \" a slash \/ a line \n and \u00e5",
        WHOLE % "åpent 👋".encode(),
        WHOLE.replace(b'"index":0,', b'"index":0, "new":[1,{}],') % b"Hei",
        b'{"type":"content_block_delta","index":12,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\": 1}"}}',
    ],
)
def test_a_delta_that_is_json_is_passed_on_as_it_is(data: bytes) -> None:
    [frame] = SseDecoder().feed(delta(data))
    assert watching().frame(frame) == delta(data)


@given(st.text(), st.sampled_from(["text_delta", "thinking_delta"]))
def test_whatever_a_delta_says_it_is_passed_on_as_it_is(text: str, kind: str) -> None:
    data = dumps({"type": "content_block_delta", "index": 3, "delta": {"type": kind, "text": text}})
    [frame] = SseDecoder().feed(delta(data))
    assert watching().frame(frame) == delta(data)


@given(st.binary(max_size=40))
def test_no_bytes_that_are_not_json_get_through_as_a_delta(junk: bytes) -> None:
    data = WHOLE % junk.replace(b"\n", b"").replace(b"\r", b"")
    [frame] = SseDecoder().feed(delta(data))
    try:
        loads(data)
    except ValueError:
        assert b"event: error" in watching().frame(frame)
    else:
        assert watching().frame(frame) == delta(data)
