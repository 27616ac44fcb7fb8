"""How hard a model shall think: by level, by budget, or not at all, as each model takes it."""

from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import effort
from copilot_api.translate.fields import Fields
from tests.builders.models import MODELS

MODEL = MODELS | {
    "gpt-none": Model(id="gpt-none", vendor="OpenAI", efforts=("none", "low", "high")),
    "claude-levels": Model(id="claude-levels", vendor="Anthropic", efforts=("low", "medium")),
    "claude-unlevelled": Model(id="claude-unlevelled", vendor="Anthropic", adaptive_thinking=True),
}


def for_chat(
    model_id: str,
    thinking: Any = None,
    level: Any = None,
    *,
    most_output: int | None = None,
    forced: bool = False,
    may_budget: bool = True,
) -> tuple[Json, list[str]]:
    fields = Fields({"thinking": thinking, "output_config": {"effort": level}})
    thinking_fields, config = fields.object("thinking"), fields.object("output_config")
    said = effort.for_chat(
        thinking_fields, config, MODEL[model_id], most_output=most_output, forced=forced, may_budget=may_budget
    )
    return said, sorted(fields.losses())


def for_messages(
    model_id: str,
    level: Any = None,
    budget: Any = None,
    *,
    most_output: int = 32_000,
    forced: bool = False,
    may_budget: bool = True,
) -> tuple[Json, list[str]]:
    fields = Fields({"reasoning_effort": level, "thinking_budget": budget})
    said = effort.for_messages(fields, MODEL[model_id], most_output=most_output, forced=forced, may_budget=may_budget)
    return said, sorted(fields.losses())


def enabled(budget: Any) -> Json:
    return {"type": "enabled", "budget_tokens": budget}


@pytest.mark.parametrize(
    ("wanted", "listed", "level"),
    [
        ("high", ("low", "high"), "high"),
        ("minimal", ("low", "medium", "high"), "low"),
        ("max", ("low", "medium", "high"), "high"),
        ("xhigh", ("low", "medium", "high", "xhigh"), "xhigh"),
        ("medium", ("low", "high", "max"), "low"),
        ("low", ("none", "high"), "high"),
        ("none", ("none", "low"), "none"),
        ("none", ("low",), None),
        ("high", (), None),
        ("high", ("none",), None),
        ("ultra", ("low", "high"), None),
        ("turbo", ("turbo",), "turbo"),
        (None, ("low",), None),
        (["high"], ("high",), None),
    ],
)
def test_the_nearest_level_is_the_cheaper_of_two(wanted: object, listed: tuple[str, ...], level: str | None) -> None:
    assert effort.nearest(wanted, listed) == level


