"""compat.md §2.8 ⚠: what was wrong with the original's streams, from a chat model to an Anthropic client. One test each."""

from typing import Any

import pytest

from copilot_api.dialects import messages
from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.events import Stamp
from copilot_api.dialects.sse import SseDecoder, encode
from copilot_api.errors import UpstreamBroke
from copilot_api.translate import Translation, begin
from tests.builders.clients import anthropic_reads
from tests.builders.models import model


def started(*, stream: bool = True) -> Translation:
    body: Json = {"model": "gpt-4.1", "max_tokens": 9, "messages": [{"role": "user", "content": "q"}], "stream": stream}
    stamp = Stamp(id="1", created=1, model="gpt-4.1")
    return begin(client="messages", body=body, raw=dumps(body), ask=messages.peek(body), model=model("gpt-4.1"), stamp=stamp)


def chunk(finish: str | None = None, **delta: Any) -> bytes:
    return encode(dumps({"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}))


def call(index: int, **fields: Any) -> bytes:
    return chunk(tool_calls=[{"index": index, **fields}])


def streamed(*chunks: bytes) -> bytes:
    work = started()
    return b"".join(map(work.feed, chunks)) + work.close()


def names(out: bytes) -> list[str]:
    return [frame.event for frame in SseDecoder().feed(out)]


USAGE = encode(b'{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4}}')
DONE = b"data: [DONE]\n\n"


def test_the_trailing_usage_chunk_is_not_lost() -> None:
    message = anthropic_reads(streamed(chunk(content="a"), chunk("stop"), USAGE, DONE))
    assert (message["usage"]["input_tokens"], message["usage"]["output_tokens"]) == (9, 4)


def test_interleaved_parallel_calls_never_write_into_a_closed_block() -> None:
    out = streamed(
        call(0, id="a", function={"name": "f", "arguments": '{"x":'}),
        call(1, id="b", function={"name": "g", "arguments": '{"y":'}),
        call(0, function={"arguments": "1}"}),
        call(1, function={"arguments": "2}"}),
        chunk("tool_calls"),
    )
    assert [(block["name"], block["input"]) for block in anthropic_reads(out)["content"]] == [("f", {"x": 1}), ("g", {"y": 2})]


def test_arguments_that_come_before_id_and_name_are_not_dropped() -> None:
    out = streamed(
        call(0, function={"arguments": '{"x":'}),
        call(0, id="a", function={"name": "f", "arguments": "1}"}),
        chunk("tool_calls"),
    )
    assert anthropic_reads(out)["content"][0]["input"] == {"x": 1}


def test_there_are_pings() -> None:
    work = started()
    assert [names(work.heartbeat()) for _ in range(3)] == [["message_start"], ["ping"], ["ping"]]


def test_a_broken_upstream_is_an_error_event() -> None:
    assert names(streamed(chunk(content="a"), encode(b'{"error":{"message":"boom"}}')))[-1] == "error"


def test_an_end_of_bytes_without_finish_is_an_error_event() -> None:
    out = names(streamed(chunk(content="a")))
    assert out[-1] == "error"
    assert "message_stop" not in out


def test_several_finish_reasons_are_one_end() -> None:
    out = names(streamed(chunk(content="a"), chunk("stop"), chunk("stop"), USAGE, DONE))
    assert (out.count("message_delta"), out.count("message_stop")) == (1, 1)


def test_thinking_is_shown() -> None:
    content = anthropic_reads(streamed(chunk(reasoning_text="hm"), chunk(content="a"), chunk("stop")))["content"]
    assert [block["type"] for block in content] == ["thinking", "text"]


def test_arguments_that_are_not_json_are_an_upstream_error_and_no_500_of_ours() -> None:
    function = {"name": "f", "arguments": "{oops"}
    answer = {"choices": [{"finish_reason": "tool_calls", "message": {"tool_calls": [{"id": "a", "function": function}]}}]}
    with pytest.raises(UpstreamBroke) as caught:
        started(stream=False).whole(dumps(answer))
    assert messages.status(caught.value) == 502


def test_a_content_filter_is_a_refusal_and_no_normal_end() -> None:
    """compat.md §2.8 maps it to end_turn, which Anthropic's own API has a word for."""
    answer = {"choices": [{"finish_reason": "content_filter", "message": {"content": "a"}}]}
    assert loads(started(stream=False).whole(dumps(answer)))["stop_reason"] == "refusal"
