"""The laws of design §3 that hold within the dialects: streams and whole answers agree, and clients read what we mean."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects import chat, messages, responses
from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Event, Stamp
from copilot_api.dialects.sse import SseDecoder
from tests.builders import answers as build
from tests.builders.answers import Answer, answers
from tests.builders.clients import anthropic_reads, openai_reads, openai_responses_reads

STAMP = Stamp(id="s1", created=1_790_000_000, model="asked-for")
COLLECTS: dict[str, Callable[[list[Event]], Json]] = {
    "chat": lambda events: chat.collect(events, STAMP),
    "messages": lambda events: messages.collect(events, STAMP),
    "responses": lambda events: responses.collect(events, STAMP, request={}),
}


def decoded(decoder: chat.Decoder | messages.Decoder | responses.Decoder, stream: bytes) -> list[Event]:
    frames = SseDecoder()
    events = [event for frame in frames.feed(stream) for event in decoder.feed(frame)]
    return [*events, *decoder.close()]


def encoded(encoder: chat.Encoder | messages.Encoder | responses.Encoder, events: list[Event]) -> bytes:
    return b"".join(map(encoder.feed, events)) + encoder.close()


@pytest.mark.parametrize("client", COLLECTS)
@given(answer=answers(), seed=st.integers(0, 2**32), split=st.booleans())
def test_a_chat_stream_says_what_the_whole_answer_says(client: str, answer: Answer, seed: int, split: bool) -> None:
    stream = build.chat_stream(answer, random.Random(seed))
    whole = build.chat_whole(answer, split=split)
    assert COLLECTS[client](decoded(chat.Decoder(), stream)) == COLLECTS[client](list(chat.whole(whole)))


@pytest.mark.parametrize("client", COLLECTS)
@given(answer=answers(), seed=st.integers(0, 2**32))
def test_a_messages_stream_says_what_the_whole_answer_says(client: str, answer: Answer, seed: int) -> None:
    stream = build.messages_stream(answer, random.Random(seed))
    whole = build.messages_whole(answer)
    assert COLLECTS[client](decoded(messages.Decoder(), stream)) == COLLECTS[client](list(messages.whole(whole)))


@pytest.mark.parametrize("client", COLLECTS)
@given(answer=answers(), seed=st.integers(0, 2**32), interleave=st.booleans())
def test_a_responses_stream_says_what_the_whole_answer_says(client: str, answer: Answer, seed: int, interleave: bool) -> None:
    stream = build.responses_stream(answer, random.Random(seed), interleave=interleave)
    whole = build.responses_whole(answer)
    assert COLLECTS[client](decoded(responses.Decoder(), stream)) == COLLECTS[client](list(responses.whole(whole)))


@given(answer=answers(), seed=st.integers(0, 2**32))
def test_interleaved_calls_arrive_whole_and_in_order(answer: Answer, seed: int) -> None:
    stream = build.chat_stream(answer, random.Random(seed), interleave=True)
    message = messages.collect(decoded(chat.Decoder(), stream), STAMP)
    calls = {block["id"]: (block["name"], block["input"]) for block in message["content"] if block["type"] == "tool_use"}
    assert calls == {tool.id: (tool.name, tool.input) for tool in answer.tools}


@given(answer=answers(), seed=st.integers(0, 2**32), interleave=st.booleans())
def test_the_anthropic_package_accumulates_what_collect_gives(answer: Answer, seed: int, interleave: bool) -> None:
    events = decoded(chat.Decoder(), build.chat_stream(answer, random.Random(seed), interleave=interleave))
    read = anthropic_reads(encoded(messages.Encoder(STAMP), events))
    assert read == {"stop_details": None} | messages.collect(events, STAMP)


@given(answer=answers(), seed=st.integers(0, 2**32))
def test_the_openai_package_accumulates_what_collect_gives(answer: Answer, seed: int) -> None:
    events = decoded(messages.Decoder(), build.messages_stream(answer, random.Random(seed)))
    read = openai_reads(encoded(chat.Encoder(STAMP, with_usage=True), events))
    said, ours = read["choices"][0]["message"], chat.collect(events, STAMP)["choices"][0]["message"]
    assert (said.get("content") or "") == (ours["content"] or "")
    assert said.get("reasoning_text", "") == ours.get("reasoning_text", "")
    assert said.get("reasoning_opaque", "") == ours.get("reasoning_opaque", "")
    calls = [{key: call[key] for key in ("id", "type")} | call["function"] for call in ours.get("tool_calls", [])]
    theirs = [{key: call[key] for key in ("id", "type")} | call["function"] for call in said.get("tool_calls") or []]
    assert [{**call, "parsed_arguments": None} for call in calls] == [{"parsed_arguments": None, **call} for call in theirs]
    assert read["usage"] == chat.collect(events, STAMP)["usage"]
    assert read["choices"][0]["finish_reason"] == chat.collect(events, STAMP)["choices"][0]["finish_reason"]
    assert (read["id"], read["model"], read["created"]) == ("chatcmpl-s1", "asked-for", 1_790_000_000)


@given(answer=answers(), seed=st.integers(0, 2**32), source=st.sampled_from(["chat", "messages", "responses"]))
def test_the_openai_package_accumulates_the_response_that_collect_gives(answer: Answer, seed: int, source: str) -> None:
    rnd = random.Random(seed)
    match source:
        case "chat":
            events = decoded(chat.Decoder(), build.chat_stream(answer, rnd, interleave=True))
        case "messages":
            events = decoded(messages.Decoder(), build.messages_stream(answer, rnd))
        case _:
            events = decoded(responses.Decoder(), build.responses_stream(answer, rnd, interleave=True))
    encoder = responses.Encoder(STAMP, request={})
    assert openai_responses_reads(encoded(encoder, events)) == responses.collect(events, STAMP, request={})


@given(answer=answers(), seed=st.integers(0, 2**32), interleave=st.booleans())
def test_heartbeats_change_nothing_for_the_official_packages(answer: Answer, seed: int, interleave: bool) -> None:
    def beaten(encoder: chat.Encoder | messages.Encoder | responses.Encoder) -> bytes:
        return b"".join(encoder.heartbeat() + encoder.feed(event) for event in events) + encoder.close()

    events = decoded(responses.Decoder(), build.responses_stream(answer, random.Random(seed), interleave=interleave))
    plain = encoded(chat.Encoder(STAMP, with_usage=True), events)
    assert openai_reads(beaten(chat.Encoder(STAMP, with_usage=True))) == openai_reads(plain)
    assert anthropic_reads(beaten(messages.Encoder(STAMP))) == anthropic_reads(encoded(messages.Encoder(STAMP), events))
    response = responses.collect(events, STAMP, request={})
    assert openai_responses_reads(beaten(responses.Encoder(STAMP, request={}))) == response


@given(answer=answers(), seed=st.integers(0, 2**32))
def test_our_own_responses_stream_is_read_back_as_written(answer: Answer, seed: int) -> None:
    events = decoded(messages.Decoder(), build.messages_stream(answer, random.Random(seed)))
    once = responses.collect(events, STAMP, request={})
    again = decoded(responses.Decoder(), encoded(responses.Encoder(STAMP, request={}), events))
    twice = responses.collect(again, STAMP, request={})
    for item in (*once["output"], *twice["output"]):
        item.pop("encrypted_content", None)  # wrapped once more each time it is read
    assert twice == once


@given(answer=answers(), seed=st.integers(0, 2**32))
def test_our_own_messages_stream_is_read_back_as_written(answer: Answer, seed: int) -> None:
    events = decoded(messages.Decoder(), build.messages_stream(answer, random.Random(seed)))
    again = decoded(messages.Decoder(), encoded(messages.Encoder(STAMP), events))
    assert messages.collect(again, STAMP) == messages.collect(events, STAMP)


@given(answer=answers(), seed=st.integers(0, 2**32))
def test_an_assembled_stream_is_the_message_copilot_would_have_sent(answer: Answer, seed: int) -> None:
    assembler = messages.Assembler()
    for frame in SseDecoder().feed(build.messages_stream(answer, random.Random(seed))):
        assembler.feed(frame)
    assert assembler.message() == build.messages_whole(answer)


@given(answer=answers(), seed=st.integers(0, 2**32))
def test_a_stream_cut_anywhere_before_its_end_is_never_a_clean_answer(answer: Answer, seed: int) -> None:
    rnd = random.Random(seed)
    frames = list(SseDecoder().feed(build.chat_stream(answer, rnd)))
    kept = b"".join(frame.raw for frame in frames[: rnd.randrange(1, len(frames) - 2)])
    out = encoded(messages.Encoder(STAMP), decoded(chat.Decoder(), kept))
    assert b"message_stop" not in out
    assert out.rstrip().endswith(b"}")
    assert b"event: error" in out


@given(answer=answers(), seed=st.integers(0, 2**32))
def test_a_response_cut_anywhere_before_its_end_is_never_a_clean_answer(answer: Answer, seed: int) -> None:
    rnd = random.Random(seed)
    frames = list(SseDecoder().feed(build.responses_stream(answer, rnd)))
    kept = b"".join(frame.raw for frame in frames[: rnd.randrange(1, len(frames) - 1)])
    events = decoded(responses.Decoder(), kept)
    assert b"message_stop" not in encoded(messages.Encoder(STAMP), events)
    response = openai_responses_reads(encoded(responses.Encoder(STAMP, request={}), events))
    assert (response["status"], response["error"]["code"]) == ("failed", "server_error")
