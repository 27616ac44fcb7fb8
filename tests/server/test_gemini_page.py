"""The list of models as Google's programs read it."""

from typing import Any

import pytest

from copilot_api.errors import ClientMistake
from copilot_api.server.gemini_page import entry, page
from tests.builders.models import MODELS, model


def ids(**query: str) -> list[str]:
    return [one["baseModelId"] for one in page(MODELS, query)["models"]]


def test_an_entry_says_what_the_model_is_called_and_takes() -> None:
    assert entry(model("claude-sonnet-4.6")) == {
        "name": "models/claude-sonnet-4.6",
        "baseModelId": "claude-sonnet-4.6",
        "version": "claude-sonnet-4.6",
        "displayName": "Claude Sonnet 4.6",
        "description": "Anthropic, through GitHub Copilot",
        "inputTokenLimit": 168_000,
        "outputTokenLimit": 32_000,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "thinking": True,
    }


def test_limits_that_nobody_knows_are_left_out() -> None:
    assert {"inputTokenLimit", "outputTokenLimit"} & entry(model("text-embedding-3-small")).keys() == set()


def test_what_would_not_answer_is_not_listed() -> None:
    listed = ids()
    assert "gpt-4.1" in listed
    assert not {"text-embedding-3-small", "gpt-41-copilot"} & set(listed)
    assert listed == [one.id for one in MODELS.values() if one.enabled and one.kind == "chat"]


def test_the_list_comes_page_by_page_to_who_wants_it_so() -> None:
    whole, seen, query = ids(), [], {"pageSize": "4"}
    while True:
        answer = page(MODELS, query)
        seen += [one["baseModelId"] for one in answer["models"]]
        if "nextPageToken" not in answer:
            break
        query["pageToken"] = answer["nextPageToken"]
    assert seen == whole
    assert "nextPageToken" not in page(MODELS, {"pageSize": str(len(whole)), "pageToken": ""})
    assert ids(pageSize="5000") == whole


@pytest.mark.parametrize("query", [{"pageSize": "0"}, {"pageSize": "many"}, {"pageSize": "-1"}, {"pageToken": "nothing"}])
def test_a_page_that_there_cannot_be_is_refused(query: Any) -> None:
    with pytest.raises(ClientMistake) as caught:
        page(MODELS, query)
    assert caught.value.param in query
