"""An answer written anew in the client's dialect."""

import random
from typing import Any

import pytest

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Counted, Stamp
from copilot_api.dialects.sse import encode
from copilot_api.errors import UpstreamBroke, UpstreamTimeout
from copilot_api.translate import carrier
from copilot_api.translate.repair import Target
from copilot_api.translate.rewrite import Rewrite
from copilot_api.translate.translation import Client, Prepared, Translation
from tests.builders.answers import Answer, Tool, chat_stream, chat_whole, messages_stream, messages_whole
from tests.builders.clients import anthropic_reads, openai_reads
from tests.builders.models import model

STAMP = Stamp(id="7", created=99, model="asked")
ANSWER = Answer(
    thought="hm", signature="sig", text="hello", tools=(Tool("f_1", {"a": 1}, "t"),), stop="tool_use", prompt=9, cached=4
)


def translation(client: Client, *, stream: bool = True, upstream_stream: bool = True, **fields: Any) -> Translation:
    prepared = Prepared(
        client=client,
        endpoint="/chat/completions" if client == "messages" else "/v1/messages",
        asked={},
        body={},
        request=b"x" * 400,
        stream_upstream=upstream_stream,
        stream_client=stream,
        betas=(),
        losses=frozenset({"top_k"}),
        repairs=("cap-named",),
        tool_names=fields.get("tool_names", {}),
        custom_tools=fields.get("custom_tools", frozenset()),
        namespaces=fields.get("namespaces", {}),
        model=model("gpt-4.1" if client == "messages" else "claude-opus-5"),
        target=Target(model=model("gpt-4.1"), stream=upstream_stream),
        stamp=STAMP,
        wants_usage=client == "chat",
        merges=True,
    )
    return Translation(prepared, Rewrite(prepared))


def streamed(work: Translation, stream: bytes) -> bytes:
    return work.feed(stream) + work.close()


def test_a_chat_stream_becomes_a_message() -> None:
    work = translation("messages", tool_names={"f_1": "f.1"})
    message = anthropic_reads(streamed(work, chat_stream(ANSWER, random.Random(1))))
    thinking, text, tool = message["content"]
    assert (thinking["thinking"], text["text"]) == ("hm", "hello")
    assert tool == {"type": "tool_use", "id": "t", "name": "f.1", "input": {"a": 1}}
    assert (message["id"], message["model"], message["stop_reason"]) == ("msg_7", "asked", "tool_use")
    assert carrier.unpack(thinking["signature"], origin="c", family=carrier.family(model("gpt-4.1"))) == "sig"
    assert work.usage == Counted(prompt=9, cached=4, output=7)
    assert (work.finished, work.failed) == (True, None)


def test_a_message_stream_becomes_a_completion() -> None:
    work = translation("chat")
    message = openai_reads(streamed(work, messages_stream(ANSWER, random.Random(1))))["choices"][0]["message"]
    assert (message["content"], message["reasoning_text"]) == ("hello", "hm")
    sealed = message["reasoning_opaque"]
    assert carrier.unpack(sealed, origin="m", family=carrier.family(model("claude-opus-5"))) == "sig"


@pytest.mark.parametrize("upstream_stream", [False, True], ids=["whole", "stream"])
def test_a_client_that_waits_for_the_whole_gets_it(upstream_stream: bool) -> None:
    work = translation("messages", stream=False, upstream_stream=upstream_stream)
    if upstream_stream:
        assert work.feed(chat_stream(ANSWER, random.Random(1))) == b""
        answer = loads(work.close())
    else:
        answer = loads(work.whole(dumps(chat_whole(ANSWER, split=True))))
    assert [block["type"] for block in answer["content"]] == ["thinking", "text", "tool_use"]
    assert answer["usage"]["cache_read_input_tokens"] == 4
    assert work.heartbeat() == b""


def test_a_whole_message_becomes_a_completion() -> None:
    work = translation("chat", stream=False, upstream_stream=False)
    answer = loads(work.whole(dumps(messages_whole(ANSWER))))
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] == 4