@pytest.mark.parametrize(
    ("model_id", "thinking", "level", "said", "losses"),
    [
        # OpenAI and others: levels only.
        ("gpt-5-mini", None, None, {}, []),
        ("gpt-5-mini", None, "high", {"reasoning_effort": "high"}, []),
        ("gpt-5-mini", None, "max", {"reasoning_effort": "high"}, ["output_config.effort"]),
        ("gpt-5-mini", {"type": "adaptive"}, "low", {"reasoning_effort": "low"}, []),
        ("gpt-5-mini", {"type": "adaptive"}, None, {}, []),
        ("gpt-5-mini", enabled(1024), None, {"reasoning_effort": "low"}, []),
        ("gpt-5-mini", enabled(4000), None, {"reasoning_effort": "medium"}, []),
        ("gpt-5-mini", enabled(15_999), None, {"reasoning_effort": "medium"}, []),
        ("gpt-5-mini", enabled(16_000), None, {"reasoning_effort": "high"}, []),
        ("gpt-5-mini", enabled(16_000), "low", {"reasoning_effort": "low"}, []),
        ("gpt-5-mini", {"type": "disabled"}, None, {}, ["thinking.type"]),
        ("gpt-none", {"type": "disabled"}, None, {"reasoning_effort": "none"}, []),
        ("gpt-none", {"type": "disabled"}, "high", {"reasoning_effort": "none"}, ["output_config.effort"]),
        ("gpt-4.1", {"type": "disabled"}, None, {}, []),
        ("gpt-4.1", {"type": "adaptive"}, "high", {}, ["output_config.effort", "thinking.type"]),
        ("gpt-4.1", enabled(8000), None, {}, ["thinking.type"]),
        ("gemini-3.1-pro-preview", enabled(8000), None, {"reasoning_effort": "medium"}, []),
        # Claude: budgets where it takes them, levels where it lists them.
        ("claude-haiku-4.5", enabled(8000), None, {"thinking_budget": 8000}, []),
        ("claude-haiku-4.5", enabled(10), None, {"thinking_budget": 1024}, []),
        ("claude-haiku-4.5", enabled(99_999), None, {"thinking_budget": 32_000}, []),
        ("claude-haiku-4.5", {"type": "adaptive"}, "medium", {"thinking_budget": 10_000}, []),
        ("claude-haiku-4.5", {"type": "adaptive"}, "max", {"thinking_budget": 32_000}, []),
        ("claude-haiku-4.5", {"type": "adaptive"}, None, {}, ["thinking.type"]),
        ("claude-haiku-4.5", None, "high", {}, ["output_config.effort"]),
        ("claude-haiku-4.5", {"type": "disabled"}, None, {}, []),
        ("claude-haiku-4.5", {"type": "between_tools"}, None, {}, ["thinking.type"]),
        ("claude-haiku-4.5", {"type": "enabled"}, None, {}, ["thinking.type"]),
        ("claude-sonnet-4.6", enabled(8000), "low", {"thinking_budget": 8000, "reasoning_effort": "low"}, []),
        ("claude-sonnet-4.6", {"type": "adaptive"}, "high", {"reasoning_effort": "high"}, []),
        ("claude-levels", enabled(8000), None, {"reasoning_effort": "medium"}, []),
    ],
)
def test_thinking_as_chat_models_take_it(model_id: str, thinking: Any, level: Any, said: Json, losses: list[str]) -> None:
    assert for_chat(model_id, thinking, level) == (said, losses)


@pytest.mark.parametrize(
    ("most_output", "said"), [(4096, {"thinking_budget": 4095}), (1025, {"thinking_budget": 1024}), (1024, {})]
)
def test_a_budget_leaves_room_for_the_answer(most_output: int, said: Json) -> None:
    assert for_chat("claude-haiku-4.5", enabled(8000), most_output=most_output)[0] == said


def test_a_forced_claude_does_not_think() -> None:
    said, losses = for_chat("claude-sonnet-4.6", enabled(8000), "high", forced=True)
    assert (said, losses) == ({}, ["output_config.effort", "thinking.budget_tokens", "thinking.type"])


def test_a_forced_gpt_thinks_all_the_same() -> None:
    assert for_chat("gpt-5-mini", None, "high", forced=True) == ({"reasoning_effort": "high"}, [])


def test_a_call_without_its_thinking_forbids_a_budget() -> None:
    assert for_chat("claude-haiku-4.5", enabled(8000), may_budget=False) == ({}, ["thinking.type"])
    assert for_messages("claude-haiku-4.5", "high", may_budget=False) == ({}, ["reasoning_effort"])


def test_how_thinking_is_shown_cannot_be_carried() -> None:
    assert for_chat("gpt-5-mini", {"type": "adaptive", "display": "omitted"}, "low")[1] == ["thinking.display"]


