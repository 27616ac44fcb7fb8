"""Catalog entries as typed facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copilot_api.dialects.models import Model, parse, parse_list
from tests.builders.models import MODELS, model


def test_the_example_catalog_is_read_whole() -> None:
    assert len(MODELS) == 17  # 18 entries, one id twice
    assert list(MODELS)[-1] == "gpt-4o"  # the last of the two wins


def test_a_claude_entry() -> None:
    sonnet = model("claude-sonnet-4.6")
    assert (sonnet.vendor, sonnet.kind, sonnet.enabled, sonnet.vision, sonnet.tools, sonnet.structured) == (
        "Anthropic",
        "chat",
        True,
        True,
        True,
        True,
    )
    assert (sonnet.max_context, sonnet.max_prompt, sonnet.max_output, sonnet.max_output_whole) == (200000, 168000, 32000, 16000)
    assert sonnet.adaptive_thinking
    assert sonnet.thinking_budget == (1024, 32000)
    assert sonnet.efforts == ("low", "medium", "high")
    assert sonnet.speaks("/v1/messages")
    assert sonnet.speaks("/chat/completions")
    assert not sonnet.speaks("/responses")
    assert sonnet.thinks
    assert sonnet.is_claude
    assert not sonnet.is_gemini


def test_endpoints_that_are_not_listed_follow_from_the_kind() -> None:
    assert model("gpt-4.1").endpoints == ("/chat/completions",)
    assert model("text-embedding-3-small").endpoints == ("/embeddings",)
    assert model("gpt-41-copilot").endpoints == ()


@pytest.mark.parametrize(("id_", "enabled"), [("gpt-4o", True), ("claude-opus-5", False), ("claude-opus-4.5", False)])
def test_only_an_enabled_policy_or_none_makes_a_model_usable(id_: str, enabled: bool) -> None:
    assert model(id_).enabled is enabled


@pytest.mark.parametrize(
    ("id_", "version"),
    [
        ("claude-opus-4.7", (4, 7)),
        ("claude-opus-5", (5, 0)),
        ("claude-sonnet-4", (4, 0)),
        ("claude-sonnet-4.6-fast", (4, 6)),
        ("claude-haiku-4-5-20250929", (4, 5)),
        ("claude-sonnet-4-20250514", (4, 0)),
        ("gpt-4.1", (0, 0)),
        ("claude-3.5-sonnet", (0, 0)),
    ],
)
def test_the_version_is_read_from_a_claude_id(id_: str, version: tuple[int, int]) -> None:
    assert Model(id=id_).claude_version == version


@pytest.mark.parametrize(
    ("id_", "reasons"),
    [("gpt-5-mini", True), ("gpt-5.6-sol", True), ("gpt-6-astra", True), ("gpt-10", True), ("o3", True), ("gpt-4.1", False)],
)
def test_openai_reasoning_models_are_known_by_name(id_: str, reasons: bool) -> None:
    assert Model(id=id_).is_openai_reasoning is reasons


@pytest.mark.parametrize(("id_", "is_openais"), [("gpt-4.1", True), ("gpt-5.3-codex", True), ("grok-4.7", False)])
def test_openais_models_are_known_by_their_vendor(id_: str, is_openais: bool) -> None:
    assert model(id_).is_openai is is_openais


def test_a_model_thinks_if_it_has_any_way_to() -> None:
    assert Model(id="m", efforts=("low",)).thinks
    assert Model(id="m", adaptive_thinking=True).thinks
    assert not Model(id="m").thinks


def test_what_a_model_takes_of_a_picture_is_read() -> None:
    sonnet, silent = MODELS["claude-sonnet-4.6"], MODELS["text-embedding-3-small"]
    assert (sonnet.max_image_bytes, sonnet.image_types) == (3_145_728, ("image/jpeg", "image/png", "image/webp"))
    assert (silent.max_image_bytes, silent.image_types) == (None, ())


def test_an_entry_that_says_next_to_nothing_gets_the_defaults() -> None:
    bare = parse({"id": "new"})
    assert bare is not None
    assert (bare.name, bare.tokenizer, bare.endpoints, bare.enabled) == ("new", "o200k_base", ("/chat/completions",), True)
    assert (bare.max_output, bare.thinking_budget, bare.efforts) == (None, None, ())


def test_a_budget_without_a_lower_bound_begins_at_1024() -> None:
    found = parse({"id": "m", "capabilities": {"supports": {"max_thinking_budget": 9000}}})
    assert found is not None
    assert found.thinking_budget == (1024, 9000)


@given(
    st.dictionaries(
        st.sampled_from(["id", "name", "capabilities", "policy", "supported_endpoints", "vendor"]),
        st.recursive(
            st.none() | st.text() | st.integers() | st.booleans(), lambda i: st.lists(i) | st.dictionaries(st.text(), i)
        ),
    )
)
def test_no_entry_however_odd_breaks_the_catalog(entry: dict[str, object]) -> None:
    assert all(found.id for found in parse_list({"data": [entry, None, "x"]}).values())


@pytest.mark.parametrize("odd", [7, "high", {"low": 1}, [None, 3], True])
def test_efforts_that_are_no_list_of_texts_are_none(odd: object) -> None:
    found = parse({"id": "m", "capabilities": {"supports": {"reasoning_effort": odd}}, "supported_endpoints": odd})
    assert found is not None
    assert found.efforts == ()


def test_no_list_is_no_models() -> None:
    assert parse_list({}) == {}
    assert parse_list({"data": {}}) == {}