@pytest.mark.parametrize("body", [b"{oops", b"[]"])
def test_an_answer_that_is_none_is_a_failure(body: bytes) -> None:
    with pytest.raises(UpstreamBroke):
        translation("chat", stream=False, upstream_stream=False).whole(body)


def test_half_an_answer_is_none_for_who_waits_for_the_whole() -> None:
    work = translation("messages", stream=False)
    work.feed(chat_stream(ANSWER, random.Random(1))[:-400])
    with pytest.raises(UpstreamBroke):
        work.close()


def test_half_an_answer_ends_with_an_error_for_who_reads_along() -> None:
    work = translation("messages")
    out = streamed(work, chat_stream(ANSWER, random.Random(1))[:-500])
    assert out.rstrip().splitlines()[-2] == b"event: error"
    assert isinstance(work.failed, UpstreamBroke)


def test_a_problem_of_our_own_ends_the_stream() -> None:
    work = translation("messages")
    work.feed(chat_stream(ANSWER, random.Random(1))[:900])
    assert b"timeout_error" in work.fail(UpstreamTimeout("silent"))
    assert work.failed is not None


def test_an_answer_that_copilot_does_not_count_is_estimated() -> None:
    stream = encode(dumps({"id": "x", "choices": [{"index": 0, "delta": {"content": "a" * 40}, "finish_reason": "stop"}]}))
    work = translation("messages")
    streamed(work, stream)
    assert work.usage == Counted(prompt=100, output=10, estimated=True)


def test_reasoning_without_a_signature_gets_one_that_clients_keep() -> None:
    message = anthropic_reads(streamed(translation("messages"), chat_stream(Answer(thought="hm", text="a"), random.Random(1))))
    assert carrier.unpack(message["content"][0]["signature"], origin="c", family=carrier.family(model("gpt-4.1"))) == ""


def test_a_signature_that_comes_late_is_kept_where_the_turn_goes_on() -> None:
    def chunk(**delta: Any) -> bytes:
        return encode(dumps({"id": "x", "choices": [{"index": 0, "delta": delta}]}))

    call = {"index": 0, "id": "t", "function": {"name": "f", "arguments": "{}"}}
    finish = encode(dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}))
    stream = chunk(reasoning_text="hm") + chunk(tool_calls=[call]) + finish + chunk(reasoning_opaque="late")
    content = anthropic_reads(streamed(translation("messages"), stream))["content"]
    family = carrier.family(model("gpt-4.1"))
    seals = [carrier.unpack(block.get("signature"), origin="c", family=family) for block in content]
    assert [block["type"] for block in content] == ["thinking", "tool_use", "thinking"]
    assert seals == ["", None, "late"]


def test_redacted_reasoning_is_wrapped_as_such() -> None:
    answer = messages_whole(ANSWER) | {"content": [{"type": "redacted_thinking", "data": "r"}], "stop_reason": "end_turn"}
    message = loads(translation("chat", stream=False, upstream_stream=False).whole(dumps(answer)))["choices"][0]["message"]
    family = carrier.family(model("claude-opus-5"))
    assert carrier.unpack(message["reasoning_opaque"], origin="redacted", family=family) == "r"


@pytest.mark.parametrize(
    ("given", "unwrapped"),
    [({"input": "*** Begin Patch"}, "*** Begin Patch"), ({"other": 1}, '{"other":1}'), ({"input": 3}, '{"input":3}')],
)
def test_the_text_of_a_custom_tool_is_unwrapped(given: Json, unwrapped: str) -> None:
    tools = (Tool("patch", given, "t1"), Tool("f", {"a": 1}, "t2"))
    answer = Answer(tools=tools, stop="tool_use")
    work = translation("chat", stream=False, custom_tools=frozenset({"patch"}))
    work.feed(messages_stream(answer, random.Random(1)))
    patch, function = loads(work.close())["choices"][0]["message"]["tool_calls"]
    assert patch == {"id": "t1", "type": "custom", "custom": {"name": "patch", "input": unwrapped}}
    assert function["function"] == {"name": "f", "arguments": '{"a":1}'}
