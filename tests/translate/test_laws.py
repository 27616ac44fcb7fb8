"""The laws of design §3 for a request's whole way back, for every client dialect on every endpoint."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.translate import Client, Translation
from copilot_api.translate.repair import Endpoint
from tests.builders import answers as build
from tests.builders.answers import Answer, answers, chunked
from tests.builders.asks import started
from tests.builders.clients import anthropic_reads, openai_reads, openai_responses_reads
from tests.builders.gemini_client import put_together, sdk_responses, without_nothing

MODELS: dict[Endpoint, str] = {"/chat/completions": "gpt-4.1", "/v1/messages": "claude-opus-5", "/responses": "gpt-5.3-codex"}
CLIENTS: tuple[Client, ...] = ("chat", "messages", "responses", "gemini")
PAIRS = [pytest.param(client, endpoint, id=f"{client} on {endpoint}") for client in CLIENTS for endpoint in MODELS]
OWN = [("chat", "/chat/completions"), ("messages", "/v1/messages"), ("responses", "/responses")]
STREAMS: dict[Endpoint, Callable[[Answer, random.Random], bytes]] = {
    "/chat/completions": build.chat_stream,
    "/v1/messages": build.messages_stream,
    "/responses": build.responses_stream,
}
WHOLE: dict[Endpoint, Callable[[Answer], Json]] = {
    "/chat/completions": build.chat_whole,
    "/v1/messages": build.messages_whole,
    "/responses": build.responses_whole,
}


def begun(client: Client, endpoint: Endpoint, *, stream: bool = True) -> Translation:
    usage: Json = {"stream_options": {"include_usage": True}} if client == "chat" and stream else {}
    work = started(client, MODELS[endpoint], stream=stream, **usage)
    assert work.endpoint == endpoint
    return work


def said(client: Client, stream: bytes) -> tuple[str, list[tuple[str, Json]]]:
    """What a client reads in a stream: the text, and the calls."""
    match client:
        case "chat":
            message = openai_reads(stream)["choices"][0]["message"]
            calls = [
                (call["function"]["name"], loads(call["function"]["arguments"].encode()))
                for call in message.get("tool_calls") or []
            ]
            return message.get("content") or "", calls
        case "messages":
            content = anthropic_reads(stream)["content"]
            text = "".join(block["text"] for block in content if block["type"] == "text")
            return text, [(block["name"], block["input"]) for block in content if block["type"] == "tool_use"]
        case "responses":
            output = openai_responses_reads(stream, strict=False)["output"]
            parts = [part for item in output if item["type"] == "message" for part in item["content"]]
            calls = [(item["name"], loads(item["arguments"].encode())) for item in output if item["type"] == "function_call"]
            return "".join(part.get("text", part.get("refusal", "")) for part in parts), calls
        case "gemini":
            parts = put_together(sdk_responses([stream]))["candidates"][0]["content"]["parts"]
            text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
            return text, [(p["functionCall"]["name"], p["functionCall"].get("args", {})) for p in parts if "functionCall" in p]


@pytest.mark.parametrize(("client", "endpoint"), PAIRS)
@given(answer=answers(), seed=st.integers(0, 2**32), cut=st.integers(0, 4000))
def test_any_chunking_gives_the_same_bytes(client: Client, endpoint: Endpoint, answer: Answer, seed: int, cut: int) -> None:
    rnd = random.Random(seed)
    whole, pieces = begun(client, endpoint), begun(client, endpoint)
    stream = STREAMS[endpoint](answer, rnd)
    stream = stream[: len(stream) - cut] if cut % 2 else stream
    expected = whole.feed(stream) + whole.close()
    assert b"".join(map(pieces.feed, chunked(stream, rnd))) + pieces.close() == expected
    assert (pieces.usage, pieces.repairs) == (whole.usage, whole.repairs)


@pytest.mark.parametrize(("client", "endpoint"), PAIRS)
def test_byte_by_byte_gives_the_same_bytes(client: Client, endpoint: Endpoint) -> None:
    answer = Answer(thought="hm", signature="s", text="hello wörld 👋")
    whole, pieces = begun(client, endpoint), begun(client, endpoint)
    stream = STREAMS[endpoint](answer, random.Random(1))
    expected = whole.feed(stream) + whole.close()
    assert b"".join(pieces.feed(bytes([byte])) for byte in stream) + pieces.close() == expected


@pytest.mark.parametrize(("client", "endpoint"), PAIRS)
@given(answer=answers(), seed=st.integers(0, 2**32))
def test_every_client_reads_the_words_and_the_calls_on_every_endpoint(
    client: Client, endpoint: Endpoint, answer: Answer, seed: int
) -> None:
    work = begun(client, endpoint)
    text, calls = said(client, work.feed(STREAMS[endpoint](answer, random.Random(seed))) + work.close())
    assert text == answer.text
    assert calls == [(tool.name, tool.input) for tool in answer.tools]


@pytest.mark.parametrize(("client", "endpoint"), PAIRS)
@given(answer=answers(), seed=st.integers(0, 2**32), cut=st.integers(1, 2**31))
def test_a_stream_cut_before_its_end_says_so(client: Client, endpoint: Endpoint, answer: Answer, seed: int, cut: int) -> None:
    stream = STREAMS[endpoint](answer, random.Random(seed))
    ends = {
        "/chat/completions": b'"finish_reason":"',
        "/v1/messages": b"event: message_delta",
        "/responses": b"event: response.completed",
    }
    end = max(stream.find(ends[endpoint]), stream.find(b"event: response.incomplete"))
    work = begun(client, endpoint)
    out = work.feed(stream[: cut % end]) + work.close()
    assert work.failed is not None
    assert b'"error"' in out or b"response.failed" in out


@pytest.mark.parametrize(("client", "endpoint"), OWN)
@given(answer=answers(), seed=st.integers(0, 2**32))
def test_pass_through_is_identical_to_the_byte_unless_a_repair_fired(
    client: Client, endpoint: Endpoint, answer: Answer, seed: int
) -> None:
    work = begun(client, endpoint)
    of_the_request = set(work.repairs)
    stream = STREAMS[endpoint](answer, random.Random(seed))
    out = work.feed(stream) + work.close()
    assert out == stream or set(work.repairs) - of_the_request


@pytest.mark.parametrize(("client", "endpoint"), OWN)
@given(answer=answers(), seed=st.integers(0, 2**32))
def test_what_was_mended_once_passes_untouched(client: Client, endpoint: Endpoint, answer: Answer, seed: int) -> None:
    first, second = begun(client, endpoint), begun(client, endpoint)
    mended = first.feed(STREAMS[endpoint](answer, random.Random(seed))) + first.close()
    if client == "responses" and answer.thought:
        return  # reasoning is sealed once more for each way that it goes
    of_the_request = set(second.repairs)
    assert second.feed(mended) + second.close() == mended
    assert set(second.repairs) == of_the_request


@pytest.mark.parametrize(("client", "endpoint"), PAIRS)
@given(answer=answers(), split=st.booleans())
def test_whole_answers_become_whole_answers(client: Client, endpoint: Endpoint, answer: Answer, split: bool) -> None:
    work = begun(client, endpoint, stream=False)
    upstream = build.chat_whole(answer, split=split) if endpoint == "/chat/completions" else WHOLE[endpoint](answer)
    told = loads(work.whole(dumps(upstream)))
    words = without_nothing(told) if client == "gemini" else told
    assert dumps(answer.text)[1:-1] in dumps(words)
    assert work.usage is not None
    assert (work.usage.prompt, work.usage.cached, work.usage.output) == (answer.prompt, answer.cached, answer.output)
