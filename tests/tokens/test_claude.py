from collections.abc import Callable
from math import ceil
from typing import Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.tokens import claude, read_messages
from copilot_api.tokens.tally import Tally

OLD, NEW = Model(id="claude-sonnet-4.6", vendor="Anthropic"), Model(id="claude-opus-5", vendor="Anthropic")
SCIENTIST: Json = {"system": "You are a scientist", "messages": [{"role": "user", "content": "Hello, Claude"}]}
GET_WEATHER: Json = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {
        "type": "object",
        "properties": {"location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"}},
        "required": ["location"],
    },
}
WEATHER: Json = {
    "tools": [GET_WEATHER],
    "messages": [{"role": "user", "content": "What's the weather like in San Francisco?"}],
}


@pytest.fixture
def count(tally: Tally) -> Callable[..., int]:
    def of(body: Json, model: Model = OLD) -> int:
        return claude.count(read_messages.prompt(body), model, tally)

    return of


def say(*blocks: Any) -> Json:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


@pytest.mark.parametrize(("body", "published"), [(SCIENTIST, 14), (WEATHER, 403)], ids=["14 tokens", "403 tokens"])
def test_anthropics_own_examples_are_not_undercounted_and_hardly_overcounted(
    count: Callable[..., int], body: Json, published: int
) -> None:
    assert published <= count(body) <= published * 1.15
    # The newer tokenizer makes more of the same text; on fourteen tokens a few are many percent.
    assert published <= count(body, NEW) <= published * 1.15 + 3


def test_what_the_estimate_says_of_anthropics_examples(count: Callable[..., int]) -> None:
    assert (count(SCIENTIST), count(SCIENTIST, NEW)) == (15, 17)
    assert (count(WEATHER), count(WEATHER, NEW)) == (428, 446)


@pytest.mark.parametrize(
    ("model", "percent"),
    [
        ("claude-sonnet-4", 115),
        ("claude-haiku-4.5", 115),
        ("claude-sonnet-4.6", 115),
        ("claude-opus-4.7", 145),
        ("claude-opus-4.8", 145),
        ("claude-sonnet-5", 145),
        ("claude-opus-5", 145),
    ],
)
def test_text_is_weighed_by_the_models_tokenizer(count: Callable[..., int], tally: Tally, model: str, percent: int) -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 50
    assert count(say({"type": "text", "text": text}), Model(id=model)) == ceil(tally.text(text) * percent / 100) + 3


def test_a_message_and_a_tool_block_cost_a_little(count: Callable[..., int], tally: Tally) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}}
    body = {
        "messages": [
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "a.txt"}] * 2},
        ]
    }
    text = tally.text("Bash") + tally.text('{"command":"ls"}') + 2 * tally.text("a.txt")
    assert count(body) == ceil(text * 1.15) + 2 * 3 + 3 * 4


@pytest.mark.parametrize(("choice", "instructions"), [("auto", 346), ("none", 346), ("any", 313), ("tool", 313)])
def test_tools_bring_instructions_once(count: Callable[..., int], tally: Tally, choice: str, instructions: int) -> None:
    body = {"tools": [GET_WEATHER, GET_WEATHER], "tool_choice": {"type": choice}}
    assert count(body) == ceil(2 * tally.json(GET_WEATHER) * 1.15) + 2 * 8 + instructions


def test_no_tools_bring_none(count: Callable[..., int]) -> None:
    assert count({"tools": []}) == 0
    assert count({"tools": [GET_WEATHER | {"defer_loading": True}]}) == 0


@pytest.mark.parametrize(
    ("kind", "tokens"),
    [("bash_20250124", 325), ("text_editor_20250728", 700), ("computer_20250124", 735), ("web_search_20250305", 0)],
)
def test_tools_that_claude_knows_by_type_cost_what_anthropic_says(
    count: Callable[..., int], tally: Tally, kind: str, tokens: int
) -> None:
    assert count({"tools": [{"type": kind, "name": "x"}]}) == ceil(tally.text('{"name":"x"}') * 1.15) + 8 + tokens + 346


def test_pictures_and_files_are_not_weighed(count: Callable[..., int], png: Callable[[int, int], str]) -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": png(1920, 1080)}}
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "A" * 8_000}}
    assert count(say(picture)) == 1560 + 3
    assert count(say(picture), NEW) == 2691 + 3
    assert count(say(pdf)) == 750 + 3
    assert count(say({"type": "tool_result", "tool_use_id": "t", "content": [picture]})) == 1560 + 3 + 4


def test_hidden_thoughts_count_by_their_bytes(count: Callable[..., int]) -> None:
    hidden = {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "A" * 800}]}
    assert count({"messages": [hidden]}) == 150 + 3


def test_a_schema_for_the_answer_is_read_by_the_model_too(count: Callable[..., int], tally: Tally) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert count({"output_config": {"format": {"schema": schema}}}) == ceil(tally.json(schema) * 1.15)
