"""One list of models that everybody can read."""

from typing import Any

import pytest
from anthropic.types import ModelInfo
from openai.types import Model as OpenAiModel

from copilot_api.errors import ClientMistake
from copilot_api.server.models_page import entry, page
from tests.builders.models import MODELS, model


def ids(query: dict[str, str], *, for_messages: bool = False) -> list[str]:
    return [one["id"] for one in page(MODELS, query, for_messages=for_messages)["data"]]


def test_an_entry_holds_what_each_kind_of_client_reads() -> None:
    claude = entry(model("claude-sonnet-4.6"))
    assert OpenAiModel.model_validate(claude, strict=True).owned_by == "Anthropic"
    assert ModelInfo.model_validate(claude).display_name == "Claude Sonnet 4.6"
    original = {"id", "object", "type", "created", "created_at", "owned_by", "display_name"}
    assert {key: claude[key] for key in original} == {
        "id": "claude-sonnet-4.6",
        "object": "model",
        "type": "model",
        "created": 0,
        "created_at": "1970-01-01T00:00:00.000Z",
        "owned_by": "Anthropic",
        "display_name": "Claude Sonnet 4.6",
    }


def test_an_entry_tells_how_much_the_model_takes() -> None:
    claude = entry(model("claude-sonnet-4.6"))
    assert (claude["context_window"], claude["max_input_tokens"], claude["max_output_tokens"]) == (200000, 168000, 32000)
    assert claude["max_tokens"] == 32000
    assert "context_window" not in entry(model("text-embedding-3-small"))


def test_the_original_listed_all_models_and_so_do_we() -> None:
    listed = page(MODELS, {}, for_messages=False)
    assert [one["id"] for one in listed["data"]] == list(MODELS)
    assert (listed["object"], listed["has_more"]) == ("list", False)
    assert (listed["first_id"], listed["last_id"]) == ("gpt-4.1", list(MODELS)[-1])
    by_id = {one["id"]: one for one in listed["data"]}
    assert by_id["claude-opus-4.5"]["enabled"] is False
    assert by_id["claude-sonnet-4.6"]["enabled"] is True


def test_clients_that_offer_the_list_to_people_get_what_would_answer() -> None:
    listed = ids({}, for_messages=True)
    assert "claude-sonnet-4.6" in listed
    assert not {"claude-opus-4.5", "claude-opus-5", "text-embedding-3-small", "gpt-41-copilot"} & set(listed)


def test_pages_follow_one_another() -> None:
    everything = list(MODELS)
    first = page(MODELS, {"limit": "3"}, for_messages=False)
    assert ([one["id"] for one in first["data"]], first["has_more"]) == (everything[:3], True)
    rest = page(MODELS, {"limit": "1000", "after_id": first["last_id"]}, for_messages=False)
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == (everything[3:], False)
    back = page(MODELS, {"limit": "2", "before_id": everything[5]}, for_messages=False)
    assert ([one["id"] for one in back["data"]], back["has_more"]) == (everything[3:5], True)
    assert ids({"before_id": everything[2], "after_id": everything[0]}) == [everything[1]]


def test_after_the_last_there_is_nothing() -> None:
    empty = page(MODELS, {"after_id": list(MODELS)[-1]}, for_messages=False)
    assert (empty["data"], empty["first_id"], empty["last_id"], empty["has_more"]) == ([], None, None, False)


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "1001"}, {"limit": "many"}, {"limit": "9" * 5000}, {"limit": "-1"}]
)
def test_a_limit_out_of_bounds_is_refused(query: Any) -> None:
    with pytest.raises(ClientMistake) as caught:
        ids(query)
    assert caught.value.param == "limit"


@pytest.mark.parametrize("param", ["after_id", "before_id"])
def test_a_place_that_is_not_in_the_list_is_refused(param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        ids({param: "no-such-model"})
    assert caught.value.param == param
