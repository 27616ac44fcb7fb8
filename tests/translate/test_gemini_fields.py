"""What a Gemini request says beside its conversation, wish by wish, for each of the three dialects."""

from collections.abc import Callable
from typing import Any

import pytest

from copilot_api.dialects.codec import Json, dumps_text
from copilot_api.dialects.models import Model
from copilot_api.errors import ClientMistake
from copilot_api.translate import gemini_fields, notes
from copilot_api.translate.fields import Fields
from tests.builders.models import model


def configured(**config: Any) -> tuple[Fields, Fields]:
    """A request and its configuration."""
    fields = Fields({"model": "m", "alt": "sse", "generationConfig": config})
    return fields, gemini_fields.config(fields)


def test_the_address_says_nothing_to_copilot() -> None:
    fields, _ = configured()
    assert set(fields.losses()) == set()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"cachedContent": "cachedContents/1"}, "cachedContent"),
        ({"generationConfig": {"candidateCount": 2}}, "generationConfig.candidateCount"),
        ({"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}, "generationConfig.responseModalities"),
        ({"generationConfig": "x"}, "generationConfig"),
    ],
)
def test_what_would_be_another_answer_is_refused(body: Json, param: str) -> None:
    with pytest.raises(ClientMistake) as caught:
        gemini_fields.config(Fields(body))
    assert caught.value.param == param


def test_one_answer_in_text_is_what_everybody_gives() -> None:
    fields, _ = configured(candidateCount=1, responseModalities=["TEXT"])
    assert set(fields.losses()) == set()


def test_what_nobody_carries_is_named() -> None:
    config = {
        "seed": 1,
        "responseLogprobs": True,
        "mediaResolution": "MEDIA_RESOLUTION_LOW",
        "enableEnhancedCivicAnswers": False,
    }
    fields, _ = configured(**config)
    assert set(fields.losses()) == {
        "generationConfig.seed",
        "generationConfig.responseLogprobs",
        "generationConfig.mediaResolution",
    }


@pytest.mark.parametrize(("given", "cap"), [({}, None), ({"maxOutputTokens": 9}, 9)])
def test_the_cap(given: Json, cap: int | None) -> None:
    assert gemini_fields.cap(configured(**given)[1]) == cap


@pytest.mark.parametrize("cap", [0, -1, "many", 1.5])
def test_a_cap_that_allows_nothing_is_refused(cap: Any) -> None:
    with pytest.raises(ClientMistake):
        gemini_fields.cap(configured(maxOutputTokens=cap)[1])


@pytest.mark.parametrize(
    ("given", "hottest", "is_limited", "said", "lost"),
    [
        ({}, 2, False, {}, set()),
        ({"temperature": 1.5, "topP": 0.5}, 2, False, {"temperature": 1.5, "top_p": 0.5}, set()),
        ({"temperature": 1.5}, 1, False, {"temperature": 1}, {"generationConfig.temperature"}),
        ({"topP": 3}, 2, False, {"top_p": 1}, {"generationConfig.topP"}),
        ({"temperature": 1, "topP": 0.95}, 1, True, {"temperature": 1, "top_p": 0.95}, set()),
        ({"temperature": 0, "topP": 0.5}, 1, True, {}, {"generationConfig.temperature", "generationConfig.topP"}),
    ],
)
def test_sampling(given: Json, hottest: float, is_limited: bool, said: Json, lost: set[str]) -> None:
    fields, config = configured(**given)
    assert gemini_fields.sampling(config, hottest=hottest, is_limited=is_limited) == said
    assert set(fields.losses()) == lost


@pytest.mark.parametrize(
    ("given", "lost"),
    [({}, set()), ({"temperature": 1, "topP": 1.0}, set()), ({"temperature": 0, "topP": 0.9}, {"temperature", "topP"})],
)
def test_sampling_where_there_is_none(given: Json, lost: set[str]) -> None:
    fields, config = configured(**given)
    gemini_fields.drop_sampling(config)
    assert set(fields.losses()) == {f"generationConfig.{name}" for name in lost}


