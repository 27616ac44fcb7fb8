"""The list of models that Codex reads as a whole or not at all."""

import aiohttp
import pytest

from copilot_api.dialects.models import Model
from copilot_api.server.codex_models import EFFORTS, page
from tests.builders.models import MODELS
from tests.builders.serving import Serving

# What `ModelInfo` cannot be read without.
NEEDED = {
    "slug": str,
    "display_name": str,
    "supported_reasoning_levels": list,
    "shell_type": str,
    "visibility": str,
    "supported_in_api": bool,
    "priority": int,
    "base_instructions": str,
    "supports_reasoning_summaries": bool,
    "support_verbosity": bool,
    "truncation_policy": dict,
    "supports_parallel_tool_calls": bool,
    "experimental_supported_tools": list,
    "input_modalities": list,
}


def entries() -> dict[str, dict[str, object]]:
    return {entry["slug"]: entry for entry in page(MODELS.values())["models"]}


def test_every_entry_can_be_read() -> None:
    for entry in entries().values():
        assert {name: type(entry[name]) for name in NEEDED} == NEEDED
        levels = entry["supported_reasoning_levels"]
        assert isinstance(levels, list)
        assert all(level["effort"] in EFFORTS and isinstance(level["description"], str) for level in levels)
        assert entry["base_instructions"], "Codex would have no system prompt"


def test_the_models_that_would_answer_are_listed_in_copilots_order() -> None:
    expected = [model.id for model in MODELS.values() if model.kind == "chat" and model.enabled]
    assert list(entries()) == expected
    assert [entry["priority"] for entry in entries().values()] == list(range(1, len(expected) + 1))


def test_a_codex_model_is_offered_as_such() -> None:
    codex = entries()["gpt-5.3-codex"]
    assert (codex["context_window"], codex["default_reasoning_level"]) == (272000, "medium")
    assert (codex["apply_patch_tool_type"], codex["visibility"]) == ("freeform", "list")
    assert codex["input_modalities"] == ["text", "image"]


def test_other_models_patch_by_shell() -> None:
    assert entries()["claude-sonnet-4.6"]["apply_patch_tool_type"] is None


def test_a_model_of_which_little_is_known() -> None:
    [entry] = page([Model(id="x", name="X", picker=False, efforts=("max", "high"))])["models"]
    assert (entry["visibility"], entry["default_reasoning_level"], entry["context_window"]) == ("hide", "high", 8192)
    assert entry["description"] == "By way of GitHub Copilot"
    [plain] = page([Model(id="y", vendor="xAI", efforts=("max",))])["models"]
    assert (plain["default_reasoning_level"], plain["description"]) == (None, "xAI by way of GitHub Copilot")


@pytest.mark.parametrize(
    ("query", "agent"), [("", "codex_exec/0.150.0 (Linux)"), ("", "Codex Desktop/1.0"), ("?client_version=0.150.0", "reqwest")]
)
async def test_codex_is_recognised(server: Serving, http: aiohttp.ClientSession, query: str, agent: str) -> None:
    async with http.get(server.url + "/v1/models" + query, headers={"User-Agent": agent}) as response:
        assert response.status == 200
        assert "gpt-5.3-codex" in [entry["slug"] for entry in (await response.json())["models"]]


async def test_others_get_the_list_of_everybody(server: Serving, http: aiohttp.ClientSession) -> None:
    async with http.get(server.url + "/v1/models", headers={"User-Agent": "my-codex"}) as response:
        assert "data" in await response.json()
