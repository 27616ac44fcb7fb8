from typing import TYPE_CHECKING

import pytest

from copilot_api.dialects.models import Endpoint
from copilot_api.sandbox import Sandbox
from copilot_api.sandbox.catalog import Catalog, load
from copilot_api.sandbox.replies import Refusal

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client

ENTRIES = load()


def test_the_data_file_holds_a_catalog() -> None:
    ids = [entry["id"] for entry in ENTRIES]
    assert len(ids) == 18
    assert ids.count("gpt-4o") == 2, "ids occur twice in real catalogs"


async def test_the_list_is_what_the_entries_are(client: "Client", sandbox: Sandbox) -> None:
    got = await client.get("/models")
    assert got.json == {"data": ENTRIES, "object": "list"}
    sandbox.models = [entry for entry in sandbox.models if entry["id"] == "gpt-4.1"]
    assert [entry["id"] for entry in (await client.get("/models")).json["data"]] == ["gpt-4.1"]
    assert (await client.chat(model="gpt-4o")).json["error"]["code"] == "model_not_supported"


async def test_one_model_by_its_id(client: "Client") -> None:
    assert (await client.get("/models/claude-opus-5")).json["id"] == "claude-opus-5"
    assert (await client.get("/models/nobody")).status == 404


@pytest.mark.parametrize(
    ("model_id", "endpoint", "status", "code"),
    [
        ("nobody", "/chat/completions", 400, "model_not_supported"),
        (None, "/chat/completions", 400, "model_not_supported"),
        ("claude-opus-4.5", "/v1/messages", 403, "model_not_allowed"),
        ("claude-opus-5", "/v1/messages", 403, "model_not_allowed"),
        ("gpt-5.3-codex", "/chat/completions", 400, "unsupported_api_for_model"),
        ("gpt-4.1", "/v1/messages", 400, "unsupported_api_for_model"),
        ("text-embedding-3-small", "/chat/completions", 400, "unsupported_api_for_model"),
        ("gpt-41-copilot", "/chat/completions", 400, "unsupported_api_for_model"),
    ],
)
def test_what_may_not_be_used_where(model_id: object, endpoint: Endpoint, status: int, code: str) -> None:
    with pytest.raises(Refusal) as raised:
        Catalog(ENTRIES).usable(model_id, endpoint)
    assert (raised.value.status, raised.value.code) == (status, code)


def test_what_may_be_used() -> None:
    assert Catalog(ENTRIES).usable("claude-sonnet-4.6", "/chat/completions").id == "claude-sonnet-4.6"
    assert Catalog(ENTRIES).usable("text-embedding-3-small", "/embeddings").max_inputs == 512


async def test_the_literal_texts_of_refused_models(client: "Client") -> None:
    assert (await client.chat(model="nobody")).json == {
        "error": {
            "message": "The requested model is not supported.",
            "code": "model_not_supported",
            "param": "model",
            "type": "invalid_request_error",
        }
    }
    got = await client.chat(model="gpt-5.3-codex")
    assert got.message == 'model "gpt-5.3-codex" is not accessible via the /chat/completions endpoint'
    assert (await client.messages(model="claude-opus-5")).json["code"] == "model_not_allowed"


async def test_accepting_the_terms_opens_a_model(client: "Client") -> None:
    assert (await client.messages(model="claude-opus-5")).status == 403
    got = await client.post("/models/claude-opus-5/policy", {"state": "enabled"})
    assert (got.status, got.json["state"]) == (200, "enabled")
    assert (await client.messages(model="claude-opus-5")).status == 200


@pytest.mark.parametrize(
    ("model_id", "state", "status"),
    [("claude-opus-4.5", "enabled", 403), ("claude-opus-5", "disabled", 403), ("nobody", "enabled", 404)],
)
async def test_terms_that_cannot_be_accepted(client: "Client", model_id: str, state: str, status: int) -> None:
    assert (await client.post(f"/models/{model_id}/policy", {"state": state})).status == status


async def test_a_model_without_a_policy_has_nothing_to_accept(client: "Client") -> None:
    assert (await client.post("/models/gpt-4o/policy", {"state": "enabled"})).json == {"state": "enabled", "terms": ""}
