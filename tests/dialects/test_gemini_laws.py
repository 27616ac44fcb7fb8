"""The laws of design §3 for Gemini's clients: streams and whole answers agree, and Google's programs read what we mean."""

import random

from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects import chat, gemini, messages
from copilot_api.dialects.codec import Json
from copilot_api.dialects.events import Event, Stamp
from copilot_api.dialects.sse import SseDecoder
from tests.builders import answers as build
from tests.builders.answers import Answer, answers
from tests.builders.gemini_client import array_responses, put_together, sdk_responses, without_nothing

STAMP = Stamp(id="s1", created=1_790_000_000, model="asked-for")
SEEDS = st.integers(0, 2**32)
REQUESTS = st.builds(
    lambda shows, alt: {"alt": alt, "generationConfig": {"thinkingConfig": {"includeThoughts": shows}}},
    st.booleans(),
    st.sampled_from(["sse", "json"]),
)


def decoded(decoder: chat.Decoder | messages.Decoder | gemini.Decoder, stream: bytes) -> list[Event]:
    events = [event for frame in SseDecoder().feed(stream) for event in decoder.feed(frame)]
    return [*events, *decoder.close()]


def pieces(events: list[Event], request: Json) -> list[bytes]:
    encoder = gemini.Encoder(STAMP, request=request)
    return [*map(encoder.feed, events), encoder.close()]


@given(answer=answers(), seed=SEEDS, split=st.booleans(), request=REQUESTS)
def test_a_chat_stream_says_what_the_whole_answer_says(answer: Answer, seed: int, split: bool, request: Json) -> None:
    streamed = decoded(chat.Decoder(), build.chat_stream(answer, random.Random(seed)))
    whole = list(chat.whole(build.chat_whole(answer, split=split)))
    assert gemini.collect(streamed, STAMP, request=request) == gemini.collect(whole, STAMP, request=request)


@given(answer=answers(), seed=SEEDS, request=REQUESTS)
def test_a_messages_stream_says_what_the_whole_answer_says(answer: Answer, seed: int, request: Json) -> None:
    streamed = decoded(messages.Decoder(), build.messages_stream(answer, random.Random(seed)))
    whole = list(messages.whole(build.messages_whole(answer)))
    assert gemini.collect(streamed, STAMP, request=request) == gemini.collect(whole, STAMP, request=request)


@given(answer=answers(), seed=SEEDS, request=REQUESTS)
def test_what_a_client_puts_together_is_what_collect_gives(answer: Answer, seed: int, request: Json) -> None:
    events = decoded(chat.Decoder(), build.chat_stream(answer, random.Random(seed), interleave=True))
    written = pieces(events, request)
    responses = sdk_responses(written) if request["alt"] == "sse" else array_responses(b"".join(written))
    assert put_together(responses) == without_nothing(gemini.collect(events, STAMP, request=request))


@given(answer=answers(), seed=SEEDS)
def test_any_cut_of_a_stream_reads_the_same(answer: Answer, seed: int) -> None:
    rnd = random.Random(seed)
    events = decoded(messages.Decoder(), build.messages_stream(answer, rnd))
    written = b"".join(pieces(events, {"alt": "sse"}))
    text = written.decode()
    cut = [piece.encode() for piece in build.pieces(text, rnd)]
    assert sdk_responses(cut) == sdk_responses([written])


@given(answer=answers(), seed=SEEDS)
def test_our_own_stream_is_read_back_as_written(answer: Answer, seed: int) -> None:
    request: Json = {"alt": "sse", "generationConfig": {"thinkingConfig": {"includeThoughts": True}}}
    events = decoded(messages.Decoder(), build.messages_stream(answer, random.Random(seed)))
    again = decoded(gemini.Decoder(), b"".join(pieces(events, request)))
    assert gemini.collect(again, STAMP, request=request) == gemini.collect(events, STAMP, request=request)
    whole = list(gemini.whole(gemini.collect(events, STAMP, request=request)))
    assert gemini.collect(whole, STAMP, request=request) == gemini.collect(events, STAMP, request=request)


@given(answer=answers(), seed=SEEDS)
def test_a_stream_cut_anywhere_before_its_end_is_never_a_clean_answer(answer: Answer, seed: int) -> None:
    rnd = random.Random(seed)
    frames = list(SseDecoder().feed(build.chat_stream(answer, rnd)))
    kept = b"".join(frame.raw for frame in frames[: rnd.randrange(1, len(frames) - 2)])
    out = b"".join(pieces(decoded(chat.Decoder(), kept), {"alt": "sse"}))
    assert b"finishReason" not in out
    assert b'{"error":' in out