ADAPTIVE = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("model_id", "level", "budget", "said", "losses"),
    [
        ("claude-opus-5", None, None, {}, []),
        ("claude-opus-5", "high", None, {"thinking": ADAPTIVE, "output_config": {"effort": "high"}}, []),
        ("claude-opus-5", "minimal", None, {"thinking": ADAPTIVE, "output_config": {"effort": "low"}}, ["reasoning_effort"]),
        ("claude-sonnet-4.6", "max", None, {"thinking": ADAPTIVE, "output_config": {"effort": "high"}}, ["reasoning_effort"]),
        ("claude-sonnet-4.6", None, 20_000, {"thinking": ADAPTIVE, "output_config": {"effort": "high"}}, []),
        ("claude-opus-5", "none", None, {"thinking": {"type": "disabled"}}, []),
        ("claude-unlevelled", "high", None, {"thinking": ADAPTIVE}, ["reasoning_effort"]),
        ("claude-levels", "high", None, {"output_config": {"effort": "medium"}}, ["reasoning_effort"]),
        ("claude-levels", "none", None, {}, ["reasoning_effort"]),
        ("claude-haiku-4.5", "none", None, {"thinking": {"type": "disabled"}}, []),
        ("claude-haiku-4.5", "minimal", None, {"thinking": enabled(4096)}, []),
        ("claude-haiku-4.5", "low", None, {"thinking": enabled(4096)}, []),
        ("claude-haiku-4.5", "medium", None, {"thinking": enabled(10_000)}, []),
        ("claude-haiku-4.5", "high", None, {"thinking": enabled(24_000)}, []),
        ("claude-haiku-4.5", "max", None, {"thinking": enabled(31_999)}, []),
        ("claude-haiku-4.5", None, 5000, {"thinking": enabled(5000)}, []),
        ("claude-haiku-4.5", "high", 5000, {"thinking": enabled(5000)}, []),
        ("claude-haiku-4.5", None, 0, {"thinking": enabled(1024)}, []),
        ("claude-haiku-4.5", "ultra", None, {}, ["reasoning_effort"]),
        ("claude-haiku-4.5", ["high"], None, {}, ["reasoning_effort"]),
        ("gpt-4.1", "none", None, {}, []),
        ("gpt-4.1", "high", 8000, {}, ["reasoning_effort", "thinking_budget"]),
    ],
)
def test_thinking_as_claude_takes_it(model_id: str, level: Any, budget: Any, said: Json, losses: list[str]) -> None:
    assert for_messages(model_id, level, budget) == (said, losses)


def test_a_budget_is_smaller_than_the_output_or_not_sent() -> None:
    assert for_messages("claude-haiku-4.5", "high", most_output=2000)[0] == {"thinking": enabled(1999)}
    assert for_messages("claude-haiku-4.5", "high", most_output=1000) == ({}, ["reasoning_effort"])


def test_a_forced_call_and_thinking_exclude_each_other() -> None:
    assert for_messages("claude-opus-5", "high", forced=True) == ({}, ["reasoning_effort"])
    assert for_messages("claude-opus-5", "none", forced=True)[0] == {"thinking": {"type": "disabled"}}


def test_a_budget_that_is_no_number_is_refused() -> None:
    with pytest.raises(ClientMistake, match="thinking_budget"):
        for_messages("claude-haiku-4.5", None, "lots")
    with pytest.raises(ClientMistake, match="budget_tokens"):
        for_chat("claude-haiku-4.5", enabled("lots"))


@pytest.mark.parametrize(
    ("key", "number", "fits"),
    [("temperature", 1, True), ("temperature", 0.5, False), ("top_p", 0.95, True), ("top_p", 0.9, False)],
)
def test_a_thinking_claude_takes_hardly_any_sampling(key: str, number: float, fits: bool) -> None:
    assert effort.SAMPLING_WHILE_THINKING[key](number) is fits


# Responses


def for_responses(model_id: str, thinking: Any = None, level: Any = None) -> tuple[Json, list[str]]:
    fields = Fields({"thinking": thinking, "output_config": {"effort": level}})
    thinking_fields, config = fields.object("thinking"), fields.object("output_config")
    return effort.for_responses(thinking_fields, config, MODEL[model_id]), sorted(fields.losses())


