"""Counting the tokens of a Gemini request."""

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.dialects.gemini import addressed
from copilot_api.errors import ClientMistake
from copilot_api.server.gemini_count import tokens
from copilot_api.tokens import Counter
from tests.builders.models import model

TALK = "How is the weather in Oslo? " * 20
BODY: Json = {
    "contents": [{"parts": [{"text": TALK}]}],
    "systemInstruction": {"parts": [{"text": "Be kind."}]},
    "tools": [{"functionDeclarations": [{"name": "get_weather", "description": "The weather."}]}],
}


def test_what_is_counted_is_what_the_model_gets_to_see() -> None:
    counter = Counter()
    body = addressed(BODY, model="m", stream=False, alt="json")
    function = {"name": "get_weather", "description": "The weather.", "parameters": {"type": "object", "properties": {}}}
    chat = {
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": TALK}],
        "tools": [{"type": "function", "function": function}],
    }
    claude = {
        "system": "Be kind.",
        "messages": [{"role": "user", "content": TALK}],
        "tools": [{"name": "get_weather", "description": "The weather.", "input_schema": function["parameters"]}],
    }
    assert tokens(counter, body, model("gpt-4.1")) == counter.count_chat(chat, model("gpt-4.1"))
    assert tokens(counter, body, model("claude-haiku-4.5")) == counter.count_messages(claude, model("claude-haiku-4.5"))


def test_what_cannot_be_sent_is_not_counted() -> None:
    with pytest.raises(ClientMistake):
        tokens(Counter(), addressed({"contents": []}, model="m", stream=False, alt="json"), model("gpt-4.1"))
