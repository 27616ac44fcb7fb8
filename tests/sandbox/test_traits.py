import pytest

from copilot_api.dialects.models import Model, parse_list
from copilot_api.sandbox import traits
from copilot_api.sandbox.catalog import load

MODELS = parse_list({"data": load()})


@pytest.mark.parametrize(
    ("model_id", "backend"), [("claude-haiku-4.5", "bdrk"), ("claude-sonnet-4.6", "vrtx"), ("claude-opus-5", "")]
)
def test_claude_has_a_backend_and_splits_choices(model_id: str, backend: str) -> None:
    found = traits.of(MODELS[model_id])
    assert (found.backend, found.splits_choices, found.usage_on_finish, found.opaque) == (backend, True, True, "with_text")


def test_gemini_leaves_out_indices_and_says_stop_after_tools() -> None:
    found = traits.of(MODELS["gemini-3.8-flash"])
    assert (found.tool_index, found.stop_after_tools, found.whole_arguments, found.opaque) == (
        "absent",
        True,
        True,
        "after_text",
    )


def test_the_other_families() -> None:
    assert traits.of(MODELS["grok-4.7"]).opaque == "cot"
    assert traits.of(MODELS["kimi-k3"]).tool_index == "zero"
    assert traits.of(MODELS["gpt-5-mini"]).obfuscates
    assert traits.of(MODELS["gpt-4.1"]).loose_chunks
    assert traits.of(Model(id="claude-fable-5")).backend == ""


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("claude-haiku-4.5", "claude-haiku-4-5-20251001"),
        ("claude-sonnet-4.6", "claude-sonnet-4-6-20260217"),
        ("claude-sonnet-5", "claude-sonnet-5-20260601"),
        ("gpt-4o", "gpt-4o-2024-11-20"),
        ("gpt-5-mini", "gpt-5-mini-2025-08-07"),
        ("grok-4.7", "grok-4.7"),
    ],
)
def test_answers_carry_a_dated_name(model_id: str, name: str) -> None:
    assert traits.dated_name(MODELS[model_id]) == name


def test_a_model_without_a_version_keeps_its_name() -> None:
    assert traits.dated_name(Model(id="new-model")) == "new-model"


def test_each_family_has_its_own_way_on_responses() -> None:
    def quirks(model_id: str) -> tuple[set[str], str]:
        found = traits.of(MODELS[model_id])
        names = ("interleaves", "late_summary", "splits_messages", "stray_done", "late_seals")
        return {name for name in names if getattr(found, name)}, found.tier

    assert quirks("gpt-5-mini") == ({"interleaves"}, "default")
    assert quirks("gpt-5.3-codex") == ({"late_summary", "stray_done"}, "default")
    assert quirks("gpt-5.6-sol") == ({"interleaves", "splits_messages"}, "priority")
    assert quirks("grok-4.7") == ({"stray_done", "late_seals"}, "")


def test_tool_search_is_read_from_the_catalog() -> None:
    assert traits.searches_tools(MODELS["gpt-5.6-sol"])
    assert not traits.searches_tools(MODELS["gpt-5.3-codex"])
    assert not traits.searches_tools(Model(id="m"))