@pytest.mark.parametrize(
    ("given", "most", "kept", "is_lost"),
    [
        ([], None, [], False),
        (["a", "", "b"], None, ["a", "b"], False),
        (["a", " "], None, ["a"], True),
        (["a", "b", "c"], 2, ["a", "b"], True),
    ],
)
def test_stop_sequences(given: list[str], most: int | None, kept: list[str], is_lost: bool) -> None:
    fields, config = configured(stopSequences=given)
    assert gemini_fields.stops(config, most=most) == kept
    assert bool(set(fields.losses())) is is_lost


def test_stop_sequences_are_texts() -> None:
    with pytest.raises(ClientMistake):
        gemini_fields.stops(configured(stopSequences=[1])[1])


# Thinking


def chat(config: Fields, to: Model) -> Json:
    return gemini_fields.thinking_for_chat(config, to, most_output=20_000, forced=False, may_budget=True)


def messages(config: Fields, to: Model) -> Json:
    return gemini_fields.thinking_for_messages(config, to, most_output=20_000, forced=False, may_budget=True)


responses = gemini_fields.thinking_for_responses
ADAPTIVE = {"type": "adaptive", "display": "summarized"}
LOST = {"generationConfig.thinkingConfig"}


@pytest.mark.parametrize(
    ("write", "model_id", "wish", "said", "lost"),
    [
        (chat, "gpt-5-mini", {}, {}, set()),
        (chat, "gpt-5-mini", {"thinkingLevel": "HIGH", "includeThoughts": True}, {"reasoning_effort": "high"}, set()),
        (chat, "gpt-5-mini", {"thinkingLevel": "MINIMAL"}, {"reasoning_effort": "low"}, LOST),
        (chat, "gpt-5-mini", {"thinkingBudget": 500}, {"reasoning_effort": "low"}, set()),
        (chat, "gpt-5-mini", {"thinkingBudget": -1}, {}, set()),
        (chat, "gpt-5-mini", {"thinkingBudget": 0}, {}, LOST),
        (chat, "gpt-5.6-sol", {"thinkingBudget": 0}, {"reasoning_effort": "none"}, set()),
        (chat, "gpt-4.1", {"thinkingBudget": 0}, {}, set()),
        (chat, "gpt-4.1", {"thinkingLevel": "HIGH"}, {}, LOST),
        (chat, "claude-haiku-4.5", {"thinkingBudget": 2000}, {"thinking_budget": 2000}, set()),
        (chat, "claude-haiku-4.5", {"thinkingLevel": "low"}, {"thinking_budget": 4096}, set()),
        (chat, "gpt-5-mini", {"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, {}, set()),
        (messages, "claude-sonnet-4.6", {"thinkingLevel": "LOW"}, {"thinking": ADAPTIVE, "output_config": {"effort": "low"}},
         set()),
        (messages, "claude-haiku-4.5", {"thinkingBudget": 2000}, {"thinking": {"type": "enabled", "budget_tokens": 2000}},
         set()),
        (messages, "claude-haiku-4.5", {"thinkingBudget": 0}, {"thinking": {"type": "disabled"}}, set()),
        (messages, "claude-haiku-4.5", {"thinkingBudget": -1, "includeThoughts": True}, {}, set()),
        (messages, "claude-opus-5", {"thinkingBudget": -1}, {"thinking": ADAPTIVE}, set()),
        (messages, "claude-opus-5", {"includeThoughts": True}, {"thinking": ADAPTIVE}, set()),
        (messages, "claude-opus-5", {"includeThoughts": False}, {}, set()),
        (messages, "claude-opus-5", {"includeThoughts": True, "thinkingBudget": 0}, {"thinking": {"type": "disabled"}}, set()),
        (responses, "gpt-5-mini", {"thinkingLevel": "HIGH", "includeThoughts": True},
         {"reasoning": {"effort": "high", "summary": "auto"}}, set()),
        (responses, "gpt-5-mini", {"thinkingLevel": "HIGH"}, {"reasoning": {"effort": "high"}}, set()),
        (responses, "gpt-5-mini", {"thinkingBudget": 9000}, {"reasoning": {"effort": "medium"}}, set()),
        (responses, "gpt-5-mini", {"includeThoughts": True}, {"reasoning": {"summary": "auto"}}, set()),
        (responses, "gpt-5.6-sol", {"thinkingBudget": 0}, {"reasoning": {"effort": "none"}}, set()),
    ],
)  # fmt: skip
def test_thinking(write: Callable[[Fields, Model], Json], model_id: str, wish: Json, said: Json, lost: set[str]) -> None:
    fields, config = configured(thinkingConfig=wish)
    assert write(config, model(model_id)) == said
    assert set(fields.losses()) == lost


def test_a_claude_that_must_call_a_tool_does_not_think() -> None:
    _, config = configured(thinkingConfig={"includeThoughts": True})
    to = model("claude-opus-5")
    assert gemini_fields.thinking_for_messages(config, to, most_output=20_000, forced=True, may_budget=True) == {}


def test_a_level_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ClientMistake, match="'SOME' is not a level"):
        chat(configured(thinkingConfig={"thinkingLevel": "some"})[1], model("gpt-5-mini"))


# Structured answers

for_chat, for_responses = gemini_fields.shape_for_chat, gemini_fields.shape_for_responses
for_messages = gemini_fields.shape_for_messages
SCHEMA: Json = {"type": "object", "properties": {"a": {"type": "string"}}}
OPENAPI: Json = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}
WORDS = notes.only_json(dumps_text(SCHEMA))
DESCRIBED = {"name": "answer", "schema": SCHEMA, "strict": False}
CLOSED = SCHEMA | {"additionalProperties": False}
JSON = {"responseMimeType": "application/json"}