@pytest.mark.parametrize(
    ("model_id", "thinking", "level", "reasoning", "losses"),
    [
        ("gpt-5.3-codex", None, None, None, []),
        ("gpt-5.3-codex", None, "high", {"effort": "high"}, []),
        ("gpt-5.3-codex", None, "max", {"effort": "high"}, ["output_config.effort"]),
        ("gpt-5.3-codex", {"type": "adaptive"}, None, {"summary": "auto"}, []),
        ("gpt-5.3-codex", {"type": "adaptive", "display": "summarized"}, "low", {"effort": "low", "summary": "auto"}, []),
        ("gpt-5.3-codex", {"type": "adaptive", "display": "omitted"}, "low", {"effort": "low"}, []),
        ("gpt-5.3-codex", enabled(1024), None, {"effort": "low", "summary": "auto"}, []),
        ("gpt-5.3-codex", enabled(4000), None, {"effort": "medium", "summary": "auto"}, []),
        ("gpt-5.3-codex", enabled(16_000) | {"display": "omitted"}, None, {"effort": "high"}, []),
        ("gpt-5.3-codex", enabled(16_000), "low", {"effort": "low", "summary": "auto"}, []),
        ("gpt-5.3-codex", {"type": "disabled"}, None, {"effort": "low"}, ["thinking.type"]),
        ("gpt-5.6-sol", {"type": "disabled"}, None, {"effort": "none"}, []),
        ("gpt-5.6-sol", {"type": "disabled"}, "high", {"effort": "none"}, ["output_config.effort"]),
        ("gpt-4.1", {"type": "disabled"}, None, None, []),
        ("gpt-4.1", {"type": "adaptive", "display": "omitted"}, "high", None,
         ["output_config.effort", "thinking.display", "thinking.type"]),
        ("gpt-5.3-codex", {"type": "between_tools"}, None, None, ["thinking.type"]),
        ("gpt-5.3-codex", {"type": ["adaptive"]}, None, None, ["thinking.type"]),
    ],
)  # fmt: skip
def test_thinking_as_responses_takes_it(
    model_id: str, thinking: Any, level: Any, reasoning: Json | None, losses: list[str]
) -> None:
    assert for_responses(model_id, thinking, level) == ({"reasoning": reasoning} if reasoning else {}, losses)


@pytest.mark.parametrize(
    ("model_id", "level", "budget", "reasoning", "losses"),
    [
        ("gpt-5.3-codex", None, None, None, []),
        ("gpt-5.3-codex", "high", None, {"effort": "high", "summary": "auto"}, []),
        ("gpt-5.3-codex", "minimal", None, {"effort": "low", "summary": "auto"}, ["reasoning_effort"]),
        ("gpt-5.3-codex", "ultra", None, None, ["reasoning_effort"]),
        ("gpt-5.3-codex", None, 8000, {"effort": "medium", "summary": "auto"}, []),
        ("gpt-5.3-codex", "low", 8000, {"effort": "low", "summary": "auto"}, []),
        ("gpt-5.3-codex", "none", None, {"effort": "low", "summary": "auto"}, ["reasoning_effort"]),
        ("gpt-5.6-sol", "none", None, {"effort": "none"}, []),
        ("gpt-4.1", "none", None, None, []),
        ("gpt-4.1", "high", 8000, None, ["reasoning_effort", "thinking_budget"]),
    ],
)
def test_an_effort_asked_for_in_chat_as_responses_takes_it(
    model_id: str, level: Any, budget: Any, reasoning: Json | None, losses: list[str]
) -> None:
    fields = Fields({"reasoning_effort": level, "thinking_budget": budget})
    said = effort.responses_from_chat(fields, MODEL[model_id])
    assert said == ({"reasoning": reasoning} if reasoning else {})
    assert sorted(fields.losses()) == losses


@pytest.mark.parametrize(
    ("model_id", "reasoning", "said", "losses"),
    [
        ("gpt-5-mini", {}, {}, []),
        ("gpt-5-mini", {"effort": "low", "summary": "detailed"}, {"reasoning_effort": "low"}, []),
        ("gpt-5-mini", {"effort": "none"}, {}, ["effort"]),
        ("gpt-none", {"effort": "none"}, {"reasoning_effort": "none"}, []),
        ("gpt-4.1", {"effort": "high"}, {}, ["effort"]),
        ("claude-haiku-4.5", {"effort": "high"}, {"thinking_budget": 24_000}, []),
        ("claude-haiku-4.5", {"effort": "none"}, {}, []),
    ],
)
def test_an_effort_asked_of_responses_as_chat_takes_it(model_id: str, reasoning: Json, said: Json, losses: list[str]) -> None:
    fields = Fields(reasoning)
    done = effort.chat_from_responses(fields, MODEL[model_id], most_output=None, forced=False, may_budget=True)
    assert (done, list(fields.losses())) == (said, losses)


def test_the_effort_may_stand_under_another_name() -> None:
    fields = Fields({"effort": "high"})
    said = effort.for_messages(
        fields, MODEL["claude-opus-5"], most_output=32_000, forced=False, may_budget=True, key="effort"
    )  # fmt: skip
    assert said["output_config"] == {"effort": "high"}
    assert not list(fields.losses())
