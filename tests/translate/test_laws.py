"""The laws of design §3 for a request's whole way back: any chunking, and pass-through to the byte."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects import chat, messages
from copilot_api.dialects.codec import Json, dumps
from copilot_api.dialects.events import Stamp
from copilot_api.translate import Client, Translation, begin
from tests.builders.answers import Answer, answers, chat_stream, chunked, messages_stream
from tests.builders.models import model

STAMP = Stamp(id="7", created=99, model="asked")
PAIRS: list[tuple[Client, str]] = [
    ("chat", "gpt-4.1"),
    ("chat", "claude-opus-5"),
    ("messages", "claude-opus-5"),
    ("messages", "gpt-4.1"),
]


def started(client: Client, id_: str, *, stream: bool = True) -> Translation:
    body: Json = {"model": id_, "max_tokens": 100, "messages": [{"role": "user", "content": "q"}], "stream": stream}
    body |= {"stream_options": {"include_usage": True}} if client == "chat" else {}
    ask = (chat if client == "chat" else messages).peek(body)
    return begin(client=client, body=body, raw=dumps(body), ask=ask, model=model(id_), stamp=STAMP)


def upstream(work: Translation, answer: Answer, rnd: random.Random) -> bytes:
    return chat_stream(answer, rnd) if work.endpoint == "/chat/completions" else messages_stream(answer, rnd)


@pytest.mark.parametrize(("client", "id_"), PAIRS)
@given(answer=answers(), seed=st.integers(0, 2**32), cut=st.integers(0, 4000))
def test_any_chunking_gives_the_same_bytes(client: Client, id_: str, answer: Answer, seed: int, cut: int) -> None:
    rnd = random.Random(seed)
    whole, pieces = started(client, id_), started(client, id_)
    stream = upstream(whole, answer, rnd)
    stream = stream[: len(stream) - cut] if cut % 2 else stream
    expected = whole.feed(stream) + whole.close()
    assert b"".join(map(pieces.feed, chunked(stream, rnd))) + pieces.close() == expected
    assert (pieces.usage, pieces.repairs) == (whole.usage, whole.repairs)


@pytest.mark.parametrize(("client", "id_"), PAIRS)
def test_byte_by_byte_gives_the_same_bytes(client: Client, id_: str) -> None:
    answer = Answer(thought="hm", signature="s", text="hello wörld 👋")
    whole, pieces = started(client, id_), started(client, id_)
    stream = upstream(whole, answer, random.Random(1))
    expected = whole.feed(stream) + whole.close()
    assert b"".join(pieces.feed(bytes([byte])) for byte in stream) + pieces.close() == expected


@pytest.mark.parametrize(("client", "id_"), [PAIRS[0], PAIRS[2]])
@given(answer=answers(), seed=st.integers(0, 2**32))
def test_pass_through_is_identical_to_the_byte_unless_a_repair_fired(
    client: Client, id_: str, answer: Answer, seed: int
) -> None:
    work = started(client, id_)
    stream = upstream(work, answer, random.Random(seed))
    out = work.feed(stream) + work.close()
    assert out == stream or set(work.repairs) - {"usage-requested", "thinking-fitted"}


@pytest.mark.parametrize(("client", "id_"), [PAIRS[0], PAIRS[2]])
@given(answer=answers(), seed=st.integers(0, 2**32))
def test_what_was_mended_once_passes_untouched(client: Client, id_: str, answer: Answer, seed: int) -> None:
    first, second = started(client, id_), started(client, id_)
    mended = first.feed(upstream(first, answer, random.Random(seed))) + first.close()
    assert second.feed(mended) + second.close() == mended
    assert not set(second.repairs)