@pytest.mark.parametrize(
    ("write", "model_id", "wish", "said", "words", "lost"),
    [
        (for_chat, "gpt-4.1", {}, {}, "", set()),
        (for_chat, "gpt-4.1", {"responseMimeType": "text/plain"}, {}, "", set()),
        (for_chat, "gpt-4.1", JSON | {"responseSchema": OPENAPI},
         {"response_format": {"type": "json_schema", "json_schema": DESCRIBED | {"schema": CLOSED}}}, "", set()),
        (for_messages, "claude-sonnet-4.6", JSON | {"responseSchema": OPENAPI},
         {"format": {"type": "json_schema", "schema": CLOSED}}, "", set()),
        (for_chat, "gpt-4.1", {"responseJsonSchema": SCHEMA},
         {"response_format": {"type": "json_schema", "json_schema": DESCRIBED}}, "", set()),
        (for_chat, "gpt-4.1", JSON, {"response_format": {"type": "json_object"}}, notes.ANY_JSON, set()),
        (for_chat, "gemini-3.8-flash", JSON, {}, notes.ANY_JSON, {"responseMimeType"}),
        (for_chat, "gemini-3.8-flash", {"responseJsonSchema": SCHEMA}, {}, WORDS, {"responseJsonSchema"}),
        (for_chat, "gpt-4.1",
         {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["yes", "no"]}},
         {}, "Answer with exactly one of these, and nothing else: yes, no", {"responseMimeType"}),
        (for_responses, "gpt-5-mini", {"responseJsonSchema": SCHEMA},
         {"format": {"type": "json_schema"} | DESCRIBED}, "", set()),
        (for_responses, "gpt-5-mini", JSON, {}, notes.ANY_JSON, {"responseMimeType"}),
        (for_messages, "claude-sonnet-4.6", {}, {}, "", set()),
        (for_messages, "claude-sonnet-4.6", JSON, {}, notes.ANY_JSON, {"responseMimeType"}),
        (for_messages, "claude-sonnet-4.6", {"responseJsonSchema": CLOSED},
         {"format": {"type": "json_schema", "schema": CLOSED}}, "", set()),
        (for_messages, "claude-haiku-4.5", {"responseJsonSchema": SCHEMA}, {}, WORDS, {"responseJsonSchema"}),
    ],
)  # fmt: skip
def test_the_form_of_the_answer(
    write: Callable[[Fields, Model], tuple[Json, str]], model_id: str, wish: Json, said: Json, words: str, lost: set[str]
) -> None:
    fields, config = configured(**wish)
    assert write(config, model(model_id)) == (said, words)
    assert set(fields.losses()) == {f"generationConfig.{name}" for name in lost}


@pytest.mark.parametrize("wish", [{"responseMimeType": "image/png"}, JSON | {"responseSchema": "x"}])
def test_a_form_that_is_none_is_refused(wish: Json) -> None:
    with pytest.raises(ClientMistake):
        gemini_fields.shape_for_chat(configured(**wish)[1], model("gpt-4.1"))
