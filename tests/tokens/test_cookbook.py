import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.models import Model
from copilot_api.tokens import cookbook, read_chat
from copilot_api.tokens.prompt import Prompt
from copilot_api.tokens.tally import Tally

CB_0: list[Json] = [{"role": "user", "content": "Hello"}]
CB_1: list[Json] = [
    {
        "role": "system",
        "content": "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.",
    },
    {"role": "system", "name": "example_user", "content": "New synergies will help drive top-line growth."},
    {"role": "system", "name": "example_assistant", "content": "Things working well together will increase revenue."},
    {
        "role": "system",
        "name": "example_user",
        "content": "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Let's talk later when we're less busy about how to do better.",
    },
    {
        "role": "user",
        "content": "This late pivot means we don't have time to boil the ocean for the client deliverable.",
    },
]
CB_2: list[Json] = [
    {"role": "system", "content": "You are a helpful assistant that can answer to questions about the weather."},
    {"role": "user", "content": "What's the weather like in San Francisco?"},
]


@pytest.mark.parametrize(("messages", "o200k", "cl100k"), [(CB_0, 8, 8), (CB_1, 124, 129), (CB_2, 33, 34)])
def test_published_conversations(
    messages: list[Json], o200k: int, cl100k: int, tally: Tally, tally_cl100k: Tally, models: dict[str, Model]
) -> None:
    prompt = read_chat.prompt({"messages": messages})
    assert cookbook.count(prompt, models["gpt-4o"], tally) == o200k
    assert cookbook.count(prompt, models["gpt-4"], tally_cl100k) == cl100k


def test_published_tool_example(
    weather: dict[str, object], tally: Tally, tally_cl100k: Tally, models: dict[str, Model]
) -> None:
    prompt = read_chat.prompt({"messages": CB_2, "tools": [weather]})
    assert cookbook.count(prompt, models["gpt-4o"], tally) == 101
    assert cookbook.count(prompt, models["gpt-4"], tally_cl100k) == 105


def test_a_schema_for_the_answer_is_read_by_the_model_too(tally: Tally, models: dict[str, Model]) -> None:
    schema = {"type": "object"}
    assert cookbook.count(Prompt(answer_schema=schema), models["gpt-4o"], tally) == 3 + tally.json(schema)
