"""What fuzzing found, each as the smallest input that did it."""

from typing import Any

import aiohttp
import pytest

from copilot_api.dialects.codec import Json, dumps, loads
from copilot_api.dialects.read import amount
from copilot_api.dialects.sse import encode
from copilot_api.errors import ClientMistake
from copilot_api.translate import Client, begin
from tests.builders.asks import PEEKS, STAMP, started
from tests.builders.models import model
from tests.builders.serving import Serving

ODD: list[Any] = [None, 1, 1.5, True, [], {}, ["x"], {"x": 1}]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("id_", ["gpt-4.1", "gpt-5.3-codex", "claude-opus-5", "gemini-3.8-flash", "kimi-k3"])
def test_what_should_be_a_text_may_be_anything(odd: Any, id_: str) -> None:
    """A list or an object has no hash, so that asking whether it is one of the known texts raised a TypeError."""
    asks: list[tuple[Client, Json]] = [
        ("responses", {"input": [{"type": odd, "call_id": odd}, {"role": odd, "content": odd}]}),
        ("chat", {"messages": [{"role": odd, "content": odd}], "n": odd}),
        ("chat", {"messages": [{"role": odd, "content": "q"}], "response_format": {"type": "json_schema", "json_schema": {}}}),
        ("chat", {"messages": [{"role": "user", "content": "q"}], "tools": [{"type": odd, "function": {"name": odd}}]}),
        ("messages", {"max_tokens": 5, "messages": [{"role": odd, "content": [{"type": odd}]}], "thinking": {"type": odd}}),
        ("messages", {"max_tokens": 5, "messages": [{"role": "user", "content": "q"}], "tools": [{"type": odd, "name": odd}]}),
    ]
    schema = {"type": odd, "format": odd, "enum": odd, "properties": {"a": {"type": odd, "format": odd}}}
    function = {"name": "f", "parameters": schema}
    asks.append(
        ("chat", {"messages": [{"role": "user", "content": "q"}], "tools": [{"type": "function", "function": function}]})
    )
    for client, body in asks:
        asked = {"model": id_} | body
        try:
            ask = PEEKS[client](asked)
            work = begin(client=client, body=asked, raw=dumps(asked), ask=ask, model=model(id_), stamp=STAMP)
        except ClientMistake:
            continue
        assert isinstance(loads(work.request), dict)


@pytest.mark.parametrize("odd", ODD)
def test_an_index_of_a_call_may_be_anything(odd: Any) -> None:
    """An upstream that is broken breaks nothing of ours."""
    for id_ in ("gpt-4.1", "claude-opus-5"):
        work = started("chat", id_)
        call = {"index": odd, "id": odd, "type": odd, "function": {"name": odd, "arguments": odd}}
        chunk = {"choices": [{"index": odd, "delta": {"tool_calls": [call]}, "finish_reason": odd}]}
        out = work.feed(encode(dumps(chunk))) + work.release() + work.close()
        assert b"data: " in out


@pytest.mark.parametrize("kind", ["message_start", "content_block_start"])
def test_an_event_may_have_its_kind_in_its_name_only(kind: str) -> None:
    """What is mended in it was written back under a kind that it did not have: a KeyError."""
    work = started("messages", "claude-opus-5")
    event = {"message": {"model": "another", "usage": {}}, "content_block": {"type": "text"}}
    out = work.feed(encode(dumps(event), kind)) + work.release() + work.close()
    assert f"event: {kind}\n".encode() in out


@pytest.mark.parametrize(("reported", "counted"), [(-1, 0), (7, 7), (1e300, 2**53), (-(10**30), 0), (10**30, 2**53), ("9", 0)])
def test_counts_are_never_below_nothing_nor_beyond_what_can_be_kept(reported: Any, counted: int) -> None:
    assert amount(reported) == counted
    for client in ("chat", "messages", "responses", "gemini"):
        work = started(client, "gpt-4.1", stream=False)
        usage = {"prompt_tokens": reported, "completion_tokens": reported}
        choice = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}
        assert loads(work.whole(dumps({"choices": [choice], "usage": usage})))
        assert work.usage is not None
        assert (work.usage.prompt, work.usage.output) == (counted, counted)


@pytest.mark.parametrize("odd", ODD[1:])
async def test_an_encoding_of_embeddings_may_be_anything(server: Serving, http: aiohttp.ClientSession, odd: Any) -> None:
    """schemathesis: asking whether a list is one of two texts was a 500."""
    body = {"model": "text-embedding-3-small", "input": "x", "encoding_format": odd}
    async with http.post(server.url + "/v1/embeddings", json=body) as response:
        assert response.status == (200 if not odd else 400)
