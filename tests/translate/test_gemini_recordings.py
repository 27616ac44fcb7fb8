"""Requests of Gemini CLI and of Google's Python package, recorded: each is translated, and what it loses is known by name."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from copilot_api.dialects.codec import Json, loads_request
from copilot_api.dialects.gemini import addressed, peek
from copilot_api.dialects.gemini_spelling import Alt
from copilot_api.dialects.models import Model
from copilot_api.translate.gemini_to_chat import request as to_chat
from copilot_api.translate.gemini_to_messages import request as to_messages
from copilot_api.translate.gemini_to_responses import request as to_responses
from copilot_api.translate.request import Request
from tests.builders.legal import check_chat, check_messages, check_responses
from tests.builders.models import model

FIXTURES = Path(__file__).parent / "fixtures" / "gemini"
Pair = tuple[Callable[[Json, Model], Request], Callable[[Json], None]]
CHAT: Pair = (to_chat, check_chat)
MESSAGES: Pair = (to_messages, check_messages)
RESPONSES: Pair = (to_responses, check_responses)

FOREIGN = {"contents.parts.thoughtSignature"}  # of the Gemini that these were recorded with
THOUGHT = FOREIGN | {"contents.parts.thought"}
RESULT = {"tools.functionDeclarations.responseJsonSchema"}
TOP_K = {"generationConfig.topK"}
SCHEMA = TOP_K | {"safetySettings", "tools.googleSearch", "generationConfig.seed"}

CASES: list[tuple[str, Pair, str, set[str]]] = [
    ("gemini-cli-runs-a-command", CHAT, "gemini-3.8-flash", TOP_K | FOREIGN),
    ("gemini-cli-runs-a-command", CHAT, "gpt-4.1", TOP_K | FOREIGN | {"generationConfig.thinkingConfig"}),
    ("gemini-cli-runs-a-command", CHAT, "claude-haiku-4.5", FOREIGN | TOP_K | {"generationConfig.thinkingConfig"}),
    ("gemini-cli-runs-a-command", MESSAGES, "claude-opus-5", FOREIGN | TOP_K),
    ("gemini-cli-runs-a-command", RESPONSES, "gpt-5.3-codex", FOREIGN | TOP_K | {"generationConfig.topP"}),
    ("google-sdk-runs-a-function", CHAT, "gpt-5-mini", THOUGHT | RESULT),
    ("google-sdk-runs-a-function", MESSAGES, "claude-opus-5", THOUGHT | RESULT | {"generationConfig.temperature"}),
    ("google-sdk-runs-a-function", RESPONSES, "gpt-5.3-codex", THOUGHT | RESULT | {"generationConfig.temperature"}),
    ("google-sdk-sends-a-picture", CHAT, "gpt-5-mini", THOUGHT | RESULT),
    ("google-sdk-sends-a-picture", RESPONSES, "gpt-5.3-codex", THOUGHT | RESULT | {"generationConfig.temperature"}),
    ("google-sdk-wants-a-schema", CHAT, "gpt-4.1", SCHEMA),
    ("google-sdk-wants-a-schema", MESSAGES, "claude-opus-5", SCHEMA - TOP_K),
    ("google-sdk-wants-a-schema", RESPONSES, "gpt-5.3-codex", SCHEMA | {"generationConfig.stopSequences"}),
    ("google-sdk-forces-a-function", CHAT, "gpt-4.1", RESULT),
    ("google-sdk-forces-a-function", MESSAGES, "claude-opus-5", RESULT),
    ("google-sdk-forces-a-function", RESPONSES, "gpt-5.3-codex", RESULT),
]  # fmt: skip


def recorded(name: str) -> Json:
    """The request with its address, as the server reads it."""
    record = loads_request((FIXTURES / f"{name}.json").read_bytes())
    target = record["path"].partition("?")[0].rpartition("/")[2]
    asked, _, method = target.partition(":")
    alt: Alt = "sse" if "alt=sse" in record["path"] else "json"
    return addressed(record["body"], model=asked, stream=method == "streamGenerateContent", alt=alt)


@pytest.mark.parametrize(("name", "pair", "to", "losses"), CASES)
def test_a_real_request_is_translated_and_its_losses_are_named(name: str, pair: Pair, to: str, losses: set[str]) -> None:
    translate, check = pair
    body = recorded(name)
    before = copy.deepcopy(body)
    done = translate(body, model(to))
    check(done.body)
    assert body == before
    assert done.losses == losses


@pytest.mark.parametrize(
    ("name", "initiator", "has_images"),
    [
        ("gemini-cli-runs-a-command", "agent", False),
        ("google-sdk-runs-a-function", "agent", False),
        ("google-sdk-sends-a-picture", "user", True),
        ("google-sdk-wants-a-schema", "user", False),
    ],
)
def test_who_started_a_real_request(name: str, initiator: str, has_images: bool) -> None:
    ask = peek(recorded(name))
    assert (ask.initiator, ask.has_images) == (initiator, has_images)


def test_calls_with_ids_are_answered_by_responses_without() -> None:
    """Google's Python package leaves the id out of what it sends back."""
    messages = to_chat(recorded("google-sdk-runs-a-function"), model("gpt-4.1")).body["messages"]
    called = [call["id"] for message in messages for call in message.get("tool_calls", [])]
    answered = [(message["tool_call_id"], message["content"]) for message in messages if message["role"] == "tool"]
    assert answered == [(id_, "hello") for id_ in called]


def test_every_recording_is_used() -> None:
    assert {path.stem for path in FIXTURES.iterdir()} == {name for name, *_ in CASES}
