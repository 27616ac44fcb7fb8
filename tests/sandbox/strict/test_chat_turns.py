"""What /chat/completions refuses in the conversation, each rule over the wire."""

import base64
from typing import TYPE_CHECKING, Any

import pytest

from copilot_api.dialects.codec import Json
from copilot_api.sandbox import Sandbox, seals

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Got

GPT, CLAUDE, GEMINI, GROK = "gpt-4.1", "claude-sonnet-4.6", "gemini-3.1-pro-preview", "grok-4.7"
PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
BLANK = "messages: text content blocks must contain non-whitespace text"
UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
    "The following tool_call_ids did not have response messages: {}"
)
TOOL_IMAGE = (
    "Invalid 'messages[2].content[0]'. Image URLs are only allowed for messages with role 'user', "
    "but this message with role 'tool' contains an image URL."
)
ORPHAN = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."


def user(content: Any = "Hello") -> Json:
    return {"role": "user", "content": content}


def calls(*ids: Any, content: Any = None) -> Json:
    found = [{"id": id_, "type": "function", "function": {"name": "f", "arguments": "{}"}} for id_ in ids]
    return {"role": "assistant", "content": content, "tool_calls": found}


def answer(id_: Any, content: Any = "ok") -> Json:
    return {"role": "tool", "tool_call_id": id_, "content": content}


def image(url: Any = PNG) -> Json:
    return {"type": "image_url", "image_url": {"url": url}}


async def send(client: "Client", model: str, *messages: Json, vision: str = "true", **fields: Any) -> "Got":
    body = {"model": model, "messages": list(messages), "tools": TOOLS} | fields
    return await client.post("/chat/completions", body, {"Copilot-Vision-Request": vision})


