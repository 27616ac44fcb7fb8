import math
from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.sandbox import Sandbox, embeddings

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

MODEL = "text-embedding-3-small"


async def test_each_input_gets_its_vector(client: "Client") -> None:
    got = await client.post("/embeddings", {"model": MODEL, "input": ["one", "two", "one"]})
    assert got.status == 200
    one, two, again = (item["embedding"] for item in got.json["data"])
    assert one == again != two
    assert len(one) == embeddings.DIMENSIONS
    assert [item["index"] for item in got.json["data"]] == [0, 1, 2]
    assert (got.json["usage"], got.json["model"]) == ({"prompt_tokens": 3, "total_tokens": 3}, MODEL)
    assert "object" not in got.json


def test_vectors_have_length_one() -> None:
    assert math.isclose(math.hypot(*embeddings.vector("hello", 512)), 1, rel_tol=1e-3)


async def test_dimensions_where_they_are_supported(client: "Client") -> None:
    body = {"model": MODEL, "input": ["one"], "dimensions": 64}
    assert len((await client.post("/embeddings", body)).json["data"][0]["embedding"]) == 64
    got = await client.post("/embeddings", body | {"model": "text-embedding-ada-002"})
    assert (got.status, got.message) == (400, "dimensions is not supported by this model")


@pytest.mark.parametrize(
    "fields",
    [
        {"input": "a bare string"},
        {"input": []},
        {"input": [""]},
        {"input": [[1, 2, 3]]},
        {"input": [1, 2]},
        {},
        {"input": ["x"] * 513},
        {"input": ["x" * 40_000]},
        {"input": ["x"], "encoding_format": "base64"},
        {"input": ["x"], "dimensions": 0},
        {"input": ["x"], "dimensions": 4096},
        {"input": ["x"], "dimensions": "many"},
    ],
)
async def test_what_is_refused(client: "Client", fields: dict[str, Any]) -> None:
    got = await client.post("/embeddings", {"model": MODEL} | fields)
    assert got.status == 400
    assert got.json["error"]["param"] in {"input", "encoding_format", "dimensions"}


async def test_a_chat_model_embeds_nothing(client: "Client") -> None:
    got = await client.post("/embeddings", {"model": "gpt-4.1", "input": ["x"]})
    assert got.json["error"]["code"] == "unsupported_api_for_model"


async def test_the_answer_can_be_scripted(client: "Client", sandbox: Sandbox) -> None:
    sandbox.script.raw(b'{"data":[]}', content_type="application/json")
    assert (await client.post("/embeddings", {"model": MODEL, "input": ["x"]})).json == {"data": []}
    sandbox.script.answer("words are no vectors", path="/embeddings")
    assert (await client.post("/embeddings", {"model": MODEL, "input": ["x"]})).json["model"] == MODEL
