"""Embeddings: whatever clients send, and what they expect back."""

import base64
import json
from array import array
from typing import Any

import aiohttp
import openai
import pytest

from copilot_api.sandbox import Sandbox
from tests.builders.serving import Serving

MODEL = "text-embedding-3-small"


async def embed(server: Serving, http: aiohttp.ClientSession, **body: Any) -> Any:
    async with http.post(server.url + "/v1/embeddings", json={"model": MODEL, **body}) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def refused(server: Serving, http: aiohttp.ClientSession, **body: Any) -> Any:
    async with http.post(server.url + "/v1/embeddings", json=body) as response:
        return response.status, (await response.json())["error"]


async def test_a_bare_text_is_taken(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    """compat.md §2.4: the original sent it up as it was, where it failed."""
    answer = await embed(server, http, input="Hei")
    assert (answer["object"], answer["model"]) == ("list", MODEL)
    assert [(one["object"], one["index"]) for one in answer["data"]] == [("embedding", 0)]
    assert len(answer["data"][0]["embedding"]) == 1536
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] > 0
    sent = sandbox.seen[-1]
    assert sent.json == {"model": MODEL, "input": ["Hei"]}
    assert sent.headers["OpenAI-Intent"] == "copilot-panel"
    assert "X-Initiator" not in sent.headers


async def test_texts_keep_their_order(server: Serving, http: aiohttp.ClientSession) -> None:
    both = await embed(server, http, input=["one", "two"])
    alone = await embed(server, http, input="two")
    assert [one["index"] for one in both["data"]] == [0, 1]
    assert both["data"][1]["embedding"] == alone["data"][0]["embedding"]


async def test_token_ids_are_read_as_the_text_they_are(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    # "Hello world" and "Oslo" in cl100k_base.
    await embed(server, http, input=[9906, 1917])
    assert sandbox.seen[-1].json["input"] == ["Hello world"]
    await embed(server, http, input=[[9906, 1917], [9906]])
    assert sandbox.seen[-1].json["input"] == ["Hello world", "Hello"]


async def test_base64_holds_the_same_numbers(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    plain = await embed(server, http, input="Hei", encoding_format="float")
    packed = await embed(server, http, input="Hei", encoding_format="base64")
    numbers = array("f", base64.b64decode(packed["data"][0]["embedding"]))
    assert numbers.tolist() == pytest.approx(plain["data"][0]["embedding"], abs=1e-6)
    assert "encoding_format" not in sandbox.seen[-1].json


async def test_the_size_of_vectors_is_passed_on(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    answer = await embed(server, http, input="Hei", dimensions=64, user="me")
    assert len(answer["data"][0]["embedding"]) == 64
    assert sandbox.seen[-1].json == {"model": MODEL, "input": ["Hei"], "dimensions": 64}


async def test_long_lists_go_up_in_batches(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    texts = [f"text {n}" for n in range(1100)]
    answer = await embed(server, http, input=texts, dimensions=4)
    batches = [seen.json["input"] for seen in sandbox.seen if seen.path == "/embeddings"]
    assert [len(batch) for batch in batches] == [512, 512, 76]
    assert [text for batch in batches for text in batch] == texts
    assert [one["index"] for one in answer["data"]] == list(range(1100))
    last = await embed(server, http, input=texts[-1], dimensions=4)
    assert answer["data"][-1]["embedding"] == last["data"][0]["embedding"]
    assert answer["usage"]["total_tokens"] > 1100


async def test_the_official_client_reads_it(server: Serving) -> None:
    """It asks for base64 by default."""
    async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="dummy") as client:
        answer = await client.embeddings.create(model=MODEL, input=["Hei", "Oslo"])
    assert [len(one.embedding) for one in answer.data] == [1536, 1536]
    assert isinstance(answer.data[0].embedding[0], float)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": "Hei"}, "model"),
        ({"model": 5, "input": "Hei"}, "model"),
        ({"model": MODEL}, "input"),
        ({"model": MODEL, "input": []}, "input"),
        ({"model": MODEL, "input": ""}, "input"),
        ({"model": MODEL, "input": ["Hei", ""]}, "input"),
        ({"model": MODEL, "input": ["Hei", 5]}, "input"),
        ({"model": MODEL, "input": [[True]]}, "input"),
        ({"model": MODEL, "input": {"text": "Hei"}}, "input"),
        ({"model": MODEL, "input": "Hei", "encoding_format": "hex"}, "encoding_format"),
        ({"model": "gpt-4.1", "input": "Hei"}, "model"),
    ],
)
async def test_what_cannot_be_embedded_is_refused(
    server: Serving, http: aiohttp.ClientSession, body: dict[str, Any], param: str
) -> None:
    status, error = await refused(server, http, **body)
    assert (status, error["param"]) == (400, param)


async def test_token_ids_that_do_not_exist_are_refused(server: Serving, http: aiohttp.ClientSession) -> None:
    status, _ = await refused(server, http, model=MODEL, input=[9906, 10**9])
    assert status == 400


async def test_an_unknown_model_is_not_found(server: Serving, http: aiohttp.ClientSession) -> None:
    status, error = await refused(server, http, model="text-embedding-9", input="Hei")
    assert (status, error["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>",
        b"[]",
        json.dumps({"data": []}).encode(),
        json.dumps({"data": [{"index": 0}]}).encode(),
        json.dumps({"data": [{"index": None, "embedding": [1.0]}]}).encode(),
        json.dumps({"data": [{"embedding": ["x"]}]}).encode(),
    ],
)
async def test_an_answer_without_vectors_is_upstreams_failure(
    server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox, answer: bytes
) -> None:
    sandbox.script.fault("status", status=200, body=answer)
    status, error = await refused(server, http, model=MODEL, input="Hei", encoding_format="base64")
    assert (status, error["type"]) == (502, "server_error")


async def test_copilots_refusal_is_passed_on(server: Serving, http: aiohttp.ClientSession, sandbox: Sandbox) -> None:
    sandbox.script.fault("rate_limited", seconds=3)
    status, error = await refused(server, http, model=MODEL, input="Hei")
    assert (status, error["type"]) == (429, "rate_limit_error")