@pytest.mark.parametrize(
    ("model", "messages", "message"),
    [
        (
            GPT,
            [{"role": "bot", "content": "x"}],
            "Invalid value: 'bot'. Supported values are: 'system', 'developer', 'user', 'assistant', 'tool', 'function'.",
        ),
        (
            CLAUDE,
            [{"role": "developer", "content": "x"}, user()],
            "Invalid value: 'developer'. Supported values are: 'system', 'user', 'assistant', 'tool', 'function'.",
        ),
        (GPT, [user(None)], "Invalid value for 'content': expected a string, got null. messages.[0].content"),
        (
            GPT,
            [user(), {"role": "assistant"}],
            "Invalid value for 'content': expected a string, got null. messages.[1].content",
        ),
        (GPT, [user(), calls(content="x")], "[] is too short - 'messages.1.tool_calls'"),
        (GPT, [user(), calls(7)], "Missing required parameter in 'messages[1].tool_calls'."),
        (GPT, [user(), calls("c1"), answer(None)], "Missing required parameter: 'messages[2].tool_call_id'."),
        (
            CLAUDE,
            [user(), calls("f:0"), answer("f:0")],
            "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        ),
        (GPT, [user([{"type": "text"}])], "Missing required parameter: 'messages[0].content[0].text'."),
        (GPT, [user([{"type": "file"}])], "Invalid value: 'file'. Supported values are: 'text', 'image_url'."),
        (GPT, [user([{"type": "input_audio"}])], "Invalid value: 'input_audio'. Supported values are: 'text', 'image_url'."),
        (
            GPT,
            [user([{"type": "refusal", "refusal": "no"}])],
            "Invalid value: 'refusal'. Supported values are: 'text', 'image_url'.",
        ),
        (
            GPT,
            [user(), calls("c1"), answer("c1", [image()])],
            TOOL_IMAGE,
        ),
        (
            GPT,
            [user([image("https://example.com/x.png")])],
            "messages[0].content[0]: external image URLs are not supported",
        ),
        (GPT, [user([image("data:image/png,x")])], "messages[0].content[0]: Invalid base64 image_url"),
        (
            GPT,
            [user([image("data:image/png;base64," + "A" * 4_194_308)])],
            "messages[0].content[0]: image exceeds the maximum of 3145728 bytes: 3145731 bytes",
        ),
        (CLAUDE, [user("")], BLANK),
        (CLAUDE, [user(" \n")], BLANK),
        (CLAUDE, [user([])], BLANK),
        (CLAUDE, [user([{"type": "text", "text": " "}, {"type": "text", "text": "x"}])], BLANK),
        (CLAUDE, [user(), {"role": "assistant", "content": ""}, user()], BLANK),
        (CLAUDE, [user(), calls("c1"), answer("c1", "")], BLANK),
        (CLAUDE, [user(), calls("c1", content=[{"type": "text", "text": ""}]), answer("c1")], BLANK),
        (GPT, [user(), answer("c1")], ORPHAN),
        (GPT, [user(), calls("c1"), answer("c2")], ORPHAN),
        (GPT, [user(), calls("c1"), answer("c1"), answer("c1")], ORPHAN),
        (GPT, [user(), calls("c1", "c2"), answer("c1"), user()], UNANSWERED.format("c2")),
        (GPT, [user(), calls("c1", "c2")], UNANSWERED.format("c1, c2")),
        (GPT, [user(), calls("c1"), user("in between"), answer("c1")], UNANSWERED.format("c1")),
        (
            CLAUDE,
            [user(), {"role": "assistant", "content": "x", "reasoning_opaque": "Zm9yZWlnbg=="}, user()],
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        (
            GEMINI,
            [user(), {"role": "assistant", "content": "x", "reasoning_opaque": seals.mint("thinking", CLAUDE)}, user()],
            "Corrupted thought signature.",
        ),
    ],
)
async def test_what_is_refused(client: "Client", model: str, messages: list[Json], message: str) -> None:
    got = await send(client, model, *messages)
    assert (got.status, got.message) == (400, message)


@pytest.mark.parametrize(
    ("model", "messages"),
    [
        (GPT, [{"role": "developer", "content": "x"}, {"role": "system", "content": "y"}, user("")]),
        (GPT, [user([image(), {"type": "text", "text": "What is it?"}])]),
        (CLAUDE, [user([image()])]),
        (GPT, [user(), calls("c1", "c2"), answer("c2"), answer("c1", ""), user()]),
        (CLAUDE, [user(), calls("c1", content=""), answer("c1")]),
        (CLAUDE, [user(), {"role": "assistant", "content": "x", "reasoning_opaque": seals.mint("thinking", CLAUDE)}, user()]),
        (CLAUDE, [user(), {"role": "assistant", "content": "x", "reasoning_opaque": seals.mint("redacted", CLAUDE)}, user()]),
        (GROK, [user(), {"role": "assistant", "content": "x", "reasoning_opaque": "anything"}, user()]),
        (GPT, [user(), {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, user()]),
        (GPT, [user(), {"role": "function", "name": "f"}]),
        ("kimi-k3", [user(), calls("f:0"), answer("f:0")]),
    ],
)
async def test_what_is_taken(client: "Client", model: str, messages: list[Json]) -> None:
    got = await send(client, model, *messages)
    assert got.status == 200, got.text


async def test_an_image_must_be_announced(client: "Client") -> None:
    got = await send(client, GPT, user([image()]), vision="")
    assert (got.status, got.text) == (400, "missing required Copilot-Vision-Request header for vision requests\n")


async def test_a_blind_model_sees_nothing(client: "Client", sandbox: Sandbox) -> None:
    sandbox.models = [{"id": GPT, "vendor": "OpenAI", "capabilities": {"type": "chat", "supports": {}}}]
    assert (await send(client, GPT, user([image()]))).message == "vision is not supported for this model"


async def test_claude_wants_the_tools_of_old_calls(client: "Client") -> None:
    messages = [user(), calls("c1"), answer("c1")]
    got = await send(client, CLAUDE, *messages, tools=None)
    assert got.message == "Requests which include `tool_use` or `tool_result` blocks must define tools."
    assert (await send(client, GPT, *messages, tools=None)).status == 200
